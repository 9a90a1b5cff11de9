"""Sends a run's events to one reader. Memory per reader is bounded by the socket's buffers, never by the run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from api.encoders import sse
from api.errors import Problem
from api.events import TERMINAL
from api.metrics import Metrics
from api.settings import Settings
from memory.errors import StoreError
from memory.records import RunEvent

BATCH, BATCH_BYTES = 64, 8_192
"""A write begins before more than this is read ahead; what a stalled reader leaves here stays small."""


@dataclass(slots=True)
class Stopping:
    """Set once, when the server stops; tells every stream, without a task of each that waits for it."""

    listeners: set[Callable[[], None]] = field(default_factory=set[Callable[[], None]])
    is_set: bool = False

    def set(self) -> None:
        """End all streams, with a farewell."""
        self.is_set = True
        for told in tuple(self.listeners):
            told()


@dataclass(slots=True)
class Streams:
    """The open streams of a process, and the signal that ends them all."""

    settings: Settings
    metrics: Metrics
    stopping: Stopping
    open: int = 0
    cut: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def of(cls, settings: Settings, metrics: Metrics) -> Streams:
        """No stream is open yet. Called with the loop running."""
        return cls(settings, metrics, Stopping())

    def took(self) -> None:
        """A stream begins."""
        self._note(1)

    def gave(self) -> None:
        """A stream has ended."""
        self._note(-1)

    def stalled(self) -> None:
        """A stream was cut because its reader took nothing."""
        self.cut += 1
        self.metrics.streams_cut.inc()

    def _note(self, difference: int) -> None:
        self.open += difference
        self.metrics.streams.set(self.open)
        self.changed.set()

    def refuse_if_full(self) -> None:
        """Raise overloaded when there is no slot left."""
        if self.open >= self.settings.max_streams:
            raise Problem("overloaded", "too many open event streams; try again in a moment")


class Encoder(Protocol):
    """Turns events of a run into what a stream sends."""

    def frames(self, events: Sequence[RunEvent]) -> bytes:
        """Several events as one write; nothing for those that this protocol does not tell."""
        ...


class EventStream(Response):
    """An ASGI response: a run's events with heartbeat, a time limit on stalled readers, and a clean end.

    The slot is taken when sending begins and given back however it ends.
    """

    def __init__(
        self,
        events: AsyncIterator[RunEvent],
        streams: Streams,
        headers: Mapping[str, str],
        encoder: Encoder | None = None,
    ) -> None:
        """Send these events, with these headers beside the usual ones; encoder: for another protocol's clients."""
        self.status_code = 200
        self.background = None
        self.init_headers({**sse.HEADERS, **headers})
        self._events = events
        self._streams = streams
        self._encoder = encoder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the run ends, the reader leaves or stalls, or the server stops."""
        self._streams.took()
        try:
            await _Sending(self._streams, send, self._encoder).run(self.raw_headers, receive, self._events)
        except TimeoutError:
            self._streams.stalled()
        finally:
            self._streams.gave()


class _Sending:
    """One stream while it is open: whatever happens to it wakes the one task that writes.

    Events are read one batch ahead at most while a write is under way; those ready together go out as one write.
    Another protocol's clients (`encoder`) know neither the farewell nor the time to reconnect: their stream just ends.
    """

    def __init__(self, streams: Streams, send: Send, encoder: Encoder | None) -> None:
        self._settings, self._stopping = streams.settings, streams.stopping
        self._send = send
        self._frames = sse.frames if encoder is None else encoder.frames
        self._retry, self._farewell = (sse.RETRY, sse.SHUTDOWN) if encoder is None else (b"", b"")
        self._held: list[RunEvent] = []
        self._held_bytes = 0
        self._waiting: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._limit = asyncio.timeout(None)
        self._due: float | None = None
        """When the write under way must have ended, in the loop's time; None between two."""
        self._gone = self._heartbeat_due = False
        self._beating = self._loop.call_later(self._settings.heartbeat_s, self._beat)
        self._watching = self._loop.call_later(self._settings.stall_s, self._watch)

    async def run(
        self, headers: Sequence[tuple[bytes, bytes]], receive: Receive, events: AsyncIterator[RunEvent]
    ) -> None:
        """Send all there is.

        Raises:
            TimeoutError: the reader takes nothing.
        """
        reading, listening = asyncio.create_task(self._read(events)), asyncio.create_task(left(receive))
        reading.add_done_callback(self._wake)
        listening.add_done_callback(self._leave)
        self._stopping.listeners.add(self._stop)
        try:
            async with self._limit:
                await self._write({"type": "http.response.start", "status": 200, "headers": headers})
                await self._body(self._retry)
                await self._write_events(reading)
                await self._write({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._stopping.listeners.discard(self._stop)
            self._beating.cancel()
            self._watching.cancel()
            for task in (reading, listening):
                if not task.cancel() and not task.cancelled():
                    task.exception()  # seen: nobody is left to be told

    async def _write_events(self, reading: asyncio.Task[None]) -> None:
        while not self._gone:
            batch, self._held, self._held_bytes = self._held, [], 0
            if batch:
                _resolve(self._room)
                await self._body(self._frames(batch))
                if batch[-1].type in TERMINAL:
                    return
            elif self._stopping.is_set:
                return await self._body(self._farewell)
            elif reading.done():
                return await self._body(self._end_of(reading))
            elif self._heartbeat_due:
                self._heartbeat_due = False
                await self._body(sse.HEARTBEAT)
            else:
                self._waiting = self._loop.create_future()
                await self._waiting

    def _end_of(self, reading: asyncio.Task[None]) -> bytes:
        """What is said when no more can be read: if a store failed, the client comes back with its Last-Event-ID."""
        error = reading.exception()
        if error is not None and not isinstance(error, StoreError):
            raise error
        return self._farewell if error else b""

    async def _body(self, data: bytes) -> None:
        if data:
            await self._write({"type": "http.response.body", "body": data, "more_body": True})

    async def _write(self, message: Message) -> None:
        self._due = self._loop.time() + self._limit_s
        await self._send(message)
        self._due = None

    @property
    def _limit_s(self) -> float:
        settings = self._settings
        return min(settings.stall_s, settings.shutdown_grace_s) if self._stopping.is_set else settings.stall_s

    def _watch(self) -> None:
        """Look whether the write under way is late: one timer a stream, where one a write would cost as much as it."""
        now = self._loop.time()
        if self._due is not None and self._due <= now:
            return self._limit.reschedule(now)
        self._watching = self._loop.call_at(self._due or now + self._limit_s, self._watch)

    async def _read(self, events: AsyncIterator[RunEvent]) -> None:
        try:
            async for event in events:
                self._held.append(event)
                self._held_bytes += len(event.data)
                self._wake()
                if len(self._held) >= BATCH or self._held_bytes >= BATCH_BYTES:
                    self._room = self._loop.create_future()
                    await self._room
        finally:
            if isinstance(events, AsyncGenerator):
                await events.aclose()

    def _wake(self, _: object = None) -> None:
        _resolve(self._waiting)

    def _leave(self, _: object) -> None:
        self._gone = True
        self._wake()

    def _beat(self) -> None:
        self._heartbeat_due = True
        self._beating = self._loop.call_later(self._settings.heartbeat_s, self._beat)
        self._wake()

    def _stop(self) -> None:
        """Let a write that is under way take no longer than the server waits."""
        by = self._loop.time() + self._limit_s
        if self._due is not None:
            self._due = min(self._due, by)
        self._watching.cancel()
        self._watching = self._loop.call_at(by, self._watch)
        self._wake()


async def left(receive: Receive) -> None:
    """Return once the reader has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _resolve(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)
