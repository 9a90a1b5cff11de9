"""The limit of a whole request: its answer comes in time whatever hangs below, and long-lived ones are left alone."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.wiring import Faults
from memory.stores import Stores
from tests.api.rigging import PATIENCE_S, Scripted, Served, open_server, says

LIMIT_S, LATE_S = 0.4, 0.1
SLACK_S = 0.4
"""For a machine that does other things meanwhile."""


@dataclass
class Hanging:
    """A port whose calls hang while it is away, and take their time to be given up."""

    port: Any
    is_away: bool = False
    gave_up: asyncio.Event = field(default_factory=asyncio.Event)
    may_end: asyncio.Event = field(default_factory=asyncio.Event)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.port, name)

        async def call(*args: Any, **options: Any) -> Any:
            if not self.is_away:
                return await method(*args, **options)
            try:
                await asyncio.Event().wait()
            finally:
                await self.may_end.wait()
                self.gave_up.set()

        return call


@dataclass
class Rigged:
    served: Served
    graph: Scripted
    ledger: Hanging
    documents: Hanging


@pytest.fixture
async def rigged(home: Path, script: Any) -> AsyncGenerator[Rigged]:
    hanging: dict[str, Hanging] = {}

    def wrap(stores: Stores) -> Stores:
        hanging["ledger"], hanging["documents"] = Hanging(stores.ledger), Hanging(stores.documents)
        return replace(stores, **hanging)

    graph = script(says("It is 41 metres tall.", "It stands in Orrin.", hold_after=1))
    async with open_server(home, Faults(wrap), request_timeout_s=LIMIT_S, upload_timeout_s=2 * LIMIT_S) as served:
        try:
            yield Rigged(served, graph, **hanging)
        finally:
            for port in hanging.values():
                port.is_away = False
                port.may_end.set()


def assert_in_time(began: float, limit_s: float = LIMIT_S) -> None:
    assert limit_s - 0.05 <= time.monotonic() - began <= limit_s + LATE_S + SLACK_S


async def test_the_answer_comes_in_time_although_giving_up_takes_longer(rigged: Rigged) -> None:
    rigged.ledger.is_away, began = True, time.monotonic()
    late = await rigged.served.client.get("/api/v1/me")
    assert_in_time(began)
    assert not rigged.ledger.gave_up.is_set()
    assert (late.status_code, late.json()["code"], late.headers["retry-after"]) == (504, "deadline_exceeded", "1")
    assert late.headers["content-type"] == "application/problem+json"
    assert late.json()["request_id"] == late.headers["x-request-id"]

    rigged.ledger.is_away = False
    rigged.ledger.may_end.set()
    async with asyncio.timeout(PATIENCE_S):
        await rigged.ledger.gave_up.wait()
    assert (await rigged.served.client.get("/api/v1/me")).status_code == 200


async def test_a_client_of_openai_is_told_in_its_own_shape(rigged: Rigged) -> None:
    rigged.ledger.is_away, began = True, time.monotonic()
    messages = [{"role": "user", "content": "How tall is it?"}]
    late = await rigged.served.client.post(
        "/v1/chat/completions", json={"model": "multidb-quick", "messages": messages}
    )
    assert_in_time(began)
    assert (late.status_code, late.json()["error"]["code"]) == (504, "deadline_exceeded")


async def test_a_message_whose_run_takes_longer_is_answered_all_the_same(rigged: Rigged) -> None:
    whole = asyncio.create_task(rigged.served.ask())
    async with rigged.served.stream({"message": "How tall is it?"}) as events:
        await asyncio.wait({whole}, timeout=LIMIT_S + LATE_S)
        assert not whole.done()
        rigged.graph.go.set()
        assert [event["type"] async for event in events][-1] == "run.completed"
    assert (await whole)["answer"] == "It is 41 metres tall. It stands in Orrin."


async def test_a_body_that_trickles_in_is_refused_as_such(rigged: Rigged) -> None:
    address = httpx.URL(rigged.served.url)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    lines = (
        "POST /api/v1/search HTTP/1.1",
        f"Host: {address.netloc.decode()}",
        "Content-Length: 100",
        "",
        '{"query": ',
    )
    began = time.monotonic()
    writer.write("\r\n".join(lines).encode())
    async with asyncio.timeout(PATIENCE_S):
        assert (await reader.readline()).split()[1] == b"408"
    assert_in_time(began)
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
async def test_an_upload_has_a_longer_limit_of_its_own(rigged: Rigged, accept: str) -> None:
    rigged.documents.may_end.set()
    files, headers = {"files": ("note.md", b"# Note\n\nThe lamp is 41 metres up.")}, {"Accept": accept}
    rigged.documents.is_away, began = True, time.monotonic()
    late = await rigged.served.client.post("/api/v1/documents", files=files, headers=headers)
    assert_in_time(began, 2 * LIMIT_S)
    assert json.loads(late.text.splitlines()[-1])["code"] == "deadline_exceeded"

    uploads = rigged.served.parts.uploads
    async with asyncio.timeout(PATIENCE_S):
        while len(uploads.idle) < rigged.served.parts.settings.max_uploads:  # noqa: ASYNC110 - it sets no event
            await asyncio.sleep(0.01)
