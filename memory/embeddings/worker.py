"""One thread that embeds, off the event loop; a query goes ahead of bulk work that waits."""

from __future__ import annotations

import asyncio
import itertools
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")
Encode = Callable[[Sequence[str]], T]

FIRST, LATER, LAST = 0, 1, 2


@dataclass(order=True, frozen=True, slots=True)
class _Job:
    priority: int
    number: int
    work: Callable[[], None] = field(compare=False)


class Worker:
    """Runs jobs one at a time, queries first. Made by `start`; `close` finishes the job at hand and ends."""

    def __init__(self, name: str) -> None:
        """Name the thread; it starts at once."""
        self._jobs: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._open = True
        self._thread = threading.Thread(target=self._work_forever, name=name, daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[], T], *, first: bool) -> T:
        """Run work in the thread and return its result; `first` puts it before all that is not.

        Work whose caller has been cancelled meanwhile is skipped.
        """
        done: Future[T] = Future()
        self._put(FIRST if first else LATER, lambda: _settle(done, work))
        return await asyncio.wrap_future(done)

    def close(self) -> None:
        """Drop what waits and wait for the thread; blocks for at most one job."""
        self._open = False
        self._put(FIRST, lambda: None)
        self._thread.join()

    def _put(self, priority: int, work: Callable[[], None]) -> None:
        self._jobs.put(_Job(priority, next(self._numbers), work))

    def _work_forever(self) -> None:
        while self._open:
            self._jobs.get().work()


def _settle(done: Future[T], work: Callable[[], T]) -> None:
    if not done.set_running_or_notify_cancel():
        return
    try:
        done.set_result(work())
    except Exception as error:  # noqa: BLE001 - a thread's door: the error belongs to the caller who waits
        done.set_exception(error)
