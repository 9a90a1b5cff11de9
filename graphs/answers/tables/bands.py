"""Rows that stand for ranges: `Years of service: 3–5; Days of leave: 27` answers for four years."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from graphs.answers.said import Said, name_stems, stems
from graphs.answers.tables.fields import Field
from graphs.answers.tables.measured import is_named
from graphs.answers.tables.rows import are_of_one_table, asked_field, fields_of
from graphs.language.quantities import Found, Quantity, find_values
from graphs.reader.question import Question

FEWEST = 2
_NUMBER = r"[$€£]?\s?\d+(?:,\d{3})*(?:\.\d+)?"
_UNIT = r"\s?(?:[^\W\d_]{1,15}\.?|[%€$£]|°C)?"
_FORMS = tuple(
    (re.compile(form.format(n=_NUMBER, u=_UNIT), re.I), is_low_open, is_high_open)
    for form, is_low_open, is_high_open in (
        (r"(?:from |between )?(?P<low>{n}){u}\s?(?:[-–—]|to|and|up to)\s?(?P<high>{n})(?P<unit>{u})", False, False),
        (r"(?:over|more than|above|>)\s?(?P<low>{n})(?P<unit>{u})", True, False),
        (r"(?:from|at least|≥|>=)\s?(?P<low>{n})(?P<unit>{u})", False, False),
        (r"(?P<low>{n})(?P<unit>{u})\s?(?:\+|(?:or|and) (?:more|over|above|longer|up|older)|plus)", False, False),
        (r"(?:under|less than|below|<)\s?(?P<high>{n})(?P<unit>{u})", False, True),
        (r"(?:up to|at most|≤|<=)\s?(?P<high>{n})(?P<unit>{u})", False, False),
        (r"(?P<high>{n})(?P<unit>{u}) or (?:less|fewer|under|younger)", False, False),
        (r"(?P<low>{n})(?P<unit>{u})", False, False),
    )
)
_PLACES = frozenset({"ordinal", "clock"})
_NAME = re.compile(r"(?<!^)\b[A-Z][\w'’-]+")


class Band(NamedTuple):
    """The numbers from low to high, without its ends where they are open; unit as it is written."""

    low: float
    high: float
    is_low_open: bool
    is_high_open: bool
    unit: str

    def holds(self, number: float) -> bool:
        """Whether a number is in it."""
        above = number > self.low if self.is_low_open else number >= self.low
        return above and (number < self.high if self.is_high_open else number <= self.high)


class Banded(NamedTuple):
    """The row whose range holds what is asked for, and the cell that is asked of it."""

    row: Said
    cell: Field
    is_settled: bool


def band_of(cell: str) -> Band | None:
    """The range that a whole cell is."""
    for form, is_low_open, is_high_open in _FORMS:
        if match := form.fullmatch(cell.strip()):
            parts = match.groupdict()
            low = _number(parts["low"]) if parts.get("low") else -inf
            high = _number(parts["high"]) if parts.get("high") else low if form is _FORMS[-1][0] else inf
            return Band(low, high, is_low_open, is_high_open, match["unit"].strip(" ."))
    return None


def banded_row(question: Question, chosen: Said, sentences: Sequence[Said]) -> Banded | None:
    """The only row of a chosen one's table whose range holds the one number of a question; None where that is open."""
    numbers = [one for one in find_values(question.text) if _is_amount(one)]
    heading = chosen.hit.passage.heading
    beside = [row for row in sentences if fields_of(row) and row.hit.passage.heading == heading]
    rows = [row for row in beside if are_of_one_table(row, chosen)]
    if len(numbers) != 1 or len(rows) < FEWEST:
        return None
    for label in (one.label for one in fields_of(chosen)):
        told = [(row, band) for row in rows if (band := _band_under(label, row))]
        if len(told) < len(rows) or all(band.low == band.high for _, band in told):
            continue
        held = [row for row, band in told if _holds(band, label, question.text, numbers[0])]
        if len(held) == 1:
            return _asked_of(question, held[0], label)
    return None


def _asked_of(question: Question, row: Said, label: str) -> Banded | None:
    others = [one for one in fields_of(row) if one.label != label]
    cell = asked_field(question, others, "") if others else None
    if cell is None or not is_named(question, cell):
        return None
    known = name_stems(" ".join((row.hit.title, *row.hit.passage.heading, row.text)))
    return Banded(row, cell, name_stems(" ".join(_NAME.findall(question.text.strip()))) <= known)


def _band_under(label: str, row: Said) -> Band | None:
    return next((band_of(one.shown) for one in fields_of(row) if one.label == label), None)


def _holds(band: Band, label: str, question: str, number: Found) -> bool:
    """Whether a number is in a range, in the range's unit or by a word of its column's name."""
    assert isinstance(number.value, Quantity)
    if band.unit:
        one = find_values(f"1 {band.unit}") or find_values(f"{band.unit}1")
        unit = one[0].value if one else None
        is_alike = isinstance(unit, Quantity) and unit.dimension == number.value.dimension
        if isinstance(unit, Quantity) and unit.dimension and is_alike:
            return band.holds(number.value.value / unit.value)
    said = stems(" ".join(question[number.start :].split()[:3]))
    return bool(said & (stems(label) | stems(band.unit))) and band.holds(number.value.raw)


def _is_amount(one: Found) -> bool:
    return isinstance(one.value, Quantity) and one.value.dimension not in _PLACES


def _number(text: str) -> float:
    return float(text.lstrip("$€£ ").replace(",", ""))
