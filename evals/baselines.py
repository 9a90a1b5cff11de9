"""Textbook rankings over the same passages: BM25, cosine of the same vectors, reciprocal rank fusion of the two.

Written apart from `memory.index` on purpose: what breaks there must not break the comparison.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evals.fitting import Floats
from evals.ranking import DEPTH
from memory.ports import Vectors
from memory.records import LOCAL, SYSTEM, Scope
from memory.sentences import STOPWORDS, stem
from memory.stores import Stores

K1, B, RRF_K = 1.2, 0.75, 60
_FOLLOWER = Scope(LOCAL.tenant_id, SYSTEM.user_id, roles=SYSTEM.roles)
_WORD = re.compile(r"\w\w+")


@dataclass(frozen=True, slots=True)
class Corpus:
    """Every passage: its document's source, what is searched of it, and its vector (n, dim)."""

    sources: Sequence[str]
    texts: Sequence[str]
    vectors: Vectors


async def read_corpus(stores: Stores) -> Corpus:
    """Read what was ingested."""
    sources: list[str] = []
    texts: list[str] = []
    vectors: list[Vectors] = []
    after: str | None = None
    while True:
        page = await stores.documents.page(LOCAL, "", after, 500)
        for item in page.items:
            rows = await stores.documents.rows(_FOLLOWER, item.document_id, item.version_id)
            if rows is not None and rows.document.source == item.source:  # else an alias: its words are there once
                sources += [item.source] * len(rows.passages)
                texts += [f"{passage.context}\n{passage.text}" for passage in rows.passages]
                vectors.append(np.asarray(rows.vectors, np.float32))
        if (after := page.next) is None:
            return Corpus(sources, texts, np.vstack(vectors))


class Bm25:
    """Okapi BM25 over stems without stop words.

    Source: Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009; idf as Lucene has it.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        """Count the words of every passage."""
        counts = [Counter(terms(text)) for text in texts]
        lengths = np.array([sum(count.values()) for count in counts], dtype=float)
        self._n = len(texts)
        self._length = K1 * (1 - B + B * lengths / max(1.0, float(lengths.mean())))
        places: dict[str, list[tuple[int, int]]] = {}
        for row, count in enumerate(counts):
            for term, often in count.items():
                places.setdefault(term, []).append((row, often))
        self._places = {term: np.array(found).T for term, found in places.items()}

    def scores(self, query: str) -> Floats:
        """Score of every passage, (n,)."""
        total = np.zeros(self._n)
        for term, asked in Counter(terms(query)).items():
            if (found := self._places.get(term)) is not None:
                rows, often = found[0], found[1].astype(float)
                idf = np.log(1 + (self._n - len(rows) + 0.5) / (len(rows) + 0.5))
                total[rows] += asked * idf * often * (K1 + 1) / (often + self._length[rows])
        return total


def terms(text: str) -> list[str]:
    """The stems of a text's words of two letters or more, stop words left out."""
    return [stem(word) for word in _WORD.findall(text.lower()) if word not in STOPWORDS]


def best_rows(scores: Floats, above: float = -np.inf, depth: int = DEPTH) -> list[int]:
    """Rows by score, best first; ties by row."""
    order = np.lexsort((np.arange(len(scores)), -scores))[:depth]
    return [int(row) for row in order if scores[row] > above]


def fused(*rankings: Sequence[int]) -> list[int]:
    """Merge rankings, best first.

    Source: reciprocal rank fusion with k = 60; Cormack, Clarke and Buettcher, SIGIR 2009.
    """
    scores: Counter[int] = Counter()
    for ranking in rankings:
        for rank, row in enumerate(ranking, 1):
            scores[row] += 1 / (RRF_K + rank)  # pyright: ignore[reportArgumentType] a Counter of floats is meant
    return sorted(scores, key=lambda row: -scores[row])[:DEPTH]
