"""Figures of answers, and the command end to end on a file that brings its passages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evals.__main__ import app
from evals.answers import metrics_of, refusal_metrics, score
from evals.asking import Given
from evals.scoring import exact_match, f1
from evals.sets import Question
from memory.records import Answer, Citation
from tests.evals.test_sets import write


@pytest.mark.parametrize(
    ("answer", "gold", "em", "overlap"),
    [
        ("an apple", ["The Apple"], 1.0, 1.0),  # articles go
        ("U.S.", ["US"], 1.0, 1.0),  # marks go without leaving a gap
        ("twenty-one", ["twenty one"], 0.0, 0.0),  # so words that a hyphen joins become one
        ("a  b\tc", ["b c"], 1.0, 1.0),  # white space is one space
        ("theatre", ["atre"], 0.0, 0.0),  # an article inside a word stays
        ("the the cat", ["cat cat"], 0.0, 2 / 3),  # words count as often as they stand
        ("in May 1998", ["May 1998", "1998"], 0.0, 0.8),  # the best of several gold answers
        ("−89.2 °C", ["-89.2 °C"], 0.0, 0.5),  # only ASCII marks go
        ("the", ["a"], 1.0, 0.0),  # nothing is left on either side: equal, and no word in common
    ],
)
def test_short_answers_score_as_the_official_script_of_squad_scores_them(answer, gold, em, overlap):
    assert exact_match(answer, gold) == em
    assert f1(answer, gold) == pytest.approx(overlap)


def given(*, short: str = "May", cited: tuple[str, ...] = ("a",), abstained: bool = False, **fields: object) -> Given:
    question = Question("q", "When?", **{"gains": {"a": 1.0, "b": 1.0}, "answers": ("May",), **fields})  # type: ignore[arg-type]
    text = "The lease ends in May."
    citations = tuple(Citation("p", "d", "v", name, "", 0, len(text), text) for name in cited)
    answer = Answer(text, short, (), citations, 0.7, abstained)
    return Given(question, answer, 12.0, 100, (text,), {"d": text})


def plain(source: str) -> str:
    return source


def test_an_answer_is_scored_on_words_quotes_and_citations():
    row = score(given(cited=("a", "x")), plain)
    assert (row["em"], row["f1"], row["gold_in_quote"], row["offsets_exact"]) == (1.0, 1.0, 1.0, 1.0)
    assert (row["citation_precision"], row["citation_recall"], row["answerable"]) == (0.5, 0.5, 1.0)


def test_a_refusal_cites_nothing_and_is_not_asked_for_precision():
    row = score(given(short="", cited=(), abstained=True), plain)
    assert (row["em"], row["answer_f1"], row["citation_recall"]) == (0.0, 0.0, 0.0)
    assert "citation_precision" not in row


def test_a_question_without_an_answer_is_scored_on_refusing_only():
    row = score(given(answerable=False), plain)
    assert not {"em", "f1", "gold_in_quote", "citation_recall"} & set(row)


def test_a_quote_that_is_not_in_its_document_is_found_out():
    moved = given()
    assert score(Given(moved.question, moved.answer, 1.0, 1, (), {"d": "x" + moved.stored["d"]}), plain)[
        "offsets_exact"
    ] == pytest.approx(0.0)


def refusal(answerable: int, confidence: float, abstained: int) -> dict[str, float]:
    return {"answerable": float(answerable), "confidence": confidence, "abstained": float(abstained)}


def test_refusals_are_counted_by_kind():
    rows = [refusal(1, 0.9, 0), refusal(1, 0.2, 1), refusal(0, 0.1, 1), refusal(0, 0.3, 0)]
    found = refusal_metrics(rows, seed=0)
    assert [found[name].value for name in ("refusal_recall", "wrong_refusals", "refusal_precision")] == [0.5] * 3
    assert found["refusal_auroc"].value == 0.75


def test_the_held_out_threshold_is_not_measured_where_it_was_chosen():
    rows = [refusal(1, 0.5 + place / 100, 0) for place in range(40)]
    rows += [refusal(0, place / 100, 0) for place in range(40)]
    found = refusal_metrics(rows, seed=0)
    assert found["held_out_refusal_recall"].value == 1.0
    assert found["held_out_wrong_refusals"].value <= 0.2


@pytest.mark.parametrize("seed", range(6))
def test_both_halves_are_measured_whichever_way_they_are_drawn(seed: int):
    rows = [refusal(1, 0.5 + place / 100, 0) for place in range(39)] + [refusal(1, 0.0, 1)]
    rows += [refusal(0, place / 100, 0) for place in range(40)]
    assert refusal_metrics(rows, seed)["held_out_wrong_refusals"].value >= 1 / 40


def test_a_set_without_unanswerable_questions_has_no_refusal_figures():
    found = metrics_of([given()], [score(given(), plain)])
    assert found["refusal_auroc"].as_object()["value"] is None
    assert found["refusal_recall"].as_object()["value"] is None
    assert found["em"].value == 1.0


def test_the_command_answers_a_file_of_conversations_and_questions(tmp_path: Path):
    contexts = ["The lease of the Harbour Street office ends on 31 May 2031. It was signed by Ann Lee."]
    turns = ["Where is the office?", "On Harbour Street.", "When does the lease of the Harbour Street office end?"]
    data = write(
        tmp_path / "rows.jsonl",
        {"id": "1", "turns": turns, "answers": ["31 May 2031"], "answerable": True, "contexts": contexts},
        {"id": "2", "text": "Who painted the ceiling of the chapel?", "answerable": False, "contexts": contexts},
    )
    kept = tmp_path / "answers.jsonl"
    printed = CliRunner().invoke(app, ["answers", "--data", str(data), "--rows", str(kept), "--json"])
    assert printed.exit_code == 0, printed.stderr
    found = json.loads(printed.stdout)
    assert found["n"] == 2
    wanted = {"em", "f1", "gold_in_quote", "citation_precision", "supported", "refusal_recall", "wrong_refusals"}
    assert {*wanted, "refusal_auroc", "citation_recall", "latency_p50_ms", "tokens"} <= set(found["metrics"])
    assert found["metrics"]["gold_in_quote"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert found["metrics"]["offsets_exact"]["value"] == 1.0
    assert [json.loads(line)["id"] for line in kept.read_text("utf-8").splitlines()] == ["1", "2"]
