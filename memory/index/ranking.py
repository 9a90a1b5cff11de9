"""Picks the best of many scores, and merges the two sides' rankings into one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from memory.records import SearchWeights

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]
Mask = NDArray[np.bool_]

BLOCK = 16
LOWEST = float(np.finfo(np.float32).min)
DENSE_SHARE = 0.6
"""What the dense side counts when the caller weighs both sides alike."""


class Ranking(NamedTuple):
    """Row numbers, best first, with their scores; ties by row number."""

    rows: Rows
    scores: Scores


EMPTY = Ranking(np.empty(0, np.int64), np.empty(0, np.float32))


def best(scores: Scores, top_k: int, floor: float = LOWEST) -> Ranking:
    """Return the top_k scores that reach a floor, exactly; faster than a partition of all of them."""
    candidates = np.flatnonzero(scores >= np.float32(max(threshold(scores, top_k), floor)))
    return order(candidates, scores[candidates], top_k)


def order(rows: Rows, scores: Scores, top_k: int) -> Ranking:
    """Sort candidates, best first, and keep top_k; minus infinity means: not a candidate."""
    real = scores > -np.inf
    rows, scores = rows[real], scores[real]
    at = np.lexsort((rows, -scores))[:top_k]
    return Ranking(rows[at], scores[at])


def threshold(scores: Scores, top_k: int) -> float:
    """Return a bound that at least top_k scores reach and few others: the top_k-th of the largest of each block."""
    whole = len(scores) // BLOCK
    if whole < 4 * top_k:
        return float(np.partition(scores, len(scores) - top_k)[len(scores) - top_k]) if len(scores) > top_k else -np.inf
    # A block is every whole-th score: the maximum of many rows at once is four times as fast as along each row.
    peaks = scores[: whole * BLOCK].reshape(BLOCK, whole).max(axis=0)
    return float(np.partition(peaks, whole - top_k)[whole - top_k])


def fuse(dense: Ranking, lexical: Ranking, weights: SearchWeights) -> Ranking:
    """Merge two rankings, best first: the weighted sum of cosine and BM25, the latter as a share of its most.

    Both scores must be comparable between queries: cosine in [-1, 1], BM25 in [0, 1]. A row that one side did not
    find counts 0 there. docs/decisions/search.md has the measurements behind DENSE_SHARE.
    """
    rows, places = np.unique(np.concatenate([dense.rows, lexical.rows]), return_inverse=True)
    scores = np.zeros(len(rows), np.float32)
    left, right = DENSE_SHARE * weights.dense, (1 - DENSE_SHARE) * weights.lexical
    total = (left + right) or 1.0
    scores[places[: len(dense.rows)]] += np.float32(left / total) * dense.scores
    scores[places[len(dense.rows) :]] += np.float32(right / total) * lexical.scores
    return order(rows, scores, len(rows))
