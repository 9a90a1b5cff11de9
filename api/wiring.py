"""The composition root: opens everything, in order, and closes it in reverse."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.judge_card import load_judge_card
from api.metrics import Metrics
from api.opening import Opening, opening
from api.reembedding import Reembedder, open_reembedder
from api.runs.engine import Crash, Engine, no_crash
from api.runs.housekeeping import open_runs
from api.runs.runs import Runs
from api.secret import load_secret_of
from api.settings import Settings
from api.telemetry import Telemetry, telemetry_of
from api.uploads import Uploads, open_uploads
from graphs import prompts
from memory.folder import load_replica
from memory.records import SYSTEM
from memory.stores import Stores, open_stores

if TYPE_CHECKING:
    from api.agent import Agent
    from graphs.graph import Graph

Wrap = Callable[[Stores], Stores]


@dataclass(frozen=True, slots=True)
class App:
    """Everything open, the agent soon. uploads: the parsers that uploaded files are read with. engine: runs need it."""

    settings: Settings
    secret: bytes
    stores: Stores
    agent: Opening[Agent]
    runs: Runs
    metrics: Metrics
    uploads: Uploads
    engine: Engine
    reembedder: Reembedder


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
    """Open stores and runs, and begin to open the agent, for which the first answer waits if it comes sooner.

    command and url tell others who holds the data folder, and where it answers.

    Raises:
        FolderLocked: another process owns the data folder.
        InvalidInput: a setting cannot be.
        StoreUnavailable: a store cannot be opened.
    """
    faults, metrics = faults or Faults(), metrics or Metrics(telemetry_of(settings))
    secret = load_secret_of(settings)
    async with _closing(metrics.telemetry), open_stores(settings, command=command, url=url) as opened:
        metrics.stores.servers = opened.servers
        metrics.judge.card = await asyncio.to_thread(load_judge_card, settings)
        stores = faults.wrap(opened)
        async with opening(lambda: _open_agent(settings, stores, metrics.telemetry)) as agent:
            if not _is_default(settings):
                await agent.get()  # what is wrong with the settings is told at the start

            async def graph() -> Graph:
                return (await agent.get()).graph

            versions = await _versions(settings, stores)
            replica = await asyncio.to_thread(load_replica, settings.home)
            engine = Engine(settings, stores, graph, versions, metrics, faults.crash, replica)
            async with (
                open_runs(engine) as runs,
                open_uploads(settings) as uploads,
                open_reembedder(stores) as reembedder,
            ):
                yield App(settings, secret, stores, agent, runs, metrics, uploads, engine, reembedder)


@asynccontextmanager
async def _closing(telemetry: Telemetry) -> AsyncGenerator[None]:
    """Send the last traces before the process ends."""
    try:
        yield
    finally:
        await asyncio.to_thread(telemetry.close)


@asynccontextmanager
async def _open_agent(settings: Settings, stores: Stores, telemetry: Telemetry) -> AsyncGenerator[Agent]:
    module = await asyncio.to_thread(importlib.import_module, "api.agent")
    async with module.open_agent(settings, stores, telemetry) as agent:
        yield agent


def _is_default(settings: Settings) -> bool:
    """Tell whether the agent is made of built-in parts only, which cannot be set wrongly."""
    urls = (settings.mcp_vector_search_url, settings.mcp_knowledge_base_url, settings.mcp_user_quota_url)
    models = (settings.model_synthesizer, settings.model_judge, *settings.model_fallbacks)
    return not any(urls) and models == ("extractive", "deterministic")


async def _versions(settings: Settings, stores: Stores) -> Mapping[str, str]:
    """What an answer depended on, for whoever asks later why it is what it is."""
    return {
        "synthesizer": settings.model_synthesizer,
        "judge": settings.model_judge,
        "prompts": await asyncio.to_thread(prompts.version),
        "embedder": stores.embedder.name,
        "corpus": str(await stores.documents.last_sequence(SYSTEM)),
    }
