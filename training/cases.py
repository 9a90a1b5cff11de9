"""Makes training cases of paragraphs with questions: what answers, and something much like it that does not.

Most cases show a few sentences of a paragraph and not the whole: the cost of a step grows with its tokens, and what a
step teaches with its cases. Other seeds show other sentences, so that no epoch repeats another.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from memory.sentences import split_sentences

MAX_TOKENS = 320
MAX_QUESTION = 64
MAX_TITLE = 16
NEGATIVE_SHARE = 0.35
ELSEWHERE_SHARE = 0.35
"""Of the negatives: those from the answering paragraph itself."""
SWAPPED_SHARE = 0.3
"""Of the questions: those that are asked of something else as well, with the sentences in sight that answered them."""
WHOLE_SHARE = 0.25
TITLED_SHARE = 0.75
LOOKED_AT = 40
"""Questions of the article that another name is taken from."""
FEW = 3
"""Sentences beside the first that a window has at most."""
_WORD = re.compile(r"\w+")
_NAME = re.compile(r"(?<=\s)(?:[A-Z][\w'’.-]*[^\W_])(?:\s(?:(?:of|de|the|van|von)\s)?[A-Z][\w'’-]*[^\W_])*")
_NUMBER = re.compile(r"(?<=\s)\d[\d,.]*\d\b|(?<=\s)\d\b")
_NOUN = re.compile(
    r"\b(?:the|whose|its|his|her|their|how many|what|which) (?!(?:name|type|kind|year|number|term|word)s?\b)"
    r"(?P<noun>[a-z]{4,})(?= (?:of|is|was|are|were|did|does|do|for|in)\b)"
)


class Paragraph(NamedTuple):
    """A paragraph of an article; questions: (question, answer as it stands in the text)."""

    title: str
    text: str
    questions: tuple[tuple[str, str], ...]


class Case(NamedTuple):
    """A question on a text; start and end: characters of the answer in the text, both -1 if it is not there."""

    question: str
    title: str
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


def cases(read: Sequence[Paragraph], seed: tuple[int, ...]) -> Iterator[Case]:
    """Yield each question whose answer stands in its paragraph, and for some a text that does not answer it."""
    chance = random.Random(repr(seed))
    articles: dict[str, list[tuple[str, frozenset[str]]]] = defaultdict(list)
    asked: dict[str, list[str]] = defaultdict(list)
    for paragraph in read:
        articles[paragraph.title].append((paragraph.text, _words(paragraph.text)))
        asked[paragraph.title] += [question for question, _ in paragraph.questions]
    for paragraph in read:
        for question, answer in paragraph.questions:
            start = paragraph.text.find(answer)
            if not answer or start < 0:
                continue
            title = paragraph.title.replace("_", " ") if chance.random() < TITLED_SHARE else ""
            first, last = _window(paragraph.text, start, start + len(answer), chance)
            yield Case(question, title, paragraph.text[first:last], start - first, start + len(answer) - first)
            if chance.random() < NEGATIVE_SHARE:
                other = _without(question, answer, paragraph, articles[paragraph.title], chance)
                if other:
                    yield Case(question, title, other, -1, -1)
            if chance.random() < SWAPPED_SHARE and (
                other := swapped(question, paragraph, asked[paragraph.title], chance)
            ):
                yield Case(other, title, paragraph.text[first:last], -1, -1)


def encode(made: Sequence[Case], tokenizer: Any) -> Encoded:
    """Cut cases into tokens; an answer beyond the last token is left out with its case."""
    questions = tokenizer.encode_batch([case.question for case in made])
    titles = tokenizer.encode_batch([case.title for case in made], add_special_tokens=False)
    texts = tokenizer.encode_batch([case.text for case in made], add_special_tokens=False)
    rows: list[tuple[NDArray[np.int32], int, tuple[int, int]]] = []
    for case, asked, title, text in zip(made, questions, titles, texts, strict=True):
        head = [*asked.ids[:-1][: MAX_QUESTION - 1], asked.ids[-1], *title.ids[:MAX_TITLE]]
        head = [*head, asked.ids[-1]] if title.ids else head
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


def _window(text: str, start: int, end: int, chance: random.Random) -> tuple[int, int]:
    """Characters of some whole sentences about an answer, or of the whole text."""
    spans = _sentences(text)
    inside = [at for at, (first, last) in enumerate(spans) if last > start and first < end]
    if chance.random() < WHOLE_SHARE or not inside:
        return 0, len(text)
    before = chance.randint(0, FEW)
    after = chance.randint(0, FEW - before)
    first = spans[max(0, inside[0] - before)][0]
    return min(first, start), max(spans[min(len(spans) - 1, inside[-1] + after)][1], end)


def _without(
    question: str,
    answer: str,
    own: Paragraph,
    article: Sequence[tuple[str, frozenset[str]]],
    chance: random.Random,
) -> str:
    """Sentences without the answer: of its own paragraph, or of the article's other that is most like the question."""
    asked, found = _words(question), answer.casefold()
    whole = own.text
    if chance.random() >= ELSEWHERE_SHARE:
        others = [(len(asked & said), text) for text, said in article if text != own.text]
        near = [text for _, text in sorted(others, reverse=True) if found not in text.casefold()]
        whole = near[0] if near else ""
    spans = [(first, last) for first, last in _sentences(whole) if found not in whole[first:last].casefold()]
    if not spans:
        return ""
    first, last = _window(whole, *chance.choice(spans), chance)
    said = whole[first:last]
    return said if found not in said.casefold() else ""


def swapped(question: str, own: Paragraph, asked: Sequence[str], chance: random.Random) -> str:
    """Return a question about another name, number or attribute, out of others of the article; "" if there is none.

    An attribute that is put in has no word of the paragraph's. Another name or number may stand there: the paragraph
    still says nothing of it together with the rest. What the article is named after is not swapped.
    """
    for pattern in chance.sample((_NAME, _NUMBER, _NOUN), 3):
        found = [match.span("noun") if pattern is _NOUN else match.span() for match in pattern.finditer(question)]
        if not found:
            continue
        start, end = chance.choice(found)
        said = question.casefold() if pattern is not _NOUN else f"{question} {own.text}".casefold()
        others = [
            match["noun"] if pattern is _NOUN else match[0]
            for other in chance.sample(asked, min(LOOKED_AT, len(asked)))
            for match in pattern.finditer(other)
        ]
        fitting = [other for other in others if not _words(other) & _words(said) and other.casefold() not in said]
        if fitting and not _words(question[start:end]) & _words(own.title.replace("_", " ")):
            return question[:start] + chance.choice(fitting) + question[end:]
    return ""


@lru_cache(maxsize=1 << 15)
def _sentences(text: str) -> list[tuple[int, int]]:
    return split_sentences(text)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))
