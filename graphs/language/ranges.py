"""The months and days of the week that a text means without naming them: January, of `from November to March`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain

from graphs.language.quantities import MONTHS

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FROM_TO = r"(?:\s*[-–—]\s*|\s+(?:to|through|thru|until|till)\s+(?:the\s+)?(?:(?:end|middle|start)\s+of\s+)?)"


def _compiled(names: Sequence[str], short: str) -> tuple[re.Pattern[str], Sequence[str]]:
    one = rf"(?:{'|'.join(names)}|(?:{short})\b\.?)"
    pattern = rf"\b(?P<low>{one}){_FROM_TO}(?P<high>{one})\b|\bbetween\s+(?P<first>{one})\s+and\s+(?P<last>{one})\b"
    return re.compile(pattern, re.I), names


_NAME = re.compile(rf"\b(?:(?:in|on|during|for)\s+)?(?P<name>{'|'.join((*MONTHS, *DAYS))})\b", re.I)
_RANGES = (
    _compiled(MONTHS, "jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec"),
    _compiled(DAYS, "mon|tues?|wed|thu(?:rs?)?|fri|sat|sun"),
)
_LED = re.compile(r"(?:\b(?:from|between|in|on|during)\s+)*$", re.I)
SETS_OF_DAYS = tuple(
    (re.compile(said, re.I), days)
    for said, days in (
        (r"\b(?:daily|every ?day|all week|(?:7|seven) days a week)\b", range(7)),
        (r"\b(?:weekdays|working days)\b", range(5)),
        (r"\bweekends?\b", range(5, 7)),
    )
)
"""What is said for several days of the week, from Monday = 0."""
_HINT = re.compile(r"[-–—]|\b(?:to|through|thru|until|till|between)\b", re.I)


def within(text: str) -> list[str]:
    """Return the names, lower case and in full, of all months and days that a text means by a range, ends included."""
    found = [DAYS[day] for said, among in SETS_OF_DAYS if said.search(text) for day in among]
    if not _HINT.search(text):
        return found
    return [*found, *chain.from_iterable(_within(text, *one) for one in _RANGES)]


def one_named(text: str) -> tuple[str, str] | None:
    """Return the one month or day of the week that a text names, in lower case, and the text without it."""
    found = [match for match in _NAME.finditer(text) if match["name"] != "may"]
    if len(found) != 1:
        return None
    return found[0]["name"].casefold(), text[: found[0].start()] + text[found[0].end() :]


def names_time(text: str) -> bool:
    """Whether a text names a month or a day of the week."""
    return any(match["name"] != "may" for match in _NAME.finditer(text))


def without_range(text: str, named: str) -> str:
    """Return a text without its one range of months, or of days: of that which is named, a month or a day.

    The text as it is where it has none, or several.
    """
    months, days = _RANGES
    patterns = [months[0]] if named in MONTHS else [days[0], *(pattern for pattern, _ in SETS_OF_DAYS)]
    found = [match for pattern in patterns for match in pattern.finditer(text)]
    if len(found) != 1:
        return text
    return _LED.sub("", text[: found[0].start()]) + text[found[0].end() :]


def _within(text: str, pattern: re.Pattern[str], names: Sequence[str]) -> list[str]:
    found: list[str] = []
    for match in pattern.finditer(text):
        low, high = _place(match["low"] or match["first"], names), _place(match["high"] or match["last"], names)
        found += [names[at % len(names)] for at in range(low, low + (high - low) % len(names) + 1)]
    return found


def _place(written: str, names: Sequence[str]) -> int:
    return next(at for at, name in enumerate(names) if name.startswith(written[:3].casefold()))
