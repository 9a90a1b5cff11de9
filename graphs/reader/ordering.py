"""The order of the best sentences where what they say, and not how they score, tells which one answers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graphs.reader.attribute import attribute_of
from graphs.reader.features import Candidate, Scored, said_of, speaks_above, speaks_of
from graphs.reader.periods import life_date
from graphs.reader.question import Question
from graphs.reader.spans import fits_kind, kind_spans

FURTHER = 12
"""Best sentences that an answer may be made of."""
LEANING = 2.0
"""What a sentence that stands for itself may score less than one that begins with a pronoun."""
_PRONOUN = re.compile(
    r"(?:it|they|this|these|those|that|he|she)(?:['’]s)?\s(?:\w+\s)?(?:is|are|was|were|has|have|had|can|does|do|may|\w+s)\b",
    re.I,
)
_ROWS = frozenset(["record", "table"])
_MANNER = re.compile(
    r"\bhow\s+(?:to|(?:do|can|should|could|would|must|may)\s+(?:i|we|you|one|people|someone|users?))\b", re.I
)
_CELL = re.compile(r":\s+(?P<value>[^;]+)")


def in_order(question: Question, ranked: Sequence[Scored]) -> list[Scored]:
    """The best of some sentences, best first; ranked: by their scores."""
    of_kind = of_a_kind(question, life_first(question, of_manner(question, ranked)))
    return whole_first(question, of_what_is_measured(question, of_kind))


def life_first(question: Question, ranked: Sequence[Scored]) -> list[Scored]:
    """The sentences with the one first that has the life asked about in brackets behind the name.

    It says "born" and "died" without the words, so that a sentence about another's death can seem nearer.
    """
    told = next((one for one in ranked if question.names and life_date(question, one.candidate.text)), None)
    if told is None or told is ranked[0]:
        return list(ranked)
    return [told._replace(score=ranked[0].score), *(one for one in ranked if one is not told)]


def of_a_kind(question: Question, ranked: Sequence[Scored]) -> list[Scored]:
    """The best sentences, without those that hold nothing of the kind asked for where the very best does.

    Of one asked for by name, a sentence that names nobody says nothing more.
    """
    best, *others = ranked[:FURTHER]
    if kind_spans(question, "") is None or not fits_kind(question, best.candidate.text):
        return [best, *others]
    return [best, *(one for one in others if fits_kind(question, one.candidate.text))]


def of_manner(question: Question, ranked: Sequence[Scored]) -> list[Scored]:
    """The sentences without rows of figures where one asks how to do something, if there are others.

    "How do I sort the keys?" is not answered by how long sorting takes.
    """
    others = [one for one in ranked if not _is_row_of_figures(one.candidate)] if _MANNER.search(question.text) else []
    return others or list(ranked)


def _is_row_of_figures(candidate: Candidate) -> bool:
    """Whether most cells of a row, its name aside, begin with a figure."""
    cells = [cell["value"].strip() for cell in _CELL.finditer(candidate.text)][1:]
    figures = [cell for cell in cells if cell[:1].isdigit()]
    return candidate.hit.passage.kind in _ROWS and len(figures) > len(cells) / 2


def of_what_is_measured(question: Question, ranked: Sequence[Scored]) -> list[Scored]:
    """The sentences without rows that do not speak of what is measured, where one of the best does.

    "How long is the warranty?" is about the warranty: of a repair, a time is none.
    """
    asked = attribute_of(question.text)
    if asked is None or not asked.whose:
        return list(ranked)
    told = [(one, speaks_of(one.candidate, asked.whose)) for one in ranked]
    if not any(is_about for _, is_about in told):
        return list(ranked)
    return [one for one, is_about in told if is_about or one.candidate.hit.passage.kind not in _ROWS]


def whole_first(question: Question, ranked: Sequence[Scored]) -> list[Scored]:
    """The sentences without those of other passages that begin with a pronoun, unless they alone say what is asked.

    "It has a warranty of one year" is of a thing that is named elsewhere, perhaps not the one that is asked about.
    Where the question names what stands above it, the pronoun means that.
    """
    best, *others = ranked
    if _leans(question, best.candidate):
        said = said_of(question, best.candidate)
        near = (one for one in others if best.score - one.score <= LEANING and said <= said_of(question, one.candidate))
        whole = next((one for one in near if not _leans(question, one.candidate)), None)
        if whole is None:
            return list(ranked)
        others, best = [one for one in ranked if one is not whole], whole._replace(score=best.score)
    own = best.candidate.hit.passage.passage_id
    return [
        best,
        *(one for one in others if one.candidate.hit.passage.passage_id == own or not _leans(question, one.candidate)),
    ]


def _leans(question: Question, candidate: Candidate) -> bool:
    """Whether a sentence begins with a pronoun, and the question names nothing that stands above it."""
    return bool(_PRONOUN.match(candidate.text)) and not speaks_above(question, candidate)
