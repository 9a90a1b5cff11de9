"""Makes one ranking of what both sides of a shard's search found: a second look at a few hundred rows.

Three things that a sum of both sides' scores cannot know. A word that the nearest passages all hold does not tell them
apart. A row that only one side found has a score on the other side, too. What the leading passages say is close to
what was asked for. docs/decisions/search.md has the measurements behind the constants.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from memory.index.ranking import Ranking, Rows, Scores, order
from memory.index.scoring import Field, Found
from memory.ports import Vectors
from memory.records import SearchWeights

DENSE_SHARE = 0.5
"""What the dense side counts when the caller weighs both sides alike."""
NEAREST = 10
"""Passages among which a word must be rare to tell them apart."""
LEADERS, FEEDBACK = 3, 0.3
"""The query moves towards the mean of the first LEADERS passages by FEEDBACK of its own length."""


def fuse(
    dense: Ranking, words: Found, field: Field, asked: tuple[Vectors, SearchWeights], read: Callable[[Rows], Vectors]
) -> Ranking:
    """Rank every row that one of the sides found, best first.

    Args:
        dense: rows by cosine, not empty.
        words: rows by BM25, with the words of the query.
        field: the rows that both were found in.
        asked: the query's vector, unit length, and how much each side counts.
        read: row numbers -> their vectors, (n, dim) float32, unit length.

    Returns:
        All these rows; a score has the same bits whatever else is in the index. Comparable within one search.

    Source: feedback by the leading passages, Rocchio, "Relevance Feedback in Information Retrieval", 1971.
    """
    vector, weights = asked
    left, right = DENSE_SHARE * weights.dense, (1 - DENSE_SHARE) * weights.lexical
    total = (left + right) or 1.0
    rows = np.union1d(dense.rows, words.ranking.rows)
    vectors = read(rows)
    lexical = np.float32(right / total) * _telling(words, field, rows, dense.rows[:NEAREST])
    share = np.float32(left / total)
    leaders = order(np.arange(len(rows)), share * np.vecdot(vectors, vector) + lexical, LEADERS).rows
    moved = _towards(vector, vectors[leaders])
    return order(rows, share * np.vecdot(vectors, moved) + lexical, len(rows))


def _telling(words: Found, field: Field, rows: Rows, nearest: Rows) -> Scores:
    """Return each row's BM25 as a share of the most, a word counting for the share of the nearest that lack it."""
    norms = field.norms[rows]
    places = np.searchsorted(rows, nearest)
    scores = np.zeros(len(rows), np.float32)
    for word in words.words:
        counts = word.postings.counts_at(rows)
        lacking = np.count_nonzero(counts[places] == 0) / len(places)
        scores += np.float32(word.weight * lacking) * (counts / (counts + norms))
    return scores / np.float32(words.most)


def _towards(vector: Vectors, leaders: Vectors) -> Vectors:
    """Return a query's vector moved towards those of the leading passages, unit length."""
    moved = vector + np.float32(FEEDBACK) * leaders.mean(axis=0)
    return moved / (np.float32(np.linalg.norm(moved)) or np.float32(1.0))
