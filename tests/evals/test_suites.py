"""Suites: what they declare, when a gate falls, what the report shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import api.agent
import graphs.language.verdicts
import graphs.writing
import memory.index.shard
from evals import running
from evals.__main__ import app
from evals.gates import check
from evals.report import report_page
from evals.running import PartRun, SuiteRun
from evals.statistics import Metric
from evals.suite import Gate, InvalidSuite, load_suite
from evals.targets import Case, Measured
from memory.index.ranking import Ranking
from memory.records import LOCAL

METRIC = Metric(0.8, 0.7, 0.9)


@pytest.mark.parametrize(
    ("gate", "kept"),
    [
        (Gate("m", low=0.7), True),
        (Gate("m", low=0.71), False),  # the value is above it, its bound is not
        (Gate("m", high=0.9), True),
        (Gate("m", high=0.85), False),
        (Gate("m", drop=0.05), True),
        (Gate("m", drop=0.01), False),
        (Gate("absent", low=0.0), False),
    ],
)
def test_a_gate_is_about_the_bound_of_the_interval(gate: Gate, kept: bool):
    verdicts = check([gate], {"m": METRIC}, {"m": {"value": 0.85, "low": 0.74, "high": 0.9}})
    assert all(one.is_kept for one in verdicts) is kept


def test_a_figure_that_is_not_defined_keeps_no_gate():
    nothing = Metric(float("nan"), float("nan"), float("nan"))
    assert not check([Gate("m", low=0.0)], {"m": nothing}, {})[0].is_kept


@pytest.mark.parametrize("named", ["nowhere", "broken.toml"])
def test_a_suite_that_is_not_there_is_refused(named: str):
    with pytest.raises(InvalidSuite):
        load_suite(named)


@pytest.mark.parametrize(
    "text",
    ["", "part = 1", '[[part]]\nname = "x"\ntarget = "magic"\ndata = "."', '[[part]]\nname = "x"\ntarget = "answers"'],
)
def test_a_suite_that_is_not_as_documented_is_refused(tmp_path: Path, text: str):
    (tmp_path / "suite.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidSuite, match=r"suite\.toml"):
        load_suite(str(tmp_path / "suite.toml"))


def made_run(tmp_path: Path, **gate: float) -> SuiteRun:
    from datetime import UTC, datetime

    suite = replace(load_suite("ci"), path=tmp_path / "mine.toml")
    case = Case("Who <b>?", "<script>", "an answer", 0.0, {"em": 0.0})
    measured = Measured(3, {"m": METRIC, "latency_p50_ms": METRIC}, [case], [(0.9, 1.0), (0.2, 0.0), (0.25, 1.0)])
    verdicts = check([Gate("m", **gate)], measured.metrics, {})
    return SuiteRun(suite, datetime.now(UTC), 1.0, [PartRun(suite.parts[0], measured, verdicts, {"m": {"value": 0.7}})])


class Page(HTMLParser):
    """What a page holds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]


def test_the_report_needs_no_script_and_nothing_beside_itself(tmp_path: Path):
    text = report_page(made_run(tmp_path, low=0.9))
    page = Page(text)
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert page.links == []
    assert "url(" not in text
    assert page.tags.count("svg") == 2
    assert "Who &lt;b&gt;?" in text
    assert "a gate fell" in text
    assert "Expected calibration error 0.217 over 3 answers" in text
    assert "<td>2</td><td>0.23</td><td>0.50</td>" in text


def test_the_baseline_keeps_figures_and_no_times(tmp_path: Path):
    done = made_run(tmp_path, low=0.1)
    running.save_baseline(done)
    kept = running.load_baseline(done.suite)
    assert kept == {done.parts[0].part.name: {"m": {"value": 0.8, "low": 0.7, "high": 0.9}}}


def reversed_fusion(query: object, dense: Ranking, *sides: object) -> Ranking:
    return Ranking(dense.rows[::-1], dense.scores)


def plant_fusion(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(memory.index.shard, "fuse", reversed_fusion)


def plant_threshold(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(graphs.language.verdicts, "ANSWERABLE_THRESHOLD", 0.0)


def plant_prompt(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(graphs.writing, "_PROMPT", "Answer the question from the passages of {nonce} in {most} sentences.")


def plant_tenant(patch: pytest.MonkeyPatch) -> None:
    def anybody(*_: Any, **__: Any) -> object:
        return LOCAL

    patch.setattr(api.agent, "verify", anybody)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds the embedded sample corpus for every test here."""
    return tmp_path_factory.mktemp("kept")


@pytest.mark.parametrize(
    ("part", "plant", "metric"),
    [
        ("finding", plant_fusion, "ours.ndcg@10"),
        ("answering", plant_threshold, "refusal_recall"),
        ("written by a model", plant_prompt, "stands"),
        ("tenants apart", plant_tenant, "leaks"),
    ],
)
def test_what_breaks_an_answer_fails_the_suite_of_ci(
    tmp_path: Path,
    kept: Path,
    monkeypatch: pytest.MonkeyPatch,
    part: str,
    plant: Callable[[pytest.MonkeyPatch], None],
    metric: str,
):
    plant(monkeypatch)
    command = ["run", "ci", "--only", part, "--home", str(kept), "--out", str(tmp_path), "--json"]
    printed = CliRunner().invoke(app, command)
    assert printed.exit_code == 1, printed.stderr
    gates = json.loads(printed.stdout)["parts"][part]["gates"]
    assert metric in {gate["metric"] for gate in gates if not gate["kept"]}
    assert (tmp_path / "ci.html").exists()
