"""Studio's graph over real stores and scripted nodes, driven the way that Studio drives it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.runtime import Runtime

from api.metrics import Metrics
from api.runs.engine import Engine
from api.runs.hosted import HostedRuns
from api.runs.runs import Runs
from api.settings import Settings
from api.studio.conversation import Conversations
from api.studio.graph import StudioGraph, build_studio_graph
from graphs.context import Context
from graphs.nodes.responder import compose
from graphs.state import State, Update, Verdict
from memory.checkpoints.types import open_serializer
from memory.records import LOCAL, Claim, Quota, Turn
from memory.stores import Stores, open_stores

THREAD = "0198a000-0000-7000-8000-000000000001"
TOKENS = {"researcher": 100, "synthesizer": 50, "judge": 10}


@dataclass
class Script:
    """What the agent's nodes do: count tokens, write one claim, and whatever a test puts in their way."""

    claim: str = "It is 41 metres tall."
    steps: list[str] = field(default_factory=list[str])
    contexts: list[Context] = field(default_factory=list[Context])
    fails: dict[str, BaseException] = field(default_factory=dict[str, BaseException])
    holds: str = ""
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def step(self, name: str, state: State, runtime: Runtime[Context]) -> Update:
        self.steps.append(name)
        self.contexts.append(runtime.context)
        if name in self.fails:
            raise self.fails.pop(name)
        if self.holds == name:
            self.reached.set()
            await asyncio.Event().wait()
        return {"used_tokens": state.used_tokens + TOKENS[name]}

    async def researcher(self, state: State, runtime: Runtime[Context]) -> Update:
        """Look."""
        return {**await self.step("researcher", state, runtime), "round": state.round + 1, "query": state.question}

    async def synthesizer(self, state: State, runtime: Runtime[Context]) -> Update:
        """Write."""
        return {**await self.step("synthesizer", state, runtime), "draft": (Claim("r1c1", self.claim),)}

    async def judge(self, state: State, runtime: Runtime[Context]) -> Update:
        """Weigh."""
        draft = tuple(replace(claim, verdict="supported") for claim in state.draft)
        return {**await self.step("judge", state, runtime), "draft": draft, "verdict": Verdict("accept", 0.9)}

    async def responder(self, state: State, runtime: Runtime[Context]) -> Update:
        """Answer, as the agent's own does where nothing can be suggested."""
        return {"answer": compose(state)}

    @property
    def nodes(self) -> Mapping[str, Any]:
        return {
            "researcher": self.researcher,
            "synthesizer": self.synthesizer,
            "judge": self.judge,
            "responder": self.responder,
        }


@dataclass
class Studio:
    """A person at Studio's page, and what they leave in the stores."""

    graph: StudioGraph
    script: Script
    stores: Stores
    runs: HostedRuns
    engine: Engine

    async def run(self, question: str | None = None, *, thread: str = THREAD, **options: Any) -> dict[str, Any]:
        """Ask, or with no question go on from where the thread (or `at`, a checkpoint) stands."""
        at = options.pop("at", None)
        config: Any = at.config if at is not None else {"configurable": {"thread_id": thread}}
        given: Any = None if question is None else {"question": question}
        return await self.graph.ainvoke(given, config, **options)

    async def edit(self, values: Mapping[str, Any], *, as_node: str | None = None, at: Any = None) -> Any:
        """Write into the thread's state, as plain JSON; return the new checkpoint's config."""
        config: Any = at.config if at is not None else {"configurable": {"thread_id": THREAD}}
        return await self.graph.aupdate_state(config, dict(values), as_node)

    async def before(self, node: str, thread: str = THREAD) -> Any:
        """The newest checkpoint of a thread from which a node comes next."""
        return next(state for state in await self.checkpoints(thread) if state.next == (node,))

    async def checkpoints(self, thread: str = THREAD) -> list[Any]:
        """A thread's checkpoints, newest first."""
        config: Any = {"configurable": {"thread_id": thread}}
        return [state async for state in self.graph.aget_state_history(config)]

    async def turns(self, thread: str = THREAD) -> list[Turn]:
        return list(await self.stores.turns.recent(LOCAL, thread, 50))

    async def said(self, thread: str = THREAD) -> list[tuple[str, str, str, int]]:
        """Each turn as (role, text, status, attempt)."""
        return [(turn.role, turn.text, turn.status, turn.attempt) for turn in await self.turns(thread)]

    async def quota(self) -> Quota:
        return await self.stores.ledger.usage(LOCAL)

    async def spent(self) -> tuple[int, int]:
        """Tokens charged, tokens held."""
        quota = await self.quota()
        return quota.used_tokens, quota.reserved_tokens

    def die(self) -> None:
        """Stop as after SIGKILL: nothing is renewed, closed or given back."""
        for hosted in [*self.runs._hosted.values()]:
            self.runs._forget(hosted)

    async def is_leased(self, thread: str = THREAD) -> bool:
        lease = await self.stores.runs.lease(LOCAL, thread, "a stranger", 0.001)
        return lease is None


@asynccontextmanager
async def open_studio(home: Path, **given: Any) -> AsyncGenerator[Studio]:
    """Open Studio's graph on a data folder."""
    settings, script = Settings(home=home, **given), Script()
    async with open_stores(settings) as stores:

        async def graph() -> Any:
            raise AssertionError("nothing here is to be answered outside of Studio")

        engine = Engine(settings, stores, graph, {"synthesizer": "scripted"}, Metrics())
        runs = HostedRuns(engine, Runs(engine))
        saver = InMemorySaver(serde=open_serializer())
        drawn = build_studio_graph(script.nodes, Conversations(engine, runs), saver)
        try:
            yield Studio(drawn, script, stores, runs, engine)
        finally:
            await runs.stop()
