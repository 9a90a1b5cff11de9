"""Runs with a chat model are resumed from their checkpoints: what was paid for is not paid for again."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

import api.agent
from api.runs.reconcile import reconcile
from api.runs.replay import Replay, Said
from api.runs.writer import body_of, numbered
from api.settings import Settings
from api.wiring import Faults
from graphs.context import Context
from graphs.emit import answer_completed, answer_delta, stage_changed
from graphs.state import State
from memory.records import LOCAL, Answer, Claim
from tests.api.rigging import PATIENCE_S, open_server
from tests.api.test_recovery import Crash, settled

RAN: Counter[str] = Counter()


async def draft(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    RAN["draft"] += 1
    stage_changed(runtime.stream_writer, "writing", 1)
    answer_delta(runtime.stream_writer, "c1", "One.")
    return {"draft": (Claim("c1", "One."),), "used_tokens": 30}


async def finish(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    RAN["finish"] += 1
    stage_changed(runtime.stream_writer, "judging", 1)
    answer_delta(runtime.stream_writer, "c2", "Two.")
    claims = (*state.draft, Claim("c2", "Two."))
    answer = Answer("One. Two.", "", claims, (), 0.5, abstained=False)
    answer_completed(runtime.stream_writer, answer)
    return {"answer": answer, "used_tokens": state.used_tokens + 12}


def two_steps(_: Any, checkpointer: Any) -> Any:
    graph = StateGraph(State, context_schema=Context)
    graph.add_node("draft", draft)
    graph.add_node("finish", finish)
    graph.add_edge(START, "draft")
    graph.add_edge("draft", "finish")
    graph.add_edge("finish", END)
    return graph.compile(checkpointer=checkpointer)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("point", "hit"), [("run.said", 3), ("run.said", 4), ("run.said", 5), ("close.settle", 1)])
async def test_run_resumes_at_its_interrupted_step(
    home: Path, monkeypatch: pytest.MonkeyPatch, point: str, hit: int
) -> None:
    monkeypatch.setattr(api.agent, "build_graph", two_steps)
    monkeypatch.setattr(Settings, "resumes", True)
    RAN.clear()
    crash = Crash(point, hit)
    seen: list[dict[str, Any]] = []
    async with (
        open_server(home, Faults(crash=crash), shutdown_grace_s=0.0) as server,
        server.stream({"message": "Count!", "session_id": "s"}) as events,
    ):
        seen.append(await anext(events))
        await asyncio.wait_for(crash.dead.wait(), PATIENCE_S)
    async with open_server(home) as server:
        await settled(server)
        seen += await server.events(run=seen[0]["run_id"], headers={"Last-Event-ID": "1"})
        turns = (await server.client.get("/api/v1/chat/history/s")).json()["turns"]
        me = (await server.client.get("/api/v1/me")).json()

    assert RAN["draft"] == 1
    assert [event["text"] for event in seen if event["type"] == "answer.delta"] == ["One.", "Two."]
    assert "answer.restarted" not in {event["type"] for event in seen}
    assert turns[1]["text"] == "One. Two."
    assert me["used_tokens"] == 42


def said(kind: str, text: str = "") -> Said:
    return Said(kind, body_of({"type": kind, "text": text}))


def replayed(stored: list[Said], repeat: list[Said], *, from_start: bool = True) -> list[Said]:
    """What is in the log in the end."""
    events = [numbered(place, one.kind, one.body) for place, one in enumerate(stored, 2)]
    replay = Replay(events, from_start=from_start)
    log = list(stored)
    for one in repeat:
        log += replay.accept(one)
    return [*log, *replay.end()]


def held(log: list[Said]) -> list[str]:
    """What a client that read the log shows."""
    shown: list[str] = []
    for one in log:
        if one.kind == "answer.restarted":
            shown.clear()
        elif one.kind == "answer.delta":
            shown.append(one.body.decode())
    return shown


A, B, C, D = (said("answer.delta", text) for text in "ABCD")
STAGE, OTHER = said("stage.changed", "x"), said("stage.changed", "y")
SAME = ([], [STAGE], [STAGE, A], [STAGE, A, B])


@pytest.mark.parametrize("stored", SAME)
def test_repeat_that_says_the_same_writes_only_what_was_missing(stored: list[Said]) -> None:
    assert replayed(stored, [STAGE, A, B]) == [STAGE, A, B]


@pytest.mark.parametrize(
    ("stored", "repeat"),
    [
        ([STAGE, A, B], [STAGE, A, C]),
        ([STAGE, A, B], [STAGE, C]),
        ([STAGE, A, B], [OTHER, A, B]),
        ([STAGE, A, B], [STAGE, A]),
        ([STAGE, A, B], []),
        ([STAGE, A], [STAGE, A, D]),
        ([STAGE, A, OTHER], [STAGE, A, D]),
        ([A, B, said("answer.restarted"), A, C], [A, C, D]),
        ([A, B, said("answer.restarted"), A, C], [A, B]),
    ],
)
def test_client_holds_exactly_what_the_repeat_says(stored: list[Said], repeat: list[Said]) -> None:
    expected = [one.body.decode() for one in repeat if one.kind == "answer.delta"]

    assert held(replayed(stored, repeat)) == expected


def test_difference_before_any_text_restarts_nothing() -> None:
    log = replayed([STAGE], [OTHER, A])

    assert "answer.restarted" not in {one.kind for one in log}


def test_resume_in_the_middle_starts_where_its_step_began() -> None:
    assert replayed([STAGE, A, OTHER, B], [OTHER, B, C], from_start=False) == [STAGE, A, OTHER, B, C]


def test_resume_of_a_finished_graph_changes_nothing() -> None:
    assert replayed([STAGE, A], [], from_start=False) == [STAGE, A]


async def test_records_keep_no_token(home: Path) -> None:
    async with open_server(home) as server:
        record = await server.parts.stores.runs.get(LOCAL, (await server.ask())["run_id"])

    assert "eyJ" not in repr(record)


def delta(claim: str, text: str) -> Said:
    return Said("answer.delta", body_of({"type": "answer.delta", "claim_id": claim, "text": text}))


@pytest.mark.parametrize(
    "known",
    [
        [],
        [delta("c1", "One.")],
        [delta("c1", "On")],
        [delta("c1", "One."), delta("c2", "Tw")],
        [delta("c1", "One."), delta("c2", "Other.")],
        [delta("c9", "Nine.")],
        [delta("c1", "One."), delta("c2", "Two.")],
    ],
)
def test_reconciled_stream_shows_the_answers_claims(known: list[Said]) -> None:
    answer = Answer("", "", (Claim("c1", "One.", verdict="supported"), Claim("c2", "Two.")), (), 0.5, abstained=False)

    log = [*known, *reconcile(known, answer)]

    shown: dict[str, str] = {}
    for one in log:
        part = orjson.loads(one.body)
        if one.kind == "answer.restarted":
            shown.clear()
        elif one.kind == "answer.delta":
            shown[part["claim_id"]] = shown.get(part["claim_id"], "") + part["text"]
    assert shown == {"c1": "One.", "c2": "Two."}
    assert [one.kind for one in log].count("claim.supported") == 1
    assert reconcile(log, answer) == []
