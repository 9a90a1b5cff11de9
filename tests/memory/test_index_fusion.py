"""The second look at what both sides found: what counts, and that a score does not hang on what else is there."""

from __future__ import annotations

import numpy as np

from memory.index.fusion import fuse
from memory.index.postings import Postings
from memory.index.ranking import Ranking
from memory.index.scoring import Field, Found, Word
from memory.ports import SearchQuery

EAST, NORTH = np.eye(2, dtype=np.float32)
QUERY = SearchQuery("widget cable", EAST)


def postings(*rows: int) -> Postings:
    return Postings(np.array(rows, np.int32), np.ones(len(rows), np.uint8), len(rows), 1)


def ranking(*rows: int) -> Ranking:
    return Ranking(np.array(rows, np.int64), np.linspace(1, 0.5, len(rows), dtype=np.float32))


def field(count: int) -> Field:
    return Field(count, np.ones(count, np.float32), 1.0, None, None)


def words(*found: Postings) -> Found:
    weights = {f"word{place}": 1.0 for place in range(len(found))}
    return Found(ranking(*found[-1].rows), weights, [Word(one, np.float32(2.2)) for one in found])


def read(vectors):
    return lambda rows: vectors[rows]


def test_a_word_that_all_of_the_nearest_hold_does_not_decide():
    vectors = np.tile(EAST, (4, 1))
    found = fuse(QUERY, ranking(0, 1, 2, 3), words(postings(0, 1, 2, 3), postings(3)), field(4), read(vectors))
    assert found.rows.tolist() == [3, 0, 1, 2]
    assert found.scores[0] > found.scores[1] == found.scores[2] == np.float32(0.5)


def test_a_row_that_only_words_found_counts_its_cosine_too():
    vectors = np.array([EAST, EAST, NORTH])
    found = fuse(QUERY, ranking(0), words(postings(1, 2)), field(3), read(vectors))
    assert found.rows.tolist() == [1, 0, 2]


def test_what_is_like_the_leading_passages_comes_before_what_is_not():
    vectors = np.array([[0.8, 0.6], [0.6, 0.8], [0.6, -0.8]], np.float32)
    found = fuse(QUERY, ranking(0, 2, 1), words(postings(0)), field(3), read(vectors))
    assert found.rows[0] == 0
    assert found.scores[found.rows.tolist().index(1)] > found.scores[found.rows.tolist().index(2)]


def test_without_a_vector_words_alone_decide():
    found = fuse(SearchQuery("widget"), ranking(), words(postings(2, 1)), field(3), read(np.zeros((3, 2), np.float32)))
    assert found.rows.tolist() == [2, 1]
