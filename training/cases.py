"""Makes training cases of paragraphs with questions: the paragraph that answers, and one much like it that does not."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_TOKENS = 320
MAX_QUESTION = 64
NEGATIVE_SHARE = 0.6
_WORD = re.compile(r"\w+")


class Paragraph(NamedTuple):
    """A paragraph of an article; questions: (question, answer as it stands in the text)."""

    title: str
    text: str
    questions: tuple[tuple[str, str], ...]


class Case(NamedTuple):
    """A question on a text; start and end: characters of the answer in the text, both -1 if it is not there."""

    question: str
    text: str
    start: int
    end: int


class Encoded(NamedTuple):
    """Cases as tokens, one after the other.

    ids: (sum of lengths,) int32. offsets: (n + 1,) where each begins. question: (n,) tokens up to the text's first.
    spans: (n, 2) first and last token of the answer, (0, 0) if it is not there.
    """

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]
    question: NDArray[np.int32]
    spans: NDArray[np.int32]


def paragraphs(path: Path) -> list[Paragraph]:
    """Read a JSONL file, gzipped or not: {title, text, questions: [{question, answer}]} a line."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        Paragraph(row["title"], row["text"], tuple((asked["question"], asked["answer"]) for asked in row["questions"]))
        for row in rows
    ]


def cases(read: Sequence[Paragraph], seed: int) -> Iterator[Case]:
    """Yield each question whose answer stands in its paragraph, and for some a paragraph that does not answer it."""
    chance = random.Random(seed)
    articles: dict[str, list[tuple[str, frozenset[str]]]] = defaultdict(list)
    for paragraph in read:
        articles[paragraph.title].append((paragraph.text, _words(paragraph.text)))
    for paragraph in read:
        for question, answer in paragraph.questions:
            start = paragraph.text.find(answer)
            if not answer or start < 0:
                continue
            yield Case(question, paragraph.text, start, start + len(answer))
            if chance.random() < NEGATIVE_SHARE:
                yield from _negative(question, answer, paragraph.text, articles[paragraph.title])


def encode(made: Sequence[Case], tokenizer: Any) -> Encoded:
    """Cut cases into tokens; an answer beyond the last token is left out with its case."""
    questions = tokenizer.encode_batch([case.question for case in made])
    texts = tokenizer.encode_batch([case.text for case in made], add_special_tokens=False)
    rows: list[tuple[NDArray[np.int32], int, tuple[int, int]]] = []
    for case, asked, text in zip(made, questions, texts, strict=True):
        head = [*asked.ids[: MAX_QUESTION - 1], asked.ids[-1]] if len(asked.ids) > MAX_QUESTION else asked.ids
        room = MAX_TOKENS - len(head) - 1
        span = _span(case, text.offsets[:room], len(head))
        if span is not None:
            rows.append((np.array([*head, *text.ids[:room], asked.ids[-1]], np.int32), len(head), span))
    lengths = np.array([len(ids) for ids, _, _ in rows], np.int64)
    return Encoded(
        ids=np.concatenate([ids for ids, _, _ in rows]),
        offsets=np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]),
        question=np.array([question for _, question, _ in rows], np.int32),
        spans=np.array([span for _, _, span in rows], np.int32),
    )


def _span(case: Case, offsets: Sequence[tuple[int, int]], first: int) -> tuple[int, int] | None:
    """First and last token of an answer, counted with the question before it; (0, 0) for none, None if cut off."""
    if case.start < 0:
        return 0, 0
    inside = [at for at, (start, end) in enumerate(offsets) if end > case.start and start < case.end]
    if not inside or offsets[inside[-1]][1] < case.end:
        return None
    return first + inside[0], first + inside[-1]


def _negative(question: str, answer: str, own: str, article: Sequence[tuple[str, frozenset[str]]]) -> Iterator[Case]:
    """The article's other paragraph that shares the most words with the question, without the answer."""
    asked, found = _words(question), answer.casefold()
    others = [(len(asked & said), text) for text, said in article if text != own and found not in text.casefold()]
    if others:
        yield Case(question, max(others)[1], -1, -1)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))
