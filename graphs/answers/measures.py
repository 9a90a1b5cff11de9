"""Values of a sentence with their units, ranges and rates, so that two sentences can be held against each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import floor, isclose, log10

from graphs.language.quantities import Day, Found, Quantity, agree, as_year, find_values
from graphs.reader.question import Kind

_KIND_OF_DAY = re.compile(
    r"[\s-]+(?P<kind>working|business|calendar|full|whole)[\s-]+(?P<unit>(?:day|hour|week)s?)\b", re.I
)
_SAME_DAY = frozenset({"calendar", "full", "whole"})
_TO = re.compile(r"\s*(?:to|or|and|-|–)\s*", re.I)
_PER = re.compile(
    r"\s*(?:per|an?|each|every|/)\s*(?P<per>[^\W\d]+)|\s+(?P<often>daily|weekly|monthly|yearly|annually)\b", re.I
)
_VAGUE = re.compile(
    r"\b(?:about|around|roughly|approximately|approx\.?|some|nearly|almost|over|under|up to"
    r"|at (?:least|most)|(?:more|less|fewer)"
    r" than|circa|minimum|maximum|from|between)\s+(?:\w+\s+)?$|[~<>≈±]\s*$",
    re.I,
)
_CODE = re.compile(r"\b(?P<code>EUR|USD|GBP)\s?$")
_SIGN = {"EUR": "€", "USD": "$", "GBP": "£"}
_IN_TIME = re.compile(r"\b(?:in|since|until|during|by|from|before|after|to)\s+$", re.I)
_MONEY = frozenset("$€£")
_DURATION = frozenset({"s", "month", "working s"})


@dataclass(frozen=True, slots=True)
class Measure:
    """A value as it stands in a text.

    low, high: its bounds in the base of its dimension, equal unless a range is given. dimension: "date" for a date,
    which is then in `day`; "" for a plain number. per: what it is counted by, as `month` in `12 EUR per month`.
    is_vague: the text says "about", "up to" or the like.
    """

    text: str
    start: int
    end: int
    dimension: str
    low: float = 0.0
    high: float = 0.0
    day: Day | None = None
    per: str = ""
    is_vague: bool = False


def measures(text: str) -> list[Measure]:
    """Every value of a text in order; the ends of a range are one."""
    found = [_measure(text, row) for row in find_values(text)]
    return _joined(text, found)


def of_kind(found: Sequence[Measure], kind: Kind) -> list[Measure]:
    """Those that a question of a kind asks for."""
    match kind:
        case "money":
            return [one for one in found if one.dimension in _MONEY]
        case "duration":
            return [one for one in found if one.dimension in _DURATION]
        case "date":
            return [one for one in found if one.day is not None]
        case "number":
            return [one for one in found if one.day is None and one.dimension not in ("ordinal", "clock")]
        case _:
            return []


def differ(first: Measure, second: Measure) -> bool:
    """Whether two values cannot both be right for one thing: same dimension and rate, neither vague nor rounded."""
    if first.is_vague or second.is_vague or first.per != second.per:
        return False
    if first.day is not None and second.day is not None:
        return not agree(first.day, second.day) and not agree(second.day, first.day)
    if first.dimension != second.dimension or first.day is not None or second.day is not None:
        return False
    pairs = ((first.low, second.low), (first.high, second.high))
    return not all(_is_same(mine, theirs) or _is_rounded(mine, theirs) for mine, theirs in pairs)


def _is_same(first: float, second: float) -> bool:
    return isclose(first, second, rel_tol=1e-9, abs_tol=1e-9)


def _is_rounded(first: float, second: float) -> bool:
    """Whether the one with fewer digits is the other, rounded; values of one digit are taken as exact."""
    return _rounds(first, second) or _rounds(second, first)


def _rounds(rough: float, exact: float) -> bool:
    if not rough or not exact:
        return False
    digits = len(f"{abs(rough):.12g}".replace(".", "").strip("0"))
    fine = len(f"{abs(exact):.12g}".replace(".", "").strip("0"))
    if digits >= fine or fine < 3:
        return False
    place = digits - 1 - floor(log10(abs(exact)))
    return _is_same(round(exact, place), rough)


def _measure(text: str, row: Found) -> Measure:
    start, end = row.start, row.end
    value = as_year(row.value) if _IN_TIME.search(text[:start]) else row.value
    is_vague = bool(_VAGUE.search(text[max(0, start - 24) : start]))
    if isinstance(value, Day):
        return Measure(text[start:end], start, end, "date", day=value, is_vague=is_vague)
    plain = _with_kind_of_day(
        text, _with_code(text, Measure(text[start:end], start, end, value.dimension, value.value, value.value))
    )
    per = _PER.match(text, plain.end)
    rate = (per["per"] or per["often"]).casefold() if per else ""
    return replace(plain, per=rate, is_vague=is_vague)


def _with_code(text: str, plain: Measure) -> Measure:
    """A plain number behind a currency's code."""
    code = _CODE.search(text[: plain.start]) if not plain.dimension else None
    if code is None:
        return plain
    start = code.start()
    return replace(plain, text=text[start : plain.end], start=start, dimension=_SIGN[code["code"]])


def _with_kind_of_day(text: str, plain: Measure) -> Measure:
    """A plain number of working days, which are other days than those of the calendar."""
    kind = _KIND_OF_DAY.match(text, plain.end) if not plain.dimension else None
    if kind is None:
        return plain
    unit = find_values(f"1 {kind['unit']}")[0].value
    assert isinstance(unit, Quantity)
    dimension = "s" if kind["kind"].casefold() in _SAME_DAY else "working s"
    value = plain.low * unit.value
    return replace(
        plain, text=text[plain.start : kind.end()], end=kind.end(), dimension=dimension, low=value, high=value
    )


def _joined(text: str, found: Sequence[Measure]) -> list[Measure]:
    """Put the ends of ranges together: `3 to 5 days` is one value."""
    taken: list[Measure] = []
    for before, one in pairwise([None, *found]):
        assert one is not None
        if before is None or not taken or not _is_range(text, taken[-1], one):
            taken.append(one)
            continue
        low = taken.pop()
        raw = one.high / max(_raw(one), 1e-12)
        lowest = low.low if low.dimension else low.low * raw
        taken.append(replace(one, text=text[low.start : one.end], start=low.start, low=lowest, is_vague=False))
    return taken


def _raw(one: Measure) -> float:
    """The number that is written, without its unit."""
    value = find_values(one.text)[-1].value
    return value.raw if isinstance(value, Quantity) else 1.0


def _is_range(text: str, low: Measure, high: Measure) -> bool:
    if low.day is not None or high.day is not None or low.low != low.high or not high.dimension:
        return False
    return low.dimension in ("", high.dimension) and bool(_TO.fullmatch(text[low.end : high.start]))
