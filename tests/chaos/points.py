"""Named crash points: where a process may be made to die, and the wrappers that put them there.

A point is `before:NAME` or `after:NAME`, where NAME is a store's write (`turns.append`), a node (`node.judge`) or a
frame on the wire (`sse.frame`); its n-th hit is `before:turns.append#2`. Recording a run once lists every point
that it passes, so a new write is covered without being named here.
"""

from __future__ import annotations

import dataclasses
import functools
import os
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

KILLED = 137
WRITES: dict[str, frozenset[str]] = {
    "checkpointer": frozenset({"aput", "aput_writes"}),
    "turns": frozenset({"append"}),
    "ledger": frozenset({"reserve", "settle", "release"}),
    "runs": frozenset({"admit", "append", "finish", "lease", "release"}),
    "audit": frozenset({"append"}),
}


class CrashPoints:
    """Counts hits; dies at the chosen one. With a record file, writes every hit to it instead."""

    def __init__(self, target: str = "", record: Path | None = None) -> None:
        self._target = target
        self._record = record
        self._hits: Counter[str] = Counter()

    def hit(self, name: str) -> None:
        """Pass a point: die here if it is the target."""
        self._hits[name] += 1
        point = f"{name}#{self._hits[name]}"
        if self._record is not None:
            with self._record.open("a", encoding="utf-8") as file:
                file.write(point + "\n")
        if point == self._target:
            os._exit(KILLED)


class _Crashing:
    """A store whose writes pass a crash point before and after."""

    def __init__(self, store: object, name: str, points: CrashPoints) -> None:
        self._store = store
        self._name = name
        self._points = points

    def __getattr__(self, attribute: str) -> Any:
        member = getattr(self._store, attribute)
        if attribute not in WRITES[self._name]:
            return member
        return around(member, f"{self._name}.{attribute}", self._points)


def around(call: Callable[..., Awaitable[Any]], name: str, points: CrashPoints) -> Callable[..., Awaitable[Any]]:
    """Return the call with a crash point on both sides."""

    @functools.wraps(call)
    async def crashing(*args: Any, **kwargs: Any) -> Any:
        points.hit(f"before:{name}")
        result = await call(*args, **kwargs)
        points.hit(f"after:{name}")
        return result

    return crashing


def wrap_stores(stores: Any, points: CrashPoints) -> Any:
    """Return stores whose writes may kill the process; the checkpointer keeps its type, LangGraph asks for it."""
    saver = stores.checkpointer
    for method in WRITES["checkpointer"]:
        setattr(saver, method, around(getattr(saver, method), f"checkpointer.{method}", points))
    wrapped = {name: _Crashing(getattr(stores, name), name, points) for name in WRITES if name != "checkpointer"}
    return dataclasses.replace(stores, **wrapped)


def wrap_asgi(app: Any, points: CrashPoints) -> Any:
    """Return an ASGI app whose event-stream frames pass a crash point each."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        streaming = False

        async def watched(message: Any) -> None:
            nonlocal streaming
            if message["type"] == "http.response.start":
                streaming = any(b"text/event-stream" in value for _, value in message["headers"])
            if streaming and message["type"] == "http.response.body" and message.get("body"):
                points.hit("before:sse.frame")
                await send(message)
                points.hit("after:sse.frame")
                return
            await send(message)

        await app(scope, receive, watched)

    return wrapped
