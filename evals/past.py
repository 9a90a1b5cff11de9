"""What a data folder remembers of its runs, opened to look at it: beside a server from a copy, and never written to."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from api.agent import open_agent
from api.metrics import Metrics
from api.runs.engine import Engine
from api.runs.generate import history_of
from api.settings import Settings
from api.telemetry import langsmith_tracing
from api.terminal import CommandFailed, note
from evals.house import House
from graphs.graph import Graph, build_graph
from memory.backup import restore_archive, write_archive
from memory.errors import FolderLocked
from memory.records import RunRecord, Scope, Turn
from memory.stores import Stores, open_stores


@dataclass(frozen=True, slots=True)
class Past:
    """A run that has ended. result: what it answered, as the API gives it; history: the turns that led to it."""

    record: RunRecord
    result: Mapping[str, Any]
    history: Sequence[Turn]


@asynccontextmanager
async def open_past(settings: Settings) -> AsyncGenerator[House]:
    """Open a deployment's stores and agent; while another process holds the folder, a copy of it.

    The graph keeps no checkpoints: what is asked again leaves no trace.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(langsmith_tracing(settings))
        stores = await _opened(stack, settings)
        await stores.index.catch_up()
        agent = await stack.enter_async_context(open_agent(settings, stores))
        yield House(stores, replace(agent, graph=build_graph(agent.deps)))


async def _opened(stack: AsyncExitStack, settings: Settings) -> Stores:
    try:
        return await stack.enter_async_context(open_stores(settings, command="multidb eval"))
    except FolderLocked:
        note("The data folder is in use: this works on a copy of it.")
    scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    await asyncio.to_thread(write_archive, settings.home, scratch / "copy.tar.gz")
    await asyncio.to_thread(restore_archive, scratch / "copy.tar.gz", scratch / "home", replace=False)
    copied = settings.model_copy(update={"home": scratch / "home"})
    return await stack.enter_async_context(open_stores(copied, command="multidb eval"))


async def past_run(house: House, settings: Settings, scope: Scope, run_id: str) -> Past:
    """Return a run of a user.

    Raises:
        NotFound: the user has no such run.
        CommandFailed: it has not ended with an answer.
    """
    record = await house.stores.runs.get(scope, run_id)
    if record.status != "completed":
        raise CommandFailed(f"run {run_id} is {record.status}: only one that was answered can be looked at again")

    async def graph() -> Graph:
        return house.agent.graph

    engine = Engine(settings, house.stores, graph, {}, Metrics())
    return Past(record, cast("dict[str, Any]", json.loads(record.result)), await history_of(engine, record))
