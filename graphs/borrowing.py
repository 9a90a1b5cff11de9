"""Questions of a message that are answered by a sentence which is told for another one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from graphs.answers.said import stems
from graphs.language.deadlines import asks_for_deadline, deadline_in
from graphs.reader.question import understand
from graphs.reader.spans import fits_kind, shortest_answer, values_of
from graphs.state import Part
from memory.records import Claim

_KINDS = frozenset({"date", "duration", "money", "number"})
_ASKING = stems("when what much many long soon date time day deadline must should do need get have take person who")


class Told(NamedTuple):
    """The questions of a message, and the claims that answer each."""

    parts: tuple[Part, ...]
    claims: tuple[tuple[Claim, ...], ...]


class Borrowed(NamedTuple):
    """A part with the claims that answer it."""

    part: Part
    claims: tuple[Claim, ...]


def with_borrowed(parts: Sequence[Part], told: Sequence[tuple[Claim, ...]]) -> Told:
    """Give each question that nothing answers the sentence of another one that does, if there is one."""
    rows = list(zip(parts, told, strict=True))
    found = [Borrowed(part, its) if its else borrowed(part, rows) or Borrowed(part, ()) for part, its in rows]
    return Told(tuple(one.part for one in found), tuple(one.claims for one in found))


def borrowed(part: Part, others: Sequence[tuple[Part, Sequence[Claim]]]) -> Borrowed | None:
    """What answers a question among the sentences told for others: one with a value of its kind, and its own words.

    `And by when?` has no words of its own: what it is about is what the sentence was told for.
    """
    for other, claims in others:
        for claim in claims:
            value = value_for(part.question, claim.text)
            if value and _own(part, other) <= stems(_said(claim)):
                return Borrowed(replace(part, short_answer=value), (claim,))
    return None


def value_for(question: str, sentence: str) -> str:
    """What of a sentence is of the kind that a question asks for, "" if nothing is, or any sentence might be."""
    if asks_for_deadline(question) and (deadline := deadline_in(sentence)):
        return deadline
    known = understand(question, {})
    if known.kind not in _KINDS:  # nearly any sentence holds some name
        return ""
    spans = values_of(known, sentence)
    if not spans or fits_kind(known, sentence) < 1.0:
        return ""
    return shortest_answer(known, sentence) or sentence[spans[0].start : spans[0].end]


def _own(part: Part, other: Part) -> frozenset[str]:
    """What a question asks of that another one does not."""
    return stems(part.question) - stems(other.question) - _ASKING


def _said(claim: Claim) -> str:
    return " ".join([claim.text, *(one.title for one in claim.citations)])
