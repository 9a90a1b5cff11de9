"""Runs become cases and are answered again; what people disliked waits in a list."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.client import Question
from api.client_local import open_local_assistant
from api.events import RunStarted
from api.settings import Settings
from api.terminal import CommandFailed
from evals.__main__ import app
from evals.past import open_past, past_run
from evals.replay import parse_changes
from evals.sets import load_set
from memory.errors import NotFound
from memory.folder import hold_folder
from memory.ingest.pipeline import ingest
from memory.records import LOCAL, Feedback, Scope
from memory.stores import open_stores

LEASE = "The lease of the Harbour Street office ends on 31 May 2031. It was signed by Ann Lee in Bremen."
QUESTION = "When does the lease of the Harbour Street office end?"


async def asked(home: Path) -> str:
    """Ask in a fresh data folder, dislike the answer, and return the run's id."""
    settings = Settings(home=home)
    (home.parent / "lease.md").write_text(LEASE, encoding="utf-8")
    async with open_stores(settings) as stores:
        await ingest(LOCAL, [home.parent / "lease.md"], stores)
    async with open_local_assistant(settings) as assistant:
        events = [event async for event in assistant.ask(Question(QUESTION))]
    run_id = next(event.run_id for event in events if isinstance(event, RunStarted))
    async with open_stores(settings) as stores:
        run = await stores.runs.get(LOCAL, run_id)
        rating = Feedback(run.answer_turn_id, run.thread_id, run_id, "down", "too long", datetime.now(UTC))
        await stores.feedback.put(LOCAL, rating)
    return run_id


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    home = tmp_path_factory.mktemp("past") / "home"
    return home, asyncio.run(asked(home))


@pytest.fixture
def run_id(past: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MULTIDB_HOME", str(past[0]))
    return past[1]


def test_an_unchanged_house_answers_the_same_again(run_id: str):
    printed = CliRunner().invoke(app, ["replay", run_id, "--json"])
    assert printed.exit_code == 0, printed.output
    found = json.loads(printed.stdout)
    assert found["question"] == QUESTION
    assert "31 May 2031" in found["now"]["answer"]
    assert found["same"] is True


def test_a_change_shows_as_what_was_and_what_is(run_id: str):
    printed = CliRunner().invoke(app, ["replay", run_id, "--with", "filter.source=nowhere.md"])
    assert printed.exit_code == 0, printed.output
    assert "- The lease of the Harbour Street office ends on 31 May 2031." in printed.stdout
    assert "abstained: False -> True" in printed.stdout
    assert "- cites" in printed.stdout


def test_a_replay_leaves_no_run_behind(past: tuple[Path, str], run_id: str):
    async def runs() -> int:
        async with open_stores(Settings(home=past[0])) as stores:
            record = await stores.runs.get(LOCAL, run_id)
            return len(await stores.runs.of_thread(LOCAL, record.thread_id))

    assert CliRunner().invoke(app, ["replay", run_id]).exit_code == 0
    assert asyncio.run(runs()) == 1


async def test_a_folder_in_use_is_looked_at_in_a_copy(past: tuple[Path, str]):
    settings = Settings(home=past[0])
    async with hold_folder(past[0], "another", ""), open_past(settings) as house:
        assert (await past_run(house, settings, LOCAL, past[1])).record.message == QUESTION


async def test_a_run_is_another_users_own(past: tuple[Path, str]):
    settings = Settings(home=past[0])
    async with open_past(settings) as house:
        with pytest.raises(NotFound):
            await past_run(house, settings, Scope("local", "somebody"), past[1])


def test_a_disliked_answer_waits_for_review_until_it_is_a_case(run_id: str, tmp_path: Path):
    cases = tmp_path / "cases.jsonl"
    listed = CliRunner().invoke(app, ["review", "--to", str(cases), "--json"])
    assert [(row["run_id"], row["question"], row["comment"]) for row in json.loads(listed.stdout)] == [
        (run_id, QUESTION, "too long")
    ]
    added = CliRunner().invoke(app, ["add", "--run", run_id, "--expect", "31 May 2031", "--to", str(cases)])
    assert added.exit_code == 0, added.output
    assert json.loads(CliRunner().invoke(app, ["review", "--to", str(cases), "--json"]).stdout) == []
    found = load_set(cases)
    assert (found.questions[0].id, found.questions[0].answers) == (run_id, ("31 May 2031",))
    assert any(LEASE in text for _, _, text in found.passages)


def test_a_case_of_the_same_run_is_replaced(run_id: str, tmp_path: Path):
    cases = tmp_path / "cases.jsonl"
    for expected in (["--expect", "soon"], ["--refuse"]):
        assert CliRunner().invoke(app, ["add", "--run", run_id, *expected, "--to", str(cases)]).exit_code == 0
    rows = [json.loads(line) for line in cases.read_text("utf-8").splitlines()]
    assert [(row["answers"], row["answerable"]) for row in rows] == [([], False)]


def test_a_case_needs_to_say_what_is_expected(run_id: str):
    assert CliRunner().invoke(app, ["add", "--run", run_id]).exit_code == 2


@pytest.mark.parametrize("rule", ["effort", "effort=harder", "colour=red"])
def test_a_change_that_is_not_known_is_refused(rule: str):
    with pytest.raises(CommandFailed):
        parse_changes([rule])


def test_changes_are_efforts_filters_and_settings():
    found = parse_changes(["effort=deep", "filter.year>=2020", "model_synthesizer=openai:x"])
    assert (found.effort, dict(found.settings)) == ("deep", {"model_synthesizer": "openai:x"})
    assert list(found.filters) == ["year"]
