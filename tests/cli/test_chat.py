from __future__ import annotations

import asyncio
import os
import signal

import pytest

from api.commands.chat import Conversation
from tests.cli.conftest import Run
from tests.cli.scripted import Scripted, completed, delta, ended, stands, started


def conversation(assistant: Scripted) -> Conversation:
    return Conversation(assistant, "standard", {}, None)


def answered(text: str = "It is red."):
    return [started(), delta("c1", text), stands("c1"), completed(text), ended()]


async def test_a_conversation_goes_on_in_its_session(capsys: pytest.CaptureFixture[str]):
    assistant = Scripted(answered(), answered("It is round."))
    talk = conversation(assistant)
    assert await talk.take("What colour?")
    assert await talk.take("And which form?")
    assert [question.session_id for question in assistant.asked] == [None, "s1"]
    assert capsys.readouterr().out == "It is red.\nIt is round.\n"


async def test_new_begins_another_conversation():
    assistant = Scripted(answered(), answered())
    talk = conversation(assistant)
    await talk.take("What colour?")
    await talk.take("/new")
    await talk.take("What colour?")
    assert [question.session_id for question in assistant.asked] == [None, None]


async def test_sources_shows_the_quotes_without_control_characters(capsys: pytest.CaptureFixture[str]):
    talk = conversation(Scripted(answered()))
    await talk.take("What colour?")
    capsys.readouterr()
    await talk.take("/sources")
    out = capsys.readouterr().out
    assert "[1] Manual  a.pdf, page 3" in out
    assert "red knob" in out
    assert "\x1b" not in out


async def test_a_failure_does_not_end_the_conversation(capsys: pytest.CaptureFixture[str]):
    talk = conversation(Scripted([started()], answered()))
    assert await talk.take("What colour?")
    assert await talk.take("What colour?")
    assert "It is red." in capsys.readouterr().out


@pytest.mark.parametrize(("line", "goes_on"), [("/quit", False), ("/exit", False), ("/help", True), ("", True)])
async def test_commands(line: str, goes_on: bool):
    assert await conversation(Scripted()).take(line) is goes_on


async def test_ctrl_c_stops_the_answer_and_not_the_program(capsys: pytest.CaptureFixture[str]):
    assistant = Scripted([started(), delta("c1", "It"), None], answered())
    talk = conversation(assistant)
    answering = asyncio.create_task(talk.take("What colour?"))
    await asyncio.wait_for(assistant.waiting.wait(), 5)
    os.kill(os.getpid(), signal.SIGINT)
    assert await asyncio.wait_for(answering, 5)
    assert assistant.cancelled.is_set()
    assert await talk.take("What colour?")
    assert "It is red." in capsys.readouterr().out


def test_chat_reads_lines_from_a_pipe(filled: Run, monkeypatch: pytest.MonkeyPatch):
    lines = iter(["Who is the harbour master?", "/sources", "/quit"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(lines))
    done = filled("chat", "--effort", "quick")
    assert done.code == 0
    assert "Ilse Okafor" in done.out
    assert "port/harbour.md" in done.out


def test_chat_ends_with_its_input(filled: Run, monkeypatch: pytest.MonkeyPatch):
    def nothing_more(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", nothing_more)
    assert filled("chat").code == 0
