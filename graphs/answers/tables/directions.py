"""Columns that a preposition is for: `From` and `To`, `Origin` and `Destination`; a value counts in its own alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from graphs.answers.said import stems
from graphs.language.verbs import word_set
from memory.sentences import words

_ARTICLES = word_set("a an the our your their my")
_NAMES = {
    "from": stems("origin source sender departure"),
    "to": stems("destination target recipient receiver arrival"),
}
"""Prepositions that a column's name may begin with -> other names for such columns."""


def word_before(said: Sequence[str], at: int) -> str:
    """The word of a question, in lower case, before a place and its article; "" if there is none."""
    return next((word for word in reversed(said[:at]) if word not in _ARTICLES), "")


def is_for(preposition: str, column: str) -> bool:
    """Whether a column is called by a preposition, or by what is said with it."""
    called = column.casefold().split()
    names = _NAMES.get(preposition)
    return called == [preposition] or (
        names is not None and (called[:1] == [preposition] or bool(stems(column) & names))
    )


def is_turned_round(preposition: str, column: str, others: Iterable[str]) -> bool:
    """Whether a value of a column stands behind what is for another one, or for the other way."""
    if is_for(preposition, column):
        return False
    is_other_way = preposition in _NAMES and any(is_for(one, column) for one in _NAMES)
    return is_other_way or any(is_for(preposition, one) for one in others)


def is_said_otherwise(question: str, value: str, column: str, others: Iterable[str]) -> bool:
    """Whether a question says a cell's value behind a preposition that is for another column."""
    said, held = words(question), words(value)
    spans = range(len(said) - len(held) + 1 if held else 0)
    places = [at for at in spans if said[at : at + len(held)] == held]
    names = tuple(others)
    return any(is_turned_round(word_before(said, at), column, names) for at in places)
