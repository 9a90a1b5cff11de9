"""A circuit breaker: after a few failures in a row nobody waits for a server that is not there."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

State = Literal["closed", "open", "half-open"]

THRESHOLD = 5
COOL_DOWN_S = 0.5
MAX_COOL_DOWN_S = 2.0


class Breaker:
    """Closed until `THRESHOLD` failures in a row; then open; after a cool-down one probe at a time decides.

    The cool-down doubles with each failed probe up to MAX_COOL_DOWN_S, so that a healed server is used again
    within that time. Every `admit` that returned True is followed by one of succeeded, failed and abandoned.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start closed; `clock` gives seconds."""
        self._clock = clock
        self._failures = 0
        self._cool_down_s = COOL_DOWN_S
        self._opened_at: float | None = None
        self._probing = False

    @property
    def state(self) -> State:
        """Where the circuit stands now."""
        if self._opened_at is None:
            return "closed"
        return "half-open" if self._cooled() else "open"

    def admit(self) -> bool:
        """Say whether a call may go out now."""
        if self._opened_at is None:
            return True
        if self._probing or not self._cooled():
            return False
        self._probing = True
        return True

    def succeeded(self) -> None:
        """Close the circuit."""
        self._failures, self._cool_down_s = 0, COOL_DOWN_S
        self._opened_at, self._probing = None, False

    def failed(self) -> None:
        """Count a failure; open the circuit if it was one too many, or a probe."""
        self._failures += 1
        if self._probing:
            self._cool_down_s = min(2 * self._cool_down_s, MAX_COOL_DOWN_S)
        if self._probing or self._failures >= THRESHOLD:
            self._opened_at, self._probing = self._clock(), False

    def abandoned(self) -> None:
        """Forget a call whose caller left before it was known how it ended."""
        self._probing = False

    def _cooled(self) -> bool:
        return self._opened_at is not None and self._clock() - self._opened_at >= self._cool_down_s
