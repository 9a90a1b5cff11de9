"""Threads that embed, off the event loop; a query goes ahead of bulk work that waits."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Worker:
    """Runs jobs, queries first; never more at a time than it has threads, so that the order is decided late."""

    def __init__(self, name: str, threads: int = 1) -> None:
        """Name the threads; they start with the first job."""
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._free = threads
        self._queries: deque[asyncio.Future[None]] = deque()
        self._bulk: deque[asyncio.Future[None]] = deque()

    async def run(self, work: Callable[[], T], *, first: bool) -> T:
        """Run work in one of the threads and return its result; `first` puts it before all that is not."""
        await self._turn(self._queries if first else self._bulk)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._free += 1
            self._wake()

    def close(self) -> None:
        """Drop what waits and wait for the threads; blocks for at most one job."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def _turn(self, line: deque[asyncio.Future[None]]) -> None:
        turn = asyncio.get_running_loop().create_future()
        line.append(turn)
        self._wake()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._free += 1
                self._wake()
            raise

    def _wake(self) -> None:
        while self._free and (line := self._queries or self._bulk):
            turn = line.popleft()
            if not turn.done():
                self._free -= 1
                turn.set_result(None)
