"""A real server on a loopback port and, where a test wants to hold the reins, a scripted graph."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from api.http import create_app
from api.serving import Server, bind, config_of
from api.settings import Settings
from api.wiring import App, Faults
from graphs.emit import answer_completed, answer_delta, claim_supported
from memory.identity import API_AUDIENCE, mint
from memory.records import Answer, Citation, Claim, Role, Scope

PATIENCE_S = 5.0
SECRET = "a secret of this test, long enough"
LOCAL_URL = "http://127.0.0.1:8000"

Write = Callable[[Mapping[str, Any]], Awaitable[None]]
Script = Callable[["Scripted", str, Write], Awaitable[None]]


@dataclass
class Scripted:
    """A graph that says what a script says. go: holds a script until the test lets it go on."""

    script: Script
    go: asyncio.Event = field(default_factory=asyncio.Event)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[Any] = field(default_factory=list[Any])

    async def astream(self, given: Any, config: Any, **options: Any) -> AsyncIterator[dict[str, Any]]:
        """What LangGraph's astream gives with version v2."""
        self.asked.append((given, options))
        question = given["question"] if given else ""
        parts: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

        async def write(part: Mapping[str, Any]) -> None:
            await parts.put(dict(part))

        async def run() -> None:
            try:
                await self.script(self, question, write)
            finally:
                await parts.put(None)

        task = asyncio.create_task(run())
        try:
            while (part := await parts.get()) is not None:
                if part["type"] == "answer.completed":
                    answer = {**part, "claims": tuple(map(_claim, part["claims"])), "citations": ()}
                    del answer["type"]
                    yield {"type": "values", "ns": (), "data": {"answer": Answer(**answer), "used_tokens": 42}}
                yield {"type": "custom", "ns": (), "data": part}
            await task
        finally:
            task.cancel()


def _claim(given: Claim | Mapping[str, Any]) -> Claim:
    """A claim that a script wrote, as the graph does, or spelled out."""
    if isinstance(given, Claim):
        return given
    return Claim(**{**given, "citations": tuple(Citation(**one) for one in given["citations"])})


def says(*texts: str, hold_after: int | None = None) -> Script:
    """Say texts as claims; after `hold_after` of them, wait for the test."""

    async def script(graph: Scripted, question: str, write: Write) -> None:
        said: list[dict[str, Any]] = []
        await write({"type": "stage.changed", "stage": "writing", "round": 1})
        for number, text in enumerate(texts, 1):
            if hold_after is not None and number == hold_after + 1:
                graph.reached.set()
                await graph.go.wait()
            answer_delta(said.append, f"c{number}", text)
            await write(said[-1])
        claims = tuple(Claim(f"c{number}", text, verdict="supported") for number, text in enumerate(texts, 1))
        for claim in claims:
            claim_supported(said.append, claim)
            await write(said[-1])
        answer_completed(said.append, Answer(" ".join(texts), "", claims, (), 0.9, abstained=False))
        await write(said[-1])

    return script


@dataclass
class Served:
    """A running server and a client of it."""

    api: FastAPI
    url: str
    client: httpx.AsyncClient

    @property
    def parts(self) -> App:
        """What the server opened."""
        return self.api.state.parts

    async def ask(self, message: str = "How tall is it?", **given: Any) -> dict[str, Any]:
        """Ask and wait for the JSON answer."""
        headers = given.pop("headers", {})
        reply = await self.client.post("/api/v1/chat/message", json={"message": message, **given}, headers=headers)
        assert reply.status_code == 200, reply.text
        return reply.json()

    @asynccontextmanager
    async def stream(self, body: Any = None, **given: Any) -> AsyncGenerator[AsyncIterator[dict[str, Any]]]:
        """Ask (or, with `run`, follow a run) and read events as they come."""
        run = given.pop("run", None)
        headers = {"Accept": "text/event-stream", **given.pop("headers", {})}
        call = ("GET", f"/api/v1/runs/{run}/events") if run else ("POST", "/api/v1/chat/message")
        async with self.client.stream(*call, json=body, headers=headers) as reply:
            assert reply.status_code == 200, (await reply.aread()).decode()
            yield read_events(reply)

    async def events(self, body: Any = None, **given: Any) -> list[dict[str, Any]]:
        """All events of a stream."""
        async with self.stream(body, **given) as events:
            return [event async for event in events]


async def read_events(reply: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """Parse frames; a frame without an id is not an event of the run."""
    frame: dict[str, str] = {}
    async for line in reply.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            frame[name] = value
        else:
            if "id" in frame:
                event = json.loads(frame["data"])
                assert str(event["seq"]) == frame["id"]
                assert event["type"] == frame["event"]
                yield event
            frame = {}


@asynccontextmanager
async def open_server(home: Path, faults: Faults | None = None, **settings: Any) -> AsyncGenerator[Served]:
    """Serve on a free port until the block ends."""
    given = Settings(home=home, **{"port": 0, "shutdown_grace_s": 1.0, **settings})
    listening = bind(given)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    api = create_app(given, faults, url=url)
    ready = asyncio.Event()
    server = Server(config_of(given, api), api, ready.set)
    serving = asyncio.create_task(server.serve([listening]))
    try:
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({serving, waiting}, timeout=180, return_when=asyncio.FIRST_COMPLETED)
        assert ready.is_set(), "the server did not start"
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S, trust_env=False) as client:
            yield Served(api, url, client)
    finally:
        server.should_exit = True
        await serving
        listening.close()


def token(tenant: str, user: str, *roles: Role, audience: str = API_AUDIENCE, secret: str = SECRET) -> dict[str, str]:
    return {"Authorization": f"Bearer {mint(Scope(tenant, user, (), roles), audience, secret.encode())}"}
