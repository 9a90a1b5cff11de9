"""Rows for days of the week: `Day: Thursday; Hours: 8:00–20:00`, and whether something is open then."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from graphs.answers.said import Said
from graphs.answers.tables.rows import are_of_one_table, fields_of
from graphs.language.ranges import DAYS, SETS_OF_DAYS

_SHORT = ("mon", "tues?", "wed", "thu(?:rs?)?", "fri", "sat", "sun")
_DAY = "|".join(rf"(?P<d{at}>{full}s?|{short}\b\.?)" for at, (full, short) in enumerate(zip(DAYS, _SHORT, strict=True)))
_ONE = re.compile(rf"\b(?:{_DAY})(?![a-z])", re.I)
_FROM_TO = re.compile(r"\s*(?:[-–—]|to|through|until)\s*", re.I)
_ONLY_DAYS = re.compile(r"[\s,;/&–—-]|\b(?:and|to|through|until|the|on)\b", re.I)
_OPEN, _CLOSED = re.compile(r"\bopen(?:s|ed)?\b", re.I), re.compile(r"\b(?:closed?|shut)\b", re.I)
_HOURS = re.compile(
    r"\d{1,2}(?:[:.]\d\d)?\s?(?:[ap]\.?m\.?|h)?\s?(?:[-–—]|to|until)\s?\d{1,2}(?:[:.]\d\d)?\s?(?:[ap]\.?m\.?|h)?", re.I
)
_TIMED = re.compile(
    r"\b(?:morning|afternoon|evening|night|noon|midnight|early|late|before|after|until|at|by|from|holidays?)\b|\d", re.I
)
"""More than a day: whether it is open then, no cell of hours says by itself."""

Answer = Literal["", "Yes", "No"]


def days_of(text: str) -> frozenset[int]:
    """The days of the week that a text names, from Monday = 0, those of a range among them."""
    found = [(match, _number(match)) for match in _ONE.finditer(text)]
    days = {number for _, number in found}
    for (first, low), (second, high) in pairwise(found):
        if _FROM_TO.fullmatch(text[first.end() : second.start()]):
            days |= {at % 7 for at in range(low, low + (high - low) % 7 + 1)}
    return frozenset(days.union(*(among for said, among in SETS_OF_DAYS if said.search(text))))


def are_days(cell: str) -> bool:
    """Whether a cell names days of the week and nothing else."""
    rest = _ONE.sub("", cell)
    for pattern in (*(said for said, _ in SETS_OF_DAYS), _ONLY_DAYS):
        rest = pattern.sub("", rest)
    return bool(days_of(cell)) and not rest.strip(" .:()")


def rows_of_day(question: str, chosen: Said, rows: Sequence[Said]) -> tuple[Said, ...] | None:
    """The rows of a chosen one's table for the one day that is asked for; None where neither is about days."""
    asked = days_of(question)
    fields = fields_of(chosen)
    if len(asked) != 1 or not fields or not are_days(fields[0].value):
        return None
    beside = [row for row in rows if are_of_one_table(row, chosen)]
    alike = [row for row in beside if row.hit.passage.heading == chosen.hit.passage.heading and fields_of(row)]
    return tuple(row for row in alike if asked <= days_of(fields_of(row)[0].value))


def day_polarity(question: str, row: Said) -> Answer:
    """Whether something is open, or closed, on the day that a row is for; "" of a row for another day."""
    fields, asked = fields_of(row), days_of(question)
    if len(asked) != 1 or not fields or not asked <= days_of(fields[0].value):
        return ""
    told = {open_polarity(question, cell.value) for cell in fields[1:]}
    return "" if {"Yes", "No"} <= told else "Yes" if "Yes" in told else "No" if "No" in told else ""


def open_polarity(question: str, cell: str) -> Answer:
    """Whether something is open, or closed, by a cell of hours; "" where more than a day is asked for."""
    asks_open, asks_closed = bool(_OPEN.search(question)), bool(_CLOSED.search(question))
    if asks_open == asks_closed or _TIMED.search(question):
        return ""
    if _CLOSED.fullmatch(cell.strip(" .")):
        return "No" if asks_open else "Yes"
    return ("Yes" if asks_open else "No") if _HOURS.match(cell.strip()) else ""


def _number(match: re.Match[str]) -> int:
    return next(at for at in range(7) if match[f"d{at}"])
