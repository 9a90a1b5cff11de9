"""Makes one ranking of what both sides of a shard's search found: a second look at a few hundred rows.

Three things that a sum of both sides' scores cannot know. A word that the nearest passages all hold does not tell them
apart. A row that only one side found has a score on the other side, too. What the leading passages say is close to
what was asked for. docs/decisions/search.md has the measurements behind the constants.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from memory.index.ranking import Ranking, Rows, Scores
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
    rows = _either(dense.rows[:depth], words.ranking.rows[:depth])
    vectors = read(rows)
    left, right = DENSE_SHARE * query.weights.dense, (1 - DENSE_SHARE) * query.weights.lexical
    share = np.float32(left / ((left + right) or 1.0))
    lexical = (1 - share) * _telling(words, field, rows, dense.rows[:NEAREST])
    leaders = _best_first(share * np.vecdot(vectors, query.vector) + lexical)[:LEADERS]
    scores = share * np.vecdot(vectors, _towards(query.vector, vectors[leaders])) + lexical
    places = _best_first(scores)
    return Ranking(rows[places], scores[places])


def _either(first: Rows, second: Rows) -> Rows:
    """Return the rows of both, ascending, each once."""
    both = np.concatenate([first, second])
    both.sort()
    new = np.empty(len(both), np.bool_)
    new[:1] = True
    np.not_equal(both[1:], both[:-1], out=new[1:])
    return both[new]


def _best_first(scores: Scores) -> Rows:
    """Return places, best first; ties as they come, which is by row number."""
    return np.argsort(-scores, kind="stable")


def _telling(words: Found, field: Field, rows: Rows, nearest: Rows) -> Scores:
    """Return each row's BM25 as a share of the most, a word counting for the share of the nearest that lack it."""
    scores = np.zeros(len(rows), np.float32)
    if not words.words:
        return scores
    # As posting lists have them: a search among other types would copy the whole list.
    numbers = rows.astype(np.int32)
    counts = np.array([word.postings.counts_at(numbers) for word in words.words])
    lacking = (counts[:, rows.searchsorted(nearest)] == 0).sum(axis=1) / len(nearest)
    counts /= counts + field.norms.take(rows)
    counts *= (np.array([word.weight for word in words.words]) * lacking.astype(np.float32))[:, None]
    for row in counts:  # one after the other: the bits of a sum must not hang on how many rows there are
        scores += row
    return scores / np.float32(words.most)


def _towards(vector: Vectors, leaders: Vectors) -> Vectors:
    """Return a query's vector moved towards those of the leading passages, unit length."""
    moved = vector + np.float32(FEEDBACK / len(leaders)) * leaders.sum(axis=0)
    return moved / (np.sqrt(np.vecdot(moved, moved)) or np.float32(1.0))
