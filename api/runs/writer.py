"""Numbers a run's events and keeps them in groups: each write costs a commit that reaches the disk.

Whatever is ready when a write ends goes into the next one, and what tells of the work waits a moment for more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson

from memory.ports import RunLog
from memory.records import RunEvent, RunRecord

GROUP_S = 0.02
"""How long what tells of the work waits for more; the words of an answer wait for nothing."""
WORDS = "answer.delta"


def body_of(part: Mapping[str, Any]) -> bytes:
    """An event without its number, as JSON; equal events have equal bodies."""
    return orjson.dumps(part)


def stored_body(event: RunEvent) -> bytes:
    """The body of an event that was kept."""
    return b"{" + event.data.split(b",", 1)[1]


def numbered(seq: int, kind: str, body: bytes) -> RunEvent:
    """Give a body its place in the run."""
    return RunEvent(seq, kind, b'{"seq":%d,' % seq + body[1:])


class EventWriter:
    """Keeps a run's events in order. One per attempt; used from one task."""

    def __init__(self, log: RunLog, record: RunRecord, last_seq: int) -> None:
        """Go on after the event last_seq."""
        self._log = log
        self._record = record
        self._last_seq = last_seq
        self._ready: list[RunEvent] = []
        self._writing: asyncio.Task[None] | None = None
        self._grouping: asyncio.TimerHandle | None = None

    def put(self, kind: str, body: bytes) -> None:
        """Number an event; it is kept soon. Raises what an earlier write raised."""
        self._ready.append(self.number(kind, body))
        if self._writing is not None and not self._writing.done():
            return
        self._raise()
        if kind == WORDS:
            self.begin()
        elif self._grouping is None:
            self._grouping = asyncio.get_running_loop().call_later(GROUP_S, self.begin)

    def begin(self) -> None:
        """Write what waits, without waiting for more; after a write that failed nothing may follow."""
        if self._grouping is not None:
            self._grouping.cancel()
            self._grouping = None
        if self._ready and (self._writing is None or _ended_well(self._writing)):
            self._writing = asyncio.create_task(self._write())

    def number(self, kind: str, body: bytes) -> RunEvent:
        """Number an event that the caller will keep itself, as the last of the run."""
        self._last_seq += 1
        return numbered(self._last_seq, kind, body)

    async def flush(self) -> None:
        """Return once every event is kept.

        Raises:
            StoreError: the log cannot be written.
        """
        self.begin()
        while self._writing is not None:
            await asyncio.shield(self._writing)
            self._writing = None
            self.begin()

    def _raise(self) -> None:
        if self._writing is not None and self._writing.done():
            self._writing.result()

    async def _write(self) -> None:
        while self._ready:
            batch, self._ready = self._ready, []
            await self._log.append(self._record.scope, self._record.run_id, batch)


def _ended_well(task: asyncio.Task[None]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None
