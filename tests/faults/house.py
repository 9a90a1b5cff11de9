"""The whole house on real servers, each behind a proxy of its own, in this process: what a cell puts a fault under."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

import memory.stores
from tests.api.rigging import Served, open_server, read_events
from tests.chaos.conftest import ORRIN, quoting
from tests.services.environment import PORTS
from tests.services.process import free_port
from tests.support.cassandra import shared_keyspace
from tests.support.deployment import FRESH, SHARED_FILES
from tests.support.fake_provider import open_provider
from tests.support.proxy import Proxy, proxied
from tests.support.small_stores import SmallEmbedder

QUESTION = "Who built the lighthouse of Orrin?"
STORE_S = 1.0
"""Time limit of one store call in this house, seconds."""
TOOL_S = 2.0
MODEL_S = 2.0
RUN_S = 8.0
PATIENCE_S = 20.0
LATE_S = 0.1
"""How far past its deadline an answer may come."""
QUIET = os.environ.get("MULTIDB_QUIET") == "1"
"""The machine does nothing else: what is promised is held to the letter."""
SLACK_S = 0.0 if QUIET else 1.0
"""For a machine that does other things meanwhile."""
SLOWER = 0.0 if QUIET else 4.0
"""Times what the last question took on which no fault was: a machine with too much to do takes longer for all of it."""
ENDS = frozenset({"run.completed", "run.failed", "run.cancelled"})
SECRET = "the secret of a house on fire, long enough"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a user saw. outcome: how a run ended, or the problem's code; status: of the HTTP answer."""

    status: int
    outcome: str
    took_s: float
    degraded: frozenset[str] = frozenset()
    text: str = ""
    complete: bool = True
    session_id: str = ""
    run_id: str = ""
    retry_after: bool = False


@dataclass
class House:
    """A running application, and the ways to each of its dependencies.

    session_id: a session that was begun while all was well. accepted: questions whose answer was promised in it.
    kept: names of the documents that are there. pace_s: what the last question took while all was well. leaves_s:
    after so long the user leaves an answer that does not end.
    """

    served: Served
    proxies: Mapping[str, Proxy]
    session_id: str = ""
    accepted: list[str] = field(default_factory=list[str])
    kept: list[str] = field(default_factory=list[str])
    is_well: bool = False
    pace_s: float = 0.0
    leaves_s: float | None = None
    asked: int = 0
    uploads: int = 0

    @property
    def slack_s(self) -> float:
        """What is allowed for the machine."""
        return SLACK_S + SLOWER * self.pace_s

    async def begin(self) -> Seen:
        """Ask in a new session."""
        seen = await self._ask({"message": QUESTION})
        self.session_id, self.accepted = seen.session_id, [QUESTION] if seen.session_id else []
        return seen

    async def ask(self) -> Seen:
        """Ask in the session that there is."""
        self.asked += 1
        question = f"{QUESTION} ({self.asked})"
        seen = await self._ask({"message": question, "session_id": self.session_id})
        if seen.run_id:
            self.accepted.append(question)
        return seen

    async def _ask(self, message: dict[str, str]) -> Seen:
        began, body = time.monotonic(), {**message, "effort": "quick"}
        headers = {"Accept": "text/event-stream"}
        call = self.served.client.stream("POST", "/api/v1/chat/message", json=body, headers=headers)
        async with call as reply:
            if reply.status_code != 200:
                await reply.aread()
                return _refused(reply, began)
            events = [event async for event in self._until_left(read_events(reply))]
        return _seen(events, time.monotonic() - began)

    async def _until_left(self, events: AsyncIterator[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.leaves_s):
                async for event in events:
                    yield event

    async def history(self) -> Seen:
        """Read the session, all of it: a page holds 50 turns unless it is asked for more."""
        began = time.monotonic()
        reply = await self.served.client.get(f"/api/v1/chat/history/{self.session_id}?limit=200")
        if reply.status_code != 200:
            return _refused(reply, began)
        page = reply.json()
        assert page["next"] is None, "the session is longer than a page"
        texts = "\n".join(turn["text"] for turn in page["turns"] if turn["role"] == "user")
        return Seen(200, "read", time.monotonic() - began, text=texts, complete=not page["may_be_incomplete"])

    async def upload(self) -> Seen:
        """Bring one more document."""
        began, self.uploads = time.monotonic(), self.uploads + 1
        name, text = f"note-{self.uploads}.md", f"Note number {self.uploads} says nothing of the lamp."
        files = {"files": (name, text.encode(), "text/markdown")}
        reply = await self.served.client.post("/api/v1/documents", files=files)
        if reply.status_code != 201:
            return _refused(reply, began)
        self.kept.append(name)
        return Seen(201, "kept", time.monotonic() - began)


def _refused(reply: httpx.Response, began: float) -> Seen:
    took_s = time.monotonic() - began
    if reply.headers.get("content-type") != "application/problem+json":
        return Seen(reply.status_code, f"bare: {reply.text[:200]}", took_s)
    problem = reply.json()
    assert problem["type"] == f"urn:multidb:problem:{problem['code']}"
    retry_after = "retry-after" in reply.headers
    return Seen(reply.status_code, problem["code"], took_s, run_id=problem.get("run_id", ""), retry_after=retry_after)


def _seen(events: list[dict[str, Any]], took_s: float) -> Seen:
    last = events[-1] if events else {"type": "nothing"}
    outcome = str(last["type"]).removeprefix("run.") if last["type"] in ENDS else "under way"
    texts = [event["text"] for event in events if event["type"] == "answer.completed"]
    return Seen(
        200,
        f"{outcome} {last['code']}" if "code" in last else outcome,
        took_s,
        frozenset(f"{event['part']}" for event in events if event["type"] == "degraded"),
        texts[0] if texts else "",
        session_id=events[0]["session_id"] if events else "",
        run_id=events[0]["run_id"] if events else "",
    )


@asynccontextmanager
async def open_house(folder: Path, own: Mapping[str, str] | None = None, **changed: Any) -> AsyncGenerator[House]:
    """Start the application once, everything it needs behind proxies, with a document in it.

    own: URLs of servers that are used in place of the shared ones. changed: settings.
    """
    async with AsyncExitStack() as stack:
        proxies: dict[str, Proxy] = {}
        urls: dict[str, str] = {}

        async def behind(name: str, url: str) -> str:
            proxies[name], urls[name] = await stack.enter_async_context(proxied(url))
            return urls[name]

        for server in sorted(set(PORTS.values())):
            if own and server in own:
                await behind(server, own[server])
            elif server == "cassandra":
                # A keyspace's tables take seconds to make; every session has an id of its own.
                await behind(server, shared_keyspace())
            else:
                await behind(server, await stack.enter_async_context(FRESH[server]()))
        provider = await stack.enter_async_context(open_provider(quoting))
        port = free_port()
        settings: dict[str, Any] = {
            **{f"{name}_url": f"sqlite:///{folder / file}" for name, file in SHARED_FILES.items()},
            **{f"{name}_url": urls[server] for name, server in PORTS.items()},
            "port": port,
            "model_synthesizer": "openai:scripted",
            "model_base_url": await behind("model", provider.url),
            "model_api_key": "none",
            "mcp_vector_search_url": await behind("mcp", f"http://127.0.0.1:{port}/mcp/vector_search"),
            "store_timeout_s": STORE_S,
            "mcp_timeout_s": TOOL_S,
            "model_timeout_s": MODEL_S,
            "run_timeout_s": RUN_S,
            "lease_ttl_s": 3.0,
            "thread_wait_s": 0.3,
            "shutdown_grace_s": 0.2,
            "response_cache": "off",
            **changed,
        }
        house = House(await stack.enter_async_context(_serving(folder, settings)), proxies)
        files = {"files": ("orrin.md", ORRIN.encode(), "text/markdown")}
        (await house.served.client.post("/api/v1/documents", files=files)).raise_for_status()
        yield house


@asynccontextmanager
async def _serving(folder: Path, settings: dict[str, Any]) -> AsyncGenerator[Served]:
    async def small(*_: Any) -> SmallEmbedder:
        return SmallEmbedder()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory.stores, "_open_embedder", small)
        async with open_server(folder / "home", **settings) as served:
            served.client.timeout = httpx.Timeout(PATIENCE_S)
            yield served
