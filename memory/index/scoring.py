"""BM25 of a query over the rows that a scope may read; words that cannot change the best rows are looked up only there.

Source: Okapi BM25 with k1 = 1.2, b = 0.75 and the idf of Lucene; Robertson and Zaragoza, "The Probabilistic
Relevance Framework: BM25 and Beyond", 2009. The order of work is MaxScore; Turtle and Flood, "Query Evaluation:
Strategies and Optimizations", 1995.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import log1p
from typing import NamedTuple

import numpy as np

from memory.index.postings import Postings
from memory.index.ranking import EMPTY, Mask, Ranking, Rows, Scores, best, order, threshold

K1, B = 1.2, 0.75
LEAST = 1e-9
"""A row that has a query word scores more."""
HOPE = 4
"""Words left over are looked up only among candidates once those before them can give HOPE times as much..."""
FEW = 32
"""... and the candidates are fewer than a FEW-th of the rows."""
SLACK = 1e-4
"""What float32 sums may be off, relatively."""


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """Rows as BM25 sees them for one access and filter.

    total: how many are readable. readable: whose statistics count. selected: what may be found. None: all rows.
    norms: k1 * (1 - b + b * length / mean length) of each row, infinite where it may not be found: it scores 0.
    known: how many readable rows hold a word, as far as it was asked for.
    """

    total: int
    norms: Scores
    least_norm: float
    readable: Mask | None
    selected: Mask | None
    known: dict[frozenset[str], int] = field(default_factory=dict[frozenset[str], int])

    def idf(self, variants: frozenset[str], postings: Postings) -> float:
        """Return the inverse document frequency of a word among readable rows."""
        known = self.known.get(variants)
        if known is None:
            known = postings.size if self.readable is None else postings.held_by(self.readable)
            self.known[variants] = known
        return log1p((self.total - known + 0.5) / (known + 0.5))


class Word(NamedTuple):
    """A query word: its posting list and what BM25 multiplies with."""

    postings: Postings
    weight: np.float32

    def bound(self, least_norm: float) -> float:
        """Return a score that no row exceeds."""
        return float(self.weight) * self.postings.most / (self.postings.most + least_norm)


class Found(NamedTuple):
    """A ranking, the inverse document frequency of each query word's stem, and the words that any row holds."""

    ranking: Ranking
    weights: dict[str, float]
    words: Sequence[Word] = ()

    @property
    def most(self) -> float:
        """The most that BM25 can give to these query words."""
        return (K1 + 1) * sum(self.weights.values()) or 1.0

    def shares(self) -> Ranking:
        """Return the ranking with each score as a share of the most."""
        return Ranking(self.ranking.rows, self.ranking.scores / np.float32(self.most))


def field_of(lengths: Scores, readable: Mask | None, selected: Mask | None) -> Field:
    """Return what stays the same for all searches over the same rows."""
    counted = lengths if readable is None else lengths[readable]
    mean = max(float(counted.mean()), 1e-9) if len(counted) else 1.0
    norms = (K1 * (1 - B + B * lengths / mean)).astype(np.float32)
    if selected is not None:
        norms[~selected] = np.inf
    return Field(len(counted), norms, float(norms.min(initial=np.inf)), readable, selected)


def search(
    terms: Mapping[str, frozenset[str]], read: Callable[[frozenset[str]], Postings], rows: Field, top_k: int
) -> Found:
    """Return the best rows for query terms; rows without any of them are no hits."""
    if not rows.total:
        return Found(EMPTY, {})
    weights: dict[str, float] = {}
    words: list[Word] = []
    for stem, variants in terms.items():
        postings = read(variants)
        weights[stem] = rows.idf(variants, postings)
        if postings.size:
            words.append(Word(postings, np.float32(weights[stem] * (K1 + 1))))
    words.sort(key=lambda word: -word.weight)
    return Found(_ranked(words, rows, top_k), weights, words)


def _ranked(words: Sequence[Word], rows: Field, top_k: int) -> Ranking:
    """Add up words, heaviest first; the rest only where it can still matter.

    A row's score has the same bits either way: the same terms are added in the same order.
    """
    left = _left([word.bound(rows.least_norm) for word in words])
    postings_left = _left([word.postings.size for word in words])
    scores = np.zeros(len(rows.norms), np.float32)
    for at, word in enumerate(words):
        worth = postings_left[at] * HOPE > len(scores) and left[at] * HOPE < left[0] - left[at]
        if worth and len(few := _candidates(scores, top_k, left[at])) * FEW < len(scores):
            return _finished(few, scores[few], words[at:], rows, top_k)
        _add(word, scores, rows.norms)
    return best(scores, top_k, floor=LEAST)


def _left(amounts: Sequence[float]) -> list[float]:
    """Return the sum of the amounts from each place on."""
    return [*accumulate(amounts[::-1], initial=0.0)][::-1]


def _candidates(scores: Scores, top_k: int, left: float) -> Rows:
    """Return the rows that can still become one of the best top_k where no row gets more than what is left."""
    floor = threshold(scores, top_k) * (1 - SLACK) - left * (1 + SLACK)
    return np.flatnonzero(scores >= np.float32(floor))


def _add(word: Word, scores: Scores, norms: Scores) -> None:
    rows, counts = word.postings.rows, word.postings.counts.astype(np.float32)
    if rows is None:
        counts /= counts + norms
        counts *= word.weight
        scores += counts
    else:
        counts /= counts + norms.take(rows)
        counts *= word.weight
        np.add.at(scores, rows, counts)


def _finished(few: Rows, scores: Scores, words: Sequence[Word], rows: Field, top_k: int) -> Ranking:
    norms = rows.norms[few]
    for word in words:
        counts = word.postings.counts_at(few)
        counts /= counts + norms
        counts *= word.weight
        scores += counts
    return order(few, scores, top_k)
