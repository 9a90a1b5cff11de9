"""One attempt at bringing a run to its end: the first, or one after a crash or a store's failure."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from api.errors import Code, Problem
from api.runs.admit import accept
from api.runs.close import Outcome, close, close_from_turn, partial
from api.runs.engine import Engine
from api.runs.generate import Generation, continues, generate
from api.runs.recall import CACHED
from api.runs.replay import Replay
from api.runs.writer import EventWriter
from memory.errors import StoreError
from memory.records import Lease, RunEvent, RunRecord, Turn
from tools.errors import ToolCallError

logger = logging.getLogger(__name__)

PAGE = 500
DAY_S = 86_400.0
MESSAGES: Mapping[Code, str] = {
    "timeout": "the answer took too long",
    "recovery_exhausted": "the answer could not be completed after an interruption; ask again",
    "tools_unavailable": "the search does not answer at the moment",
}


@dataclass(slots=True)
class Live:
    """A run under way in this process. counts: the next attempt is one of those that are limited.

    renewing: keeps the lease until `ended` is set.
    """

    record: RunRecord
    lease: Lease
    task: asyncio.Task[None] | None = None
    renewing: asyncio.Task[None] | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    generating: asyncio.Task[None] | None = None
    stopped_by_user: bool = False
    counts: bool = True
    failures: int = 0


async def attempt(engine: Engine, live: Live, stored: Sequence[RunEvent] = (), *, resumed: bool = False) -> None:
    """Make the answer and close the run. stored: what former attempts wrote, run.started first.

    Raises:
        StoreError: a store failed; `attempt_again` completes what is missing.
    """
    record = live.record
    writer = EventWriter(engine.stores.runs, record, stored[-1].seq if stored else 1)
    in_the_middle = resumed and await continues(engine, record)
    making = Generation(record, writer, Replay(stored[1:], from_start=not in_the_middle), live.lease.token)
    live.generating = asyncio.create_task(generate(engine, making, resumed=resumed))
    if live.stopped_by_user:
        live.generating.cancel()
    try:
        await asyncio.wait([live.generating], timeout=engine.settings.run_timeout_s)
    finally:
        timed_out = not live.generating.done()
        live.generating.cancel()
    await asyncio.wait([live.generating])
    await close(engine, record, writer, _outcome(live.generating, making, timed_out=timed_out))


async def attempt_again(engine: Engine, live: Live) -> None:
    """Complete the admission if need be, then make the answer again from where the log ends.

    Raises:
        StoreError: a store failed; calling again completes what is missing.
    """
    record = live.record
    if (await engine.stores.runs.get(record.scope, record.run_id)).status != "running":
        return
    exhausted = live.counts and await _count(engine, record) > engine.settings.recovery_attempts
    try:
        await accept(engine, record)
    except Problem:
        return  # refused: nothing was promised to anybody
    stored = await stored_events(engine, record)
    writer = EventWriter(engine.stores.runs, record, stored[-1].seq)
    if (turn := await _kept_answer(engine, record)) is not None:
        await close_from_turn(engine, record, writer, turn, cached=any(event.type == CACHED for event in stored))
    elif exhausted:
        await close(engine, record, writer, failed("recovery_exhausted", "", None))
    else:
        await attempt(engine, live, stored, resumed=True)


def _outcome(generating: asyncio.Task[None], making: Generation, *, timed_out: bool) -> Outcome:
    if timed_out:
        return failed("timeout", making.text, making.spent_tokens())
    if generating.cancelled():
        return Outcome("cancelled", "cancelled", partial(making.text), making.spent_tokens())
    error = generating.exception()
    if isinstance(error, StoreError) or (error is not None and not isinstance(error, Exception)):
        raise error
    if error is None and making.answer is not None:
        cached = making.is_cached
        return Outcome("completed", "complete", making.answer, making.used_tokens, cached=cached)
    logger.error("a run failed", extra={"run_id": making.record.run_id}, exc_info=error)
    return failed(code_of(error), making.text, making.spent_tokens())


def code_of(error: BaseException | None) -> Code:
    """Name what kept a run from going on."""
    return "tools_unavailable" if isinstance(error, ToolCallError) else "internal"


def failed(code: Code, text: str, used_tokens: int | None) -> Outcome:
    """A run that could not go on: what was streamed is kept and charged, nothing is charged for nothing."""
    message = MESSAGES.get(code, "the answer failed")
    if not text:
        return Outcome("failed", "failed", partial(""), None, code, message)
    return Outcome("failed", "partial", partial(text), used_tokens, code, message)


async def _count(engine: Engine, record: RunRecord) -> int:
    """Count a recovery durably: a run that kills its process must not do so for ever."""
    key = f"thread:{record.thread_id}:recovery:{record.run_id}"
    attempts = 1 + int(await engine.stores.cache.get(record.scope, key) or b"0")
    await engine.stores.cache.put(record.scope, key, b"%d" % attempts, DAY_S)
    return attempts


async def stored_events(engine: Engine, record: RunRecord) -> list[RunEvent]:
    """Return every event that was kept of a run."""
    events: list[RunEvent] = []
    while True:
        after = events[-1].seq if events else 0
        page = await engine.stores.runs.read(record.scope, record.run_id, after, PAGE)
        events.extend(page)
        if len(page) < PAGE:
            return events


async def _kept_answer(engine: Engine, record: RunRecord) -> Turn | None:
    recent = await engine.stores.turns.recent(record.scope, record.thread_id, 3)
    return next((turn for turn in recent if turn.turn_id == record.answer_turn_id), None)
