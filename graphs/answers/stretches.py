"""Passages that follow each other in a document, read as one: a list that was cut in two is whole again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from graphs.language.curated import cite
from memory.records import Citation, Hit
from memory.sentences import clip, trim

MAX_GAP = 16
"""Characters between two passages, white space as far as one can tell: more of them are a text that was left out."""


class Stretch(NamedTuple):
    """Neighbouring passages as one text.

    parts: each hit with where its passage begins in `text`, in reading order. own: the hit that they lie around.
    """

    text: str
    parts: tuple[tuple[int, Hit], ...]
    own: Hit

    def is_own(self, start: int, end: int) -> bool:
        """Whether text[start:end] lies, at least in part, in the passage that the others lie around."""
        return any(at < end and start < at + len(hit.passage.text) for at, hit in self.parts if hit is self.own)

    def cited(self, start: int, end: int, limit: int) -> list[tuple[str, Citation]]:
        """Return text[start:end] with its citation, each passage's words apart and cut to `limit` characters."""
        told: list[tuple[str, Citation]] = []
        for at, hit in self.parts:
            text = hit.passage.text
            first, last = trim(text, max(0, start - at), max(0, min(len(text), end - at)))
            first, last = clip(text, first, last, limit)
            if first < last:
                told.append((text[first:last], cite(hit, first, last)))
        return told


def stretch_of(hit: Hit, hits: Sequence[Hit]) -> Stretch:
    """Join a hit with those of the hits, in any order, that follow each other before and after it in its section."""
    near = {other.passage.ordinal: other for other in hits if _is_of_one_section(hit, other)}
    run = [hit]
    while (before := near.get(run[0].passage.ordinal - 1)) and _is_next(before, run[0]):
        run.insert(0, before)
    while (after := near.get(run[-1].passage.ordinal + 1)) and _is_next(run[-1], after):
        run.append(after)
    return _joined(run, hit)


def _is_of_one_section(hit: Hit, other: Hit) -> bool:
    mine, its = hit.passage, other.passage
    same = (mine.document_id, mine.version_id, mine.heading) == (its.document_id, its.version_id, its.heading)
    return same and mine.kind == its.kind == "text"


def _is_next(before: Hit, after: Hit) -> bool:
    return 0 <= after.passage.start - before.passage.end <= MAX_GAP


def _joined(run: Sequence[Hit], own: Hit) -> Stretch:
    """One text of passages: one character between them ends a line, more of them a paragraph."""
    text, parts = "", list[tuple[int, Hit]]()
    for hit in run:
        gap = hit.passage.start - parts[-1][1].passage.end if parts else 0
        text += "\n" * min(gap, 2)
        parts.append((len(text), hit))
        text += hit.passage.text
    return Stretch(text, tuple(parts), own)
