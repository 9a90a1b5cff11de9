"""The composition root: opens everything, in order, and closes it in reverse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mcp.server.mcpserver import MCPServer

from api.metrics import Metrics
from api.runs.engine import Crash, Engine, no_crash
from api.runs.housekeeping import open_runs
from api.runs.runs import Runs
from api.secret import load_secret_of
from api.settings import Settings
from graphs.context import LIMITS
from graphs.deps import Deps
from graphs.graph import build_graph
from graphs.models import ModelSettings, open_models
from graphs.reader.extractive import ExtractiveReader
from mcp_servers import build_servers, signed_by
from mcp_servers.callers import Verify
from memory.identity import mint, server_audience, verify
from memory.records import SYSTEM, Effort, Scope
from memory.stores import Stores, open_stores
from tools.connect import ConnectedTools, open_tools

Wrap = Callable[[Stores], Stores]


@dataclass(frozen=True, slots=True)
class Agent:
    """What stands between stores and graph. servers: the MCP servers of this process; verify: believes their tokens."""

    secret: bytes
    servers: Mapping[str, MCPServer]
    tools: ConnectedTools
    deps: Deps
    verify: Verify


@dataclass(frozen=True, slots=True)
class App:
    """Everything open. uploads: how many may be handled at once."""

    settings: Settings
    stores: Stores
    agent: Agent
    runs: Runs
    metrics: Metrics
    uploads: asyncio.Semaphore


@dataclass(frozen=True, slots=True)
class Faults:
    """What the chaos harness puts between the parts; the default changes nothing."""

    wrap: Wrap = lambda stores: stores
    crash: Crash = no_crash


@asynccontextmanager
async def open_app(
    settings: Settings,
    faults: Faults | None = None,
    metrics: Metrics | None = None,
    *,
    command: str = "multidb",
    url: str = "",
) -> AsyncGenerator[App]:
    """Open stores, tools, graph and runs. command and url tell others who holds the data folder, and where it answers.

    Raises:
        FolderLocked: another process owns the data folder.
        InvalidInput: a setting cannot be.
        StoreUnavailable: a store cannot be opened.
    """
    faults, metrics = faults or Faults(), metrics or Metrics()
    async with open_stores(settings, command=command, url=url) as opened:
        stores = faults.wrap(opened)
        async with open_agent(settings, stores) as agent:
            graph = build_graph(agent.deps, stores.checkpointer)
            engine = Engine(settings, stores, graph, await _versions(settings, stores), metrics, faults.crash)
            async with open_runs(engine) as runs:
                yield App(settings, stores, agent, runs, metrics, asyncio.Semaphore(settings.max_uploads))


@asynccontextmanager
async def open_agent(settings: Settings, stores: Stores) -> AsyncGenerator[Agent]:
    """Open what the graph's nodes reach: MCP servers, the tools that talk to them, models."""
    secret = load_secret_of(settings)

    def sign(scope: Scope, server: str) -> str:
        return mint(scope, server_audience(server), secret)

    def check(token: str, server: str) -> Scope:
        return verify(token, server_audience(server), secret)

    prices: dict[Effort, int] = {effort: limits.tokens for effort, limits in LIMITS.items()}
    servers = build_servers(stores, signed_by(check), prices)
    async with open_tools(_targets(settings, servers), sign) as tools, open_models(_models(settings)) as models:
        yield Agent(secret, servers, tools, Deps(tools, models, ExtractiveReader()), check)


def _models(settings: Settings) -> ModelSettings:
    return ModelSettings(
        synthesizer=settings.model_synthesizer,
        judge=settings.model_judge,
        fallbacks=settings.model_fallbacks,
        base_url=settings.model_base_url,
        api_key=settings.model_api_key.get_secret_value(),
        timeout_s=settings.model_timeout_s,
    )


def _targets(settings: Settings, servers: Mapping[str, MCPServer]) -> Mapping[str, MCPServer | str]:
    urls = {
        "vector_search": settings.mcp_vector_search_url,
        "knowledge_base": settings.mcp_knowledge_base_url,
        "user_quota": settings.mcp_user_quota_url,
    }
    return {name: urls[name] or server for name, server in servers.items() if name not in settings.mcp_off}


async def _versions(settings: Settings, stores: Stores) -> Mapping[str, str]:
    """What an answer depended on, for whoever asks later why it is what it is."""
    return {
        "synthesizer": settings.model_synthesizer,
        "judge": settings.model_judge,
        "embedder": stores.embedder.name,
        "corpus": str(await stores.documents.last_sequence(SYSTEM)),
    }
