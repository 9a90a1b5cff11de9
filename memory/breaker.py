"""A circuit breaker around one server: once it is gone, nobody waits for it, and it is noticed when it comes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Literal

from memory.errors import StoreError, StoreUnavailable

State = Literal["closed", "open", "half-open"]
FAILURES = 5
SLOW_S = 2.0
"""A call that failed after this long opens the circuit alone."""
PROBE_EVERY_S = 1.0
PROBE_S = 1.0


class Breaker:
    """Closed until FAILURES calls in a row failed, or one that took SLOW_S; then one call each PROBE_EVERY_S tries.

    All others are told StoreUnavailable at once. Only StoreUnavailable counts as a failure: what else a server
    answers, it answers.
    """

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Start closed. name: of the server, for messages; clock: seconds."""
        self._name = name
        self._clock = clock
        self._failures = 0
        self._try_at: float | None = None
        """When the next call may try; None while closed."""

    @property
    def state(self) -> State:
        """Where the circuit stands now."""
        if self._try_at is None:
            return "closed"
        return "half-open" if self._clock() >= self._try_at else "open"

    @contextmanager
    def guard(self, timeout_s: float) -> Generator[float]:
        """Let a call out and learn from its end; yields its time limit, which is short where it is only a try.

        Raises:
            StoreUnavailable: the circuit is open.
        """
        began = self._clock()
        if self._try_at is not None:
            if began < self._try_at:
                raise StoreUnavailable(f"{self._name} did not answer before; it is tried again each second")
            self._try_at = began + PROBE_EVERY_S
            timeout_s = min(timeout_s, PROBE_S)
        try:
            yield timeout_s
        except StoreUnavailable:
            self._failed(self._clock() - began)
            raise
        except StoreError:
            self._succeeded()
            raise
        else:
            self._succeeded()

    def _succeeded(self) -> None:
        self._failures, self._try_at = 0, None

    def _failed(self, took_s: float) -> None:
        self._failures += 1
        if self._try_at is not None or self._failures >= FAILURES or took_s >= SLOW_S:
            self._try_at = self._clock() + PROBE_EVERY_S
