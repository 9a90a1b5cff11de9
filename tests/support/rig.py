"""What a contract suite works on: an adapter, a second opening of the same data, a clock, and a way to break it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from memory.sqlite import Database, open_database

IMPATIENCE_S = 0.5
"""Time limit of a call of the rig's impatient store, seconds; the others have the default."""


class Clock:
    """Time that a test moves by hand."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 15, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def seconds(self) -> float:
        return self.moment.timestamp()

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


@dataclass(frozen=True)
class Rig:
    store: Any
    second: Any
    impatient: Any
    clock: Clock
    outage: Callable[[], AbstractContextManager[None]]

    def spoiled(self, **methods: Callable[..., Any]) -> Rig:
        """The same rig with methods replaced; each gets the sound method first, then the call's arguments."""
        stores = {name: Spoiled(getattr(self, name), methods) for name in ("store", "second", "impatient")}
        return replace(self, **stores)


class Spoiled:
    """Delegates to a sound adapter except for the methods a test broke on purpose."""

    def __init__(self, sound: Any, methods: dict[str, Callable[..., Any]]) -> None:
        self._sound = sound
        self._methods = methods

    def __getattr__(self, name: str) -> Any:
        sound = getattr(self._sound, name)
        return partial(self._methods[name], sound) if name in self._methods else sound


OpenRig = Callable[[Path], AbstractContextManager[Rig]]


def on_sqlite(open_store: Callable[[Database, Clock], Awaitable[Any]]) -> Any:
    """Return an opener of rigs for an adapter that lives in a SQLite file."""

    @asynccontextmanager
    async def open_rig(folder: Path) -> AsyncGenerator[Rig]:
        path, clock = folder / "store.db", Clock()
        async with AsyncExitStack() as stack:
            stores = []
            for limit in (10.0, 10.0, IMPATIENCE_S):
                # Tables are looked for in their own time: a busy disk takes longer than the impatient one waits.
                database = await stack.enter_async_context(open_database(path))
                stores.append(await open_store(database, clock))
                database.timeout_s = limit
            yield Rig(*stores, clock, partial(locked, path))

    return open_rig


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Another program holds the file's write lock."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
