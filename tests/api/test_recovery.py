"""A process dies at each point of a run; the next one, on the same data, completes it exactly once.

The death here is an exception that nothing catches, followed by a server that stops without grace; real SIGKILLs are
in tests/chaos.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.wiring import Faults
from tests.api.rigging import PATIENCE_S, Script, Scripted, Served, open_server, says

POINTS = (
    "admit.record",
    "admit.reserve",
    "admit.turn",
    "admit.started",
    "admit.accepted",
    "run.said",
    "close.settle",
    "close.turn",
    "close.finish",
    "close.finished",
)


class Killed(BaseException):
    """Stands for SIGKILL: no handler of the product may catch it."""


class Crash:
    def __init__(self, point: str, hit: int = 1) -> None:
        self.point = point
        self.left = hit
        self.dead = asyncio.Event()

    def __call__(self, point: str) -> None:
        if self.dead.is_set():
            raise Killed
        if point == self.point:
            self.left -= 1
            if self.left == 0:
                self.dead.set()
                raise Killed


async def killed_at(home: Path, point: str, hit: int = 1, session: str = "s", **settings: Any) -> None:
    """Ask, and die at a point."""
    crash = Crash(point, hit)
    async with open_server(home, Faults(crash=crash), shutdown_grace_s=0.0, **settings) as server:
        asking = asyncio.create_task(
            server.client.post(
                "/api/v1/chat/message",
                json={"message": "How tall is it?", "session_id": session},
                headers={"Idempotency-Key": "k"},
            )
        )
        await asyncio.wait_for(crash.dead.wait(), PATIENCE_S)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)


async def settled(server: Served) -> None:
    """Wait until no run is under way."""
    await asyncio.wait_for(server.parts.runs.idle(), PATIENCE_S)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("point", POINTS)
async def test_message_killed_at_a_point_ends_with_one_turn_pair_and_one_charge(
    home: Path, script: Callable[[Script], Scripted], point: str
) -> None:
    script(says("It is 41 metres tall.", "It stands on a cliff."))
    await killed_at(home, point)

    async with open_server(home) as server:
        await settled(server)
        repeated = await server.ask(session_id="s", headers={"Idempotency-Key": "k"})
        turns = (await server.client.get("/api/v1/chat/history/s")).json()["turns"]
        me = (await server.client.get("/api/v1/me")).json()
        events = await server.events(run=repeated["run_id"])

    assert repeated["answer"] == "It is 41 metres tall. It stands on a cliff."
    assert [(turn["role"], turn["status"]) for turn in turns] == [("user", "complete"), ("assistant", "complete")]
    assert (me["used_tokens"], me["reserved_tokens"]) == (42, 0)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["type"] for event in events].count("run.started") == 1
    assert "answer.restarted" not in {event["type"] for event in events}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("hit", [2, 3, 4])
async def test_stream_cut_by_a_crash_goes_on_without_gap_or_repeat(
    home: Path, script: Callable[[Script], Scripted], hit: int
) -> None:
    script(says("One.", "Two.", "Three."))
    seen: list[dict[str, Any]] = []
    crash = Crash("run.said", hit)
    async with (
        open_server(home, Faults(crash=crash), shutdown_grace_s=0.0) as server,
        server.stream({"message": "Count!", "session_id": "s"}) as events,
    ):
        seen.append(await anext(events))
        await asyncio.wait_for(crash.dead.wait(), PATIENCE_S)
    async with open_server(home) as server:
        run = seen[0]["run_id"]
        seen += await server.events(run=run, headers={"Last-Event-ID": str(seen[-1]["seq"])})

    assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))
    assert [event["text"] for event in seen if event["type"] == "answer.delta"] == ["One.", "Two.", "Three."]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_answer_that_changes_after_a_crash_is_restarted(home: Path, script: Callable[[Script], Scripted]) -> None:
    graph = script(says("One.", "Two.", "Three."))
    await killed_at(home, "close.settle")
    graph.script = says("One.", "Four.")

    async with open_server(home) as server:
        await settled(server)
        reply = await server.ask(session_id="s", headers={"Idempotency-Key": "k"})
        events = await server.events(run=reply["run_id"])

    held: list[str] = []
    for event in events:
        if event["type"] == "answer.restarted":
            held.clear()
        elif event["type"] == "answer.delta":
            held.append(event["text"])
    assert held == ["One.", "Four."]
    assert [event["type"] for event in events].count("answer.restarted") == 1
    assert reply["answer"] == "One. Four."


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_run_that_kills_every_process_is_given_up(home: Path, script: Callable[[Script], Scripted]) -> None:
    script(says("One."))
    await killed_at(home, "run.said")
    for _ in range(2):
        crash = Crash("run.said")
        async with open_server(home, Faults(crash=crash), shutdown_grace_s=0.0, recovery_attempts=2):
            await asyncio.wait_for(crash.dead.wait(), PATIENCE_S)

    async with open_server(home, recovery_attempts=2) as server:
        await settled(server)
        reply = await server.ask(session_id="s", headers={"Idempotency-Key": "k"})
        me = (await server.client.get("/api/v1/me")).json()

    assert (reply["status"], reply["code"]) == ("failed", "recovery_exhausted")
    assert (me["used_tokens"], me["reserved_tokens"]) == (0, 0)


async def test_stop_lets_runs_end_and_tells_streams(home: Path, script: Callable[[Script], Scripted]) -> None:
    graph = script(says("One.", "Two.", hold_after=1))
    async with open_server(home, shutdown_grace_s=0.2) as server:
        stream = server.client.stream(
            "POST",
            "/api/v1/chat/message",
            json={"message": "Count!", "session_id": "s"},
            headers={"Accept": "text/event-stream"},
        )
        async with stream as reply:
            await asyncio.wait_for(graph.reached.wait(), PATIENCE_S)
            server.api.state.streams.stopping.set()
            text = (await reply.aread()).decode()
    graph.go.set()
    async with open_server(home) as server:
        await settled(server)
        turns = (await server.client.get("/api/v1/chat/history/s")).json()["turns"]

    assert "event: shutdown" in text
    assert turns[1]["text"] == "One. Two."


async def test_failing_store_is_tried_again_within_the_run(home: Path, script: Callable[[Script], Scripted]) -> None:
    from dataclasses import replace

    from memory.errors import StoreUnavailable

    script(says("One."))
    failures = iter([True, False, True])

    class Flaky:
        def __init__(self, sound: Any) -> None:
            self.sound = sound

        def __getattr__(self, name: str) -> Any:
            return getattr(self.sound, name)

        async def append(self, *given: Any) -> None:
            if next(failures, False):
                raise StoreUnavailable("the disk of this test is away")
            await self.sound.append(*given)

    async with open_server(home, Faults(wrap=lambda stores: replace(stores, turns=Flaky(stores.turns)))) as server:
        refused = await server.client.post(
            "/api/v1/chat/message", json={"message": "Hello?", "session_id": "s"}, headers={"Idempotency-Key": "k"}
        )
        reply = await server.ask("Hello?", session_id="s", headers={"Idempotency-Key": "k"})
        turns = (await server.client.get("/api/v1/chat/history/s")).json()["turns"]

    assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
    assert reply["answer"] == "One."
    assert [turn["role"] for turn in turns] == ["user", "assistant"]
