"""Runs whose answer is made elsewhere, step by step, by a person in LangGraph Studio: ordinary runs in all else.

Such a run may pause between two steps for as long as it likes. It keeps its lease and its reservation meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from api.errors import Problem
from api.runs.admit import accept, lease_thread, place_of, record_run
from api.runs.attempt import code_of, failed, stored_events
from api.runs.close import Outcome, close, partial
from api.runs.engine import Engine
from api.runs.message import Message
from api.runs.reconcile import reconcile
from api.runs.replay import Said
from api.runs.runs import Runs
from api.runs.writer import EventWriter, stored_body
from memory.errors import StoreError
from memory.records import Answer, Lease, RunRecord, Scope

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(slots=True)
class Hosted:
    """A run under way. text: what is kept if it stops now. used_tokens: of every step, also of repeated ones."""

    record: RunRecord
    lease: Lease
    renewing: asyncio.Task[None]
    text: str = ""
    used_tokens: int = 0
    closing: asyncio.Lock = field(default_factory=asyncio.Lock)


class HostedRuns:
    """Admits, holds and closes runs for whoever makes their answers. What is begun here is not torn by a cancel."""

    def __init__(self, engine: Engine, runs: Runs) -> None:
        """Take what runs need, and the runs of this process, which must leave these alone."""
        self._engine = engine
        self._runs = runs
        self._hosted: dict[str, Hosted] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopping = False

    def get(self, run_id: str) -> Hosted | None:
        """Return a run under way; None for one that has ended, or is of another process."""
        return self._hosted.get(run_id)

    async def admit(self, scope: Scope, message: Message) -> Hosted:
        """Accept a message as an ordinary run. What was under way on its thread was left for it, and is cancelled.

        Raises:
            Problem: quota_exceeded, thread_busy, stopping, or parent_turn_id is no recent turn of the thread.
            StoreError: a store refused.
        """
        return await self._whole(self._admit(scope, message))

    async def complete(self, run_id: str, answer: Answer) -> None:
        """Charge what was used, keep the answer's turn, end the run.

        Raises:
            StoreError: a store refused; calling again completes what is missing.
        """
        hosted = self._hosted[run_id]
        await self._whole(self._close(hosted, Outcome("completed", "complete", answer, hosted.used_tokens)))

    async def cancel(self, run_id: str) -> None:
        """End a run as stopped by its user; what it had is kept and charged. Raises StoreError."""
        if (hosted := self._hosted.get(run_id)) is not None:
            outcome = Outcome("cancelled", "cancelled", partial(hosted.text), hosted.used_tokens)
            await self._whole(self._close(hosted, outcome))

    async def fail(self, run_id: str, error: BaseException) -> None:
        """End a run that could not go on. Raises StoreError."""
        if (hosted := self._hosted.get(run_id)) is not None:
            logger.error("a run failed", extra={"run_id": run_id}, exc_info=error)
            await self._whole(self._close(hosted, failed(code_of(error), hosted.text, hosted.used_tokens)))

    async def stop(self) -> None:
        """Accept nothing more and cancel what is under way; what a store refuses now is left to the next process."""
        self._stopping = True
        for run_id in list(self._hosted):
            try:
                await self.cancel(run_id)
            except StoreError as error:
                logger.warning("a run is left open", extra={"run_id": run_id, "error": type(error).__name__})
                self._forget(self._hosted[run_id])

    async def _admit(self, scope: Scope, message: Message) -> Hosted:
        if self._stopping:
            raise Problem("stopping")
        for hosted in [*self._hosted.values()]:
            if hosted.record.thread_id == message.thread_id:
                await self.cancel(hosted.record.run_id)
        place, settings = place_of(scope, message), self._engine.settings
        lease = await lease_thread(self._engine, scope, place, settings.thread_wait_s)
        self._runs.hosted.add(place.run_id)
        try:
            record = await record_run(self._engine, scope, message, place)
            await accept(self._engine, record)
        except (Problem, StoreError):
            self._runs.hosted.discard(place.run_id)
            await self._engine.stores.runs.release(scope, lease)
            raise
        hosted = Hosted(record, lease, asyncio.create_task(self._renew(record.scope, lease)))
        self._hosted[record.run_id] = hosted
        return hosted

    async def _close(self, hosted: Hosted, outcome: Outcome) -> None:
        record = hosted.record
        async with hosted.closing:
            if self.get(record.run_id) is None:
                return
            stored = await stored_events(self._engine, record)
            writer = EventWriter(self._engine.stores.runs, record, stored[-1].seq)
            if outcome.status == "completed":
                for said in reconcile([Said(event.type, stored_body(event)) for event in stored], outcome.answer):
                    writer.put(said.kind, said.body)
            await close(self._engine, record, writer, outcome)
            self._forget(hosted)
            await self._engine.stores.runs.release(record.scope, hosted.lease)

    def _forget(self, hosted: Hosted) -> None:
        hosted.renewing.cancel()
        self._hosted.pop(hosted.record.run_id, None)
        self._runs.hosted.discard(hosted.record.run_id)

    async def _renew(self, scope: Scope, lease: Lease) -> None:
        ttl_s = self._engine.settings.lease_ttl_s
        while True:
            await asyncio.sleep(ttl_s / 3)
            try:
                await self._engine.stores.runs.lease(scope, lease.thread_id, lease.holder, ttl_s)
            except StoreError:
                continue  # the close will meet the same store

    async def _whole(self, work: Coroutine[Any, Any, T]) -> T:
        """Do a piece of work to its end, also when the caller is cancelled meanwhile."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)
