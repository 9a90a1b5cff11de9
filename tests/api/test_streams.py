"""Readers that are slow, silent, late or too many."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.types import Message

from api.encoders import sse
from api.metrics import Metrics
from api.settings import Settings
from api.streaming import EventStream, Streams
from memory.records import SYSTEM, RunEvent
from tests.api.rigging import PATIENCE_S, Script, Scripted, Served, Write, open_server, says

BIG = "x" * 2_000


async def floods(graph: Scripted, question: str, write: Write) -> None:
    """Say far more than the socket's buffers hold."""
    for number in range(2_000):
        await write({"type": "answer.delta", "claim_id": f"c{number}", "text": BIG})
    await says("Done.")(graph, question, write)


async def test_reader_that_never_reads_is_cut_and_the_run_ends_all_the_same(
    home: Path, script: Callable[[Script], Scripted]
) -> None:
    script(floods)
    async with open_server(home, stall_s=0.5) as server:
        streams = server.api.state.streams
        with socket.socket() as silent:
            silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            silent.setblocking(False)
            port = int(server.url.rsplit(":", 1)[1])
            loop = asyncio.get_running_loop()
            await loop.sock_connect(silent, ("127.0.0.1", port))
            body = json.dumps({"message": "Flood me", "session_id": "s"}).encode()
            head = (
                f"POST /api/v1/chat/message HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            await loop.sock_sendall(silent, head.encode() + body)
            async with asyncio.timeout(PATIENCE_S):
                while not streams.cut:
                    await asyncio.wait_for(streams.changed.wait(), PATIENCE_S)
                    streams.changed.clear()
            await asyncio.wait_for(server.parts.runs.idle(), 20)
        turns = (await server.client.get("/api/v1/chat/history/s")).json()["turns"]

    assert streams.open == 0
    assert turns[1]["status"] == "complete"


async def test_silence_is_filled_with_heartbeats_and_proxies_are_told_not_to_buffer(
    home: Path, script: Callable[[Script], Scripted]
) -> None:
    graph = script(says("One.", "Two.", hold_after=1))
    async with open_server(home, heartbeat_s=0.05) as server:
        headers = {"Accept": "text/event-stream"}
        stream = server.client.stream("POST", "/api/v1/chat/message", json={"message": "Hm?"}, headers=headers)
        async with stream as reply:
            seen = b""
            async for chunk in reply.aiter_bytes():
                seen += chunk
                if seen.count(sse.HEARTBEAT) >= 2:
                    graph.go.set()

    assert reply.headers["x-accel-buffering"] == "no"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert seen.count(sse.HEARTBEAT) >= 2
    assert b"run.completed" in seen


async def test_streams_beyond_the_slots_are_refused_and_slots_come_back(
    home: Path, script: Callable[[Script], Scripted]
) -> None:
    graph = script(says("One.", "Two.", hold_after=1))
    async with open_server(home, max_streams=1) as server:
        async with server.stream({"message": "Hello?"}) as events:
            run = (await anext(events))["run_id"]
            refused = await server.client.get(f"/api/v1/runs/{run}/events")
            graph.go.set()
            assert [event async for event in events][-1]["type"] == "run.completed"
        again = await server.events(run=run)

    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    assert again[-1]["type"] == "run.completed"


async def test_runs_beyond_the_limit_are_refused(home: Path, script: Callable[[Script], Scripted]) -> None:
    graph = script(says("One.", "Two.", hold_after=1))
    async with open_server(home, max_runs=1) as server:
        first = asyncio.create_task(server.ask("One?"))
        await asyncio.wait_for(graph.reached.wait(), PATIENCE_S)
        refused = await server.client.post("/api/v1/chat/message", json={"message": "Two?"})
        graph.go.set()
        await first

    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")


async def test_expired_events_are_410_with_a_pointer_to_the_answer(served: Served) -> None:
    run = (await served.ask())["run_id"]
    await served.parts.stores.runs.expire(SYSTEM, datetime.now(UTC) + timedelta(hours=1))

    gone = await served.client.get(f"/api/v1/runs/{run}/events")
    result = await served.client.get(gone.json()["result"])

    assert (gone.status_code, gone.json()["code"]) == (410, "events_expired")
    assert result.json()["result"]["answer"] == "It is 41 metres tall. It stands on a cliff."


async def test_many_readers_of_one_run_all_get_everything(served: Served) -> None:
    run = (await served.ask())["run_id"]

    streams = await asyncio.gather(*(served.events(run=run) for _ in range(20)))

    assert all(stream == streams[0] for stream in streams)


def test_frame_is_one_id_one_event_and_one_line_of_data() -> None:
    event = RunEvent(7, "answer.delta", b'{"seq":7,"type":"answer.delta","text":"a\\nb"}')

    assert sse.frame(event) == b'id: 7\nevent: answer.delta\ndata: {"seq":7,"type":"answer.delta","text":"a\\nb"}\n\n'


async def test_body_that_does_not_arrive_is_given_up(home: Path) -> None:
    async with open_server(home, stall_s=0.3) as server:
        port = int(server.url.rsplit(":", 1)[1])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST /api/v1/search HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 50\r\n"
        writer.write(head.encode() + b"Content-Type: application/json\r\n\r\n{")
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n"), PATIENCE_S)
        writer.close()

    assert b"408" in answer


@pytest.mark.parametrize("stalls_at", ["retry", "run.completed", "the end"])
async def test_reader_that_stalls_at_any_write_is_cut_and_its_slot_comes_back(home: Path, stalls_at: str) -> None:
    streams = Streams.of(Settings(home=home, stall_s=0.05), Metrics())

    async def events() -> AsyncGenerator[RunEvent]:
        yield RunEvent(1, "run.completed", b"{}")

    async def send(message: Message) -> None:
        is_end = message["type"] == "http.response.body" and not message.get("more_body")
        if (stalls_at.encode() in message.get("body", b"")) or (is_end and stalls_at == "the end"):
            await asyncio.Event().wait()

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("nothing is received")

    scope = {"type": "http", "method": "GET"}
    await asyncio.wait_for(EventStream(events(), streams, {})(scope, receive, send), PATIENCE_S)

    assert (streams.open, streams.cut) == (0, 1)
