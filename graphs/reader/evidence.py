"""What the small reader made of the passages that it read, as features of sentences and of the whole answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp

from graphs.reader.features import Candidate, Scored, answer_features, sentence_features
from graphs.reader.question import Question
from memory.records import Effort, Hit
from memory.span_ports import NOTHING, Span, Spans, Text

READ_PASSAGES: Mapping[Effort, int] = {"quick": 0, "standard": 8, "deep": 16}
"""Passages that the small reader reads, best first, at 20 to 50 ms of one core each.

Eight hold what answers for nearly every question whose answer was found at all; `deep` has several queries' finds.
"""
READ_SENTENCE_FEATURES = ("near", "around", "pairs", "kind", "dense", "lexical", "passage", "span", "margin")
READ_ANSWER_FEATURES = (
    *("cosine", "dense", "overlap", "passage", "kind", "asked", "named", "score"),
    *("margin", "share", "absent", "chosen", "second", "best"),
)
HERE, SURE = 0.05, 0.15
"""What counts for a passage beside its share of the best score: that it says "here", and being as sure as can be."""
MOST = 12.0
"""Scores beyond this, either way, say no more than this."""
INSIDE = 0.5
"""The share of a span that has to lie in a sentence for it to be the sentence's."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The spans of the passages that were read, by passage id."""

    spans: Mapping[str, Spans]

    def margin(self, hit: Hit) -> float:
        """How much more its best span scores than "not here"; a passage that was not read is as the worst that was."""
        return _bounded((self.spans.get(hit.passage.passage_id) or self._worst()).score)

    def span(self, candidate: Candidate) -> Span | None:
        """The best span that a sentence holds, counted from the passage's own text."""
        return next(iter(self.spans_in(candidate)), None)

    def spans_in(self, candidate: Candidate) -> list[Span]:
        """The spans that a sentence holds, best first, counted from the passage's own text."""
        found = self.spans.get(candidate.hit.passage.passage_id, Spans()).best
        return [span for span in found if _lies_in(span, candidate)]

    def variants(self, candidate: Candidate) -> list[Span]:
        """The ways to begin and end an answer in a sentence, best first; at least its best span if it has one."""
        found = self.spans.get(candidate.hit.passage.passage_id, Spans())
        inside = [span for span in found.variants if span.start >= candidate.start and span.end <= candidate.end]
        return inside or self.spans_in(candidate)

    def score(self, candidate: Candidate) -> float:
        """Of the best span of a sentence; without one, as the worst of its passage."""
        span = self.span(candidate)
        if span is not None:
            return _bounded(span.score)
        found = self.spans.get(candidate.hit.passage.passage_id) or self._worst()
        return _bounded(found.best[-1].score if found.best else NOTHING)

    def share(self) -> float:
        """The share of the best span in all spans of all passages, as a softmax sees it."""
        scores = [_bounded(span.score) for spans in self.spans.values() for span in spans.best]
        return 1.0 / sum(exp(score - max(scores)) for score in scores) if scores else 0.0

    def absent(self) -> float:
        """The least probability of "not here" in any passage."""
        return min((spans.absent for spans in self.spans.values()), default=1.0)

    def _worst(self) -> Spans:
        return min(self.spans.values(), key=lambda spans: spans.score, default=Spans())


def text_of(hit: Hit) -> Text:
    """What is read of a hit: the passage under its title and the heading it stands under, a heading not twice."""
    above = dict.fromkeys((hit.title, *hit.passage.heading[-1:]))
    return Text(" ".join(part for part in above if part != hit.passage.text), hit.passage.text)


def read_sentence_features(
    question: Question, candidate: Candidate, evidence: Evidence, best_lexical: float
) -> list[float]:
    """Features in the order of READ_SENTENCE_FEATURES: those that need no comparing, and what was read."""
    plain = sentence_features(question, candidate, 0.0, best_lexical)[1:]
    return [*plain, evidence.score(candidate), evidence.margin(candidate.hit)]


def read_answer_features(
    question: Question, compared: Sequence[Scored], best: Scored, evidence: Evidence
) -> list[float]:
    """Features in the order of READ_ANSWER_FEATURES.

    compared: as `quick` ranks them; best: the sentence to cite.
    """
    margins = sorted([*(_bounded(spans.score) for spans in evidence.spans.values()), -MOST, -MOST], reverse=True)
    plain = answer_features(question, compared)
    read = (margins[0], evidence.share(), evidence.absent(), evidence.score(best.candidate))
    return [*plain, *read, margins[1], best.score]


def reranked(hits: Sequence[Hit], evidence: Evidence) -> tuple[Hit, ...]:
    """Order the hits that were read by what was read beside what finding them said; the others come after.

    A passage that answers goes before one that was found as well, not before one that was found much better: what
    leads to an answer is no answer itself. docs/decisions/rounds.md has the measurements.
    """
    most = max((hit.score for hit in hits), default=0.0)

    def worth(hit: Hit) -> float:
        margin, found = evidence.margin(hit), hit.score / most if most > 0 else 0.0
        return found + HERE / (1.0 + exp(-margin)) + SURE * max(0.0, margin) / MOST

    read = [hit for hit in hits if hit.passage.passage_id in evidence.spans]
    rest = [hit for hit in hits if hit.passage.passage_id not in evidence.spans]
    return (*sorted(read, key=worth, reverse=True), *rest)


def _bounded(score: float) -> float:
    """A score within what its size can say."""
    return max(-MOST, min(MOST, score))


def _lies_in(span: Span, candidate: Candidate) -> bool:
    common = min(span.end, candidate.end) - max(span.start, candidate.start)
    return common > INSIDE * (span.end - span.start)
