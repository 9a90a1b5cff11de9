"""What the calls of one server came to: figures that whoever shows them reads; counting costs about a microsecond."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from typing import Literal, NamedTuple

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the ranges that calls are counted in; what took longer comes last."""
Failure = Literal["timeout", "unreachable", "refused", "open"]
"""No answer in time; no connection, or one that was cut; an answer that says no; not sent, as the circuit is open."""


class Pool(NamedTuple):
    """Connections: of those that are open how many work just now (Cassandra: requests), and how many there may be."""

    in_use: int
    size: int
    limit: int


class Meter:
    """Figures since the process began. Only calls that somebody waited for to the end are counted."""

    def __init__(self, pool: Callable[[], Pool] | None = None) -> None:
        """Start at zero. pool: tells how its connections are used; None where there are none."""
        self.pool = pool
        self.failures: Counter[Failure] = Counter()
        self.counts = [0] * (len(SECONDS) + 1)
        """Calls that went out, by how long they took."""
        self.seconds = 0.0

    def count(self, took_s: float, failure: Failure | None = None) -> None:
        """Count a call that went out."""
        self.counts[bisect_left(SECONDS, took_s)] += 1
        self.seconds += took_s
        if failure:
            self.failures[failure] += 1
