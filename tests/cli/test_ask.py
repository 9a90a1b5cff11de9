from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from api import events
from api.client import Question
from api.commands.answers import Transcript, follow
from api.commands.ask import answer
from api.terminal import CommandFailed
from tests.cli.conftest import Run
from tests.cli.scripted import Scripted, completed, delta, ended, stands, started, struck

FIELDS = ["run_id", "answer", "short_answer", "abstained", "confidence", "citations", "claims"]
CITATION_FIELDS = {
    "passage_id",
    "document_id",
    "version_id",
    "source",
    "title",
    "page",
    "row",
    "start",
    "end",
    "quote",
    "is_ocr",
}


def test_ask_prints_the_answer_and_its_sources(filled: Run):
    done = filled("ask", "Who is the harbour master?")
    assert done.code == 0
    assert "Ilse Okafor" in done.out
    assert "[1]" in done.out
    assert "port/harbour.md" in done.out
    assert "\x1b" not in done.out + done.err


def test_ask_json_has_the_documented_fields_only(filled: Run):
    told = filled("ask", "What does a night at the north pier cost?", "--json").json
    assert list(told) == FIELDS
    assert "28 euros" in told["answer"]
    assert told["abstained"] is False
    assert all(set(citation) == CITATION_FIELDS for citation in told["citations"])
    assert all(set(claim) == {"id", "text", "verdict", "citations"} for claim in told["claims"])


def test_a_citations_offsets_reproduce_its_quote(filled: Run):
    citation = filled("ask", "How many minutes does the bread bake?", "--json").json["citations"][0]
    text = filled("documents", "show", citation["document_id"], "--json").json["text"]
    assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_that_the_sources_do_not_say_is_an_answer(filled: Run):
    done = filled("ask", "Who won the chess championship of Iceland in 1931?", "--json")
    assert done.code == 0
    assert done.json["abstained"] is True
    assert done.json["citations"] == []


def test_a_filter_narrows_what_an_answer_may_use(filled: Run):
    told = filled("ask", "Who is the harbour master?", "--filter", "source=port/kitchen.md", "--json").json
    assert {citation["source"] for citation in told["citations"]} <= {"port/kitchen.md"}
    assert "Ilse" not in told["answer"]


def test_input_answers_a_question_a_line_in_order(filled: Run, tmp_path: Path):
    questions = ["Who is the harbour master?", "How hot does the oven get?", "Who is the harbour master?"]
    (tmp_path / "questions").write_text("\n".join(questions) + "\n")
    lines = filled("ask", "--input", "questions", "--effort", "quick").lines
    assert ["Ilse Okafor" in line["answer"] for line in lines] == [True, False, True]
    assert "300 degrees" in lines[1]["answer"]
    assert len({line["run_id"] for line in lines}) == 3


def test_a_session_is_continued(filled: Run):
    first = filled("ask", "Who is the harbour master?", "--session", "talk")
    assert "--session talk" in first.err
    assert filled("ask", "What does a night at the north pier cost?", "--session", "talk").code == 0


@pytest.mark.parametrize("arguments", [[], [""], ["q", "--input", "x"], ["q", "--effort", "huge"], ["q", "--nope"]])
def test_ask_refuses_arguments_that_make_no_sense(run: Run, home: Path, arguments: list[str]):
    done = run("ask", *arguments)
    assert (done.code, done.out) == (2, "")
    assert not home.exists()


def test_a_setting_without_a_usable_value_is_named(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MULTIDB_PORT", "many")
    done = run("ask", "anything")
    assert done.code == 1
    assert "MULTIDB_PORT" in done.err


async def shown(capsys: pytest.CaptureFixture[str], *script: events.Event) -> tuple[str, str]:
    await follow(Scripted(script).ask(Question("q")), Transcript())
    printed = capsys.readouterr()
    return printed.out, printed.err


async def test_a_pipe_gets_only_claims_that_stand(capsys: pytest.CaptureFixture[str]):
    script = (delta("c1", "It is "), delta("c1", "red."), delta("c2", "It is blue."), stands("c1"), struck("c2"))
    out, _ = await shown(capsys, started(), *script, completed("It is red."), ended())
    assert out == "It is red.\n"


async def test_an_answer_that_was_made_before_says_when(capsys: pytest.CaptureFixture[str]):
    before = events.AnswerCached(seq=2, answered_at=datetime(2026, 1, 15, 12, 30, tzinfo=UTC))
    out, aside = await shown(
        capsys, started(), before, delta("c1", "It is red."), stands("c1"), completed("It is red."), ended()
    )
    assert out == "It is red.\n"
    assert "Given before, 2026-01-15 12:30 UTC" in aside


async def test_claims_are_set_apart_by_a_space(capsys: pytest.CaptureFixture[str]):
    script = (delta("c1", "It is red."), delta("c2", "It is round."), stands("c1"), stands("c2"))
    out, _ = await shown(capsys, started(), *script, completed("It is red. It is round."), ended())
    assert out == "It is red. It is round.\n"


async def test_a_terminal_sees_words_at_once_and_what_was_struck(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    script = (delta("c1", "It is red."), delta("c2", "It is blue."), stands("c1"), struck("c2"))
    out, err = await shown(capsys, started(), *script, completed("It is red."), ended())
    assert "It is red. It is blue." in out
    assert "Struck (unsupported): It is blue." in err


async def test_a_terminal_is_spared_what_the_reader_drafts_and_the_judge_strikes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    stages = [events.StageChanged(seq=2, stage=stage, round=1) for stage in ("reading", "judging")]
    script = (stages[0], delta("c1", "It is blue."), delta("c2", "It is red."), stages[1], struck("c1"), stands("c2"))
    out, err = await shown(capsys, started(), *script, completed("It is red."), ended())
    assert out == "It is red.\n"
    assert "blue" not in err


async def test_a_models_claims_are_not_said_again_when_the_reader_goes_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    stages = [events.StageChanged(seq=2, stage=stage, round=1) for stage in ("writing", "reading", "judging")]
    script = (stages[0], delta("c1", "It is red."), stages[1], delta("c2", "It is round."), stages[2])
    last = (stands("c1"), stands("c2"), completed("It is red. It is round."), ended())
    out, _ = await shown(capsys, started(), *script, *last)
    assert out == "It is red. It is round.\n"


async def test_a_record_has_a_line_of_its_own(capsys: pytest.CaptureFixture[str]):
    record = "Plan: Pro; Price: 29 USD"
    script = (delta("c1", record), delta("c2", "It is red."), stands("c1"), stands("c2"))
    out, _ = await shown(capsys, started(), *script, completed(f"{record}\nIt is red."), ended())
    assert out == f"{record}\nIt is red.\n"


def test_an_empty_folder_is_told_apart_from_sources_that_do_not_say(run: Run, home: Path):
    done = run("ask", "Who is the harbour master?")
    assert done.code == 0
    assert "No documents are kept here yet." in done.out
    assert str(home) in done.err
    assert "MULTIDB_HOME" in done.err


def test_a_filter_that_nothing_meets_is_named(filled: Run):
    assert "meets the filters" in filled("ask", "Who is the harbour master?", "--filter", "collection=none").out


async def test_a_restarted_answer_is_told_anew(capsys: pytest.CaptureFixture[str]):
    restarted = events.AnswerRestarted(seq=3, reason="the server came back")
    script = (delta("c1", "It is blue."), stands("c1"), restarted, delta("c1", "It is red."), stands("c1"))
    out, err = await shown(capsys, started(), *script, completed("It is red."), ended())
    assert out.endswith("It is red.\n")
    assert "the server came back" in err


async def test_an_abstention_is_told(capsys: pytest.CaptureFixture[str]):
    out, _ = await shown(capsys, started(), completed("The sources do not say.", abstained=True), ended())
    assert out == "The sources do not say.\n"


@pytest.mark.parametrize(
    ("last", "code"),
    [(events.RunFailed(seq=5, code="timeout", message="too long"), 1), (events.RunCancelled(seq=5), 130)],
)
async def test_a_run_that_ends_badly_ends_the_command(last: events.Event, code: int):
    with pytest.raises(CommandFailed) as failed:
        await answer(Scripted([started(), last]), Question("q"))
    assert failed.value.code == code


async def test_the_object_of_an_answer_has_no_undocumented_field():
    told: dict[str, Any] = await answer(Scripted([started(), completed("It is red."), ended()]), Question("q"))
    assert list(told) == FIELDS
    assert told["run_id"] == "r1"
    assert set(told["claims"][0]) == {"id", "text", "verdict", "citations"}
    assert orjson.dumps(told)
