"""Cuts what is read to the length that the reader was trained on, and finds the best spans in its scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from memory.embeddings.runtime import readable
from memory.sentences import split_sentences
from memory.span_ports import Span, Spans, Text

MAX_TOKENS = 320
MAX_QUESTION = 64
MAX_TITLE = 16
MAX_ANSWER = 30
"""Tokens of the longest span. Of the questions that the reader learned from 1 % have a longer answer."""
MAX_SPANS = 8
MAX_VARIANTS = 24
_AT_THE_END = " \t\r\n?!.,;:…？。"
MAX_CHARACTERS = 16_000
"""Of a question: more than its 64 tokens can be."""

Scores = NDArray[np.float32]


class Window(NamedTuple):
    """Tokens of one run of the model. offsets: characters in the text of each token from `first` on."""

    ids: list[int]
    first: int
    offsets: Sequence[tuple[int, int]]


def windows(tokenizer: Any, question: str, text: Text) -> Iterator[Window]:
    """Cut a text into windows of whole sentences; the last sentence of one that fits is the next one's first.

    As in training: [CLS] question [SEP] title [SEP] text [SEP], the title with its [SEP] left out where it is empty.
    """
    asked = tokenizer.encode(_marked(readable(question[:MAX_CHARACTERS]))).ids
    title = tokenizer.encode(readable(text.title[:MAX_CHARACTERS]), add_special_tokens=False).ids[:MAX_TITLE]
    mark = asked[-1]
    head = [*asked[:-1][: MAX_QUESTION - 1], mark, *([*title, mark] if title else ())]
    said = tokenizer.encode(readable(text.text), add_special_tokens=False)
    room = MAX_TOKENS - len(head) - 1
    for begin, end in _cuts(text.text, said.offsets, room):
        yield Window([*head, *said.ids[begin:end], mark], len(head), said.offsets[begin:end])


def _marked(question: str) -> str:
    """End a question as all do that the reader learned from: without its mark it points at more that is no answer."""
    return question.rstrip(_AT_THE_END) + "?" if question.strip() else question


def _cuts(text: str, offsets: Sequence[tuple[int, int]], room: int) -> Iterator[tuple[int, int]]:
    """Yield the tokens [begin, end) of each window."""
    begin, ends = 0, _sentence_ends(text, offsets) if len(offsets) > room else []
    while len(offsets) - begin > room:
        fitting = [end for end in ends if begin < end <= begin + room]
        end = fitting[-1] if fitting else begin + room
        yield begin, end
        # One sentence again, if that leaves at least half a window of new ones: what it says may hang on it.
        begin = next((at for at in fitting[-2:-1] if end - at <= room // 2), end)
    if begin < len(offsets):
        yield begin, len(offsets)


def _sentence_ends(text: str, offsets: Sequence[tuple[int, int]]) -> list[int]:
    """The number of tokens up to the end of each sentence."""
    starts = np.array([start for start, _ in offsets])
    return sorted({int(np.searchsorted(starts, end)) for _, end in split_sentences(text)})


def pointed(window: Window, scores: Scores) -> Spans:
    """Find the best spans in the scores (tokens, 2) of a window; none in another."""
    count = len(window.offsets)
    starts, ends = scores[window.first : window.first + count].T
    absent = float(scores[0].sum())
    both = starts[:, None] + ends[None, :]
    places = np.arange(count)
    length = places[None, :] - places[:, None]
    both[(length < 0) | (length >= MAX_ANSWER)] = -np.inf
    variants = tuple(_span(window, both, at, absent) for at in _highest(both))
    best: list[Span] = []
    for _ in range(min(MAX_SPANS, count)):
        first, last = divmod(int(both.argmax()), count)
        if not np.isfinite(both[first, last]):
            break
        best.append(_span(window, both, first * count + last, absent))
        both[: last + 1, first:] = -np.inf
    return Spans(tuple(best), _absent(scores, window), variants)


def _highest(both: Scores) -> list[int]:
    """Places of the highest finite scores in a flattened table, best first."""
    flat = both.ravel()
    some = np.argpartition(-flat, min(MAX_VARIANTS, flat.size - 1))[:MAX_VARIANTS]
    return sorted((int(at) for at in some if np.isfinite(flat[at])), key=lambda at: -flat[at])


def _span(window: Window, both: Scores, at: int, absent: float) -> Span:
    first, last = divmod(at, len(window.offsets))
    return Span(window.offsets[first][0], window.offsets[last][1], float(both[first, last]) - absent)


def merged(found: Sequence[Spans]) -> Spans:
    """What all windows of a text say together."""
    best: list[Span] = []
    for span in sorted((span for spans in found for span in spans.best), key=lambda span: -span.score):
        if all(span.end <= other.start or span.start >= other.end for other in best):
            best.append(span)
    variants = sorted(dict.fromkeys(span for spans in found for span in spans.variants), key=lambda span: -span.score)
    absent = min((spans.absent for spans in found), default=1.0)
    return Spans(tuple(best[:MAX_SPANS]), absent, tuple(variants[:MAX_VARIANTS]))


def _absent(scores: Scores, window: Window) -> float:
    """Probability of "not here": the geometric mean of what start and end say."""
    allowed = np.vstack([scores[:1], scores[window.first : window.first + len(window.offsets)]])
    highest = allowed.max(0)
    logs = allowed[0] - highest - np.log(np.exp(allowed - highest).sum(0))
    return float(np.exp(logs.mean()))
