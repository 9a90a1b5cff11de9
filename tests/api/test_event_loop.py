"""No request blocks the event loop: whole journeys under a guard that fails on files, sockets, SQLite and sleeping."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import blockbuster.blockbuster
import pytest
from blockbuster import BlockBuster, BlockingError

from memory.identity import API_AUDIENCE
from tests.api.rigging import SECRET, Served, open_server, token

QUESTION = "Where do boats longer than 12 metres moor?"
HARBOUR = b"# Harbour\n\nBoats longer than 12 metres moor at the north pier. The oven is hot."
DEPTH = 12
"""Callers that a finding names."""
OWN = token("acme", "ann", "reader", "editor", "operator", audience=API_AUDIENCE)

Journey = Callable[[Served], Awaitable[Any]]


@contextmanager
def guarded(monkeypatch: pytest.MonkeyPatch) -> Generator[list[str]]:
    """Note each blocking call on the loop, also where a door turns its error into an answer."""
    found: list[str] = []

    class Noted(BlockingError):
        def __init__(self, call: str) -> None:
            super().__init__(call)
            where = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_stack()[-DEPTH:-2]]
            found.append(f"{call} at {' < '.join(reversed(where))}")

    monkeypatch.setattr(blockbuster.blockbuster, "BlockingError", Noted)
    guard = BlockBuster()
    # FastAPI looks up an endpoint's line, for its error messages, on the first request only.
    guard.functions["os.stat"].can_block_in("fastapi/routing.py", "_extract_endpoint_context")
    guard.activate()
    try:
        yield found
    finally:
        guard.deactivate()


async def message(server: Served) -> None:
    answer = await server.ask(QUESTION, session_id="s", effort="quick", headers=OWN)
    assert "north pier" in answer["answer"]
    again = await server.ask("And where else?", session_id="s", effort="deep", headers=OWN)
    assert again["run_id"]


async def stream(server: Served) -> None:
    events = await server.events({"message": QUESTION}, headers=OWN)
    assert events[-1]["type"] == "run.completed"
    replayed = await server.events(run=events[0]["run_id"], headers=OWN)
    assert [event["seq"] for event in replayed] == [event["seq"] for event in events]


async def upload(server: Served) -> None:
    files = [("files", ("more.md", HARBOUR + b" It is old.")), ("files", ("wrong.docx", b"no docx"))]
    reply = await server.client.post("/api/v1/documents", files=files, headers=OWN, timeout=60)
    assert reply.status_code in (201, 207), reply.text


async def documents(server: Served) -> None:
    listed = (await server.client.get("/api/v1/documents", headers=OWN)).json()["documents"]
    url = f"/api/v1/documents/{listed[0]['document_id']}"
    for path in (url, f"{url}/text"):
        assert (await server.client.get(path, headers=OWN)).status_code == 200
    assert (await server.client.delete(url, headers=OWN)).status_code == 204


async def search(server: Served) -> None:
    for mode in ("hybrid", "dense", "lexical"):
        reply = await server.client.post("/api/v1/search", json={"query": QUESTION, "mode": mode}, headers=OWN)
        assert reply.status_code == 200, reply.text


async def history(server: Served) -> None:
    answer = await server.ask(QUESTION, session_id="h", headers=OWN)
    rating = {"turn_id": answer["answer_turn_id"], "session_id": "h", "rating": "up"}
    assert (await server.client.post("/api/v1/chat/feedback", json=rating, headers=OWN)).status_code < 500
    for call in (("GET", "/api/v1/chat/history/h"), ("GET", "/api/v1/chat/sessions"), ("GET", "/api/v1/me")):
        assert (await server.client.request(*call, headers=OWN)).status_code == 200, call
    renamed = await server.client.patch("/api/v1/chat/sessions/h", json={"title": "Piers"}, headers=OWN)
    assert renamed.status_code == 200
    assert (await server.client.delete("/api/v1/chat/sessions/h", headers=OWN)).status_code == 204


async def cancel(server: Served) -> None:
    async with server.stream({"message": QUESTION, "effort": "deep"}, headers=OWN) as events:
        started = await anext(events)
        reply = await server.client.post(f"/api/v1/runs/{started['run_id']}/cancel", headers=OWN)
    assert reply.status_code == 200
    assert (await server.client.get(f"/api/v1/runs/{started['run_id']}", headers=OWN)).status_code == 200


async def completions(server: Served) -> None:
    for streamed in (False, True):
        asked = {"model": "multidb-quick", "messages": [{"role": "user", "content": QUESTION}], "stream": streamed}
        reply = await server.client.post("/v1/chat/completions", json=asked, headers=OWN)
        assert reply.status_code == 200, reply.text
    assert (await server.client.get("/v1/models", headers=OWN)).status_code == 200


async def operator(server: Served) -> None:
    for path in ("/", "/health/live", "/health/ready", "/metrics", "/api/openapi.json", "/api/docs"):
        assert (await server.client.get(path, headers=OWN)).status_code == 200, path


JOURNEYS: list[Journey] = [message, stream, search, history, cancel, completions, operator, upload, documents]


@pytest.fixture
async def server(home: Path) -> AsyncGenerator[Served]:
    """A server whose agent is open and whose first document is read: imports are no part of a request."""
    async with open_server(home, secret=SECRET) as server:
        await server.parts.agent.get()
        first = await server.client.post("/api/v1/documents", files={"files": ("harbour.md", HARBOUR)}, headers=OWN)
        assert first.status_code == 201, first.text
        yield server


async def test_no_request_blocks_the_event_loop(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with guarded(monkeypatch) as found:
        for journey in JOURNEYS:
            await journey(server)
            assert not found, f"{journey.__name__} blocks the event loop: {found}"
        await asyncio.wait_for(server.parts.runs.idle(), 20)
    assert not found


@pytest.mark.parametrize("blocking", [lambda: time.sleep(0), lambda: Path(__file__).read_bytes()])
async def test_guard_catches_a_route_that_blocks(
    server: Served, monkeypatch: pytest.MonkeyPatch, blocking: Callable[[], object]
) -> None:
    async def planted() -> dict[str, str]:
        blocking()
        return {}

    server.api.add_api_route("/planted", planted)
    with guarded(monkeypatch) as found:
        reply = await server.client.get("/planted", headers=OWN)

    assert found
    assert reply.status_code == 500
