"""Numbers that a question about a table says: bounds and equal values, each in the one column it can be for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import isclose

from graphs.answers.tables.asking import Asked, NotUnderstood, apt, means, only
from graphs.answers.tables.manners import readings_among
from graphs.answers.tables.table import Column
from graphs.language.quantities import Quantity, find_values

Fits = Callable[[float, float], bool]
"""(cell, bound) -> whether the cell keeps to it."""
_NUMBER = r"(?:[$€£] )?\d[\d.,]*"
_THAN = (
    r"(?:more|greater|higher|larger|longer|taller|heavier|dearer|pricier|more expensive)",
    r"(?:less|fewer|lower|smaller|shorter|lighter|cheaper|less expensive)",
)


def _is_at_most(cell: float, bound: float) -> bool:
    return cell <= bound or isclose(cell, bound)


def _is_at_least(cell: float, bound: float) -> bool:
    return cell >= bound or isclose(cell, bound)


def _is_more(cell: float, bound: float) -> bool:
    return not _is_at_most(cell, bound)


def _is_less(cell: float, bound: float) -> bool:
    return not _is_at_least(cell, bound)


_BOUNDS: tuple[tuple[re.Pattern[str], Fits], ...] = tuple(
    (re.compile(rf"\b(?:{said}) (?P<number>{_NUMBER})"), fits)
    for said, fits in (
        (rf"no(?:t)? {_THAN[0]} than|at most|up to", _is_at_most),
        (rf"no(?:t)? {_THAN[1]} than|at least", _is_at_least),
        (rf"{_THAN[0]} than|over|above|exceeding", _is_more),
        (rf"{_THAN[1]} than|under|below", _is_less),
    )
)
_JUST = re.compile(rf"(?:\bexactly )?(?P<number>(?<!\S){_NUMBER})(?!\S)")
_DIGITS = re.compile(r"\d[\d.,]*")
_BETWEEN = re.compile(rf"\bbetween (?P<least>{_NUMBER}(?: [^\W\d]+)?) and (?=[$€£]|\d)", re.I)
_AND_MORE = re.compile(rf"(?P<number>{_NUMBER}(?: [^\W\d]+)?) or (?P<more>more|higher|above|over)\b", re.I)
_AND_LESS = re.compile(rf"(?P<number>{_NUMBER}(?: [^\W\d]+)?) or (?P<less>less|fewer|lower|below|under)\b", re.I)
_NEAR = 5
"""Words before and behind a number among which its column is named."""


def plain(text: str) -> str:
    """Ranges and `500 or more` as the bounds that they are."""
    text = _AND_MORE.sub(r"at least \g<number>", _AND_LESS.sub(r"at most \g<number>", text))
    return _BETWEEN.sub(r"at least \g<least> and at most ", text)


def read_bounds(asked: Asked) -> None:
    """`more than 500 GBP`, `at least 4`, `under 2 kg`."""
    for said, fits in _BOUNDS:
        while found := said.search(asked.text):
            _compare(asked, found, fits)


def read_numbers(asked: Asked) -> None:
    """A number by itself: a cell that is equal to it. One behind a capital letter is of a name: `Kestrel 3`."""
    while found := next((one for one in _JUST.finditer(asked.text) if not _is_of_name(asked, one)), None):
        _compare(asked, found, isclose)


def _is_of_name(asked: Asked, found: re.Match[str]) -> bool:
    at = asked.text[: found.start("number")].count(" ")
    return at > 0 and asked.words[at - 1][:1].isupper()


def _compare(asked: Asked, found: re.Match[str], fits: Fits) -> None:
    written = found["number"].rstrip(".,")
    unit = next(iter(asked.text[found.end() :].split()), "")
    if unit[:1].isdigit():  # `1 000`: the number goes on
        raise NotUnderstood
    quantity, has_unit = _quantity(written, 1.0, unit)
    is_unit = has_unit or unit in {one.unit_name.casefold() for one in asked.table.columns} - {""}
    at = asked.take(found.start(), found.end() + (len(unit) + 1 if is_unit else 0))
    near = asked.kept[max(0, at - _NEAR) : at + _NEAR + 3]
    column = _measured(asked, quantity, unit if is_unit else "", near)
    asked.fits.append((column, _fitting(column, written, unit, fits)))
    asked.told = column if fits is not isclose else asked.told


def _fitting(column: Column, written: str, unit: str, fits: Fits) -> frozenset[int]:
    """The rows that keep to a bound in every manner in which it can be read; NotUnderstood where these differ."""
    digits = _DIGITS.search(written)
    found: set[frozenset[int]] = set()
    for manner, number in readings_among(digits[0], column.written.values()) if digits else ():
        quantity, _ = _quantity(written, number, unit)
        by_unit = bool(quantity.dimension)
        factor = column.unit.factor if by_unit and column.unit else 1.0
        bound = quantity.value if by_unit else quantity.raw
        cells = column.numbers_in(manner)
        cells = cells if len(cells) == len(column.numbers) else column.numbers
        found.add(frozenset(at for at, cell in cells.items() if fits(cell * factor, bound)))
    if len(found) != 1:
        raise NotUnderstood
    return found.pop()


def _quantity(written: str, number: float, unit: str) -> tuple[Quantity, bool]:
    """A number with the sign that it is written with and the word behind it, and whether that word is its unit."""
    text = _DIGITS.sub(f"{number:f}".rstrip("0").rstrip("."), written)
    value = find_values(f"{text} {unit}".strip())
    if not value or not isinstance(value[0].value, Quantity):
        raise NotUnderstood
    return value[0].value, value[0].end > len(text)


def _measured(asked: Asked, bound: Quantity, unit: str, near: Sequence[str]) -> Column:
    """The only column whose numbers a bound can be for: by its unit, else by what the question says near it."""
    numeric = [column for column in apt(asked) if column.numbers]
    if bound.dimension:
        numeric = [one for one in numeric if one.unit and _is_alike(one.unit.dimension, bound.dimension)]
    elif unit:
        numeric = [one for one in numeric if one.unit_name.casefold() == unit]
    named = [one for one in numeric if any(means(word, one) for word in near)]
    if not named and not unit and not bound.dimension:
        named = [one for one in numeric if any(means(word, one) for word in asked.kept)] or [*numeric, *numeric]
    return only(named or numeric)


def _is_alike(first: str, second: str) -> bool:
    """Whether two units measure one thing; pounds may be money."""
    return first == second or (first, second) == ("£", "pound")
