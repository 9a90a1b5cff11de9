"""Figures of rankings, textbook baselines, and the comparison as the command prints it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from evals import statistics
from evals.__main__ import app
from evals.baselines import Bm25, best_rows, fused
from evals.ranking import score_ranking
from evals.retrieval import Ranked, as_object, differences
from evals.statistics import mean
from tests.evals.test_sets import beir, write


def test_a_perfect_ranking_scores_one_throughout():
    assert set(score_ranking(["a", "b", "c"], {"a": 2.0, "b": 1.0}).values()) == {1.0}


def test_figures_of_a_ranking_worked_out_by_hand():
    found = score_ranking(["x", "b", "x", "a"], {"a": 2.0, "b": 1.0})
    best = 3 + 1 / np.log2(3)
    assert found["ndcg@10"] == pytest.approx((1 / np.log2(3) + 3 / np.log2(4)) / best)
    assert (found["mrr"], found["hit@1"], found["hit@5"], found["recall@10"]) == (0.5, 0.0, 1.0, 1.0)


def test_what_stands_behind_the_cut_does_not_count():
    found = score_ranking([*map(str, range(10)), "a"], {"a": 1.0})
    assert (found["ndcg@10"], found["recall@10"], found["all_gold@10"], found["recall@100"]) == (0.0, 0.0, 0.0, 1.0)
    assert found["mrr"] == pytest.approx(1 / 11)


def test_bm25_scores_as_its_formula_says():
    scores = Bm25(["red apples", "green apples apples", "blue pears"]).scores("which apples are red?")
    length = np.array([2, 3, 2]) / (7 / 3)
    apples = np.log(1 + 1.5 / 2.5) * np.array([1, 2, 0]) * 2.2 / (np.array([1, 2, 0]) + 1.2 * (0.25 + 0.75 * length))
    red = np.log(1 + 2.5 / 1.5) * np.array([1, 0, 0]) * 2.2 / (1 + 1.2 * (0.25 + 0.75 * length))
    assert scores == pytest.approx(apples + red)
    assert best_rows(scores, above=0.0) == [0, 1]


def test_fusion_prefers_what_both_rankings_hold():
    assert fused([1, 2, 3], [4, 2, 5])[0] == 2


def test_the_difference_is_taken_question_by_question_to_the_best_baseline():
    ours, weak, strong = ([{"m": value} for value in row] for row in ([0.9, 0.5], [0.1, 0.1], [0.8, 0.4]))
    results = {"bm25": Ranked(weak, [1.0]), "dense": Ranked(strong, [1.0]), "rrf": Ranked(weak, [1.0])}
    metric, baseline = differences({**results, "ours": Ranked(ours, [1.0])})["m"]
    assert baseline == "dense"
    assert metric.low == pytest.approx(0.1)
    assert metric.high == pytest.approx(0.1)


def test_the_interval_of_a_mean_holds_it_and_narrows():
    few, many = mean([0.0, 1.0] * 5), mean([0.0, 1.0] * 500)
    assert few.low < many.low < 0.5 < many.high < few.high
    assert mean([]).as_object() == {"value": None, "low": None, "high": None}


def test_the_command_prints_the_documented_object(tmp_path: Path):
    write(
        tmp_path / "corpus.jsonl",
        {"id": "a", "title": "Lease", "text": "The lease ends in May and may be renewed once."},
        {"id": "b", "title": "Boiler", "text": "The boiler is serviced every autumn by the owner."},
    )
    write(tmp_path / "queries.jsonl", {"id": "q", "text": "When does the lease end?"})
    (tmp_path / "qrels.tsv").write_text("q\ta\t1\n", encoding="utf-8")
    command = ["retrieval", "--data", str(tmp_path), "--home", str(tmp_path / "home"), "--json"]
    printed = CliRunner().invoke(app, command)
    assert printed.exit_code == 0, printed.stderr
    found = json.loads(printed.stdout)
    assert (set(found), found["queries"]) == ({"queries", "systems", "differences"}, 1)
    assert set(found["systems"]) == {"bm25", "dense", "rrf", "ours"}
    for system in found["systems"].values():
        assert {"ndcg@10", "recall@10", "recall@100", "mrr", "hit@1", "latency_p50_ms"} <= set(system)
        assert system["ndcg@10"] == {"value": 1.0, "low": 1.0, "high": 1.0}


def test_a_set_without_grades_is_refused_in_a_sentence(tmp_path: Path):
    printed = CliRunner().invoke(app, ["retrieval", "--data", str(beir(tmp_path, ""))])
    assert "nothing to score" in str(printed.exception)


def test_an_object_of_no_gain_is_still_json():
    rows = [{"ndcg@10": 1.0}]
    shown = as_object({system: Ranked(rows, [1.0]) for system in ("bm25", "dense", "rrf", "ours")})
    assert shown["differences"]["ndcg@10"]["value"] == 0.0
    json.dumps(shown, allow_nan=False)


def test_ours_hears_what_the_user_said_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(statistics, "RESAMPLES", 10)
    heights = {"Etna": "3,357", "Vesuvius": "1,281", "Stromboli": "924", "Teide": "3,715"}
    rows = [{"id": name, "title": name, "text": f"{name} is {high} metres high."} for name, high in heights.items()]
    write(tmp_path / "corpus.jsonl", *rows)
    said = [[f"Where is {name}?", "In the sea.", "How high is it?"] for name in heights]
    asked = [{"id": turns[0], "turns": turns, "source": name} for name, turns in zip(heights, said, strict=True)]
    write(tmp_path / "queries.jsonl", *asked)
    ran = CliRunner().invoke(app, ["retrieval", "--data", str(tmp_path), "--effort", "quick", "--json"])
    systems = json.loads(ran.stdout)["systems"]
    assert systems["ours"]["hit@1"]["value"] == 1.0
    assert systems["bm25"]["hit@1"]["value"] < 1.0
