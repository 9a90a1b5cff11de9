"""Makes one ranking of what both sides of a shard's search found: a second look at a few hundred rows.

Three things that a sum of both sides' scores cannot know. A word that the nearest passages all hold does not tell them
apart. A row that only one side found has a score on the other side, too. What the leading passages say is close to
what was asked for. docs/decisions/search.md has the measurements behind the constants.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from memory.index.ranking import Ranking, Rows, Scores, order
from memory.index.ranking import fuse as summed
from memory.index.scoring import Field, Found
from memory.ports import SearchQuery, Vectors

DENSE_SHARE = 0.5
"""What the dense side counts when the caller weighs both sides alike."""
NEAREST = 10
"""Passages among which a word must be rare to tell them apart."""
LOOKED_AT = 50
"""Rows of each side that are looked at again, at least."""
LEADERS, FEEDBACK = 3, 0.3
"""The query moves towards the mean of the first LEADERS passages by FEEDBACK of its own length."""


def fuse(query: SearchQuery, dense: Ranking, words: Found, field: Field, read: Callable[[Rows], Vectors]) -> Ranking:
    """Rank the best rows of both sides, best first.

    Args:
        query: its vector has unit length.
        dense: rows by cosine.
        words: rows by BM25, with the words of the query.
        field: the rows that both were found in.
        read: row numbers, ascending -> their vectors, (n, dim) float32, unit length.

    Returns:
        At least 2 * top_k rows of each side; a score has the same bits whatever else is in the index.

    Source: feedback by the leading passages, Rocchio, "Relevance Feedback in Information Retrieval", 1971.
    """
    if query.vector is None or not len(dense.rows):
        return summed(dense, words.shares(), query.weights)
    depth = max(LOOKED_AT, 2 * query.top_k)
    rows = np.union1d(dense.rows[:depth], words.ranking.rows[:depth])
    vectors = read(rows)
    left, right = DENSE_SHARE * query.weights.dense, (1 - DENSE_SHARE) * query.weights.lexical
    share = np.float32(left / ((left + right) or 1.0))
    lexical = (1 - share) * _telling(words, field, rows, dense.rows[:NEAREST])
    leaders = order(np.arange(len(rows)), share * np.vecdot(vectors, query.vector) + lexical, LEADERS).rows
    moved = _towards(query.vector, vectors[leaders])
    return order(rows, share * np.vecdot(vectors, moved) + lexical, len(rows))


def _telling(words: Found, field: Field, rows: Rows, nearest: Rows) -> Scores:
    """Return each row's BM25 as a share of the most, a word counting for the share of the nearest that lack it."""
    norms, places = field.norms[rows], np.searchsorted(rows, nearest)
    # As posting lists have them: a search among other types would copy the whole list.
    numbers = rows.astype(np.int32)
    scores = np.zeros(len(rows), np.float32)
    for word in words.words:
        counts = word.postings.counts_at(numbers)
        lacking = np.count_nonzero(counts[places] == 0) / len(places)
        counts /= counts + norms
        counts *= np.float32(word.weight * lacking)
        scores += counts
    return scores / np.float32(words.most)


def _towards(vector: Vectors, leaders: Vectors) -> Vectors:
    """Return a query's vector moved towards those of the leading passages, unit length."""
    moved = vector + np.float32(FEEDBACK / len(leaders)) * leaders.sum(axis=0)
    return moved / (np.sqrt(np.vecdot(moved, moved)) or np.float32(1.0))
