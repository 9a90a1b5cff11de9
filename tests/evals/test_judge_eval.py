"""The report card of the judge, and what an obedient model can change, on small data of our own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from evals.card import Card, InvalidRow, Rated, load_rated
from evals.statistics import bootstrap, kappa, separation, spearman


def test_spearman_shares_ranks_among_ties():
    assert spearman(np.array([1.0, 2.0, 2.0, 3.0]), np.array([10.0, 20.0, 20.0, 30.0])) == pytest.approx(1.0)
    assert np.isnan(spearman(np.ones(3), np.arange(3.0)))


def test_kappa_takes_chance_agreement_away():
    assert kappa(np.array([1.0, 1.0, 0.0, 0.0]), np.array([1.0, 0.0, 1.0, 0.0])) == pytest.approx(0.0)
    assert kappa(np.array([1.0, 0.0]), np.array([1.0, 0.0])) == pytest.approx(1.0)


def test_a_single_conversation_has_no_interval_over_conversations():
    rows = np.arange(4.0)
    assert np.isnan(bootstrap(spearman, rows, rows, groups=["one"] * 4).low)
    assert not np.isnan(bootstrap(spearman, rows, rows, groups=["one", "one", "two", "two"]).low)


def test_separation_needs_both_kinds():
    assert np.isnan(separation(np.arange(3.0), np.ones(3)))


def test_an_unscored_response_is_counted_and_never_accepted():
    rated = [Rated("r", (), "", grade) for grade in (1.0, 2.0, 4.0, 4.0)]
    found = Card(rated, np.array([0.1, np.nan, 0.9, 0.8]), [[False], [], [True], [True]]).as_object()
    assert (found["n"], found["unscored"]) == (4, 1)
    assert found["metrics"]["false_accept"]["value"] == 0.0
    assert found["metrics"]["fair_sentences_stand"]["value"] == 1.0
    assert found["metrics"]["auroc_unfaithful"]["value"] == 1.0
    json.dumps(found, allow_nan=False)


def test_a_row_that_is_not_as_documented_is_named(tmp_path: Path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"response": "x"}\n', encoding="utf-8")
    with pytest.raises(InvalidRow, match="line 1"):
        load_rated(path)
