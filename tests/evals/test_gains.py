"""The mean gain over several sets: what is resampled, what is averaged, and what the command prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evals.__main__ import app
from evals.gains import NDCG, as_object, read_row, write_scores
from evals.retrieval import SYSTEMS, Ranked
from evals.sets import InvalidSet, Question


def scores(path: Path, ours: list[float], best: list[float]) -> Path:
    """A set's file: BM25 as given, the other baselines nothing."""
    columns = {system: [0.0] * len(ours) for system in SYSTEMS} | {"ours": ours, "bm25": best}
    questions = [Question(f"{place}", "?") for place in range(len(ours))]
    results = {name: Ranked([{NDCG: value} for value in row], [], questions) for name, row in columns.items()}
    write_scores(path, results)
    return path


def test_every_set_counts_alike_however_many_questions_it_has(tmp_path: Path):
    few = scores(tmp_path / "few.jsonl", [0.9], [0.5])
    many = scores(tmp_path / "many.jsonl", [0.5] * 50, [0.5] * 50)
    found = as_object([read_row(few, NDCG), read_row(many, NDCG)])
    assert found["mean"] == pytest.approx({"value": 0.2, "low": 0.2, "high": 0.2})
    assert found["rows"]["few"] == {
        "queries": 1,
        "baseline": "bm25",
        "ours": 0.9,
        "value": 0.4,
        "low": 0.4,
        "high": 0.4,
    }


def test_the_interval_holds_the_mean_and_a_set_asked_twice_makes_it_no_narrower(tmp_path: Path):
    ours = [0.0, 1.0] * 30
    once, again = (scores(tmp_path / f"{name}.jsonl", ours, [0.4] * 60) for name in ("once", "again"))
    single, double = (as_object([read_row(path, NDCG) for path in paths])["mean"] for paths in ([once], [once, again]))
    assert single["low"] < single["value"] < single["high"]
    assert double == single


def test_the_command_prints_a_line_for_each_set_and_the_mean(tmp_path: Path):
    paths = [str(scores(tmp_path / f"{name}.jsonl", [0.6, 0.8], [0.5, 0.5])) for name in ("one", "two")]
    told = CliRunner().invoke(app, ["gains", *paths]).stdout.splitlines()
    assert [line.split()[0] for line in told] == ["ndcg@10:", "one", "two", "mean"]
    assert "+0.2000 [+0.1" in told[-1]
    assert set(json.loads(CliRunner().invoke(app, ["gains", *paths, "--json"]).stdout)) == {"rows", "mean"}


def test_a_file_that_is_no_scores_is_refused_in_a_sentence(tmp_path: Path):
    (tmp_path / "x.jsonl").write_text('{"id": "q"}\n', encoding="utf-8")
    with pytest.raises(InvalidSet, match="no scores of ndcg@10"):
        read_row(tmp_path / "x.jsonl", NDCG)
