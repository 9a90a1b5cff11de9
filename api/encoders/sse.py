"""Events as Server-Sent Events. Frames are built from stored bytes; nothing is parsed on the way.

The frames that never change are sse-starlette's, and a test holds `frame` to what it would write.
"""

from __future__ import annotations

from collections.abc import Iterable

from sse_starlette.event import ServerSentEvent

from memory.records import RunEvent

MEDIA_TYPE = "text/event-stream"
HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
    "Content-Type": f"{MEDIA_TYPE}; charset=utf-8",
}
HEARTBEAT = ServerSentEvent(comment="still here", sep="\n").encode()
"""A comment, which readers pass over."""
RETRY = ServerSentEvent(retry=1000, sep="\n").encode()
SHUTDOWN = ServerSentEvent("{}", event="shutdown", sep="\n").encode()
"""Not an event of the run: the server stops, the client should reconnect with its Last-Event-ID."""


def frame(event: RunEvent) -> bytes:
    """One event as one frame; `data` is JSON on a single line."""
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (event.seq, event.type.encode(), event.data)


def frames(events: Iterable[RunEvent]) -> bytes:
    """Several events as one write."""
    return b"".join(map(frame, events))
