"""A circuit breaker around one server: once it is gone, nobody waits for it, and it is noticed when it comes back."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from random import uniform
from types import TracebackType
from typing import Literal

from memory.errors import InvalidInput, StoreUnavailable
from memory.meter import Meter

State = Literal["closed", "open", "half-open"]
FAILURES = 5
SLOW_S = 2.0
"""A call that failed after this long opens the circuit alone."""
PROBE_EVERY_S = 1.0
"""At the latest, and by chance up to half sooner: a server that goes and comes would be tried only while it is gone."""
PROBE_S = 1.0
NEARLY = 0.9
"""The part of its limit after which a call that failed has run out of it."""


def never(error: BaseException | None) -> bool:
    """Tell that no failure is an answer."""
    return False


class Breaker:
    """Closed until FAILURES calls in a row failed, or one that took SLOW_S; then one within each PROBE_EVERY_S tries.

    All others are told StoreUnavailable at once. Only StoreUnavailable counts as a failure, and not where another call
    was answered meanwhile: what else a server answers, it answers.
    """

    def __init__(
        self,
        name: str,
        clock: Callable[[], float] = time.monotonic,
        is_answer: Callable[[BaseException | None], bool] = never,
        *,
        opens: bool = True,
    ) -> None:
        """Start closed.

        Args:
            name: of the server, for messages; no credentials.
            clock: seconds.
            is_answer: whether what a StoreUnavailable comes from is an answer of the server that says no.
            opens: False only counts.
        """
        self.name = name
        self.meter = Meter()
        self._clock = clock
        self._is_answer = is_answer
        self._opens = opens
        self._failures = 0
        self._answered_at = -math.inf
        self._try_at: float | None = None
        """When the next call may try; None while closed."""

    @property
    def state(self) -> State:
        """Where the circuit stands now."""
        if self._try_at is None:
            return "closed"
        return "half-open" if self._clock() >= self._try_at else "open"

    def guard(self, timeout_s: float) -> Guard:
        """Return what lets a call out and learns from its end; entered it gives its limit, short where it is a try.

        Entering raises StoreUnavailable while the circuit is open.
        """
        return Guard(self, timeout_s)

    def answered(self) -> None:
        """Close the circuit: the server is there."""
        self._failures, self._try_at, self._answered_at = 0, None, self._clock()

    def lost(self, silent_s: float = 0.0) -> None:
        """Open the circuit: it is known that the server is gone; not where it answered within the last silent_s."""
        now = self._clock()
        if now - self._answered_at >= silent_s:
            self._try_at = now + _pause_s()

    def admit(self, timeout_s: float) -> tuple[float, float]:
        """Return when a call begins and what its limit is."""
        began = self._clock()
        if self._try_at is None:
            return began, timeout_s
        if began < self._try_at:
            self.meter.failures["open"] += 1
            raise StoreUnavailable(f"{self.name} did not answer before; it is tried again each second")
        self._try_at = began + _pause_s()
        return began, min(timeout_s, PROBE_S)

    def ended(self, began: float, limit_s: float, error: BaseException | None) -> None:
        """Learn from how a call ended."""
        took_s = self._clock() - began
        if isinstance(error, StoreUnavailable) and not self._is_answer(error.__cause__):
            self.meter.count(took_s, "timeout" if took_s >= NEARLY * limit_s else "unreachable")
            self._failed(began, took_s)
        elif error is None or (isinstance(error, Exception) and not isinstance(error, InvalidInput)):
            self.meter.count(took_s, "refused" if isinstance(error, StoreUnavailable) else None)
            self.answered()

    def _failed(self, began: float, took_s: float) -> None:
        if self._answered_at > began or not self._opens:
            return
        self._failures += 1
        if self._try_at is not None or self._failures >= FAILURES or took_s >= SLOW_S:
            self.lost()


class Guard:
    """One call. A class and not a generator: it costs every call half as much."""

    __slots__ = ("_began", "_breaker", "_limit_s")

    def __init__(self, breaker: Breaker, limit_s: float) -> None:
        """Let nothing out yet."""
        self._breaker = breaker
        self._limit_s = limit_s
        self._began = 0.0

    def __enter__(self) -> float:
        self._began, self._limit_s = self._breaker.admit(self._limit_s)
        return self._limit_s

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._breaker.ended(self._began, self._limit_s, error)


def _pause_s() -> float:
    return uniform(PROBE_EVERY_S / 2, PROBE_EVERY_S)
