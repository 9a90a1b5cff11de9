"""Which run a step in Studio belongs to: the one that its state names, or another attempt at the question."""

from __future__ import annotations

from collections.abc import Sequence

from langgraph.runtime import Runtime

from api.filters import parse_filters
from api.runs.engine import Engine
from api.runs.generate import history_of
from api.runs.hosted import Hosted, HostedRuns
from api.runs.message import NO_PARENT, Message
from api.studio.state import StudioContext, StudioState, checked
from memory.errors import NotFound
from memory.ids import new_id
from memory.records import LOCAL, RunRecord, Turn


class Conversations:
    """The threads of Studio as conversations of the local user. Who asks is decided here, by the process alone."""

    def __init__(self, engine: Engine, runs: HostedRuns) -> None:
        """Keep the runs of an engine."""
        self.runs = runs
        self._engine = engine
        self._begun: set[str] = set()

    async def ask(self, state: StudioState, runtime: Runtime[StudioContext]) -> Hosted:
        """Admit a question after the run that its state names, or as another first question of the thread.

        Raises:
            Problem: quota_exceeded, thread_busy or stopping.
            StoreError: a store refused.
            ValidationError, ValueError: the context cannot be.
        """
        session_id = _session_of(state, runtime)
        former = await self._former(state, session_id)
        if former is not None:
            return await self._admit(state, runtime, session_id, former.answer_turn_id)
        parent = None if session_id in self._begun else NO_PARENT
        return await self._admit(state, runtime, session_id, parent)

    async def under_way(self, state: StudioState, runtime: Runtime[StudioContext]) -> Hosted:
        """Return the run that a step belongs to, admitting another attempt if the state's own cannot go on.

        Raises as `ask` does.
        """
        session_id = _session_of(state, runtime)
        hosted = self.runs.get(state.run_id)
        if hosted is not None and (hosted.record.thread_id, hosted.record.message) == (session_id, state.question):
            return hosted
        former = await self._former(state, session_id)
        return await self._admit(state, runtime, session_id, former.parent_turn_id if former else NO_PARENT)

    async def history(self, hosted: Hosted) -> Sequence[Turn]:
        """The turns that lead to a run's question, oldest first."""
        return await history_of(self._engine, hosted.record)

    async def _former(self, state: StudioState, session_id: str) -> RunRecord | None:
        """The run that a state names, if this thread has it: a copied thread begins without."""
        try:
            record = await self._engine.stores.runs.get(LOCAL, state.run_id)
        except NotFound:
            return None
        return record if record.thread_id == session_id else None

    async def _admit(
        self, state: StudioState, runtime: Runtime[StudioContext], session_id: str, parent: object
    ) -> Hosted:
        context = checked(runtime.context)
        filters = parse_filters(context.filters)
        message = Message(state.question, session_id, context.effort, filters, parent)
        hosted = await self.runs.admit(LOCAL, message)
        self._begun.add(session_id)
        return hosted


def _session_of(state: StudioState, runtime: Runtime[StudioContext]) -> str:
    """Studio's thread, which is the conversation; a run without a thread makes its own."""
    info = runtime.execution_info
    return (info and info.thread_id) or state.session_id or new_id()
