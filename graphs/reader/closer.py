"""A second look: the sentence to cite is read again with its neighbours alone.

The small reader learned from a few sentences at a time, and cuts an answer out of a few better than out of a whole
passage. docs/decisions/small-reader.md has the measurements.
"""

from __future__ import annotations

from graphs.reader.evidence import Evidence, text_of
from graphs.reader.features import Candidate
from memory.sentences import sentence_spans
from memory.span_ports import Span, SpanReader, Spans


async def look_closer(spans: SpanReader, question: str, candidate: Candidate) -> Evidence:
    """Read a sentence again with the one before and the one after; the spans count from the passage's own text.

    Raises:
        ModelUnavailable: as `SpanReader.spans`.
    """
    start, end = surroundings(candidate)
    text = text_of(candidate.hit)._replace(text=candidate.hit.passage.text[start:end])
    (read,) = await spans.spans(question, [text])
    return Evidence({candidate.hit.passage.passage_id: _moved(read, start)})


def surroundings(candidate: Candidate) -> tuple[int, int]:
    """Characters [start, end) of the passage that hold a sentence and its neighbours."""
    sentences = sentence_spans(candidate.hit.passage.text)
    inside = [at for at, (start, end) in enumerate(sentences) if end > candidate.start and start < candidate.end]
    if not inside:
        return candidate.start, candidate.end
    first, last = sentences[max(0, inside[0] - 1)], sentences[min(len(sentences) - 1, inside[-1] + 1)]
    return min(first[0], candidate.start), max(last[1], candidate.end)


def _moved(read: Spans, by: int) -> Spans:
    best, variants = (
        tuple(Span(span.start + by, span.end + by, span.score) for span in some) for some in (read.best, read.variants)
    )
    return Spans(best, read.absent, variants)
