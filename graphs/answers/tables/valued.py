"""Yes or no from a cell whose value is what is asked, or its opposite: `status: open` and "Is it closed?"."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from graphs.answers.said import stems
from graphs.language.lexicon import are_opposite, base, meaning
from memory.sentences import STOPWORDS, words


def value_polarity(question: str, known: frozenset[str], value: str, others: Iterable[str]) -> Literal["", "Yes", "No"]:
    """Yes where all that is asked is a cell's value, No where it is the opposite; another value may be neither.

    Args:
        question: one that yes or no can answer.
        known: stems of whom the row is about, of the cell's column and of what the row belongs to.
        value: of the cell.
        others: names of the row's other columns; a question that names one asks for that.
    """
    asked, held = _content(question), _content(value)
    rest = {word for word in asked if not stems(word) <= known}
    if any(asked & set(words(name)) for name in others) or any(map(str.isdigit, "".join(held))):
        return ""
    if not rest or not held:
        return ""
    if {meaning(word) for word in rest} == {meaning(word) for word in held}:
        return "Yes"
    return "No" if len(held) == len(rest) == 1 and are_opposite(base(*held), base(*rest)) else ""


def _content(text: str) -> set[str]:
    """Its words; what denies is among them."""
    return {word for word in words(text) if word not in STOPWORDS or word in ("not", "no", "never")}
