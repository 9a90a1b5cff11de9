"""The ports of runs: their log, which is the write-ahead of everything accepted, and the cache. See `memory.ports`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

from memory.records import Lease, RunEvent, RunRecord, RunStatus, Scope

RECORD_TTL_S = 30 * 86_400
"""How long a log keeps the record of a run that has ended, and its idempotency key, at the least, unless told."""


class RunLog(Protocol):
    """Runs, their events, and leases on threads: the write-ahead of everything that was accepted.

    admit is durable when it returns. Events of a run have seq 1, 2, 3… without a gap. A run belongs to its
    user. Events may expire after a retention time; the run's record and result stay at least `RECORD_TTL_S` longer.
    """

    async def admit(self, record: RunRecord) -> RunRecord:
        """Keep a new run; a repeat of its user's idempotency_key returns the first run instead.

        Raises:
            Conflict: the key was used for another request (fingerprint).
        """
        ...

    async def get(self, scope: Scope, run_id: str) -> RunRecord:
        """Return a run or raise NotFound."""
        ...

    async def append(self, scope: Scope, run_id: str, events: Sequence[RunEvent]) -> None:
        """Keep events durably; the first must be the last stored seq + 1. The same events again are a no-op.

        Raises:
            Conflict: another seq was expected, or the run has ended.
        """
        ...

    async def finish(
        self, scope: Scope, run_id: str, status: RunStatus, result: str, events: Sequence[RunEvent]
    ) -> None:
        """Keep the last events, the end status and the result in one atomic write; a second finish is a no-op."""
        ...

    async def read(self, scope: Scope, run_id: str, after: int, limit: int) -> Sequence[RunEvent]:
        """Events with a seq above `after`, in order.

        Raises:
            NotFound: no such run.
            EventsExpired (a Conflict): events after `after` are gone; the result is in the record.
        """
        ...

    def follow(self, scope: Scope, run_id: str, after: int) -> AsyncIterator[RunEvent]:
        """Yield events above `after` as they are kept, until the run ends.

        Raises:
            NotFound: no such run.
            EventsExpired (a Conflict): events after `after` are gone; the result is in the record.
        """
        ...

    async def unfinished(self, scope: Scope) -> Sequence[RunRecord]:
        """Runs that were admitted and have not ended, oldest first (system scope only)."""
        ...

    async def request_stop(self, scope: Scope, run_id: str) -> None:
        """Ask whichever process makes the run's answer to stop; durable. For a run that has ended a no-op.

        Raises:
            NotFound: no such run.
        """
        ...

    async def stop_requests(self, scope: Scope) -> Sequence[RunRecord]:
        """Unfinished runs that were asked to stop, in any order (system scope only)."""
        ...

    async def of_thread(self, scope: Scope, thread_id: str) -> Sequence[RunRecord]:
        """The user's runs in a thread, oldest first."""
        ...

    async def threads(self, scope: Scope) -> Sequence[str]:
        """The threads in which the user has runs, in any order. It may walk the whole log: not for a request's path."""
        ...

    async def lease(self, scope: Scope, thread_id: str, holder: str, ttl_s: float) -> Lease | None:
        """Take or renew the lease of a thread; None while somebody else holds it. Tokens only grow."""
        ...

    async def release(self, scope: Scope, lease: Lease) -> None:
        """Give a lease back; one that is no longer held is a no-op."""
        ...

    async def delete_thread(self, scope: Scope, thread_id: str) -> None:
        """Forget a thread's runs and events."""
        ...

    async def expire(self, scope: Scope, before: datetime) -> int:
        """Drop events of runs that ended before a time (system scope only); return how many runs."""
        ...


class Cache(Protocol):
    """Small values with a time to live. A miss is always allowed."""

    async def get(self, scope: Scope, key: str) -> bytes | None:
        """Return a value that is present and not expired."""
        ...

    async def put(self, scope: Scope, key: str, value: bytes, ttl_s: float) -> None:
        """Keep a value for at most ttl_s seconds."""
        ...

    async def delete_prefix(self, scope: Scope, prefix: str) -> None:
        """Forget the scope's keys that start with a prefix."""
        ...


class RateLimits(Protocol):
    """How often somebody did something lately, over all processes: at most `limit` grants in any `window_s` seconds.

    A refusal counts for nothing. A clock that jumps neither gives more nor shuts anybody out for longer than a window.
    """

    async def take(self, scope: Scope, subject: str, limit: int, window_s: float) -> float:
        """Grant one, and return 0; or return in how many seconds (above 0) one will be granted.

        Args:
            scope: whose windows these are.
            subject: which of them.
            limit: grants in a window, at least 1.
            window_s: how long a window is, seconds.
        """
        ...
