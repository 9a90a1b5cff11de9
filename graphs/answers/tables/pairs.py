"""Properties one under another, `Height: 82 cm`, in a list or a table: the one that is asked for is told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from graphs.answers.said import Said, name_stems, stems
from graphs.answers.tables.fields import Field, field_of
from graphs.answers.tables.measured import asks_no_more, is_named, measured
from graphs.answers.tables.rows import SOLD, asked_field, may_be_money
from graphs.reader.question import Question

_PAIR = re.compile(r"(?P<name>(?=[^:]*[^\W\d_])[^:;.?!\n]{1,40}):[ \t]+(?P<value>(?:[^:\n]|(?<=\d):(?=\d)){1,120})")
_NAME = re.compile(r"(?<!^)\b(?:[A-Z][\w'’-]*|[^\W\d_]*\d[\w.-]*)")
_BRACKETS = re.compile(r"\s*\([^()]*\)$")
FEWEST = 2
"""One line with a colon may be anything."""
_WORDS = 6
"""Words of the longest name of a property."""


class Pair(NamedTuple):
    """A line with the property that it is."""

    said: Said
    cell: Field


class Asked(NamedTuple):
    """The property that a question asks for.

    is_named: by its name. is_settled: of nothing but what stands above it. is_of_another: of a name that does not.
    """

    pair: Pair
    is_named: bool
    is_settled: bool
    is_of_another: bool


def pairs_beside(said: Said, sentences: Sequence[Said]) -> tuple[Pair, ...]:
    """The properties that stand with one in its passage; () where it is none, or the only one.

    Who speaks twice is no property: `Ann: We start.`
    """
    if _pair(said) is None:
        return ()
    own = [one for one in sentences if one.hit.passage.passage_id == said.hit.passage.passage_id]
    found = tuple(pair for one in own if (pair := _pair(one)))
    is_each_once = len({pair.cell.label.casefold() for pair in found}) == len(found)
    return found if len(found) >= FEWEST and is_each_once else ()


def pair_asked_for(question: Question, pointed: str, chosen: Said, pairs: Sequence[Pair]) -> Asked | None:
    """The property that a question names, or measures by another word; None if that is none of them, or several.

    Who is named where the chosen line names nobody is looked for in what the others say.
    """
    names = _names(question)
    is_missing = bool(names) and not names <= name_stems(chosen.text)
    named = [pair for pair in pairs if is_missing and names <= name_stems(pair.cell.value)]
    cell = named[0].cell if len(named) == 1 else asked_field(question, [pair.cell for pair in pairs], pointed)
    found = next((pair for pair in pairs if pair.cell == cell), None)
    if found is None:
        return None
    told = found in named or is_named(question, found.cell)
    settled = told and _is_headed(question, found) and asks_no_more(question, found.cell, found.said.around)
    return Asked(found, told, settled, not names <= _said_with(found.said))


def line_asked_for(question: Question, chosen: Said, sentences: Sequence[Said]) -> Pair | None:
    """The one property of the chosen sentence's document whose name says all that is asked, and more of it than that.

    `Wash, large machine: 8.00 EUR`, where the sentence only tells the price of something else.
    """
    asked = stems(question.text)
    near = [one for one in sentences if one.hit.passage.document_id == chosen.hit.passage.document_id]
    found = [pair for one in near if (pair := _pair(one)) and _is_all_asked(question, pair)]
    more = [pair for pair in found if stems(pair.cell.label) & asked - chosen.stems]
    return more[0] if len(more) == 1 and pairs_beside(more[0].said, near) else None


def _is_all_asked(question: Question, pair: Pair) -> bool:
    """Whether a property's name, with what stands above it, says every word of a question for an amount."""
    if question.kind != "money" or not may_be_money(pair.cell):
        return False
    return asks_no_more(question, pair.cell, pair.said.around | SOLD)


def _is_headed(question: Question, pair: Pair) -> bool:
    """Whether a question says what a property is by its last word or all of them: not `teaching` of an assistant."""
    name = _BRACKETS.sub("", pair.cell.label)
    asked = stems(question.text) | measured(question) | pair.said.around
    return stems(name) <= asked or bool(stems(name.split()[-1]) & asked)


def _names(question: Question) -> frozenset[str]:
    """What a question calls something: words with a capital letter behind the first, and those with a digit."""
    return name_stems(" ".join(_NAME.findall(question.text.strip())))


def _said_with(said: Said) -> frozenset[str]:
    return name_stems(" ".join((said.hit.title, *said.hit.passage.heading, said.text)))


def _pair(said: Said) -> Pair | None:
    match = _PAIR.fullmatch(said.text)
    if match is None or len(match["name"].split()) > _WORDS:
        return None
    return Pair(said, field_of(match))
