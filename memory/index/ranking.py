"""Picks the best of many scores, and merges the two sides' rankings into one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from memory.records import SearchWeights

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]
Mask = NDArray[np.bool_]

BLOCK = 64


class Ranking(NamedTuple):
    """Row numbers, best first, with their scores; ties by row number."""

    rows: Rows
    scores: Scores


EMPTY = Ranking(np.empty(0, np.int64), np.empty(0, np.float32))


def best(scores: Scores, top_k: int) -> Ranking:
    """Return the top_k finite scores exactly; faster than a partition of all of them."""
    candidates = np.flatnonzero(scores >= _threshold(scores, top_k))
    return order(candidates, scores[candidates], top_k)


def order(rows: Rows, scores: Scores, top_k: int) -> Ranking:
    """Sort candidates, best first, and keep top_k; minus infinity means: not a candidate."""
    real = scores > -np.inf
    rows, scores = rows[real], scores[real]
    at = np.lexsort((rows, -scores))[:top_k]
    return Ranking(rows[at], scores[at])


def _threshold(scores: Scores, top_k: int) -> float:
    """Return a bound that at least top_k scores reach and few others: the top_k-th of the blocks' largest."""
    whole = len(scores) // BLOCK
    if whole <= top_k:
        return -np.inf
    peaks = scores[: whole * BLOCK].reshape(whole, BLOCK).max(axis=1)
    return float(np.partition(peaks, whole - top_k)[whole - top_k])


def fuse(dense: Ranking, lexical: Ranking, weights: SearchWeights) -> Ranking:
    """Merge two rankings: the weighted sum of what each row reaches of its side's best score, best first."""
    rows, places = np.unique(np.concatenate([dense.rows, lexical.rows]), return_inverse=True)
    scores = np.zeros(len(rows), np.float32)
    total = (weights.dense + weights.lexical) or 1.0
    scores[places[: len(dense.rows)]] += np.float32(weights.dense / total) * _shares(dense.scores)
    scores[places[len(dense.rows) :]] += np.float32(weights.lexical / total) * _shares(lexical.scores)
    return order(rows, scores, len(rows))


def _shares(scores: Scores) -> Scores:
    """Return scores between 0 (one below the last of the list) and 1 (the best)."""
    if not len(scores):
        return scores
    top, low = float(scores[0]), min(float(scores[-1]), 0.0)
    return ((scores - low) / ((top - low) or 1.0)).astype(np.float32)
