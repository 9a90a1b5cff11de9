"""A row of a table told as help: whose value, and the value with its unit, instead of all fields side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from graphs.answers.said import Said, stems
from graphs.answers.valued import value_polarity
from graphs.reader.attribute import attribute_of
from graphs.reader.question import Question

_FIELD = re.compile(r"(?:^|;[ \t]+)(?P<name>[^:;\n]{1,40}):[ \t]+(?P<value>[^;\n]+)", re.M)
_BRACKETS = re.compile(r"^(?P<label>.*\S)\s*[(\[](?P<unit>[^()\[\]\d]{1,12})[)\]]$")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+|[^\w\s]+")
_AMOUNT = re.compile(r"[$€£]?\s?\d")
_NUMBER = re.compile(r"[-+]?\d[\d.,\s]*")
_UNIT_NAMES = """
    EUR USD GBP CHF JPY SEK NOK DKK PLN CZK kg g mg lb oz km m cm mm ml l W kW kWh Wh V Hz MHz GHz kB MB GB TB
    mAh dB rpm kmh mph days hours minutes seconds weeks months years persons people pieces pages lumens
"""
_WRITTEN = {"pct": "%", "percent": "%", "celsius": "°C", "litres": "l", "liters": "l"}
_UNITS = {name.casefold(): name for name in _UNIT_NAMES.split()} | _WRITTEN
_YES, _NO = frozenset({"yes", "true", "y", "✓", "✔"}), frozenset({"no", "false", "n", "✗", "✘"})
_STOCK = stems("stock available availability")
_MONEY = stems("price cost fee amount charge")
_NAMING = stems("name title label product item")
_MEASURED = tuple(
    (re.compile(rf"\b(?:{asked})\b", re.I), stems(names))
    for asked, names in (
        ("heavy|weighs?", "weight mass"),
        ("tall|high", "height"),
        ("wide", "width"),
        ("deep", "depth"),
        ("big|large", "size area"),
        ("fast", "speed"),
        ("long", "length duration term time"),
        ("when", "date year day time deadline"),
        ("where", "place location city address room country"),
    )
)
"""What a question asks for without naming it -> the names of columns that say it."""
_COUNTING = stems("many much number take takes last lasts")
_TOLD = 160
"""Characters of the longest value that is told in one line."""
_NAMED = 0.5


@dataclass(frozen=True, slots=True)
class Field:
    """One cell. label: its column's name in words, without the unit; start, end: characters of the value in the row."""

    label: str
    value: str
    unit: str
    start: int
    end: int

    @property
    def shown(self) -> str:
        """The value with its unit; a machine's true and false as a person says them."""
        plain = {"true": "yes", "false": "no"}.get(self.value.casefold(), self.value)
        return f"{plain} {self.unit}" if self.unit else plain


def fields_of(said: Said) -> tuple[Field, ...]:
    """The cells of a row; empty for prose, and where only one cell has a name."""
    if said.hit.passage.kind not in ("record", "table"):
        return ()
    found = [_field(match) for match in _FIELD.finditer(said.text)]
    currency = next((one.value for one in found if one.label.casefold() == "currency" and len(one.value) <= 3), "")
    priced = [
        Field(one.label, one.value, currency, one.start, one.end)
        if currency and not one.unit and _NUMBER.fullmatch(one.value) and stems(one.label) & _MONEY
        else one
        for one in found
    ]
    return tuple(priced) if len(priced) > 1 else ()


def asked_field(question: Question, fields: Sequence[Field], pointed: str) -> Field | None:
    """The cell that a question asks for: the one whose column it names, else the one that holds what was pointed at."""
    said = stems(question.text)
    asked = said | _measured(question)
    wanted = attribute_of(question.text)
    heads = wanted.heads if wanted else frozenset[str]()
    shares = [
        (0.0 if _is_given(said, one) and not stems(one.label) <= heads else _share(asked, one), place)
        for place, one in enumerate(fields)
    ]
    best, place = max(shares, key=lambda pair: (pair[0], -pair[1]))
    if best >= _NAMED and [share for share, _ in shares].count(best) == 1:
        return fields[place]
    holding = [one for one in fields if pointed and (pointed in one.value or one.value in pointed)]
    return holding[0] if len(holding) == 1 else None


def tellings(question: Question, said: Said) -> dict[Field, str]:
    """Each cell that can be told in a line, as that line: `Halo lamp – price: 49.90 EUR`."""
    fields = fields_of(said)
    told: dict[Field, str] = {}
    for one in fields:
        whose, shown = _subject(question, said, fields, one)
        if whose and len(one.value) <= _TOLD:
            told[one] = f"{whose} – {shown.label}: {shown.shown}"
    return told


def is_settled(question: Question, said: Said, one: Field) -> bool:
    """Whether everything that is asked is the row's: whose it is, what it belongs to and the column's name."""
    whose, _ = _subject(question, said, fields_of(said), one)
    asked = stems(question.text)
    known = stems(whose) | stems(one.label) | said.around
    implied = {stem for pattern, _ in _MEASURED for word in pattern.findall(question.text) for stem in stems(word)}
    money = stems("cost costs price pay") if stems(one.label) & _MONEY else frozenset[str]()
    return bool(stems(whose) & asked) and asked <= known | implied | money | _COUNTING


def row_asked_for(question: Question, chosen: Said, rows: Sequence[Said]) -> Said:
    """The chosen row, or another of its table whose name is asked for while the chosen one's says something more.

    `Halo lamp` is not the row of `Halo Pro lamp`, however alike the two are.
    """
    asked = stems(question.text)
    mine = name_of(chosen)
    if not mine or mine <= asked:
        return chosen
    others = [row for row in rows if row.hit.passage.document_id == chosen.hit.passage.document_id]
    fitting = [row for row in others if (name := name_of(row)) and name <= asked and name >= mine & asked]
    return fitting[0] if len(fitting) == 1 else chosen


def name_of(row: Said) -> frozenset[str]:
    """Stems of whom a row is about: of its cell that names, else of its first."""
    named = naming_field(fields_of(row))
    return stems(named.value) if named else frozenset()


def naming_field(fields: Sequence[Field]) -> Field | None:
    """The cell that says whom a row is about, else its first; None of no row."""
    return next((one for one in fields if stems(one.label) & _NAMING), fields[0] if fields else None)


def row_polarity(question: Question, said: Said) -> tuple[str, Field] | None:
    """Yes or no from a cell that says it, is it or its opposite, or from a stock of nothing or something."""
    asked = stems(question.text)
    named = [one for one in fields_of(said) if stems(one.label) and stems(one.label) <= asked]
    for one in named:
        told = _truth(one)
        if told and is_settled(question, said, one):
            return told, one
    held = [(told, one) for one in fields_of(said) if (told := _held(question, said, one))]
    return held[0] if len(held) == 1 else None


def _held(question: Question, said: Said, one: Field) -> str:
    """Yes or no of whom the row names, from a value that is what is asked or its opposite."""
    fields = fields_of(said)
    whose, _ = _subject(question, said, fields, one)
    if not stems(whose) & stems(question.text):
        return ""
    known = stems(whose) | stems(one.label) | said.around
    return value_polarity(question.text, known, one.value, [other.label for other in fields if other != one])


def _truth(one: Field) -> str:
    plain = one.value.strip().casefold()
    if stems(one.label) & _STOCK and _NUMBER.fullmatch(plain):
        return "Yes" if plain.strip("0., ") and not plain.startswith("-") else "No"
    return "Yes" if plain in _YES else "No" if plain in _NO else ""


def _field(match: re.Match[str]) -> Field:
    value = match["value"].rstrip(" .\t")
    label, unit = _named(match["name"].strip())
    is_number = bool(_NUMBER.fullmatch(value))
    start = match.start("value")
    if is_number and unit:
        return Field(label, value, unit, start, start + len(value))
    return Field(_words(match["name"].strip()), value, "", start, start + len(value))


def _named(name: str) -> tuple[str, str]:
    """A column's name in words, and the unit that it ends with."""
    if match := _BRACKETS.match(name):
        return _words(match["label"]), match["unit"].strip()
    parts = _PARTS.findall(name)
    unit = _UNITS.get(parts[-1].casefold(), "") if len(parts) > 1 else ""
    kept = parts[: -2 if len(parts) > 2 and parts[-2].casefold() == "in" else -1] if unit else parts
    return _words(" ".join(kept)), unit


def _words(name: str) -> str:
    """`launch_year` and `launchYear` as `launch year`; what is written in capitals stays so."""
    parts = name.split() if " " in name else _PARTS.findall(name)
    return " ".join(part if part.isupper() and len(part) > 1 else part.casefold() for part in parts) or name


def _share(asked: frozenset[str], one: Field) -> float:
    named = stems(one.label)
    return len(named & asked) / len(named) if named else 0.0


def _is_given(said: frozenset[str], one: Field) -> bool:
    """Whether a question says a cell's value itself: it asks for another one of that row."""
    value = stems(one.value)
    return bool(value) and value <= said


def _measured(question: Question) -> frozenset[str]:
    found = frozenset(name for pattern, names in _MEASURED if pattern.search(question.text) for name in names)
    return found | _MONEY if question.kind == "money" else found


def _subject(question: Question, said: Said, fields: Sequence[Field], told: Field) -> tuple[str, Field]:
    """Whose value is told, and the cell that is told of it: of a name that is asked for, what it was asked by."""
    asked = stems(question.text)
    others = [one for one in fields if one != told and len(one.value) <= _TOLD // 2]
    matched = max(others, key=lambda one: len(stems(one.value) & asked), default=None)
    if matched and stems(matched.value) & asked:
        is_name = bool(stems(told.label) & _NAMING) or told == fields[0]
        by_number = bool(_AMOUNT.match(matched.value))
        return (told.value, matched) if is_name and (by_number or matched.unit) else (matched.value, told)
    named = next((one for one in others if stems(one.label) & _NAMING), None)
    heading = said.hit.passage.heading[-1] if said.hit.passage.heading else ""
    above = heading.partition(":")[0] if heading else ""
    return (named.value if named else above or (others[0].value if others else ""), told)
