"""A row of a table told as help: whose value, and the value with its unit, instead of all fields side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from graphs.answers.said import Said, name_stems, stems
from graphs.answers.tables.directions import is_said_otherwise
from graphs.answers.tables.fields import NUMBER, Field, as_written, field_of
from graphs.answers.tables.measured import MEASURED, MONEY, asks_no_more, measured
from graphs.answers.tables.valued import is_of_row, value_polarity
from graphs.language.codes import is_code, names_code
from graphs.reader.attribute import attribute_of
from graphs.reader.question import Question

_FIELD = re.compile(
    r"(?:^|;[ \t]+)(?P<name>[^:;\n]{1,40}):[ \t]+(?P<value>(?:[^;\n]|;(?![ \t]+[^:;\n]{1,40}:[ \t]))+)", re.M
)
"""A cell goes on behind a semicolon that no name of a column follows: `Check plug X7; replace the sensor`."""
_NUMBERED = re.compile(r"[A-Z][\w'’-]*(?: [A-Z][\w'’-]*)* \d{1,5}")
_AMOUNT = re.compile(r"[$€£]?\s?\d")
_YES, _NO = frozenset({"yes", "true", "y", "✓", "✔"}), frozenset({"no", "false", "n", "none", "✗", "✘"})
_STOCK = stems("stock available availability")
_OF_MONEY = MONEY | stems("fare tariff rent salary wage deposit premium budget payment revenue turnover admission")
SOLD = _OF_MONEY | stems("ticket pass")
"""What a cell under the heading `Fares` is an amount for anyway."""
_CURRENCY = re.compile(
    r"[$€£¥₹]|(?:\b|_|\d)(?:EUR|USD|GBP|CHF|JPY|SEK|NOK|DKK|PLN|CZK|CAD|AUD|INR|CNY)(?:\b|_)"
    r"|(?:\b|_)(?:euros?|dollars?|pounds sterling|cents?|pence|yen|francs?|kron[ae]r?|gratis)\b"
    r"|(?<![-\w])free\b(?! from)",
    re.I,
)
_NAMING = stems("name title label product item")
_NUMBERING = frozenset({"no", "nr", "#", "number", "row", "line", "pos", "position"})
_TO_DO = re.compile(r"(?:what )?(?:you should |one should |to )do", re.I)
_REMEDY = stems("remedy")
_SHOWING = stems("show shows shown display displays displayed appear appears error code fault message see get says")
"""Words with which somebody speaks of a code that came up."""
_HAVING = re.compile(r"^\W*(?:do|does|did|has|have|had|is there)\b", re.I)
_HEDGED = re.compile(
    r"\b(?:option(?:al|s)?|accessor(?:y|ies)|requests?|extra|planned|later|limited|part(?:ly|ial|ially)?|only|if|with|via"
    r"|without|separately|not|non|none|na|n/a|tbd|unknown|depends|some)\b|[?*]",
    re.I,
)
"""Words of a cell that leave open whether a thing has it."""
GRANTED = stems("allowed permitted possible available included provided offered")
"""Words of a column's name that its yes and no say anyway: `Shed allowed`."""
GRANTING = GRANTED | stems("come comes get keep offer offers include includes allow allows permit permits provide")
"""Words of a question that ask no more than whether it is so."""
_IN_BRACKETS = re.compile(r"\([^()]*\)")
_LEAD = 80
"""Characters of the longest first cell under no name: `Poles; Kestrel 2: 2; Kestrel 3: 3`."""
_TOLD = 160
"""Characters of the longest value that is told in one line."""
_UNIT, _NAME_OF_UNIT = stems("unit"), 12
_NAMED = 0.5


class _Subject(NamedTuple):
    """Whose value is told, and the cell that is told. is_own: it is the row's name that was asked by."""

    whose: str
    shown: Field
    is_own: bool = True


def fields_of(said: Said) -> tuple[Field, ...]:
    """The cells of a row; empty for prose, and where only one cell has a name."""
    return _fields_of(said.text) if said.hit.passage.kind in ("record", "table") else ()


@lru_cache(maxsize=4096)
def _fields_of(row: str) -> tuple[Field, ...]:
    matches = [*_FIELD.finditer(row)]
    found = [field_of(match) for match in matches]
    if matches and (lead := row[: matches[0].start()].strip()) and len(lead) <= _LEAD:
        start = row.index(lead)
        named = [as_written(one, match["name"]) for one, match in zip(found, matches, strict=True)]
        found = [Field("", lead, "", start, start + len(lead)), *named]
    currency = next((one.value for one in found if one.label.casefold() == "currency" and len(one.value) <= 3), "")
    priced = [
        Field(one.label, one.value, currency, one.start, one.end)
        if currency and not one.unit and NUMBER.fullmatch(one.value) and stems(one.label) & MONEY
        else one
        for one in found
    ]
    return _with_units(priced) if len(priced) > 1 else ()


def _with_units(fields: Sequence[Field]) -> tuple[Field, ...]:
    """Cells of things with the unit that a column of their row gives for all of them."""
    unit = _unit_of(fields)
    things = things_of(fields) if unit else ()
    return tuple(replace(one, unit=unit) if one in things and NUMBER.fullmatch(one.value) else one for one in fields)


def _unit_of(fields: Sequence[Field]) -> str:
    return next((one.value for one in fields[1:] if stems(one.label) == _UNIT and len(one.value) <= _NAME_OF_UNIT), "")


def asked_field(question: Question, fields: Sequence[Field], pointed: str) -> Field | None:
    """The cell that a question asks for: the one whose column it names, else the one that holds what was pointed at."""
    said = stems(question.text)
    asked = said | measured(question)
    wanted = attribute_of(question.text)
    heads = wanted.heads if wanted else frozenset[str]()
    given = [one for one in fields if one not in things_of(fields) and _is_given(said, one)]
    shares = [0.0 if one in given and not stems(one.label) <= heads else _share(question, asked, one) for one in fields]
    best = max(shares)
    tied = [one for one, share in zip(fields, shares, strict=True) if share == best]
    named = longest(tied) if best == 1.0 or (best >= _NAMED and len(tied) == 1) else None
    if named and (named not in things_of(fields) or stems(fields[0].value) & asked):
        return named
    holding = [one for one in fields if pointed and (pointed in one.value or one.value in pointed)]
    found = named if named in holding else holding[0] if len(holding) == 1 else None
    return None if found and question.kind == "money" and not may_be_money(found) else found


def things_of(fields: Sequence[Field]) -> tuple[Field, ...]:
    """The cells of a row whose columns are things by their codes, as in `Property: Weight; K40: 38 kg; K40-E: 39 kg`.

    Where the first column has no name, numbered names are things too: `Poles; Kestrel 2: 2; Kestrel 3: 3`.
    A column with a unit of its own is a measure, whatever its name looks like: `CO2 (g/km)`.
    """
    is_led = bool(fields) and not fields[0].label
    found = tuple(one for one in fields[1:] if is_code(one.label) or (is_led and _NUMBERED.fullmatch(one.label)))
    is_measured = any(one.unit and one.unit != _unit_of(fields) for one in found)
    return found if len(found) > 1 and not is_measured else ()


def longest(fields: Sequence[Field]) -> Field | None:
    """The cell whose column's name says all that those of the others say, and more; None if there is no such one."""
    return next(
        (one for one in fields if all(_is_within(other.label, one.label) for other in fields if other != one)), None
    )


def speaks_of_money(question: Question, fields: Sequence[Field]) -> bool:
    """Whether a row says an amount of money where one is asked for; of `how much is the noise?` the column decides."""
    if question.kind != "money" or says_money(fields):
        return True
    said = stems(question.text)
    measured = [one for one in fields[1:] if one not in things_of(fields)]
    return not said & _OF_MONEY and any(stems(one.label) and stems(one.label) <= said for one in measured)


def says_money(fields: Sequence[Field]) -> bool:
    """Whether a column or a cell of a row says an amount of money, by its name or a currency."""
    named = stems(" ".join([*(one.label for one in fields), *(one.value for one in fields[:1])]))
    return bool(named & _OF_MONEY) or any(_CURRENCY.search(f"{one.label} {one.shown}") for one in fields)


def may_be_money(one: Field) -> bool:
    """Whether a cell can be an amount: it says money, or is a number without a unit."""
    return says_money([one]) or bool(NUMBER.fullmatch(one.value) and not one.unit)


def tellings(question: Question, said: Said) -> dict[Field, str]:
    """Each cell that can be told in a line, as that line: `Halo lamp – price: 49.90 EUR`."""
    fields = fields_of(said)
    told: dict[Field, str] = {}
    for one in fields:
        whose, shown, _ = _subject(question, said, fields, one)
        if whose and len(one.value) <= _TOLD:
            told[one] = f"{whose} – {shown.label}: {shown.shown}"
    return told


def is_settled(question: Question, said: Said, one: Field) -> bool:
    """Whether everything that is asked is the row's: whose it is, what it belongs to and the column's name."""
    fields = fields_of(said)
    whose, shown, is_own = _subject(question, said, fields, one)
    known = stems(whose) | stems(shown.label) | said.around | (_SHOWING if is_code(whose) else frozenset[str]())
    if question.kind == "money" and said.around & _OF_MONEY and may_be_money(one):
        known |= SOLD
    if truth(one):
        known |= GRANTING | next((stems(other.label) for other in fields if other.value == whose), frozenset[str]())
    return is_own and bool(stems(whose) & stems(question.text)) and asks_no_more(question, one, known)


def is_led_elsewhere(question: Question, said: Said) -> bool:
    """Whether the first cell of a row, under no name, says nothing of what is asked."""
    fields = fields_of(said)
    return bool(fields and not fields[0].label) and not stems(fields[0].value) & (
        stems(question.text) | measured(question)
    )


def row_asked_for(question: Question, chosen: Said, rows: Sequence[Said]) -> Said:
    """The chosen row, or another of its table whose name is asked for while the chosen one's says something more.

    `Halo lamp` is not the row of `Halo Pro lamp`, however alike the two are.
    """
    asked = stems(question.text)
    mine = name_of(chosen)
    others = [row for row in rows if fields_of(row) and are_of_one_table(row, chosen)]
    given = [(row, said) for row in others if (said := _said_in_a_cell(asked, row))]
    if mine and len(given) == 1 and mine & asked <= given[0][1]:
        return given[0][0]
    if not mine or mine <= asked:
        return _told_apart(asked, chosen, [row for row in others if mine and name_of(row) == mine])
    fitting = [row for row in others if (name := name_of(row)) and name <= asked and name >= mine & asked]
    if len(fitting) == 1:
        return fitting[0]
    led = [row for row in others if not fields_of(row)[0].label and name_of(row) & asked]
    bare = [row for row in others if (name := _bare_name(row)) and name <= asked]
    return next((found[0] for found in (led, bare) if len(found) == 1 and not mine & asked), chosen)


def _told_apart(asked: frozenset[str], chosen: Said, namesakes: Sequence[Said]) -> Said:
    """The chosen row, or the one of the same name of which a question says more cells: `Internet; blinking blue`."""

    def said(row: Said) -> int:
        return sum(len(cell) for one in fields_of(row) if (cell := stems(one.value)) <= asked)

    most = max(map(said, namesakes), default=0)
    found = [row for row in namesakes if said(row) == most]
    return found[0] if len(found) == 1 and most > said(chosen) else chosen


def _bare_name(row: Said) -> frozenset[str]:
    """Stems of whom a row is about without what brackets add: `Child (4 to 11 years)`."""
    named = naming_field(fields_of(row))
    return stems(_IN_BRACKETS.sub("", named.value)) if named else frozenset()


def _said_in_a_cell(asked: frozenset[str], row: Said) -> frozenset[str]:
    """The words of a cell all of which a question says, where they are more than one: `create a queue`."""
    return next(
        (said for one in fields_of(row) if len(said := stems(one.value)) > 1 and said <= asked), frozenset[str]()
    )


def are_of_one_table(one: Said, other: Said) -> bool:
    """Whether two rows are of one document or file; each line of a JSONL file is a document, `tickets.jsonl#17`."""
    file, is_line, _ = one.hit.source.partition("#")
    is_one_document = one.hit.passage.document_id == other.hit.passage.document_id
    return is_one_document or (bool(is_line) and file == other.hit.source.partition("#")[0])


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
    fields = fields_of(said)
    named = [one for one in fields if stems(one.label) and _share(question, asked, one) == 1.0]
    things = [one for one in named if one in things_of(fields)]
    chosen = longest(things)
    for one in named if not things else [chosen] if chosen else []:
        told = truth(one) or (_has_it(question, one, things_of(fields)) if things else "")
        if told and is_settled(question, said, one):
            return told, one
    held = [(told, one) for one in fields_of(said) if (told := _held(question, said, one))]
    return held[0] if len(held) == 1 else None


def _held(question: Question, said: Said, one: Field) -> str:
    """Yes or no of whom the row names, from a value that is what is asked or its opposite."""
    fields = fields_of(said)
    whose, _, is_own = _subject(question, said, fields, one)
    if not is_own or not stems(whose) & stems(question.text):
        return ""
    others = [other.label for other in fields if other != one]
    is_of_it = is_of_row(question.text, whose, one.label, one.value)
    if not is_of_it or is_said_otherwise(question.text, one.value, one.label, others):
        return ""
    return value_polarity(question.text, stems(whose) | stems(one.label) | said.around, one.value, others)


def _has_it(question: Question, one: Field, things: Sequence[Field]) -> str:
    """Yes where a thing's column tells what it has, in a row that says yes or no of another thing."""
    is_told = bool(_HAVING.search(question.text)) and not _HEDGED.search(one.value) and any(map(str.isalnum, one.value))
    return "Yes" if is_told and any(truth(other) for other in things if other != one) else ""


def truth(one: Field) -> str:
    """Yes or no where a cell says it, or counts a stock; "" of any other."""
    plain = one.value.strip().casefold()
    if stems(one.label) & _STOCK and NUMBER.fullmatch(plain):
        return "Yes" if plain.strip("0., ") and not plain.startswith("-") else "No"
    return "Yes" if plain in _YES else "No" if plain in _NO else ""


def _share(question: Question, asked: frozenset[str], one: Field) -> float:
    """How much of a column's name is asked for; a code is, or is not."""
    if is_code(one.label) or _NUMBERED.fullmatch(one.label):
        return float(names_code(question.text, one.label))
    if _TO_DO.fullmatch(one.label):
        return float(any(pattern.search(question.text) and names & _REMEDY for pattern, names in MEASURED))
    named = stems(one.label)
    if truth(one) and named - GRANTED:
        named -= GRANTED
    if not named and one.label:  # `With what`: words that say little by themselves
        return float(re.search(rf"\b{re.escape(one.label)}\b", question.text, re.I) is not None)
    return len(named & asked) / len(named) if named else 0.0


def lowered(text: str) -> str:
    """A text as it stands within a line: `Weight` as `weight`, `Wi-Fi` as it is."""
    first = text.split()[0] if text.split() else ""
    return text[:1].lower() + text[1:] if first[1:].islower() else text


def _is_within(label: str, longer: str) -> bool:
    """Whether a column's name is said by a longer one: `Pro` by `Pro Max`, `K40` by `K40-E`."""
    return name_stems(label) < name_stems(longer) or longer.casefold().startswith(f"{label.casefold()}-")


def _is_given(said: frozenset[str], one: Field) -> bool:
    """Whether a question says a cell's value, but for what stands in brackets: it asks for another one of that row."""
    value = stems(_IN_BRACKETS.sub("", one.value))
    return bool(value) and value <= said


def _subject(question: Question, said: Said, fields: Sequence[Field], told: Field) -> _Subject:
    """Whose value is told, and the cell that is told of it: of a name that is asked for, what it was asked by."""
    asked = stems(question.text)
    if told in things_of(fields):
        return _Subject(told.label, replace(told, label=lowered(fields[0].value)))
    others = [one for one in fields if one != told and len(one.value) <= _TOLD // 2]
    if truth(told):  # said of the row's own thing, not of one that its description has a word of
        others = [one for one in others if one == fields[0] or stems(one.label) & _NAMING or _is_given(asked, one)]
    names = _names_of(fields)
    matched = _matched(asked, others, names)
    if matched:
        by_number = bool(_AMOUNT.match(matched.value) or matched.unit)
        if told in names and (by_number or matched not in names):
            return _Subject(told.value, matched)
        return _Subject(matched.value, told) if matched in names else _known_by(matched, told, fields)
    led = [one for one in others if one == fields[0] and not one.label]
    named = next((one for one in others if stems(one.label) & _NAMING), led[0] if led else None)
    if named is None and truth(told) and fields[0] in others:
        return _Subject(fields[0].value, told)
    heading = said.hit.passage.heading[-1] if said.hit.passage.heading else ""
    above = heading.partition(":")[0] if heading else ""
    return _Subject(named.value if named else above or (others[0].value if others else ""), told)


def _matched(asked: frozenset[str], others: Sequence[Field], names: Sequence[Field]) -> Field | None:
    """The cell that says most of what is asked: one of the row's names, unless all of another says more."""

    def says(one: Field) -> int:
        return len(stems(one.value) & asked)

    named = max((one for one in others if one in names), key=says, default=None)
    other = max((one for one in others if one not in names), key=says, default=None)
    best = says(named) if named else 0
    if other and says(other) > best and (not best or _is_given(asked, other)):
        return other
    return named if best else None


def _names_of(fields: Sequence[Field]) -> tuple[Field, ...]:
    """The cells that say whom a row is about: the first that does not only number it, what is its name, and codes."""
    is_numbered = fields[0].value.isdecimal() and fields[0].label.casefold() in _NUMBERING
    called = naming_field(fields) if is_code(fields[0].value) or fields[0].value.isdecimal() else None
    return tuple(
        one
        for at, one in enumerate(fields)
        if at <= is_numbered
        or one == called
        or is_code(one.value)
        or (stems(one.label) and stems(one.label) <= _NAMING)
    )


def _known_by(matched: Field, told: Field, fields: Sequence[Field]) -> _Subject:
    """A row by its name where another cell was asked by: its capital is no country, its supplier no product."""
    names = [one for one in _names_of(fields) if one != told] or [fields[0]]
    named = naming_field(fields)
    name = named if named in names else names[0]
    whose = f"{name.value} ({matched.label}: {matched.shown})" if len(name.value) <= _TOLD // 2 else ""
    return _Subject(whose, told, is_own=False)
