"""A second look: the best sentences are read again, each with its neighbours alone.

The small reader learned from a few sentences at a time, and cuts an answer out of a few better than out of a whole
passage. docs/decisions/extractive-reader.md has the measurements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from graphs.reader.evidence import Evidence, text_of
from graphs.reader.features import Candidate, Scored
from memory.sentences import split_sentences
from memory.span_ports import Span, SpanReader, Spans

LOOKED = 2
"""Sentences that are looked at; with four the answers were as good, and took longer."""
WEIGHT = 0.6
"""What the second look counts for in the order of the two, beside all that the first said."""
Place = tuple[str, int]
"""Passage id, and where in it a sentence begins."""


@dataclass(frozen=True, slots=True)
class Closer:
    """What the second look made of some sentences; first: what the first did, for all others."""

    first: Evidence
    looks: Mapping[Place, Evidence] = field(default_factory=dict[Place, Evidence])

    def at(self, candidate: Candidate) -> Evidence:
        """The best that is known of a sentence."""
        return self.looks.get(_place(candidate), self.first)

    def score(self, candidate: Candidate) -> float:
        """Of the best span of a sentence, as it was looked at last."""
        return self.at(candidate).score(candidate)

    def reordered(self, ranked: Sequence[Scored]) -> list[Scored]:
        """Put the better of the sentences looked at first; the scores stay where they are, best first."""
        best, rest = ranked[:LOOKED], ranked[LOOKED:]
        order = sorted(best, key=lambda row: row.score + WEIGHT * self.score(row.candidate), reverse=True)
        return [*(row._replace(score=was.score) for row, was in zip(order, best, strict=True)), *rest]


async def look_closer(spans: SpanReader, question: str, looked_at: Sequence[Candidate], evidence: Evidence) -> Closer:
    """Read sentences again, each with the one before and the one after.

    Raises:
        ModelUnavailable: as `SpanReader.spans`.
    """
    around = [surroundings(candidate) for candidate in looked_at]
    texts = [
        text_of(candidate.hit)._replace(text=candidate.hit.passage.text[start:end])
        for candidate, (start, end) in zip(looked_at, around, strict=True)
    ]
    found = await spans.spans(question, texts)
    looks = {
        _place(candidate): Evidence({candidate.hit.passage.passage_id: _moved(read, start)})
        for candidate, (start, _), read in zip(looked_at, around, found, strict=True)
    }
    return Closer(evidence, looks)


def surroundings(candidate: Candidate) -> tuple[int, int]:
    """Characters [start, end) of the passage that hold a sentence and its neighbours."""
    sentences = split_sentences(candidate.hit.passage.text)
    inside = [at for at, (start, end) in enumerate(sentences) if end > candidate.start and start < candidate.end]
    if not inside:
        return candidate.start, candidate.end
    first, last = sentences[max(0, inside[0] - 1)], sentences[min(len(sentences) - 1, inside[-1] + 1)]
    return min(first[0], candidate.start), max(last[1], candidate.end)


def _place(candidate: Candidate) -> Place:
    return candidate.hit.passage.passage_id, candidate.start


def _moved(read: Spans, by: int) -> Spans:
    """Spans counted from the passage's own text."""
    best, variants = (
        tuple(Span(span.start + by, span.end + by, span.score) for span in some) for some in (read.best, read.variants)
    )
    return Spans(best, read.absent, variants)
