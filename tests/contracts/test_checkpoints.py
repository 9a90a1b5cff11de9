"""Checkpoints: LangGraph's conformance suite, and what it leaves out."""

from __future__ import annotations

import asyncio
import dataclasses
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph import END, START, StateGraph

from graphs import state
from memory import records
from memory.checkpoints.redis import RedisSaver
from memory.checkpoints.sqlite import open_checkpoints
from memory.checkpoints.types import STATE_TYPES, allowed_types, open_serializer
from memory.errors import StoreUnavailable
from memory.redis import open_redis
from tests.support.kill import acknowledged_before_kill
from tests.support.servers import fresh_redis, rigs
from tests.support.texts import AWKWARD


@asynccontextmanager
async def on_redis(folder: Path) -> AsyncGenerator[RedisSaver]:
    async with fresh_redis() as url, open_redis(url) as server:
        yield RedisSaver(server, ttl_s=3600)


SAVERS = {"sqlite": lambda folder: open_checkpoints(folder / "checkpoints.db"), "redis": on_redis}
MOMENT = datetime(2026, 1, 15, 12, 0, 0, 123456, tzinfo=UTC)
CITATION = records.Citation("p", "d", "v", "a.md", "A", 3, 9, AWKWARD["emoji"], page=2, row=None)
CLAIM = records.Claim("c", "text", (CITATION,), "supported", "aligned")
PASSAGE = records.Passage("p", "d", "v", 0, 0, 4, "text", "table", ("Head", "Sub"), "ctx", 1, 2, "en")
HIT = records.Hit(PASSAGE, "a.md", "A", 0.5, 1, 2, None, 0.25, None, {"price": 1.5, "new": True, "n": 3, "s": "x"})
ANSWER = records.Answer("t", "s", (CLAIM,), (CITATION,), 0.75, False, ("more?",))
TURN = records.Turn(
    "t", "th", "user", AWKWARD["nul"], "complete", MOMENT, "r", None, 2, "s", True, 0.5, (CITATION,), (CLAIM,)
)
WHOLE = state.State(
    question=AWKWARD["right-to-left"],
    history=(TURN, TURN),
    query="q",
    searched=("a", "b"),
    hits=(HIT,),
    entries=(records.AnswerEntry("e", "c", "q", "a", 2, "alice", MOMENT),),
    term_weights={"stem": 1.5},
    round=2,
    draft=(CLAIM,),
    short_answer="s",
    verdict=state.Verdict("research", 0.5, ("missing",), "why"),
    answer=ANSWER,
    used_tokens=7,
    degraded=(state.Degraded("part", "reason"),),
)


@pytest.fixture(params=rigs(SAVERS))
async def saver(request, tmp_path):
    async with SAVERS[request.param](tmp_path) as saver:
        yield saver


@pytest.mark.parametrize("kind", rigs(SAVERS))
async def test_the_saver_conforms(kind, tmp_path):
    folders = (tmp_path / str(number) for number in range(100))

    @checkpointer_test(name=kind)
    async def factory():
        async with SAVERS[kind](next(folders)) as saver:
            yield saver

    report = await validate(factory)
    failures = {name: result.failures for name, result in report.results.items() if result.passed is False}
    assert report.passed_all(), failures


async def test_every_state_comes_back_equal_through_a_graph(saver):
    def fill(state: state.State) -> dict[str, Any]:
        return {field.name: getattr(WHOLE, field.name) for field in dataclasses.fields(WHOLE)}

    builder = StateGraph(state.State)
    builder.add_node("fill", fill)
    builder.add_edge(START, "fill")
    builder.add_edge("fill", END)
    graph = builder.compile(checkpointer=saver)
    config = {"configurable": {"thread_id": AWKWARD["keys"]}}
    await graph.ainvoke({"question": ""}, config, version="v2")
    kept = await graph.aget_state(config)
    assert state.State(**kept.values) == WHOLE


def test_every_type_of_the_state_is_allowed_and_nothing_else():
    own = {
        name
        for name, item in vars(state).items()
        if dataclasses.is_dataclass(item) and item.__module__ == state.__name__
    }
    assert own == set(STATE_TYPES)
    assert {module for module, _ in allowed_types()} == {"memory.records", "graphs.state"}


@dataclasses.dataclass(frozen=True)
class Intruder:
    text: str = "built"


def test_a_type_that_is_not_allowed_is_not_built():
    planted = JsonPlusSerializer().dumps_typed(Intruder())
    assert not isinstance(open_serializer().loads_typed(planted), Intruder)
    assert open_serializer().loads_typed(open_serializer().dumps_typed(WHOLE)) == WHOLE


async def test_the_file_is_synced_at_every_commit(tmp_path):
    async with open_checkpoints(tmp_path / "checkpoints.db") as saver:
        async with saver.conn.execute("PRAGMA synchronous") as cursor:
            assert (await cursor.fetchone())[0] == 2
        async with saver.conn.execute("PRAGMA journal_mode") as cursor:
            assert (await cursor.fetchone())[0] == "wal"


async def test_a_locked_file_is_told_not_shown_as_an_empty_conversation(tmp_path):
    path = tmp_path / "checkpoints.db"
    async with open_checkpoints(path, timeout_s=0.2) as saver:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            async with asyncio.timeout(5):
                with pytest.raises(StoreUnavailable):
                    await put(saver, 1)
        await put(saver, 1)
        await saver.conn.execute("DROP TABLE checkpoints")
        with pytest.raises(StoreUnavailable):
            await saver.aget_tuple({"configurable": {"thread_id": "t", "checkpoint_ns": ""}})


async def test_a_failure_elsewhere_is_not_taken_for_the_savers(tmp_path):
    with pytest.raises(OSError, match="elsewhere"):
        async with open_checkpoints(tmp_path / "checkpoints.db"):
            raise OSError("elsewhere")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreUnavailable):
        async with open_checkpoints(tmp_path / "folder"):
            pass


async def put(saver, number):
    config = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
    checkpoint = {**empty_checkpoint(), "id": f"{number:08}"}
    await saver.aput(config, checkpoint, {"source": "loop", "step": number, "parents": {}}, {})


async def write_checkpoints(folder: Path) -> AsyncGenerator[str]:
    async with open_checkpoints(folder / "checkpoints.db") as saver:
        number = 0
        while True:
            number += 1
            await put(saver, number)
            yield str(number)


async def test_an_acknowledged_checkpoint_survives_kill_9(tmp_path):
    acknowledged = await acknowledged_before_kill(f"{__name__}:write_checkpoints", tmp_path)
    async with open_checkpoints(tmp_path / "checkpoints.db") as saver:
        kept = [int(item.checkpoint["id"]) async for item in saver.alist({"configurable": {"thread_id": "t"}})]
    assert sorted(kept)[: len(acknowledged)] == [int(number) for number in acknowledged]
