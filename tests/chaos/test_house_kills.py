"""kill -9 of the application, of each server and of both while conversations run; then everything must add up."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from memory.identity import API_AUDIENCE, mint
from memory.records import Scope
from tests.chaos import drive
from tests.chaos.conftest import ORRIN, quoting
from tests.chaos.drive import PATIENCE_S, Message, Refused, Zygote, open_zygote
from tests.chaos.invariants import House, Talk, check_invariants
from tests.chaos.test_kills import QUESTIONS, seed_of
from tests.services.kinds import Server
from tests.services.places import default_places
from tests.services.process import free_port
from tests.support.cassandra import shared_keyspace
from tests.support.fake_provider import open_provider
from tests.support.servers import fresh_mongo, fresh_postgres, own_postgres, own_server

pytestmark = pytest.mark.services
SECRET = "the secret of a house in a storm, long enough"
ANSWERED_S = 120.0
"""A message is answered within this, whatever is killed meanwhile."""
PAUSE_S = 0.2
LATER = {409, 429, 503}
"""What says that the same request may be sent again."""
USERS = 5


@dataclass
class Storm:
    """An application, the servers that may be killed, and the conversations that go on meanwhile."""

    starter: Zygote
    urls: Mapping[str, str]
    servers: Mapping[str, Server]
    app: drive.Server
    chance: random.Random
    talks: list[Talk] = field(default_factory=list[Talk])
    is_over: bool = False

    def begin(self, count: int) -> None:
        """Open conversations of a few users of two tenants; no other storm has these tenants."""
        mark = uuid4().hex[:8]
        for number in range(count):
            scope = Scope(f"{mark}-{number % 2}", f"user {number % USERS}", roles=("reader",))
            self.talks.append(Talk(scope, signed(scope)))

    async def talk(self, talk: Talk) -> None:
        """Ask one question after another until the storm is over, two at least."""
        while not self.is_over or len(talk.messages) < 2:
            session_id = talk.messages[0].session_id if talk.messages else None
            text = f"{self.chance.choice(QUESTIONS)} ({len(talk.messages)})"
            message = Message(text, session_id, headers=talk.headers)
            talk.messages.append(message)
            async with asyncio.timeout(ANSWERED_S):
                while not message.ended:
                    await self._send(message)
            await asyncio.sleep(self.chance.random() * len(self.talks) / 16)

    async def _send(self, message: Message) -> None:
        try:
            await drive.send(self.app, message)
        except Refused as refused:
            if refused.status not in LATER:
                raise
        if not message.ended:
            await asyncio.sleep(PAUSE_S)

    async def strike(self, targets: Sequence[str]) -> None:
        """Kill at a random moment, all at once, and start again: the servers, then the application."""
        await asyncio.sleep(self.chance.random())
        servers = [self.servers[name] for name in targets if name != "app"]
        await asyncio.gather(
            *(server.process.stop(signal.SIGKILL) for server in servers),
            *([self.app.kill()] if "app" in targets else []),
        )
        await asyncio.sleep(self.chance.random())
        await asyncio.gather(*(server.start(default_places()) for server in servers))
        if "app" in targets:
            self.app = await self.starter.start()

    async def rage(self, strikes: Sequence[Sequence[str]]) -> None:
        """Strike again and again; each time some conversations have gone on since the last."""
        for targets in strikes:
            ended = self.ended + len(self.talks) // 2
            async with asyncio.timeout(ANSWERED_S):
                while self.ended < ended:  # noqa: ASYNC110 - another process's answers
                    await asyncio.sleep(0.02)
            await self.strike(targets)
        self.is_over = True

    @property
    def ended(self) -> int:
        """How many messages were answered."""
        return sum(message.ended for talk in self.talks for message in talk.messages)


def signed(scope: Scope) -> dict[str, str]:
    """Return what names a user in a request."""
    return {"Authorization": f"Bearer {mint(scope, API_AUDIENCE, SECRET.encode(), 3_600)}"}


async def weather(storm: Storm, conversations: int, strikes: Sequence[Sequence[str]]) -> int:
    """Let conversations go through strikes, and check what must hold; return how many messages were completed."""
    storm.begin(conversations)
    await bring(storm)
    async with asyncio.TaskGroup() as group:
        for talk in storm.talks:
            group.create_task(storm.talk(talk))
        group.create_task(storm.rage(strikes))
    operator = signed(Scope(storm.talks[0].scope.tenant_id, "operator", roles=("operator",)))
    async with httpx.AsyncClient(base_url=storm.app.url, timeout=PATIENCE_S) as client:
        await check_invariants(House(storm.app, client, storm.urls, operator), storm.talks)
    kinds = [message.frames[-1][1] for talk in storm.talks for message in talk.messages]
    completed = kinds.count("run.completed")
    print(f"{len(kinds)} messages, {len(strikes)} strikes, {completed} completed")  # noqa: T201 - figures
    assert completed > len(kinds) // 2
    return completed


async def bring(storm: Storm) -> None:
    """Upload a small document for each tenant."""
    for tenant in {talk.scope.tenant_id for talk in storm.talks}:
        headers = signed(Scope(tenant, "librarian", roles=("editor",)))
        async with httpx.AsyncClient(base_url=storm.app.url, headers=headers, timeout=PATIENCE_S) as client:
            files = {"files": ("orrin.md", ORRIN.encode(), "text/markdown")}
            (await client.post("/api/v1/documents", files=files)).raise_for_status()


@asynccontextmanager
async def open_storm(folder: Path, urls: Mapping[str, str], servers: Mapping[str, Server]) -> AsyncGenerator[Storm]:
    """Start the application on these URLs, with a chat model that quotes."""
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(open_provider(quoting))
        settings: dict[str, Any] = {
            **{f"{port}_url": url for port, url in urls.items()},
            "secret": SECRET,
            "store_timeout_s": 3.0,
            "lease_ttl_s": 1.5,
            "default_quota_tokens": 100_000_000,
            "model_synthesizer": "openai:scripted",
            "model_base_url": provider.url,
            "model_api_key": "none",
            "response_cache": "off",
        }
        starter = await stack.enter_async_context(open_zygote(folder / "home", free_port(), settings))
        storm = Storm(starter, urls, servers, await starter.start(), random.Random(seed_of()))
        stack.push_async_callback(lambda: storm.app.kill())
        yield storm


@pytest.mark.timeout(120)
async def test_eight_conversations_survive_a_kill_of_the_application_and_of_a_server(tmp_path: Path) -> None:
    async with own_server("redis", tmp_path) as redis, fresh_postgres() as accounts, fresh_mongo() as documents:
        turns = shared_keyspace()
        urls = {"accounts": accounts, "documents": documents, "turns": turns, "answers": turns}
        urls |= {"runs": redis.url, "checkpoints": redis.url}
        async with open_storm(tmp_path, urls, {"redis": redis}) as storm:
            assert await weather(storm, 8, [["app"], ["redis"]]) > 8


@pytest.mark.chaos
@pytest.mark.timeout(1200)
async def test_fifty_conversations_survive_kills_of_the_application_of_each_server_and_of_both(tmp_path: Path) -> None:
    names = ("redis", "cassandra", "ferretdb")
    async with AsyncExitStack() as stack:
        servers = {name: await stack.enter_async_context(own_server(name, tmp_path)) for name in names}
        servers["postgres"] = await stack.enter_async_context(own_postgres())
        at = {name: server.kind.application_url(server.port) for name, server in servers.items()}
        urls = {"accounts": at["postgres"], "documents": at["ferretdb"], "turns": at["cassandra"]}
        urls |= {"answers": at["cassandra"], "runs": at["redis"], "checkpoints": at["redis"]}
        storm = await stack.enter_async_context(open_storm(tmp_path, urls, servers))
        strikes = [["app"], *([name] for name in servers), *(["app", name] for name in servers)]
        assert await weather(storm, 50, strikes) > 50
