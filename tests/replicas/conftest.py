"""Two processes of the application, each with a folder of its own, on one set of servers."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.chaos.conftest import ORRIN, quoting
from tests.chaos.drive import PATIENCE_S, Server, Zygote, is_alive, open_zygote
from tests.services.process import free_port
from tests.support.deployment import on_servers
from tests.support.fake_provider import Body, FakeProvider, Reply, open_provider

SECRET = "one secret for all replicas of this test"
LEASE_S = 1.5


@dataclass
class Model:
    """A chat model that quotes; while it is held, it falls silent after a few tokens."""

    held: bool = False
    provider: FakeProvider | None = None

    def script(self, body: Body) -> Reply:
        reply = quoting(body)
        return replace(reply, stall_after=4) if self.held else reply


@dataclass
class Replicas:
    """The processes, how each is started again, and the model that both ask."""

    model: Model
    starters: tuple[Zygote, Zygote]
    servers: list[Server]

    async def restart(self, number: int) -> None:
        """Start one again on its folder, after its end."""
        self.servers[number] = await self.starters[number].start()
        assert self.servers[number].ready, self.log(number)

    def log(self, number: int) -> str:
        """Return what one has said."""
        home = self.starters[number].home
        return home.with_name(f"{home.name}.log").read_text(encoding="utf-8")


@asynccontextmanager
async def client_of(server: Server) -> AsyncGenerator[httpx.AsyncClient]:
    """Yield a client of one process."""
    async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE_S) as client:
        yield client


async def bring(server: Server, text: str = ORRIN) -> None:
    """Upload a small document."""
    async with client_of(server) as client:
        reply = await client.post("/api/v1/documents", files={"files": ("orrin.md", text.encode(), "text/markdown")})
        assert reply.status_code == 201, reply.text


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Replicas]:
    model, tmp_path = Model(), tmp_path_factory.mktemp("replicas")
    async with AsyncExitStack() as stack:
        urls = await stack.enter_async_context(on_servers(tmp_path))
        model.provider = await stack.enter_async_context(open_provider(model.script))
        settings: dict[str, Any] = {
            **urls,
            "secret": SECRET,
            "lease_ttl_s": LEASE_S,
            "thread_wait_s": 0.3,
            "shutdown_grace_s": 0.3,
            "model_synthesizer": "openai:scripted",
            "model_base_url": model.provider.url,
            "model_api_key": "none",
        }
        first = await stack.enter_async_context(open_zygote(tmp_path / "first", free_port(), settings))
        starters = first, replace(first, home=tmp_path / "second", port=free_port())
        both = Replicas(model, starters, [])
        for starter in starters:
            server = await starter.start()
            both.servers.append(server)
            stack.push_async_callback(_end, both, len(both.servers) - 1)
            assert server.ready, both.log(len(both.servers) - 1)
        await bring(both.servers[0])
        yield both


@pytest_asyncio.fixture(loop_scope="module")
async def replicas(both: Replicas) -> Replicas:
    """The two processes, both running, whatever an earlier test did to them."""
    both.model.held = False
    assert both.model.provider is not None
    both.model.provider.left.clear()
    for number, server in enumerate(both.servers):
        if not is_alive(server.pid):
            await both.restart(number)
    return both


async def _end(both: Replicas, number: int) -> None:
    await both.servers[number].kill()
