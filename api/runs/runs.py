"""The tasks: one per run, apart from any connection. Whoever wants to see a run reads its log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from random import uniform
from typing import Any

import orjson

from api.errors import Problem
from api.runs.admit import Place, accept, first_run, lease_thread, place_of, record_run
from api.runs.attempt import Live, attempt, attempt_again
from api.runs.engine import Engine
from api.runs.message import Message, checkpoint_id
from memory.errors import ModelUnavailable, NotFound, StoreError, StoreUnavailable
from memory.ids import new_id
from memory.records import SYSTEM, RunRecord, Scope

logger = logging.getLogger(__name__)

RETRY_S = 0.5
STOP_WAIT_S = 8.0
MAX_RETRY_S = 2.0
"""Runs of a store that was away go on this soon after it is back; by chance up to half sooner, so that one which goes
and comes is not met only while it is gone."""


class Runs:
    """Every run of this process. Made by `open_runs`."""

    def __init__(self, engine: Engine) -> None:
        """Take what runs need."""
        self.hosted: set[str] = set()
        """Runs that another part of this process brings to their end; they are not taken up here."""
        self._engine = engine
        self._live: dict[str, Live] = {}
        self._admitting: dict[str, asyncio.Lock] = {}
        self._recovering: set[str] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopping = asyncio.Event()

    @property
    def live(self) -> int:
        """How many runs are under way."""
        return len(self._live)

    async def idle(self) -> None:
        """Return once no admission, recovery or run is under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def start(self, scope: Scope, message: Message) -> RunRecord:
        """Accept a message and start its run; a repeat of an Idempotency-Key returns the first run.

        When this returns, the message is durable, and so is its run.started. A caller that goes away does not
        take the admission with it.

        Raises:
            Problem: thread_busy, quota_exceeded, idempotency_key_reused, overloaded or stopping.
            StoreError: a store refused; nothing was accepted.
        """
        return await asyncio.shield(self._spawn(self._start(scope, message)))

    async def result(self, scope: Scope, run_id: str) -> Mapping[str, Any]:
        """Wait for a run's end and return its reply (see `close.reply_of`).

        Raises:
            NotFound: no such run of this user.
            Problem: stopping, the next process will have the answer; or timeout, a store is away and the run goes on.
        """
        settings = self._engine.settings
        ending = self._spawn(self._ended(scope, run_id))
        stopping = self._spawn(self._stopping.wait())
        try:
            limit_s = settings.run_timeout_s + settings.store_timeout_s
            await asyncio.wait({ending, stopping}, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
            if stopping.done() and not ending.done():
                raise Problem("stopping", "the run goes on after the restart", run_id=run_id)
            if not ending.done():
                raise Problem("timeout", "the answer cannot be kept yet; the run goes on", run_id=run_id)
            return orjson.loads(ending.result().result)
        finally:
            ending.cancel()
            stopping.cancel()

    async def cancel(self, scope: Scope, run_id: str) -> RunRecord:
        """Stop a run and keep what it had; one that has ended stays as it is.

        A run of another process is asked to stop, and so is whoever takes it up. It may still run after STOP_WAIT_S.

        Raises:
            NotFound: no such run of this user.
        """
        runs = self._engine.stores.runs
        record = await runs.get(scope, run_id)
        if record.status != "running" or run_id in self.hosted:
            return record
        if not self._stop(run_id):
            await runs.request_stop(scope, run_id)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_WAIT_S):
                return await self._ended(scope, run_id)
        return record

    async def heed_stop_requests(self) -> None:
        """Stop the runs of this process that users of other processes want to be stopped.

        Raises:
            StoreError: the log cannot be read.
        """
        if self._live:
            for record in await self._engine.stores.runs.stop_requests(SYSTEM):
                self._stop(record.run_id)

    def _stop(self, run_id: str) -> bool:
        """Stop a run of this process; False if it is none."""
        live = self._live.get(run_id)
        if live is None:
            return False
        live.stopped_by_user = True
        if live.generating is not None:
            live.generating.cancel()
        return True

    async def forget_thread(self, scope: Scope, thread_id: str) -> None:
        """Stop and delete a thread with its turns, runs, events, checkpoints, ratings and cached values.

        The turns go last, so that an interrupted deletion can be asked for again.

        Raises:
            NotFound: no such thread of this user.
            Problem: thread_busy.
        """
        await self._engine.stores.turns.page(scope, thread_id, None, 1)
        await self.erase_thread(scope, thread_id)

    async def erase_thread(self, scope: Scope, thread_id: str) -> None:
        """The same, of a thread of which only a part may be left.

        Raises:
            Problem: thread_busy.
        """
        stores = self._engine.stores
        records = await stores.runs.of_thread(scope, thread_id)
        for record in records:
            await self.cancel(scope, record.run_id)
        wait_s = self._engine.settings.thread_wait_s
        lease = await lease_thread(self._engine, scope, Place(f"forget-{new_id()}", thread_id), wait_s)
        try:
            await self._forget(scope, thread_id, records)
        finally:
            with suppress(StoreError):  # it runs out by itself
                await stores.runs.release(scope, lease)

    async def _forget(self, scope: Scope, thread_id: str, records: Sequence[RunRecord]) -> None:
        stores = self._engine.stores
        for record in records:
            await stores.checkpointer.adelete_thread(checkpoint_id(scope, thread_id, record.run_id))
        await stores.feedback.delete_thread(scope, thread_id)
        await stores.cache.delete_prefix(scope, f"thread:{thread_id}:")
        await stores.runs.delete_thread(scope, thread_id)
        with suppress(NotFound):  # a message that was refused has a run and no turn
            await stores.turns.delete_thread(scope, thread_id)

    async def recover(self) -> int:
        """Try to take up every unfinished run, in the background; return how many there are.

        Those that another process works on are left to it: it holds their threads' leases.
        """
        unfinished = await self._engine.stores.runs.unfinished(SYSTEM)
        for record in unfinished:
            self._take_up(record)
        return len(unfinished)

    def announce_stop(self) -> None:
        """Accept nothing more, and let nobody wait for an answer any longer."""
        self._stopping.set()

    async def stop(self, grace_s: float) -> None:
        """Accept nothing more, let runs end within the time given, leave the rest to the next process."""
        self.announce_stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        left = [*self._live.values()]
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for live in left:
            await self._hand_over(live)

    async def _hand_over(self, live: Live) -> None:
        """Give a thread's lease back, so that the next process need not wait until it runs out."""
        with suppress(StoreError):
            await self._engine.stores.runs.release(live.record.scope, live.lease)

    async def _ended(self, scope: Scope, run_id: str) -> RunRecord:
        record = await self._engine.stores.runs.get(scope, run_id)
        live = self._live.get(run_id)
        if live is not None and live.task is not None:
            await asyncio.wait([live.task])
            record = await self._engine.stores.runs.get(scope, run_id)
        if record.status == "running":
            async for _ in self._engine.stores.runs.follow(scope, run_id, 0):
                pass
            record = await self._engine.stores.runs.get(scope, run_id)
        return record

    async def _start(self, scope: Scope, message: Message) -> RunRecord:
        place = place_of(scope, message)
        lock = self._admitting.setdefault(place.run_id, asyncio.Lock())
        try:
            async with lock:
                first = await first_run(self._engine, scope, message)
                if first is None:
                    return await self._admit(scope, message, place)
        finally:
            if not lock.locked():
                self._admitting.pop(place.run_id, None)
        self._take_up(first)
        return first

    async def _admit(self, scope: Scope, message: Message, place: Place) -> RunRecord:
        if self._stopping.is_set():
            raise Problem("stopping")
        if self.live >= self._engine.settings.max_runs:
            raise Problem("overloaded", "too many answers are being written; try again in a moment")
        lease = await lease_thread(self._engine, scope, place, self._engine.settings.thread_wait_s)
        if message.thread_id is None:
            self._spawn(self._read_ahead(message))
        try:
            record = await record_run(self._engine, scope, message, place)
            accepted = await self._accepted(record)
        except (Problem, StoreError):
            await self._engine.stores.runs.release(scope, lease)
            raise
        self._launch(Live(record, lease), recovering=not accepted)
        if not accepted:
            raise Problem("store_unavailable", "the message is kept and will be answered", run_id=record.run_id)
        return record

    async def _read_ahead(self, message: Message) -> None:
        """Embed a thread's first question while it is being recorded; the search then finds the vector ready."""
        with suppress(StoreError, ModelUnavailable):  # the search will meet the same embedder, and say so
            await self._engine.stores.embedder.embed_query(message.text)

    async def _accepted(self, record: RunRecord) -> bool:
        """Complete an admission; False if a store failed on the way, for the run's task to try again."""
        try:
            await accept(self._engine, record)
        except NotFound:
            raise
        except StoreError:
            return False
        return True

    def _take_up(self, record: RunRecord) -> None:
        """Recover a run that nobody in this process works on; one that has ended is left alone."""
        known = (*self._live, *self._admitting, *self._recovering, *self.hosted)
        if record.status == "running" and record.run_id not in known:
            self._recovering.add(record.run_id)
            task = self._spawn(self._recover(record))
            task.add_done_callback(lambda _: self._recovering.discard(record.run_id))

    async def _recover(self, record: RunRecord) -> None:
        engine, place = self._engine, Place(record.run_id, record.thread_id)
        # A run of our own on the same thread ends soon. One elsewhere may be left behind later: the next round sees.
        wait_s = None if record.thread_id in {live.record.thread_id for live in self._live.values()} else 0.0
        try:
            lease = await lease_thread(engine, record.scope, place, wait_s)
        except Problem:
            return
        if (await engine.stores.runs.get(record.scope, record.run_id)).status != "running":
            return await engine.stores.runs.release(record.scope, lease)
        engine.metrics.recoveries.inc()
        self._launch(Live(record, lease), recovering=True)

    def _launch(self, live: Live, *, recovering: bool) -> None:
        if live.record.run_id in self._live:
            return  # a repeat was admitted beside its first, under the same lease
        self._live[live.record.run_id] = live
        self._engine.metrics.live_runs.set(self.live)
        live.task = self._spawn(self._run(live, recovering=recovering))

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _run(self, live: Live, *, recovering: bool) -> None:
        """Bring a run to its end, again after each failure of a store."""
        live.renewing = self._spawn(self._renew(live))
        pause_s = RETRY_S
        try:
            while not await self._attempted(live, recovering=recovering):
                recovering = True
                await asyncio.sleep(uniform(pause_s / 2, pause_s))
                pause_s = min(2 * pause_s, MAX_RETRY_S)
        finally:
            live.renewing.cancel()
            self._live.pop(live.record.run_id, None)
            self._engine.metrics.live_runs.set(self.live)

    async def _attempted(self, live: Live, *, recovering: bool) -> bool:
        """Try once; True when the run has ended, or nothing more can be done for it in this process."""
        try:
            await (attempt_again(self._engine, live) if recovering else attempt(self._engine, live))
            await self._give_back(live)
        except StoreError as error:
            # A store that is away comes back; what it refuses once it will refuse again.
            live.counts = not isinstance(error, StoreUnavailable)
            live.failures += live.counts
            log = {"run_id": live.record.run_id, "error": type(error).__name__}
            logger.warning("a store failed under a run", extra=log)
            return live.failures > self._engine.settings.recovery_attempts + 1
        return True

    async def _give_back(self, live: Live) -> None:
        """Let the thread go. Renewed once more after that, the lease would be nobody's until it runs out."""
        live.ended.set()
        if live.renewing is not None:
            await asyncio.wait([live.renewing])
        await self._engine.stores.runs.release(live.record.scope, live.lease)

    async def _renew(self, live: Live) -> None:
        """Keep the lease while the run goes on; end the run's task here once somebody else had it."""
        settings, runs, held = self._engine.settings, self._engine.stores.runs, live.lease
        while not await _set_within(live.ended, settings.lease_ttl_s / 3):
            with suppress(StoreError):  # the run itself will meet the same store
                lease = await runs.lease(live.record.scope, held.thread_id, held.holder, settings.lease_ttl_s)
                if lease == held or live.task is None:
                    continue
                if lease is not None:  # back under a younger token: the thread was acted on meanwhile
                    await runs.release(live.record.scope, lease)
                logger.warning("lost the lease of a thread", extra={"run_id": live.record.run_id})
                live.task.cancel()


async def _set_within(event: asyncio.Event, timeout_s: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()
    return event.is_set()
