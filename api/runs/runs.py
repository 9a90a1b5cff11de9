"""The tasks: one per run, apart from any connection. Whoever wants to see a run reads its log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from api.errors import Code, Problem
from api.runs.admit import Place, accept, first_run, lease_thread, place_of, record_run
from api.runs.close import Outcome, close, close_from_turn, partial
from api.runs.engine import Engine
from api.runs.generate import Generation, continues, generate
from api.runs.message import Message
from api.runs.replay import Replay
from api.runs.writer import EventWriter
from memory.errors import LeaseLost, NotFound, StoreError
from memory.records import SYSTEM, Lease, RunEvent, RunRecord, Scope, Turn
from tools.errors import ToolCallError

logger = logging.getLogger(__name__)

PAGE = 500
RETRY_S = 0.5
DAY_S = 86_400.0


@dataclass(slots=True)
class Live:
    """A run under way in this process."""

    record: RunRecord
    lease: Lease
    task: asyncio.Task[None] | None = None
    generating: asyncio.Task[None] | None = None
    stopped_by_user: bool = False


class Runs:
    """Every run of this process. Made by `open_runs`."""

    def __init__(self, engine: Engine) -> None:
        """Take what runs need."""
        self._engine = engine
        self._live: dict[str, Live] = {}
        self._admitting: dict[str, asyncio.Lock] = {}
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
            Problem: stopping; the next process will have the answer.
        """
        ending = self._spawn(self._ended(scope, run_id))
        stopping = self._spawn(self._stopping.wait())
        try:
            await asyncio.wait({ending, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not ending.done():
                raise Problem("stopping", "the run goes on after the restart", run_id=run_id)
            return orjson.loads(ending.result().result)
        finally:
            ending.cancel()
            stopping.cancel()

    async def cancel(self, scope: Scope, run_id: str) -> RunRecord:
        """Stop a run and keep what it had; one that has ended stays as it is.

        Raises:
            NotFound: no such run of this user.
        """
        record = await self._engine.stores.runs.get(scope, run_id)
        live = self._live.get(run_id)
        if live is None or live.task is None:
            return record
        live.stopped_by_user = True
        if live.generating is not None:
            live.generating.cancel()
        await asyncio.wait([live.task])
        return await self._engine.stores.runs.get(scope, run_id)

    async def forget_thread(self, scope: Scope, thread_id: str) -> None:
        """Stop and delete a thread with its turns, runs, events, checkpoints, ratings and cached values.

        The turns go last, so that an interrupted deletion can be asked for again.

        Raises:
            NotFound: no such thread of this user.
        """
        stores = self._engine.stores
        await stores.turns.page(scope, thread_id, None, 1)
        records = await stores.runs.of_thread(scope, thread_id)
        for record in records:
            await self.cancel(scope, record.run_id)
        for record in records:
            await stores.checkpointer.adelete_thread(_checkpoints(record))
        await stores.feedback.delete_thread(scope, thread_id)
        await stores.cache.delete_prefix(scope, f"thread:{thread_id}:")
        await stores.runs.delete_thread(scope, thread_id)
        await stores.turns.delete_thread(scope, thread_id)

    async def recover(self) -> int:
        """Take up every run that another process left behind; return how many. They go on in the background."""
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
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

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
                self._take_up(first)
                return first
        finally:
            if not lock.locked():
                self._admitting.pop(place.run_id, None)

    async def _admit(self, scope: Scope, message: Message, place: Place) -> RunRecord:
        if self._stopping.is_set():
            raise Problem("stopping")
        if self.live >= self._engine.settings.max_runs:
            raise Problem("overloaded", "too many answers are being written; try again in a moment")
        lease = await lease_thread(self._engine, scope, place, self._engine.settings.thread_wait_s)
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
        if record.status == "running" and record.run_id not in self._live:
            self._spawn(self._recover(record))

    async def _recover(self, record: RunRecord) -> None:
        place = Place(record.run_id, record.thread_id)
        lease = await lease_thread(self._engine, record.scope, place, None)
        if record.run_id in self._live:
            return  # somebody else in this process was faster, with the same lease
        self._engine.metrics.recoveries.inc()
        self._launch(Live(record, lease), recovering=True)

    def _launch(self, live: Live, *, recovering: bool) -> None:
        self._live[live.record.run_id] = live
        self._engine.metrics.live_runs.set(self.live)
        live.task = self._spawn(self._run(live, recovering=recovering))

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _run(self, live: Live, *, recovering: bool) -> None:
        """Bring a run to its end, again after each failure of a store, within the attempts allowed."""
        renewing = self._spawn(self._renew(live))
        try:
            while not await self._attempted(live, recovering=recovering):
                recovering = True
                await asyncio.sleep(RETRY_S)
        finally:
            renewing.cancel()
            self._live.pop(live.record.run_id, None)
            self._engine.metrics.live_runs.set(self.live)

    async def _attempted(self, live: Live, *, recovering: bool) -> bool:
        try:
            if recovering:
                await self._attempt_again(live)
            else:
                await self._attempt(live, stored=(), resumed=False)
            await self._engine.stores.runs.release(live.record.scope, live.lease)
        except LeaseLost:
            logger.warning("another process took the run over", extra={"run_id": live.record.run_id})
        except StoreError as error:
            logger.warning(
                "a store failed under a run",
                extra={"run_id": live.record.run_id, "error": type(error).__name__},
            )
            return False
        return True

    async def _attempt_again(self, live: Live) -> None:
        """Complete the admission if need be, then make the answer again from where the log ends."""
        engine, record = self._engine, live.record
        if (await engine.stores.runs.get(record.scope, record.run_id)).status != "running":
            return
        attempts = await self._count_attempt(record)
        try:
            await accept(engine, record)
        except Problem:
            return  # refused: nothing was promised to anybody
        stored = await self._stored(record)
        if (turn := await self._kept_answer(record)) is not None:
            writer = EventWriter(engine.stores.runs, record, stored[-1].seq)
            await close_from_turn(engine, record, writer, turn)
        elif attempts > engine.settings.recovery_attempts:
            writer = EventWriter(engine.stores.runs, record, stored[-1].seq)
            await close(engine, record, writer, _failed("recovery_exhausted", "", None))
        else:
            await self._attempt(live, stored=stored, resumed=True)

    async def _attempt(self, live: Live, *, stored: Sequence[RunEvent], resumed: bool) -> None:
        engine, record = self._engine, live.record
        writer = EventWriter(engine.stores.runs, record, stored[-1].seq if stored else 1)
        in_the_middle = resumed and await continues(engine, record)
        making = Generation(record, writer, Replay(stored[1:], from_start=not in_the_middle))
        live.generating = asyncio.create_task(generate(engine, making, resumed=resumed))
        if live.stopped_by_user:
            live.generating.cancel()
        try:
            await asyncio.wait([live.generating], timeout=engine.settings.run_timeout_s)
        finally:
            outcome_known = live.generating.done()
            live.generating.cancel()
        if not outcome_known:
            await asyncio.wait([live.generating])
        await close(engine, record, writer, self._outcome(live, making, timed_out=not outcome_known))

    def _outcome(self, live: Live, making: Generation, *, timed_out: bool) -> Outcome:
        assert live.generating is not None
        if timed_out:
            return _failed("timeout", making.text, making.spent_tokens())
        if live.generating.cancelled():
            return Outcome("cancelled", "cancelled", partial(making.text), making.spent_tokens())
        error = live.generating.exception()
        if isinstance(error, StoreError) or (error is not None and not isinstance(error, Exception)):
            raise error
        if error is None and making.answer is not None:
            return Outcome("completed", "complete", making.answer, making.used_tokens)
        logger.error("a run failed", extra={"run_id": making.record.run_id}, exc_info=error)
        return _failed(_code_of(error), making.text, making.spent_tokens())

    async def _count_attempt(self, record: RunRecord) -> int:
        key = f"thread:{record.thread_id}:recovery:{record.run_id}"
        cache = self._engine.stores.cache
        attempts = 1 + int(await cache.get(record.scope, key) or b"0")
        await cache.put(record.scope, key, b"%d" % attempts, DAY_S)
        return attempts

    async def _stored(self, record: RunRecord) -> list[RunEvent]:
        events: list[RunEvent] = []
        while True:
            after = events[-1].seq if events else 0
            page = await self._engine.stores.runs.read(record.scope, record.run_id, after, PAGE)
            events.extend(page)
            if len(page) < PAGE:
                return events

    async def _kept_answer(self, record: RunRecord) -> Turn | None:
        recent = await self._engine.stores.turns.recent(record.scope, record.thread_id, 3)
        return next((turn for turn in recent if turn.turn_id == record.answer_turn_id), None)

    async def _renew(self, live: Live) -> None:
        settings, runs = self._engine.settings, self._engine.stores.runs
        while True:
            await asyncio.sleep(settings.lease_ttl_s / 3)
            record = live.record
            try:
                lease = await runs.lease(record.scope, record.thread_id, record.run_id, settings.lease_ttl_s)
            except StoreError:
                continue  # the run itself will meet the same store
            if lease is None and live.task is not None:
                logger.warning("lost the lease of a thread", extra={"run_id": record.run_id})
                live.task.cancel()
                return


@asynccontextmanager
async def open_runs(engine: Engine) -> AsyncGenerator[Runs]:
    """Open the runs of this process and take up unfinished ones; on leaving, stop them gracefully."""
    runs = Runs(engine)
    await runs.recover()
    try:
        yield runs
    finally:
        await runs.stop(engine.settings.shutdown_grace_s)


def _failed(code: Code, text: str, used_tokens: int | None) -> Outcome:
    messages: Mapping[Code, str] = {
        "timeout": "the answer took too long",
        "recovery_exhausted": "the answer could not be completed after an interruption; ask again",
        "tools_unavailable": "the search does not answer at the moment",
    }
    status = "partial" if text else "failed"
    return Outcome(
        "failed", status, partial(text), used_tokens if text else None, code, messages.get(code, "the answer failed")
    )


def _code_of(error: BaseException | None) -> Code:
    return "tools_unavailable" if isinstance(error, ToolCallError) else "internal"


def _checkpoints(record: RunRecord) -> str:
    from api.runs.message import checkpoint_id

    return checkpoint_id(record.scope, record.thread_id, record.run_id)
