"""Counts the connections of MongoDB's driver, which tells what becomes of them and not how many there are."""

from __future__ import annotations

from pymongo.monitoring import (
    ConnectionCheckedInEvent,
    ConnectionCheckedOutEvent,
    ConnectionCheckOutFailedEvent,
    ConnectionCheckOutStartedEvent,
    ConnectionClosedEvent,
    ConnectionCreatedEvent,
    ConnectionPoolListener,
    ConnectionReadyEvent,
    PoolClearedEvent,
    PoolClosedEvent,
    PoolCreatedEvent,
    PoolReadyEvent,
)

from memory.meter import Pool


class Connections(ConnectionPoolListener):
    """How many connections there are, and how many of them work. The driver calls all of this in the event loop."""

    def __init__(self) -> None:
        """Begin with none."""
        self.limit = 0
        """How many there may be to each server; 0: any number."""
        self._in_use = 0
        self._size = 0

    def used(self) -> Pool:
        """Return the figures."""
        return Pool(self._in_use, self._size, self.limit)

    def connection_created(self, event: ConnectionCreatedEvent) -> None:
        """One more."""
        self._size += 1

    def connection_closed(self, event: ConnectionClosedEvent) -> None:
        """One less."""
        self._size -= 1

    def connection_checked_out(self, event: ConnectionCheckedOutEvent) -> None:
        """One more works."""
        self._in_use += 1

    def connection_checked_in(self, event: ConnectionCheckedInEvent) -> None:
        """One less works."""
        self._in_use -= 1

    def pool_created(self, event: PoolCreatedEvent) -> None:
        """Nothing to count."""

    def pool_ready(self, event: PoolReadyEvent) -> None:
        """Nothing to count."""

    def pool_cleared(self, event: PoolClearedEvent) -> None:
        """Nothing to count."""

    def pool_closed(self, event: PoolClosedEvent) -> None:
        """Nothing to count."""

    def connection_ready(self, event: ConnectionReadyEvent) -> None:
        """Nothing to count."""

    def connection_check_out_started(self, event: ConnectionCheckOutStartedEvent) -> None:
        """Nothing to count."""

    def connection_check_out_failed(self, event: ConnectionCheckOutFailedEvent) -> None:
        """Nothing to count."""
