"""Sends a run's events to one reader. Memory per reader is bounded by the socket's buffers, never by the run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.encoders import sse
from api.errors import Problem
from api.events import TERMINAL
from api.metrics import Metrics
from api.settings import Settings
from memory.errors import StoreError
from memory.records import RunEvent

BATCH = 64
_END: list[RunEvent] = []


@dataclass(slots=True)
class Streams:
    """The open streams of a process, and the signal that ends them all."""

    settings: Settings
    metrics: Metrics
    stopping: asyncio.Event
    open: int = 0
    cut: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

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


class EventStream(Response):
    """An ASGI response: Server-Sent Events with heartbeat, a time limit on stalled readers, and a clean end.

    The slot is taken when sending begins and given back however it ends.
    """

    def __init__(self, events: AsyncIterator[RunEvent], streams: Streams, headers: Mapping[str, str]) -> None:
        """Send these events, with these headers beside the usual ones."""
        super().__init__(status_code=200)
        self._events = events
        self._streams = streams
        self._heartbeat_s = streams.settings.heartbeat_s
        self._sent_headers = {**sse.HEADERS, **headers}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the run ends, the reader leaves or stalls, or the server stops."""
        streams = self._streams
        streams.took()
        gone = asyncio.ensure_future(_disconnected(receive))
        stopping = asyncio.ensure_future(streams.stopping.wait())
        try:
            await self._start(send)
            await self._send_all(send, (gone, stopping))
        finally:
            gone.cancel()
            stopping.cancel()
            streams.gave()

    async def _start(self, send: Send) -> None:
        raw = [(name.lower().encode(), value.encode()) for name, value in self._sent_headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        await self._send(send, sse.RETRY)

    async def _send_all(self, send: Send, ends: tuple[asyncio.Future[Any], asyncio.Future[Any]]) -> None:
        batches = _batches(self._events)
        coming = asyncio.ensure_future(anext(batches, _END))
        gone, stopping = ends
        try:
            while not gone.done():
                await asyncio.wait({coming, *ends}, timeout=self._heartbeat_s, return_when=asyncio.FIRST_COMPLETED)
                if coming.done():
                    batch = coming.result()
                    await self._send(send, sse.frames(batch))
                    if not batch or batch[-1].type in TERMINAL:
                        return await send({"type": "http.response.body", "body": b""})
                    coming = asyncio.ensure_future(anext(batches, _END))
                elif stopping.done():
                    await self._send(send, sse.SHUTDOWN)
                    return await send({"type": "http.response.body", "body": b""})
                elif not gone.done():
                    await self._send(send, sse.HEARTBEAT)
        except StoreError:
            # The headers are out: end the body early, so that the client comes back with its Last-Event-ID.
            await self._send(send, sse.SHUTDOWN)
        except TimeoutError:
            self._streams.stalled()
        finally:
            coming.cancel()

    async def _send(self, send: Send, data: bytes) -> None:
        """Write, or raise TimeoutError when the reader takes nothing for too long."""
        async with asyncio.timeout(self._streams.settings.stall_s):
            await send({"type": "http.response.body", "body": data, "more_body": True})


async def _batches(events: AsyncIterator[RunEvent]) -> AsyncGenerator[list[RunEvent]]:
    """Yield events as they come, several at once when they are ready together."""
    pending: asyncio.Future[RunEvent | None] | None = None
    try:
        while True:
            batch = [await (pending or asyncio.ensure_future(_next(events)))]
            while len(batch) < BATCH and batch[-1] is not None:
                pending = asyncio.ensure_future(_next(events))
                await asyncio.sleep(0)
                if not pending.done():
                    break
                batch.append(pending.result())
                pending = None
            yield [event for event in batch if event is not None]
            if batch[-1] is None:
                return
    finally:
        if pending is not None:
            pending.cancel()


async def _next(events: AsyncIterator[RunEvent]) -> RunEvent | None:
    return await anext(events, None)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
