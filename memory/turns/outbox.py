"""Turns that a server cannot take just now: kept durably in a file, and brought to it, in order, when it is back.

Whoever reads sees everything or is told: what waits for the server is brought there first, and while the server is
away the turns that wait are shown alone, marked as incomplete.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Protocol, TypeVar
from weakref import WeakValueDictionary

from memory.encoding import decode_cursor, encode_cursor
from memory.errors import StoreError, StoreUnavailable
from memory.ports import TurnStore
from memory.records import Lag, Page, Scope, Thread, Turn
from memory.sqlite import Database
from memory.turns.outbox_file import MIGRATIONS, OutboxFile, Waiting

T = TypeVar("T")

AT_ONCE = 32
"""Threads whose turns are brought at the same time; a thread's own go one after another."""
PAUSES_S = (0.1, 2.0)
"""How long after a failed attempt the server is tried again: at first, and at most."""
TEND_S = 5.0
"""How often a process says that it is there, and looks for what was left behind."""
_PROBE = Scope("", "outbox", roles=("system",))


class Kept(Protocol):
    """Where turns wait: a file, or a table that processes share."""

    async def keep(self, scope: Scope, turn: Turn) -> bool:
        """Keep a turn durably; False if it was there."""
        ...

    async def tend(self) -> Sequence[Waiting]:
        """Say that this process is there; return what was taken over from one that is not."""
        ...

    async def waiting(self) -> Sequence[Waiting]:
        """What this process has to bring, the oldest first."""
        ...

    async def refused(self) -> int:
        """How many turns the store will never take."""
        ...

    async def turn(self, item: Waiting) -> Turn | None:
        """What waits in a place, if it still does."""
        ...

    async def turns(self, scope: Scope, thread_id: str) -> Sequence[Turn]:
        """What waits of a thread, by turn_id."""
        ...

    async def done(self, item: Waiting, problem: str) -> None:
        """Remove what the store has taken, or note why it never will."""
        ...

    async def forget(self, scope: Scope, thread_id: str) -> None:
        """Forget what waits or was refused of a thread."""
        ...


@asynccontextmanager
async def open_outbox(store: TurnStore, database: Database) -> AsyncGenerator[OutboxTurns]:
    """Put an outbox in front of a store, and bring there what still waits from before."""
    await database.migrate("turn_outbox", MIGRATIONS)
    outbox = OutboxTurns(store, OutboxFile(database))
    await outbox.start()
    try:
        yield outbox
    finally:
        await outbox.stop()


class OutboxTurns:
    """TurnStore that takes turns while the store behind it is away."""

    def __init__(self, store: TurnStore, file: Kept) -> None:
        """Stand before a store, with a place for what it cannot take."""
        self._store = store
        self._file = file
        self._waiting: Counter[tuple[str, str, str]] = Counter()
        self._away = False
        self._wake = asyncio.Event()
        # What is being brought must not make a thread anew that is being deleted, nor change places with its next turn.
        self._busy: WeakValueDictionary[tuple[str, str, str], asyncio.Lock] = WeakValueDictionary()
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to bring what waits."""
        await self._file.tend()
        self._waiting = Counter(item.place for item in await self._file.waiting())
        self._wake.set()
        self._tasks = [asyncio.create_task(work) for work in (self._replay_forever(), self._tend_forever())]

    async def stop(self) -> None:
        """Leave what waits in the file."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def append(self, scope: Scope, turn: Turn) -> None:
        """Keep a turn, in the store or in the file; there NotFound and Conflict are only told of what waits too."""
        place = (scope.tenant_id, scope.user_id, turn.thread_id)
        if not self._away and not self._waiting[place]:
            with suppress(StoreUnavailable):
                return await self._through(self._store.append(scope, turn))
        if await self._file.keep(scope, turn):
            self._waiting[place] += 1
        self._wake.set()

    async def recent(self, scope: Scope, thread_id: str, limit: int) -> Sequence[Turn]:
        """Return the newest turns, oldest first; while the store is away only those that wait for it."""
        try:
            await self._bring(scope, thread_id)
            return await self._through(self._store.recent(scope, thread_id, limit))
        except StoreUnavailable:
            waiting = await self._file.turns(scope, thread_id)
            return waiting[max(len(waiting) - limit, 0) :]

    async def page(self, scope: Scope, thread_id: str, after: str | None, limit: int) -> Page[Turn]:
        """Return turns oldest first, from a cursor; while the store is away only those that wait, as incomplete.

        Raises:
            StoreUnavailable: it is away and nothing waits.
        """
        try:
            await self._bring(scope, thread_id)
            return await self._through(self._store.page(scope, thread_id, after, limit))
        except StoreUnavailable:
            (last,) = decode_cursor(after, 1) if after else [""]
            waiting = await self._file.turns(scope, thread_id)
            if not waiting:
                raise
            found = [turn for turn in waiting if turn.turn_id > last]
            following = encode_cursor(found[limit - 1].turn_id) if len(found) > limit else None
            return Page(tuple(found[:limit]), following, complete=False)

    async def threads(self, scope: Scope, query: str, after: str | None, limit: int) -> Page[Thread]:
        """List the user's threads; not while the store is away."""
        await self._bring(scope)
        return await self._through(self._store.threads(scope, query, after, limit))

    async def rename(self, scope: Scope, thread_id: str, title: str) -> Thread:
        """Give a thread a title; not while the store is away."""
        await self._bring(scope, thread_id)
        return await self._through(self._store.rename(scope, thread_id, title))

    async def delete_thread(self, scope: Scope, thread_id: str) -> None:
        """Forget a thread and its turns; not while the store is away."""
        await self._bring(scope, thread_id)
        place = (scope.tenant_id, scope.user_id, thread_id)
        async with self._busy.setdefault(place, asyncio.Lock()):
            await self._through(self._store.delete_thread(scope, thread_id))
            await self._file.forget(scope, thread_id)
            self._waiting.pop(place, None)

    async def lag(self) -> Lag:
        """Say what has not reached the store."""
        waiting, refused = await self._file.waiting(), await self._file.refused()
        oldest = max((time.time() - item.kept_at for item in waiting), default=0.0)
        return Lag(len(waiting), max(oldest, 0.0), refused, self._away, outbox=True)

    async def _through(self, call: Awaitable[T]) -> T:
        try:
            return await call
        except StoreUnavailable:
            self._away = True
            self._wake.set()
            raise

    async def _bring(self, scope: Scope, thread_id: str | None = None) -> None:
        """Bring what waits of a user, or of one thread, to the store.

        Raises:
            StoreUnavailable: it is away; whether it is back is found out beside, not by those who wait for an answer.
        """
        if self._away:
            raise StoreUnavailable("the store of conversations is away; new turns wait for it in the outbox")
        if any(place[:2] == (scope.tenant_id, scope.user_id) for place in self._waiting):
            for item in await self._file.waiting():
                if item.belongs_to(scope, thread_id):
                    await self._replay(item)

    async def _replay(self, item: Waiting) -> None:
        """Bring one turn, unless it has been brought or forgotten meanwhile."""
        async with self._busy.setdefault(item.place, asyncio.Lock()):
            turn = await self._file.turn(item)
            if turn is None:
                return
            problem = ""
            try:
                await self._through(self._store.append(item.scope, turn))
            except StoreUnavailable:
                raise
            except StoreError as error:
                problem = f"{type(error).__name__}: {error}"
            await self._file.done(item, problem)
            self._waiting[item.place] -= 1
            self._waiting += Counter()  # drops the zeros

    async def _replay_forever(self) -> None:
        pause, longest = PAUSES_S
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._replay_all()
            except StoreUnavailable:  # of the store, which is then known to be away, or of the place where turns wait
                self._wake.set()
                await asyncio.sleep(pause)
                pause = min(2 * pause, longest)
            else:
                pause = PAUSES_S[0]

    async def _tend_forever(self) -> None:
        while True:
            await asyncio.sleep(TEND_S)
            with suppress(StoreUnavailable):
                if taken_over := await self._file.tend():
                    self._waiting.update(item.place for item in taken_over)
                    self._wake.set()

    async def _replay_all(self) -> None:
        """Bring everything, thread by thread, several threads at once."""
        while waiting := await self._file.waiting():
            threads: dict[tuple[str, str, str], list[Waiting]] = {}
            for item in waiting:
                threads.setdefault(item.place, []).append(item)
            outcomes = await asyncio.gather(*map(self._replay_thread, threads.values()), return_exceptions=True)
            for failure in filter(None, outcomes):
                raise failure
        if self._away:
            await self._through(self._store.recent(_PROBE, "probe", 1))
            self._away = False

    async def _replay_thread(self, items: Sequence[Waiting]) -> None:
        async with self._at_once:
            for item in items:
                await self._replay(item)
                self._away = False
