"""Yes or no from a cell whose value is what is asked, or its opposite: `status: open` and "Is it closed?"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal

from graphs.answers.said import stems
from graphs.language.lexicon import are_opposite, base, meaning
from graphs.language.verbs import word_set
from memory.sentences import STOPWORDS, words

_TOKEN = re.compile(r"\w+(?:-\w+)*|['’](?:s\b)?")
_RELATING = word_set("own owns with under for to by like than over against behind below above before after")
"""Words that set two things into a relation which no column is named for."""


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


def is_of_row(question: str, name: str, label: str, value: str) -> bool:
    """Whether a question asks for a row's own value, and not for whose value the row's name is.

    `Is Bo the manager of Anna?` is asked of Anna's row; `Does Anna manage Bo?` and `Is Bo managed by Anna?` of Bo's.
    """
    said = _TOKEN.findall(question)
    column = _places(said, stems(label))
    mine, held = _places(said, stems(name) - stems(value)), _places(said, stems(value) - stems(name))
    if not column:
        is_related = bool(_RELATING & {word.casefold() for word in said})
        return not is_related and (not mine or not held or mine[0] < held[0])
    first, last = column[0], _end(column)
    behind = said[last + 1].casefold() if last + 1 < len(said) else ""
    named = _places(said, stems(name))
    if first > 1 and said[first - 1].startswith(("'", "’")):
        return first - 2 in named
    if behind in ("of", "for"):
        return next((at for at in range(last + 2, len(said)) if stems(said[at])), -1) in named
    if not mine or not held or not value[:1].isupper():
        return bool(named)
    is_deed = said[first].casefold() not in words(label) and behind not in ("by", "to")
    return held[0] < mine[0] if is_deed else mine[0] < held[0]


def _places(said: Sequence[str], known: frozenset[str]) -> list[int]:
    return [at for at, word in enumerate(said) if stems(word) and stems(word) <= known]


def _end(run: Sequence[int]) -> int:
    """The last of the places that follow each other from the first on."""
    return next((at for at, other in pairwise(run) if other != at + 1), run[-1])


def _content(text: str) -> set[str]:
    """Its words; what denies is among them."""
    return {word for word in words(text) if word not in STOPWORDS or word in ("not", "no", "never")}
