"""The newest events of a run that somebody follows, in memory: a commit need not be read back from the file."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from memory.records import RunEvent


class Page(NamedTuple):
    """complete: the run has ended and nothing follows these events."""

    events: Sequence[RunEvent]
    complete: bool


@dataclass(slots=True)
class Tail:
    """Shared by the followers of one run; used from one loop. most: events that are held at most."""

    most: int
    woken: set[asyncio.Event] = field(default_factory=set[asyncio.Event])
    _events: deque[RunEvent] = field(default_factory=deque[RunEvent])
    _ended: bool = False

    def add(self, events: Sequence[RunEvent], *, ended: bool) -> None:
        """Take what was committed, repeats included, and wake the followers."""
        last = self._events[-1].seq if self._events else 0
        fresh = [event for event in events if event.seq > last]
        if fresh and fresh[0].seq != last + 1:
            self._events.clear()  # something was committed while nobody followed: no gap may be held
        self._events.extend(fresh)
        while len(self._events) > self.most:
            self._events.popleft()
        self._ended = self._ended or ended
        self._wake()

    def forget(self) -> None:
        """The run is gone: let the followers look into the file."""
        self._events.clear()
        self._wake()

    def after(self, seq: int) -> Page | None:
        """Return what follows an event; None if that is not held, or nothing is."""
        if not self._events or self._events[0].seq > seq + 1:
            return None
        return Page([event for event in self._events if event.seq > seq], self._ended)

    def _wake(self) -> None:
        for woken in self.woken:
            woken.set()
