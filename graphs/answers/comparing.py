"""Which of two is cheaper, longer, heavier: told from one value of each, both of them cited."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from graphs.answers.measures import Measure, measures
from graphs.answers.said import Said, name_stems, stems
from graphs.language.quantities import Day

Sorted = tuple[float, ...]

_MASS = frozenset({"g", "pound", "ounce", "ton"})
_MONEY = frozenset("$€£")
_SPAN = frozenset({"s", "month", "working s"})


class _Scale(NamedTuple):
    """What an adjective compares. names: of fields and words that name it; more: whether the larger value wins."""

    dimensions: frozenset[str]
    names: frozenset[str]
    more: bool


_PRICE = stems("price cost costs fee priced")
_WEIGHT = stems("weight weighs mass")
_LONG = stems("long length lasts takes duration period")
_HIGH = stems("tall high height")
_DATE = stems("founded opened built born established released published year date")
_FREE = stems("sell sold available currently now total model today eur euro dollar euros dollars from shop buy take")
_SCALES = {
    "cheaper": _Scale(_MONEY, _PRICE, False),
    "dearer": _Scale(_MONEY, _PRICE, True),
    "pricier": _Scale(_MONEY, _PRICE, True),
    "more expensive": _Scale(_MONEY, _PRICE, True),
    "less expensive": _Scale(_MONEY, _PRICE, False),
    "heavier": _Scale(_MASS, _WEIGHT, True),
    "lighter": _Scale(_MASS, _WEIGHT, False),
    "longer": _Scale(_SPAN | {"m"}, _LONG, True),
    "shorter": _Scale(_SPAN | {"m"}, _LONG, False),
    "taller": _Scale(frozenset({"m"}), _HIGH, True),
    "higher": _Scale(frozenset({"m"}), _HIGH, True),
    "lower": _Scale(frozenset({"m"}), _HIGH, False),
    "older": _Scale(frozenset({"date"}), _DATE, False),
    "newer": _Scale(frozenset({"date"}), _DATE, True),
    "younger": _Scale(frozenset({"date"}), _DATE, True),
    "earlier": _Scale(frozenset({"date"}), _DATE, False),
    "later": _Scale(frozenset({"date"}), _DATE, True),
}
_ADJECTIVE = "|".join(sorted(_SCALES, key=len, reverse=True))
_CHOICE = re.compile(
    rf"^(?:which|what|who|is)\b(?P<about>[^,:]*?)\b(?P<adjective>{_ADJECTIVE})\b[\s,:–-]*"
    rf"(?P<first>[^?,]+?),?\s+or\s+(?P<second>[^?]+?)\s*\?*$",
    re.I,
)
_CHOICE_FIRST = re.compile(
    rf"^(?:is|are|was|were|does|do)\s+(?P<first>.+?)\s+or\s+(?P<second>.+?)\s+(?P<adjective>{_ADJECTIVE})\s*\?*$", re.I
)
_THAN = re.compile(
    rf"^(?:is|are|was|were|does|do)\s+(?P<first>.+?)\s+(?:(?:much|far|really|any|a lot)\s+)?"
    rf"(?P<adjective>{_ADJECTIVE})\s+than\s+(?P<second>.+?)\s*\?*$",
    re.I,
)
_LONGEST = 400
"""Characters of the longest question that may compare."""
_VERB = re.compile(r"\b(?:takes?|lasts?|costs?|weighs?)\b", re.I)
_ARTICLE = re.compile(r"^(?:the|a|an)\s+", re.I)
_FIELD = re.compile(r"(?:^|;\s+)(?P<name>[^:;]{1,40}):\s+(?P<value>[^;]+)")
_UNIT_OF_FIELD = {
    "eur": "€",
    "usd": "$",
    "gbp": "£",
    "kg": "kg",
    "g": "g",
    "lb": "lb",
    "cm": "cm",
    "mm": "mm",
    "m": "m",
}
_CONDITION = re.compile(
    r"\b(?:if|unless|except|only|up to|at (?:least|most)|from|about|around|not|reduced|used to)\b", re.I
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared. verb: how it is asked for. is_than: it asks whether, not which."""

    first: str
    second: str
    adjective: str
    is_than: bool = False
    verb: str = "is"


class Rated(NamedTuple):
    """A sentence with the value that it gives for one of the two."""

    said: Said
    value: Measure


def comparison_of(question: str) -> Comparison | None:
    """Understand a question that compares two things by a measure; None for any other."""
    plain = " ".join(question.split())
    if len(plain) > _LONGEST or "?" in plain.rstrip(" ?"):
        return None  # nobody compares two things at such length, and the patterns would try every place for "or"
    for pattern in (_THAN, _CHOICE_FIRST, _CHOICE):
        if match := pattern.match(plain):
            first, second = (_ARTICLE.sub("", match[name]).strip(" .") for name in ("first", "second"))
            if stems(first) and stems(second) and first.casefold() != second.casefold():
                verb = _VERB.search(plain)
                said = f"{verb[0].casefold().rstrip('s')}s" if verb else "is"
                return Comparison(
                    _in_full(first, second), second, match["adjective"].casefold(), pattern is _THAN, said
                )
    return None


def _in_full(first: str, second: str) -> str:
    """`standard` of "standard or express delivery" with the noun that both share; names stay as they are."""
    parts = second.split()
    is_shared = len(first.split()) == 1 < len(parts) and first.islower() and second.islower()
    return f"{first} {parts[-1]}" if is_shared else first


def find_pair(asked: Comparison, sentences: Sequence[Said]) -> tuple[Said, Said] | None:
    """The two sentences that settle a comparison; None if either has none, or several that differ."""
    pair = [
        _only([row for said in sentences if (row := rated(asked, name, said))]) for name in (asked.first, asked.second)
    ]
    first, second = pair
    return (first.said, second.said) if first and second else None


def compared(asked: Comparison, first: Said, second: Said) -> str:
    """Say which of two wins, and by which values; "" if the sentences do not settle it."""
    mine, theirs = rated(asked, asked.first, first), rated(asked, asked.second, second)
    return verdict(asked, mine, theirs) if mine and theirs else ""


def verdict(asked: Comparison, mine: Rated, theirs: Rated) -> str:
    """Say which of two values wins; "" if they are not of one kind."""
    if mine.value.dimension != theirs.value.dimension or mine.value.per != theirs.value.per:
        return ""
    ours, others = _order(mine.value), _order(theirs.value)
    values = f"{_shown(mine)} for {asked.first}, {_shown(theirs)} for {asked.second}"
    if ours != others and _overlap(mine.value, theirs.value):
        return ""
    if ours == others:
        return f"{'No: they' if asked.is_than else 'They'} are the same: {values}."
    first_wins = (ours > others) == _SCALES[asked.adjective].more
    if asked.is_than:
        return f"{'Yes' if first_wins else 'No'}: {values}."
    return f"{_opening(asked.first if first_wins else asked.second)} {asked.verb} {asked.adjective}: {values}."


def names_scale(asked: Comparison, name: str) -> bool:
    """Whether the name of a row or a column says what is compared."""
    return bool(_SCALES[asked.adjective].names & stems(name))


def measured_by(asked: Comparison, cell: str) -> Measure | None:
    """The one exact value of a cell that can be compared so."""
    found = [one for one in measures(cell) if one.dimension in _SCALES[asked.adjective].dimensions]
    return found[0] if len(found) == 1 and not found[0].is_vague else None


def price_fields(said: Said) -> list[Measure]:
    """Prices that the fields of a record give."""
    return _fields(said, _SCALES["cheaper"])


def winner(asked: Comparison, text: str) -> str:
    """The short answer of a comparison: its first words."""
    head = text.partition(":")[0]
    return head if asked.is_than and head in ("Yes", "No") else head.removesuffix(f" {asked.verb} {asked.adjective}")


def rated(asked: Comparison, name: str, said: Said) -> Rated | None:
    """The one value that a sentence gives for one of the two things; None if it speaks of the other as well."""
    other = asked.second if name == asked.first else asked.first
    if not _is_about(said, name, other) or (said.hit.passage.kind != "record" and _CONDITION.search(said.text)):
        return None
    scale = _SCALES[asked.adjective]
    found = _fields(said, scale) or [one for one in measures(said.text) if one.dimension in scale.dimensions]
    if len(found) != 1 or found[0].is_vague or not _says_no_more(said, name, scale):
        return None
    return Rated(said, found[0])


def _says_no_more(said: Said, name: str, scale: _Scale) -> bool:
    """Whether a sentence gives the measure of the thing itself, not of its repair, its deposit or its lid."""
    if said.hit.passage.kind == "record":
        return True
    if scale.dimensions != _MONEY and not scale.names & said.stems:
        return False
    plain = said.text
    for one in reversed(measures(plain)):
        plain = plain[: one.start] + " " + plain[one.end :]
    rest = {stem for stem in stems(plain) if stem.isalpha()} - name_stems(name) - scale.names - said.around - _FREE
    return len(rest) <= (0 if scale.dimensions == _MONEY else 2)


def _is_about(said: Said, name: str, other: str) -> bool:
    """Whether a sentence, with its title, names the one and not the other; every word of a name counts, and digits."""
    mine, theirs = name_stems(name), name_stems(other)
    said_words = name_stems(said.text) | name_stems(f"{said.hit.title} {' '.join(said.hit.passage.heading)}")
    return mine <= said_words and (theirs <= mine or not theirs - mine <= said_words)


def _fields(said: Said, scale: _Scale) -> list[Measure]:
    """Values of a record's fields that are named after the scale: `price_eur: 349.00`."""
    rows: list[Measure] = []
    for match in _FIELD.finditer(said.text):
        parts = match["name"].casefold().replace("_", " ").split()
        if scale.names & stems(" ".join(parts)):
            unit = next((_UNIT_OF_FIELD[part] for part in parts if part in _UNIT_OF_FIELD), "")
            rows += measures(
                f"{match['value'].strip()} {unit}".strip() if unit not in _MONEY else unit + match["value"].strip()
            )
    return rows


def _only(rows: Sequence[Rated]) -> Rated | None:
    """The first, if all of them give the same value."""
    values = {(row.value.dimension, row.value.low, row.value.high, row.value.per, row.value.day) for row in rows}
    return rows[0] if len(values) == 1 else None


def _order(value: Measure) -> Sorted:
    if isinstance(value.day, Day):
        return (value.day.year, value.day.month, value.day.day)
    return (value.low, value.high)


def _overlap(mine: Measure, theirs: Measure) -> bool:
    """Whether two values could be in either order: 2 to 8 days and 3 to 5 days, 1980 and 3 March 1980."""
    if isinstance(mine.day, Day) and isinstance(theirs.day, Day):
        pairs = ((getattr(mine.day, part), getattr(theirs.day, part)) for part in ("year", "month", "day"))
        first = next(((one, other) for one, other in pairs if one != other), (0, 0))
        return not all(first)
    return mine.low < theirs.high and theirs.low < mine.high


def _shown(row: Rated) -> str:
    text = row.value.text.strip()
    text = re.sub(r"^([€$£])\s?(\d.*)$", r"\1\2", text)
    return f"{text} a {row.value.per}" if row.value.per and row.value.dimension in _MONEY else text


def _opening(name: str) -> str:
    return name[:1].upper() + name[1:]
