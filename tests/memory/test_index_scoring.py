"""BM25 over kept posting lists gives the scores of the formula, whichever way it takes."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest

from memory.index import lexical, scoring
from memory.index.postings import KeptPostings
from memory.index.schema import TABLES
from memory.index.view import NOTHING, Row, changed

COUNT = 3_000
QUERY = {word: frozenset({word}) for word in ("w0", "w1", "w3", "w40", "w300")}


@pytest.fixture
def connection():
    with sqlite3.connect(":memory:", isolation_level=None) as made:
        made.row_factory = sqlite3.Row
        made.executescript(TABLES)
        yield made
    made.close()


def passages():
    """Return passages of 10 to 60 words that follow Zipf's law."""
    random = np.random.default_rng(3)
    return [[f"w{min(word, 2_000) - 1}" for word in random.zipf(1.3, random.integers(10, 60))] for _ in range(COUNT)]


def filed(connection, lines):
    """File the passages in two segments; return a view of them."""
    lexical.add_segment(connection, 0, lines[:2_500])
    lexical.add_segment(connection, 2_500, lines[2_500:])
    return changed(NOTHING, COUNT, [Row(at, 1, len(line), "prose", "en") for at, line in enumerate(lines)], ())


def by_formula(lines, selected):
    """Return the score of each passage for QUERY, statistics over all of them."""
    lengths = np.array([len(line) for line in lines])
    scores = np.zeros(COUNT)
    for word in QUERY:
        counts = np.array([min(line.count(word), 255) for line in lines])
        known = np.count_nonzero(counts)
        idf = np.log1p((COUNT - known + 0.5) / (known + 0.5))
        scores += idf * 2.2 * counts / (counts + 1.2 * (0.25 + 0.75 * lengths / lengths.mean()))
    return np.where(selected, scores, 0)


def ask(connection, view, selected, top_k, kept=None):
    kept = kept or KeptPostings()
    rows = scoring.field_of(view.lengths, None, selected)
    return scoring.search(QUERY, lambda variants: kept.get(connection, view, variants), rows, top_k).ranking


@pytest.mark.parametrize("top_k", [1, 10, 100, 3_000])
@pytest.mark.parametrize("share", [1.0, 0.3, 0.01])
def test_the_best_rows_are_those_of_the_formula(connection, top_k, share):
    lines = passages()
    view = filed(connection, lines)
    selected = np.random.default_rng(5).random(COUNT) < share
    expected = by_formula(lines, selected)
    found = ask(connection, view, selected, top_k)
    best = np.sort(expected[expected > 0])[::-1][:top_k]
    np.testing.assert_allclose(found.scores, best, rtol=1e-4)
    np.testing.assert_allclose(expected[found.rows], found.scores, rtol=1e-4)


def test_a_row_has_the_same_score_whether_few_or_all_are_looked_at(connection):
    view = filed(connection, passages())
    everything = np.ones(COUNT, np.bool_)
    few, all_rows = (ask(connection, view, everything, top_k) for top_k in (10, COUNT))
    assert few.rows.tolist() == all_rows.rows[:10].tolist()
    assert few.scores.tobytes() == all_rows.scores[:10].tobytes()


def test_posting_lists_are_kept_up_to_a_size_and_forgotten_with_their_view(connection):
    view, small = filed(connection, passages()), KeptPostings(limit_bytes=1)
    first = ask(connection, view, None, 10, small)
    kept = KeptPostings()
    assert ask(connection, view, None, 10, kept).scores.tobytes() == first.scores.tobytes()
    connection.execute("DELETE FROM postings")
    assert ask(connection, view, None, 10, kept).scores.tobytes() == first.scores.tobytes()
    kept.forget(view)
    assert not len(ask(connection, view, None, 10, kept).rows)
    assert not len(ask(connection, view, None, 10, small).rows)
