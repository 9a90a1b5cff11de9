"""Numbers, quantities and dates in a text, whatever their spelling, as values that can be compared."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from math import isclose

_SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SPELLED: dict[str, float] = {
    **{word: value for value, word in enumerate(_SMALL.split())},
    **{word: 20 + 10 * place for place, word in enumerate(_TENS.split())},
    **{"dozen": 12, "half": 0.5, "twice": 2, "once": 1},
}
_SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "dozen": 12}
_ORDINAL_WORDS = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth"
_ORDINALS = {word: value for value, word in enumerate(_ORDINAL_WORDS.split())}
_YEAR = "january february march april may june july august september october november december"
MONTHS = tuple(_YEAR.split())
_MONTH_OF = {name[:length]: at for at, name in enumerate(MONTHS, 1) for length in (3, 4, len(name))}

_UNITS: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("mm", "millimetre", "millimeter"), ("m", 1e-3)),
    **dict.fromkeys(("cm", "centimetre", "centimeter"), ("m", 1e-2)),
    **dict.fromkeys(("m", "metre", "meter"), ("m", 1.0)),
    **dict.fromkeys(("km", "kilometre", "kilometer"), ("m", 1e3)),
    **dict.fromkeys(("inch", "inche"), ("m", 0.0254)),
    **dict.fromkeys(("ft", "foot", "feet"), ("m", 0.3048)),
    **dict.fromkeys(("yard", "yd"), ("m", 0.9144)),
    **dict.fromkeys(("mile", "mi"), ("m", 1609.344)),
    **dict.fromkeys(("mg", "milligram"), ("g", 1e-3)),
    **dict.fromkeys(("g", "gram", "gramme"), ("g", 1.0)),
    **dict.fromkeys(("kg", "kilogram", "kilo"), ("g", 1e3)),
    **dict.fromkeys(("tonne", "t"), ("g", 1e6)),
    "ton": ("ton", 1.0),
    **dict.fromkeys(("lb", "pound"), ("pound", 1.0)),
    **dict.fromkeys(("oz", "ounce"), ("ounce", 1.0)),
    **dict.fromkeys(("ms", "millisecond"), ("s", 1e-3)),
    **dict.fromkeys(("s", "sec", "second"), ("s", 1.0)),
    **dict.fromkeys(("min", "minute"), ("s", 60.0)),
    **dict.fromkeys(("h", "hr", "hour"), ("s", 3600.0)),
    "day": ("s", 86_400.0),
    "week": ("s", 604_800.0),
    "fortnight": ("s", 1_209_600.0),
    "month": ("month", 1.0),
    **dict.fromkeys(("year", "yr"), ("month", 12.0)),
    "decade": ("month", 120.0),
    **dict.fromkeys(("century", "centurie"), ("month", 1200.0)),
    **dict.fromkeys(("ml", "millilitre", "milliliter"), ("l", 1e-3)),
    **dict.fromkeys(("l", "litre", "liter"), ("l", 1.0)),
    "gallon": ("gallon", 1.0),
    **dict.fromkeys(("m3", "m³", "cubic metre", "cubic meter"), ("l", 1e3)),
    **dict.fromkeys(("cm2", "cm²"), ("m2", 1e-4)),
    **dict.fromkeys(("m2", "m²", "sqm", "sq m", "square metre", "square meter"), ("m2", 1.0)),
    **dict.fromkeys(("ha", "hectare"), ("m2", 1e4)),
    **dict.fromkeys(("km2", "km²", "sq km", "square kilometre", "square kilometer"), ("m2", 1e6)),
    **dict.fromkeys(("ft2", "ft²", "sqft", "sq ft", "square foot", "square feet"), ("m2", 0.09290304)),
    "acre": ("m2", 4046.8564224),
    **dict.fromkeys(("sq mi", "square mile"), ("m2", 2_589_988.110336)),
    **dict.fromkeys(("kb", "kilobyte"), ("byte", 1e3)),
    **dict.fromkeys(("mb", "megabyte"), ("byte", 1e6)),
    **dict.fromkeys(("gb", "gigabyte"), ("byte", 1e9)),
    **dict.fromkeys(("tb", "terabyte"), ("byte", 1e12)),
    **dict.fromkeys(("%", "percent", "per cent"), ("%", 1.0)),
    **dict.fromkeys(("$", "dollar", "usd"), ("$", 1.0)),
    **dict.fromkeys(("€", "euro", "eur"), ("€", 1.0)),
    **dict.fromkeys(("£", "gbp"), ("£", 1.0)),
    "cent": ("cent", 1.0),
    **dict.fromkeys(("°c", "celsius", "degrees celsius"), ("°c", 1.0)),
    **dict.fromkeys(("°f", "fahrenheit", "degrees fahrenheit"), ("°f", 1.0)),
    **dict.fromkeys(("km/h", "kph", "kmh"), ("km/h", 1.0)),
    "mph": ("mph", 1.0),
    **dict.fromkeys(("w", "watt"), ("w", 1.0)),
    **dict.fromkeys(("kw", "kilowatt"), ("w", 1e3)),
    **dict.fromkeys(("v", "volt"), ("v", 1.0)),
    **dict.fromkeys(("hz", "hertz"), ("hz", 1.0)),
    "khz": ("hz", 1e3),
    **dict.fromkeys(("mhz", "megahertz"), ("hz", 1e6)),
    **dict.fromkeys(("ghz", "gigahertz"), ("hz", 1e9)),
    "wh": ("wh", 1.0),
    **dict.fromkeys(("kwh", "kilowatt hour"), ("wh", 1e3)),
}
"""Unit, singular -> (dimension, factor to its base)."""
_MONEY = frozenset("$€£")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number: value in the base of its dimension ("" for a plain number, "ordinal" for a place); raw: as written."""

    value: float
    dimension: str
    raw: float


@dataclass(frozen=True, slots=True)
class Day:
    """A date as far as it is given; 0 where it is not. swapped: day and month may be the other way round."""

    year: int = 0
    month: int = 0
    day: int = 0
    swapped: bool = False


Value = Quantity | Day

_MONTH = "(?:" + "|".join(MONTHS) + r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.?"
_DAY = r"(?:the\s+)?(?P<{0}>[0-3]?\d)(?:st|nd|rd|th)?"
_DATE_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?P<year>[12]\d{3})-(?P<month>[01]\d)-(?P<day>[0-3]\d)\b",
        r"\b(?P<first>[0-3]?\d)[/.](?P<second>[0-3]?\d)[/.](?P<year>[12]\d{3})\b",
        rf"\b{_DAY.format('day')}\s+(?:of\s+)?(?P<name>{_MONTH})(?:\s*,?\s*(?P<year>[12]\d{{3}})\b)?(?!\w)",
        rf"\b(?P<name>{_MONTH})\s+{_DAY.format('day')}\b(?!\d)(?:\s*,?\s*(?P<year>[12]\d{{3}})\b)?",
        rf"\b(?P<name>{_MONTH})\s*,?\s*(?:of\s+)?(?P<year>[12]\d{{3}})\b",
    )
)
_NAMED = "|".join(name.title() for name in MONTHS if name not in {"may", "march"})
_MONTH_ALONE = re.compile(rf"\b(?P<name>{_NAMED})\b")
_NUMERAL = r"(?P<sign>(?:(?<=\s)|(?<=^)|(?<=\())[-−–])?(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
_SCALE = r"(?:[\s-]?(?P<scale>hundred|thousand|million|billion|trillion|dozen|bn\b|k\b))?"
_NUMERAL_PATTERN = re.compile(rf"(?P<money>[$€£]\s?)?{_NUMERAL}(?P<ordinal>(?:st|nd|rd|th)\b)?{_SCALE}", re.IGNORECASE)
_WORDS = "|".join(sorted({*_SPELLED, *_SCALES, *_ORDINALS}, key=len, reverse=True))
_SPELLED_PATTERN = re.compile(rf"\b(?:(?:a|an)\s+)?(?:{_WORDS})(?:(?:\s+and\s+|\s+|-)(?:{_WORDS}))*\b", re.IGNORECASE)
_UNIT_NAMES = "|".join(re.escape(name) for name in sorted(_UNITS, key=len, reverse=True))
_UNIT_PATTERN = re.compile(rf"[\s-]?(?P<unit>{_UNIT_NAMES})(?:(?<!ha)s)?(?![\w/])", re.IGNORECASE)
_CLOCK = re.compile(
    r"\b(?P<hour>[0-2]?\d)(?::(?P<minute>[0-5]\d))?\s*(?P<half>[ap])\.?m\b\.?|\b(?P<h>[0-2]?\d):(?P<m>[0-5]\d)\b",
    re.IGNORECASE,
)
_SCALE_SHORT = {"bn": 1e9, "k": 1e3}


@dataclass(frozen=True, slots=True)
class Found:
    """A value and where it stands."""

    start: int
    end: int
    value: Value


def find_values(text: str) -> list[Found]:
    """Return the dates, times and numbers of a text in order; none overlap."""
    found: list[Found] = []
    for pattern in _DATE_PATTERNS:
        _collect(found, [Found(*match.span(), _day(match)) for match in pattern.finditer(text)])
    _collect(found, [Found(*match.span(), _day(match)) for match in _MONTH_ALONE.finditer(text)])
    _collect(found, [Found(*match.span(), _clock(match)) for match in _CLOCK.finditer(text)])
    for match in _NUMERAL_PATTERN.finditer(text):  # one by one: the 2 of `m2` is no number
        _collect(found, [_numeral(text, match)])
    _collect(found, [spelled for match in _SPELLED_PATTERN.finditer(text) if (spelled := _spelled(text, match))])
    return sorted(found, key=lambda row: row.start)


def as_year(value: Value) -> Value:
    """Take a plain number for the year that it could be."""
    if isinstance(value, Quantity) and not value.dimension and 1000 <= value.raw <= 2100 and value.raw.is_integer():
        return Day(year=int(value.raw))
    return value


def agree(claimed: Value, given: Value) -> bool:
    """Whether a claimed value says no more and nothing else than a given one."""
    if isinstance(claimed, Day) and isinstance(given, Day):
        return any(_within(claimed, option) for option in _readings(given)) or any(
            _within(option, given) for option in _readings(claimed)
        )
    if isinstance(claimed, Quantity) and isinstance(given, Day):
        return claimed.dimension in ("", "ordinal") and claimed.raw in (given.year, given.day)
    if isinstance(claimed, Day) and isinstance(given, Quantity):
        return claimed == Day(year=int(given.raw)) and given.dimension == ""
    assert isinstance(claimed, Quantity) and isinstance(given, Quantity)  # noqa: PT018 narrows both
    if claimed.dimension == given.dimension:
        return isclose(claimed.value, given.value, rel_tol=1e-9, abs_tol=1e-9)
    return "" in (claimed.dimension, given.dimension) and isclose(claimed.raw, given.raw, rel_tol=1e-9, abs_tol=1e-9)


def is_rival(claimed: Value, given: Value) -> bool:
    """Whether two values could stand for the same thing: both dates, or numbers of one dimension or of none."""
    if isinstance(claimed, Day) or isinstance(given, Day):
        numbers = [value for value in (claimed, given) if isinstance(value, Quantity)]
        return all(value.dimension == "" and 1000 <= value.raw <= 2100 for value in numbers)
    dimensions = {claimed.dimension, given.dimension}
    return len(dimensions) == 1 or "" in dimensions or dimensions <= _MONEY or claimed.raw == given.raw


def _collect(found: list[Found], fresh: list[Found]) -> None:
    """Add what does not overlap."""
    found += [row for row in fresh if all(row.end <= old.start or row.start >= old.end for old in found)]


def _day(match: re.Match[str]) -> Day:
    parts = match.groupdict()
    year = int(parts.get("year") or 0)
    if parts.get("first"):
        first, second = int(parts["first"]), int(parts["second"])
        if first > 12:
            return Day(year, second, first)
        return Day(year, first, second, swapped=second <= 12)
    name = (parts.get("name") or "").casefold().rstrip(".")
    month = int(parts.get("month") or 0) or _MONTH_OF.get(name) or _MONTH_OF[name[:3]]
    return Day(year, month, int(parts.get("day") or 0))


def _clock(match: re.Match[str]) -> Quantity:
    hour, minute = int(match["hour"] or match["h"]), int(match["minute"] or match["m"] or 0)
    if match["half"]:
        hour = hour % 12 + (12 if match["half"].casefold() == "p" else 0)
    return Quantity(hour * 60 + minute, "clock", hour * 60 + minute)


def _numeral(text: str, match: re.Match[str]) -> Found:
    raw = float(match["digits"].replace(",", "")) * (-1 if match["sign"] else 1)
    if match["scale"]:
        scale = match["scale"].casefold()
        raw *= _SCALES.get(scale) or _SCALE_SHORT[scale]
    if match["ordinal"]:
        return Found(*match.span(), Quantity(raw, "ordinal", raw))
    return _with_unit(text, *match.span(), raw, (match["money"] or "").strip())


def _spelled(text: str, match: re.Match[str]) -> Found | None:
    """A number in words; a lone `one`, `second` or `once` is too often no number."""
    parts = [part for part in re.split(r"[\s-]+", match.group().casefold()) if part not in {"a", "an", "and"}]
    if parts in (["one"], ["once"], ["half"]):
        unit = _UNIT_PATTERN.match(text, match.end())
        if not unit or parts != ["one"]:
            return None
    if parts[-1] in _ORDINALS:
        raw = _sum([*parts[:-1]]) + _ORDINALS[parts[-1]]
        return Found(*match.span(), Quantity(raw, "ordinal", raw))
    return _with_unit(text, *match.span(), _sum(parts), "")


def _sum(parts: list[str]) -> float:
    """The value of number words: `two hundred thousand five` is 200,005."""
    total = current = 0.0
    for part in parts:
        if part in _SCALES:
            current = (current or 1.0) * _SCALES[part]
            if _SCALES[part] >= 1e3:
                total, current = total + current, 0.0
        else:
            current += _SPELLED.get(part, _ORDINALS.get(part, 0))
    return total + current


def _with_unit(text: str, start: int, end: int, raw: float, money: str) -> Found:
    """A number with the unit that stands before or after it."""
    match = None if money else _UNIT_PATTERN.match(text, end)
    unit = money or (match["unit"].casefold() if match else "")
    if not unit:
        return Found(start, end, Quantity(raw, "", raw))
    dimension, factor = _UNITS[unit]
    return Found(start, match.end() if match else end, Quantity(raw * factor, dimension, raw))


def _readings(day: Day) -> tuple[Day, ...]:
    if not day.swapped:
        return (day,)
    return (day, replace(day, month=day.day, day=day.month))


def _within(claimed: Day, given: Day) -> bool:
    """Whether every given part of the claimed date is the other's."""
    pairs = ((claimed.year, given.year), (claimed.month, given.month), (claimed.day, given.day))
    return all(mine in (0, theirs) for mine, theirs in pairs)
