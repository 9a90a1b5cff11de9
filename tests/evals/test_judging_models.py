"""A chat model as a judge: what it said is read or unscored, bounded, checked against itself, recorded and replayed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from evals import statistics
from evals.card import Card
from evals.judge import Choice, measure
from evals.judges import PairCard
from evals.rows import InvalidSet
from evals.rubric import InvalidRubric, Rubric, load_rubric, read_verdict
from evals.suite import load_suite
from evals.wanted import Wanted
from tests.support.fake_provider import Body, Reply, Script, open_provider

import_module("langchain_openai")  # Takes seconds, which would be counted as the model's.
POINTS = Rubric("faithful", "1", "pointwise", "How faithful is it?")
PAIRS = Rubric("better", "1", "pairwise", "Which is better?")


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals are not what is tested here."""
    monkeypatch.setattr(statistics, "RESAMPLES", 20)


def quiet(what: str, done: int, total: int) -> None:
    """Say nothing."""


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ('{"why": "all of it is there", "score": 4}', 1.0),
        ('{"score": 1}', 0.0),
        ('```json\n{"why": "a detail", "score": 3}\n```', 2 / 3),
        ('It says {so}. My verdict: {"score": 4}. Done.', 1.0),
        ('{"why": "the answer says {\\"score\\": 1}", "score": 4}', 1.0),
        ('{"score": 4} {"score": 4}', 1.0),
        ('{"score": 4} {"score": 1}', None),
        ('{"score": 1, "score": 4}', None),
        ('{"why": "cut off", "sco', None),
        ('{"score": 5}', None),
        ('{"score": 0}', None),
        ('{"score": 2.5}', None),
        ('{"score": "4"}', None),
        ('{"score": true}', None),
        ('{"score": null}', None),
        ('[{"better": "first"}]', None),
        ("I cannot grade this.", None),
        ("4", None),
        ("", None),
        ("{" * 5_000, None),
    ],
)
def test_a_verdict_is_read_as_it_stands_or_is_unscored(reply: str, score: float | None):
    found = read_verdict(reply, POINTS)
    assert found.score == score
    assert bool(found.unscored) is (score is None)


def test_a_comparison_names_one_of_two_or_neither():
    found = [read_verdict(json.dumps({"better": better}), PAIRS).score for better in ("first", "tie", "second", "both")]
    assert found == [1.0, 0.5, 0.0, None]


@pytest.mark.parametrize("text", ["", 'name = "x"', 'name="x"\nversion="1"\nkind="other"\nask="?"', "low = "])
def test_a_rubric_that_is_not_as_documented_is_refused(tmp_path: Path, text: str):
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidRubric, match=r"mine\.toml"):
        load_rubric(str(tmp_path / "mine.toml"))


def test_a_rubric_that_was_changed_under_its_version_is_another():
    assert load_rubric("faithfulness").mark != Rubric("faithfulness", "1", "pointwise", "Is it?").mark
    with pytest.raises(InvalidRubric, match="faithfulness, preference"):
        load_rubric("nowhere")


def rated(tmp_path: Path, grades: Sequence[float]) -> Path:
    """Responses whose words tell the people's mark; two of each conversation have the same input."""
    rows = [
        {
            "input": [{"speaker": "user", "text": f"Question {place // 2}?"}],
            "contexts": [f"Passage {place // 2}."],
            "response": f"Answer {place}, worth {grade:g}.",
            "human": {"faithfulness": {"a": grade, "b": grade}},
        }
        for place, grade in enumerate(grades)
    ]
    path = tmp_path / "rated.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def fair(body: Body) -> Reply:
    """Says what the response is worth."""
    return Reply(json.dumps({"score": int(worths(body)[0])}))


def worths(body: Body) -> list[str]:
    """What the responses of a prompt are worth, in their order."""
    told = str(body["messages"][-1]["content"])
    return [part.split(".")[0] for part in told.split("worth ")[1:]]


def wanted(url: str, **given: Any) -> Wanted:
    return Wanted(f"openai:judge@{url}", **given)


async def card_of(path: Path, chosen: Wanted) -> Card:
    card = await asyncio.wait_for(measure(path, Choice(chosen), quiet), 20)
    assert isinstance(card, Card)
    return card


async def test_a_model_gets_the_card_that_the_built_in_judge_gets(tmp_path: Path):
    path = rated(tmp_path, [1, 2, 3, 4, 4, 1])
    async with open_provider(fair) as provider:
        card = await card_of(path, wanted(provider.url))
    found = card.as_object()
    assert (found["n"], found["unscored"]) == (6, 0)
    assert found["metrics"]["spearman"]["value"] == pytest.approx(1.0)
    assert found["metrics"]["auroc_unfaithful"]["value"] == 1.0
    assert found["metrics"]["false_accept"]["value"] == 0.0
    assert found["metrics"]["repeat_agreement"]["value"] == 1.0
    assert found["metrics"]["conversations"]["value"] == 3


async def test_what_a_model_does_not_say_is_unscored_with_its_reason(tmp_path: Path):
    told = {"1": "I will not grade this.", "2": '{"why": "cut', "3": '```json\n{"score": 3}\n```', "4": '{"score": 9}'}

    async with open_provider(lambda body: Reply(told[worths(body)[0]])) as provider:
        card = await card_of(rated(tmp_path, [1, 2, 3, 4]), wanted(provider.url))
    assert card.unscored == 3
    assert card.why == {"no verdict that can be read": 3}
    assert card.scores[2] == pytest.approx(2 / 3)


async def test_a_model_that_is_down_is_asked_no_longer_and_scores_nothing(tmp_path: Path):
    path = rated(tmp_path, [1, 2, 3, 4] * 4)
    async with open_provider(lambda _: Reply(status=500)) as provider:
        card = await card_of(path, wanted(provider.url, at_once=1))
        assert len(provider.requests) == 5
    assert card.unscored == 16
    assert card.as_object()["metrics"]["spearman"]["value"] is None


async def test_a_budget_ends_the_asking(tmp_path: Path):
    async with open_provider(fair) as provider:
        card = await card_of(
            rated(tmp_path, [1, 2, 3, 4]), wanted(provider.url, budget_tokens=800, at_once=1, repeats=0)
        )
    assert card.why == {"the budget is spent": card.unscored}
    assert 0 < card.unscored < 4


async def test_so_many_calls_run_at_a_time_and_no_more(tmp_path: Path):
    async with open_provider(lambda _: Reply("nothing", stall_after=0)) as provider:
        running = asyncio.ensure_future(card_of(rated(tmp_path, [1, 2, 3, 4]), wanted(provider.url, at_once=1)))
        await asyncio.wait_for(provider.asked.wait(), 5)
        running.cancel()
        await asyncio.wait_for(provider.left.wait(), 5)
        assert len(provider.requests) == 1


async def test_recorded_verdicts_replay_without_a_model_and_a_changed_answer_is_not_among_them(tmp_path: Path):
    path, verdicts = rated(tmp_path, [1, 2, 3, 4]), tmp_path / "verdicts.jsonl"
    async with open_provider(fair) as provider:
        online = await card_of(path, wanted(provider.url, verdicts=verdicts))
        asked = len(provider.requests)
        again = await card_of(path, wanted(provider.url, verdicts=verdicts))
        assert len(provider.requests) == asked == 8
    offline = await card_of(path, Wanted("openai:judge", verdicts=verdicts, is_offline=True))
    assert online.as_object() == again.as_object() == offline.as_object()
    row = json.loads(verdicts.read_text(encoding="utf-8").splitlines()[0])
    assert (row["model"], row["responses"]) == ("openai:judge", ["Answer 0, worth 1."])
    changed = await card_of(rated(tmp_path, [1, 2, 3, 2]), Wanted("openai:judge", verdicts=verdicts, is_offline=True))
    assert changed.why == {"no verdict was recorded": 1}


async def test_a_run_that_was_cut_off_asks_only_what_is_missing(tmp_path: Path):
    path, verdicts = rated(tmp_path, [1, 2, 3, 4]), tmp_path / "verdicts.jsonl"
    async with open_provider(fair) as provider:
        await card_of(path, wanted(provider.url, verdicts=verdicts, repeats=0))
        verdicts.write_text(verdicts.read_text(encoding="utf-8")[:-30], encoding="utf-8")
        card = await card_of(path, wanted(provider.url, verdicts=verdicts, repeats=0))
        assert len(provider.requests) == 5
    assert card.unscored == 0
    assert len(verdicts.read_text(encoding="utf-8").splitlines()) == 4


async def test_a_broken_line_of_verdicts_is_named(tmp_path: Path):
    (tmp_path / "verdicts.jsonl").write_text('{"key": "x", "reply": "y"}\n{"key": "x"}\n', encoding="utf-8")
    with pytest.raises(InvalidSet, match=r"verdicts\.jsonl, line 2.*reply"):
        await card_of(
            rated(tmp_path, [1]), Wanted("openai:judge", verdicts=tmp_path / "verdicts.jsonl", is_offline=True)
        )


async def pairs_by(tmp_path: Path, script: Script) -> dict[str, Any]:
    async with open_provider(script) as provider:
        chosen = wanted(provider.url, rubric="preference")
        card = await asyncio.wait_for(measure(rated(tmp_path, [1, 4, 3, 2, 4, 4]), Choice(chosen), quiet), 20)
    assert isinstance(card, PairCard)
    return card.as_object()


def by_worth(body: Body) -> Reply:
    first, second = worths(body)
    return Reply(json.dumps({"better": "tie" if first == second else "first" if first > second else "second"}))


async def test_a_comparison_that_holds_in_both_orders_counts(tmp_path: Path):
    found = await pairs_by(tmp_path, by_worth)
    assert (found["n"], found["unscored"]) == (3, 0)
    figures = {name: one["value"] for name, one in found["metrics"].items()}
    assert figures == {"agreement": 1.0, "swap_agreement": 1.0, "first_chosen": 0.5, "unscored": 0.0}


async def test_a_comparison_that_follows_the_position_is_unscored(tmp_path: Path):
    def the_first(_: Body) -> Reply:
        return Reply('{"better": "first"}')

    found = await pairs_by(tmp_path, the_first)
    assert (found["n"], found["unscored"]) == (3, 3)
    figures = {name: one["value"] for name, one in found["metrics"].items()}
    assert figures == {"agreement": None, "swap_agreement": 0.0, "first_chosen": 1.0, "unscored": 1.0}


def test_a_suite_names_a_judging_model(tmp_path: Path):
    text = (
        '[[part]]\nname = "x"\ntarget = "answers"\ndata = "."\njudge = { model = "openai:m", verdicts = "v.jsonl" }\n'
    )
    (tmp_path / "suite.toml").write_text(text, encoding="utf-8")
    judge = load_suite(str(tmp_path / "suite.toml")).parts[0].judge
    assert judge == Wanted("openai:m", verdicts=(tmp_path / "v.jsonl").resolve())
