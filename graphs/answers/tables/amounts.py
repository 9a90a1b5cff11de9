"""Lists of amounts, one thing a line: `- 300 g red lentils`. How much of a thing is told by its line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from graphs.answers.said import Said, stems
from graphs.language.quantities import find_values
from graphs.reader.question import Question

_ASKS = re.compile(r"^\W*(?:so |and )?how (?:much|many)\b", re.I)
_MEASURE = re.compile(
    r"\s*(?:tsp|tbsp|teaspoons?|tablespoons?|spoons?|cups?|pinch(?:es)?|cloves?|slices?|cans?|tins?|packs?|packets?|boxes|box"
    r"|bottles?|pieces?|pairs?|sets?|rolls?|sheets?|bags?|x|×)\b\.?(?=\s+\S)",
    re.I,
)
_NEEDING = stems("need needs needed require required use used take takes put go goes there get add added contain")
_LONGEST = 80
FEWEST = 2
"""Lines of amounts that make a list."""


class Amount(NamedTuple):
    """A line of such a list. told: how much, in its unit; thing: stems of what it is."""

    said: Said
    told: str
    thing: frozenset[str]


def amount_asked_for(question: Question, chosen: Said, sentences: Sequence[Said]) -> Amount | None:
    """The one line of the chosen sentence's document that says how much there is of the thing asked for."""
    if not _ASKS.match(question.text):
        return None
    near = [one for one in sentences if one.hit.passage.document_id == chosen.hit.passage.document_id]
    found = [amount for one in near if (amount := _amount(one))]
    fitting = [one for one in found if _is_asked_for(question, one)]
    if len(fitting) != 1:
        return None
    beside = [one for one in found if one.said.hit.passage.passage_id == fitting[0].said.hit.passage.passage_id]
    return fitting[0] if len(beside) >= FEWEST else None


def _is_asked_for(question: Question, amount: Amount) -> bool:
    asked = stems(question.text) - _NEEDING - stems("many much")
    return bool(asked & amount.thing) and asked <= amount.thing | amount.said.around


def _amount(said: Said) -> Amount | None:
    """A short line that begins with a number, and with its unit if there is one."""
    text = said.text
    values = find_values(text) if len(text) <= _LONGEST and text[:1].isdigit() and text[-1] not in ".:;" else []
    if not values or values[0].start:
        return None
    measure = _MEASURE.match(text, values[0].end)
    end = measure.end() if measure else values[0].end
    thing = stems(text[end:])
    return Amount(said, text[:end], thing) if thing and text[end : end + 1].isspace() else None
