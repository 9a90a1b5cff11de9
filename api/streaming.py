"""Sends a run's events to one reader. Memory per reader is bounded by the socket's buffers, never by the run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import anyio
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Message, Receive, Scope, Send

from api.encoders import sse
from api.errors import Problem
from api.events import TERMINAL
from api.metrics import Metrics
from api.settings import Settings
from memory.errors import StoreError
from memory.records import RunEvent

BATCH = 64


@dataclass(slots=True)
class Streams:
    """The open streams of a process, and the signal that ends them all."""

    settings: Settings
    metrics: Metrics
    stopping: anyio.Event
    open: int = 0
    cut: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def of(cls, settings: Settings, metrics: Metrics) -> Streams:
        """No stream is open yet. Called with the loop running."""
        return cls(settings, metrics, anyio.Event())

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


class EventStream(EventSourceResponse):
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
        settings = streams.settings
        super().__init__(  # pyright: ignore[reportUnknownMemberType]  its dict has no type arguments
            _content(events, streams, encoder),
            headers={**sse.HEADERS, **headers},
            ping=settings.heartbeat_s,
            ping_message_factory=_heartbeat,
            sep="\n",
            send_timeout=settings.stall_s,
            shutdown_event=streams.stopping,
            shutdown_grace_period=settings.shutdown_grace_s,
        )
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the run ends, the reader leaves or stalls, or the server stops."""

        async def ending_in_time(message: Message) -> None:
            # sse-starlette limits every send but the last, which a stalled reader could hold for ever.
            ends = message["type"] == "http.response.body" and not message.get("more_body")
            async with asyncio.timeout(self.send_timeout if ends else None):
                await send(message)

        self._streams.took()
        try:
            await super().__call__(scope, receive, ending_in_time)
        except* TimeoutError:
            self._streams.stalled()
        finally:
            self._streams.gave()


def _heartbeat() -> ServerSentEvent:
    return ServerSentEvent(comment=sse.HEARTBEAT, sep="\n")


async def _content(events: AsyncIterator[RunEvent], streams: Streams, encoder: Encoder | None) -> AsyncGenerator[bytes]:
    """Yield frames, those that are ready together as one write; a farewell if the events stop before the run does.

    Another protocol's clients know neither the farewell nor the time to reconnect: their stream just ends.
    """
    ahead = _Ahead(events)
    stopping = asyncio.ensure_future(streams.stopping.wait())
    stopping.add_done_callback(ahead.wake)
    frames, farewell = (sse.frames, sse.SHUTDOWN) if encoder is None else (encoder.frames, b"")
    try:
        if encoder is None:
            yield sse.RETRY
        while batch := await ahead.batch(stopping):
            if data := frames(batch):
                yield data
            if batch[-1].type in TERMINAL:
                return
        if stopping.done():
            yield farewell
    except StoreError:
        # The headers are out: end early, so that the client comes back with its Last-Event-ID.
        yield farewell
    finally:
        stopping.cancel()
        ahead.close()


class _Ahead:
    """Reads events while a reader is busy with those before, one batch ahead at most."""

    def __init__(self, events: AsyncIterator[RunEvent]) -> None:
        self._held: list[RunEvent] = []
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._reading = asyncio.create_task(self._read(events))
        self._reading.add_done_callback(self.wake)

    async def batch(self, stopping: asyncio.Future[None]) -> list[RunEvent]:
        """Return what is ready, waiting for at least one event; nothing at the end, or when it is to stop.

        Raises:
            StoreError: the events cannot be read any further.
        """
        while not (self._held or self._reading.done() or stopping.done()):
            self._changed.clear()
            await self._changed.wait()
        batch, self._held = self._held, []
        self._room.set()
        if not batch and self._reading.done():
            self._reading.result()
        return batch

    def wake(self, _: object = None) -> None:
        """Let `batch` look again."""
        self._changed.set()

    def close(self) -> None:
        """Read no further."""
        if not self._reading.cancel() and not self._reading.cancelled():
            self._reading.exception()  # seen: nobody is left to be told

    async def _read(self, events: AsyncIterator[RunEvent]) -> None:
        async for event in events:
            self._held.append(event)
            self._changed.set()
            if len(self._held) >= BATCH:
                self._room.clear()
                await self._room.wait()
