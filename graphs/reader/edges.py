"""What can be counted about a span as a short answer: where it begins and ends, and whether it is of the kind asked.

The small reader knows where an answer is; how people cut it out is told better with these beside its scores.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log

from graphs.reader.question import Question
from graphs.reader.spans import Span, kind_spans
from memory.sentences import words
from memory.span_ports import Span as Pointed

SPAN_FEATURES = ("score", "length", "long", "kind", "exact", "goes_on")
MANY = 6
"""Words from which a short answer is long."""
_FARTHEST = 12.0
_ARTICLE = re.compile(r"(?:the|an?)\s+", re.I)
_NEXT = re.compile(r"\s?[^\W\d_][\w'’-]*")
_LAST = re.compile(r"[\w'’-]+$")


def span_features(question: Question, text: str, spans: Sequence[Pointed]) -> list[list[float]]:
    """Features in the order of SPAN_FEATURES of each span of a text."""
    top = max((span.score for span in spans), default=0.0)
    return [[max(-_FARTHEST, span.score - top), *_looks(question, text, span.start, span.end)] for span in spans]


def as_span(span: Pointed, start: int, end: int) -> Span:
    """A span of a passage, counted from the start of a sentence [start, end) of it and cut to it."""
    return Span(max(span.start, start) - start, min(span.end, end) - start)


def _looks(question: Question, text: str, start: int, end: int) -> list[float]:
    count = len(words(text[start:end]))
    return [log(1 + count), float(max(0, count - MANY)), *_kinds(question, text[start:end]), _goes_on(text, start, end)]


def _kinds(question: Question, said: str) -> tuple[float, float]:
    """Whether a span holds what is of the kind asked for, and whether it is nothing else."""
    typed = kind_spans(question, said)
    if typed is None:
        return 0.5, 0.0
    lead = _ARTICLE.match(said)
    length = len(said) - (lead.end() if lead else 0)
    return float(bool(typed)), float(any(span.end - span.start >= length - 1 for span in typed))


def _goes_on(text: str, start: int, end: int) -> float:
    """Whether a name goes on behind a span."""
    after, last = _NEXT.match(text, end), _LAST.search(text[start:end])
    return float(bool(after and last and after[0].strip()[0].isupper() and last[0][0].isupper()))
