"""What can be counted about a span as a short answer: where it begins and ends, and whether it is of the kind asked.

The small reader knows where an answer is; how people cut it out is told better with these beside its scores.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log

from graphs.reader.question import Question
from graphs.reader.spans import Span, kind_spans
from memory.sentences import STOPWORDS, stem, words
from memory.span_ports import Span as Pointed

SPAN_FEATURES = (
    *("score", "length", "long", "kind", "exact", "preposition", "article"),
    *("given", "verb", "mark", "goes_on", "begun", "focus", "within"),
)
MANY = 6
"""Words from which a short answer is long."""
_FARTHEST = 12.0
_PREPOSITION = re.compile(
    r"(?:in|at|on|by|to|of|for|from|with|because|that|as|during|after|before|until|about|around|over|into|between|since"
    r"|through|under|near)\b",
    re.I,
)
_ARTICLE = re.compile(r"(?:the|an?)\s+", re.I)
_VERB = re.compile(r"\b(?:is|are|was|were|which|who|that|has|have|had|will|would|can|could)\b")
_MARK = re.compile(r"[,;:]\s")
_NEXT = re.compile(r"\s?[^\W\d_][\w'’-]*")
_BEFORE = re.compile(r"[^\W\d_][\w'’-]*\s$")
_LAST = re.compile(r"[\w'’-]+$")
_NEAR = 24


def span_features(question: Question, text: str, spans: Sequence[Pointed]) -> list[list[float]]:
    """Features in the order of SPAN_FEATURES of each span of a text."""
    top = max((span.score for span in spans), default=0.0)
    return [[max(-_FARTHEST, span.score - top), *_looks(question, text, span.start, span.end)] for span in spans]


def _looks(question: Question, text: str, start: int, end: int) -> list[float]:
    said = text[start:end]
    found = words(said)
    content = [stem(word) for word in found if word not in STOPWORDS]
    return [
        log(1 + len(found)),
        float(max(0, len(found) - MANY)),
        *_kinds(question, said),
        float(bool(_PREPOSITION.match(said))),
        float(bool(_ARTICLE.match(said))),
        sum(word in question.all_words for word in content) / len(content) if content else 0.5,
        float(bool(_VERB.search(said))),
        float(bool(_MARK.search(said))),
        *_cuts(text, start, end),
        float(bool(content) and content[-1] in question.focus),
        float(_is_within(text, start) or _is_within(text, end)),
    ]


def _kinds(question: Question, said: str) -> tuple[float, float]:
    """Whether a span holds what is of the kind asked for, and whether it is nothing else."""
    typed = kind_spans(question, said)
    if typed is None:
        return 0.5, 0.0
    lead = _ARTICLE.match(said)
    length = len(said) - (lead.end() if lead else 0)
    return float(bool(typed)), float(any(span.end - span.start >= length - 1 for span in typed))


def _cuts(text: str, start: int, end: int) -> tuple[float, float]:
    """Whether a name goes on behind a span, and whether it began before."""
    said = text[start:end]
    lead = _ARTICLE.match(said)
    first, last = said[lead.end() if lead else 0 :][:1], _LAST.search(said)
    after, before = _NEXT.match(text, end), _BEFORE.search(text[max(0, start - _NEAR) : start])
    goes_on = bool(after and last and after[0].strip()[0].isupper() and last[0][0].isupper())
    return float(goes_on), float(bool(before and before[0][0].isupper() and first.isupper()))


def _is_within(text: str, at: int) -> bool:
    """Whether a place is inside a word."""
    return 0 < at < len(text) and text[at - 1 : at + 1].isalnum()


def as_span(span: Pointed, start: int, end: int) -> Span:
    """A span of a passage, counted from the start of a sentence [start, end) of it and cut to it."""
    return Span(max(span.start, start) - start, min(span.end, end) - start)
