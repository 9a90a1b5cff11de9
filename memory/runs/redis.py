"""RunLog in Redis: runs, their events as a stream each, and leases on threads, for any number of processes.

Each process has one reader, blocked on the stream of changes, that wakes its followers; a follower then reads pages,
so that a slow one holds one page. Leases are timed by the server's clock.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal, cast

from memory.encoding import Codec
from memory.errors import Conflict, EventsExpired, InvalidInput, NotFound, StoreUnavailable
from memory.records import Lease, RunEvent, RunRecord, RunStatus, Scope
from memory.redis import Redis
from memory.redis_names import encoded, name, parts_of
from memory.roles import require_role
from memory.run_ports import RECORD_TTL_S
from memory.runs import redis_scripts as scripts
from memory.runs.tail import Page

PAGE = 64
BLOCK_MS = 1_000
RETRY_S = 0.5
EXPIRE_AT_ONCE = 500
SCAN_COUNT = 1_000
_SPECIAL = re.compile(rb"[*?\[\]\\^-]")
"""What a pattern of keys reads as more than itself."""
_RECORD = Codec(RunRecord)


def _now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def open_runs(
    server: Redis,
    *,
    clock: Callable[[], datetime] = _now,
    ticks: Callable[[], float] | None = None,
    record_ttl_s: int = RECORD_TTL_S,
) -> AsyncGenerator[RedisRuns]:
    """Return the log while its reader runs.

    Args:
        server: an open server.
        clock: when runs end.
        ticks: seconds that leases are timed by; None for the server's clock, which all processes share.
        record_ttl_s: how long a run that has ended is kept.

    Raises:
        StoreUnavailable: the server does not answer.
    """
    runs = RedisRuns(server, clock, ticks, record_ttl_s)
    last = await server.call("XREVRANGE", scripts.PREFIX + b"W", "+", "-", "COUNT", 1)
    reader = asyncio.create_task(runs.wake_followers(last[0][0] if last else b"0"))
    try:
        yield runs
    finally:
        reader.cancel()
        with suppress(asyncio.CancelledError):
            await reader


class RedisRuns:
    """RunLog on a shared server."""

    def __init__(
        self, server: Redis, clock: Callable[[], datetime], ticks: Callable[[], float] | None, record_ttl_s: int
    ) -> None:
        """Use an open server."""
        self._record_ttl_s = record_ttl_s
        self._server = server
        self._clock = clock
        self._ticks = ticks
        self._followers: dict[bytes, set[asyncio.Event]] = {}
        self._admit, self._append = server.script(scripts.ADMIT), server.script(scripts.APPEND)
        self._page, self._expire = server.script(scripts.PAGE), server.script(scripts.EXPIRE)
        self._lease, self._release = server.script(scripts.LEASE), server.script(scripts.RELEASE)
        self._delete_thread, self._stop = server.script(scripts.DELETE_THREAD), server.script(scripts.STOP)

    async def admit(self, record: RunRecord) -> RunRecord:
        """Keep a new run, or return the first one of its idempotency key."""
        scope, body = record.scope, _RECORD.dump(record)
        run = _run(scope, record.run_id)
        key = b"" if record.idempotency_key is None else name("K", *_user(scope), record.idempotency_key)
        thread = name("T", *_user(scope), record.thread_id)
        found = await self._admit([], [run, key, encoded(scope.user_id), thread, record.status, body])
        if found[0] == b"new":
            return record
        there = await self._server.call("HGETALL", _key(b"R" + found[1]))
        if not there:
            return await self.admit(record)  # it was deleted meanwhile
        known = _record(there)
        if found[0] == b"repeat" and known.fingerprint != record.fingerprint:
            raise Conflict(f"idempotency key {record.idempotency_key!r} was used for another request")
        if found[0] == b"same" and _fields(there)[b"body"] != body:
            raise Conflict(f"run id {record.run_id} is taken")
        return known

    async def get(self, scope: Scope, run_id: str) -> RunRecord:
        """Return a run."""
        found = await self._server.call("HGETALL", _key(b"R" + _run(scope, run_id)))
        if not found or _fields(found)[b"user"] != encoded(scope.user_id):
            raise NotFound(f"there is no run {run_id!r}")
        return _record(found)

    async def append(self, scope: Scope, run_id: str, events: Sequence[RunEvent]) -> None:
        """Keep events durably; the same events again are a no-op."""
        if await self._write(scope, run_id, events, ("", "")) == "ended":
            raise Conflict(f"run {run_id} has ended")

    async def finish(
        self, scope: Scope, run_id: str, status: RunStatus, result: str, events: Sequence[RunEvent]
    ) -> None:
        """Keep the last events, the end status and the result in one atomic write."""
        if status == "running":
            raise InvalidInput("a run cannot end as running")
        await self._write(scope, run_id, events, (status, result))

    async def _write(
        self, scope: Scope, run_id: str, events: Sequence[RunEvent], end: tuple[str, str]
    ) -> Literal["kept", "ended"]:
        status, result = end
        arguments: list[Any] = [_run(scope, run_id), encoded(scope.user_id), status, result.encode()]
        arguments += [self._clock().timestamp(), self._record_ttl_s]
        for event in events:
            arguments += [event.seq, event.type, event.data]
        outcome, expected = await self._append([], arguments)
        match outcome.decode():
            case "absent":
                raise NotFound(f"there is no run {run_id!r}")
            case "gap" | "taken":
                raise Conflict(f"run {run_id}: seq {expected} was expected, not {events[0].seq}")
            case "ended":
                return "ended"
            case _:
                return "kept"

    async def read(self, scope: Scope, run_id: str, after: int, limit: int) -> Sequence[RunEvent]:
        """Events with a seq above `after`, in order; EventsExpired where they are gone."""
        return (await self._events(scope, run_id, after, limit)).events

    async def follow(self, scope: Scope, run_id: str, after: int) -> AsyncGenerator[RunEvent]:
        """Yield events above `after` as they are kept, until the run ends."""
        run, woken = _run(scope, run_id), asyncio.Event()
        others = self._followers.setdefault(run, set())
        others.add(woken)
        try:
            while True:
                woken.clear()
                page = await self._events(scope, run_id, after, PAGE)
                for event in page.events:
                    yield event
                    after = event.seq
                if page.complete:
                    return
                if not page.events:
                    await woken.wait()
        finally:
            others.discard(woken)
            if not others and self._followers.get(run) is others:
                del self._followers[run]

    async def _events(self, scope: Scope, run_id: str, after: int, limit: int) -> Page:
        arguments = [_run(scope, run_id), encoded(scope.user_id), after, max(limit, 0)]
        outcome, entries = await self._page([], arguments)
        if outcome == b"absent":
            raise NotFound(f"there is no run {run_id!r}")
        if outcome == b"expired":
            raise EventsExpired(f"the events of run {run_id} are gone; its result is kept")
        return Page([_event(entry) for entry in entries], outcome == b"complete")

    async def unfinished(self, scope: Scope) -> Sequence[RunRecord]:
        """Runs that were admitted and have not ended, oldest first."""
        require_role(scope, "system")
        return await self._records(await self._server.call("ZRANGE", _key(b"U"), 0, -1))

    async def request_stop(self, scope: Scope, run_id: str) -> None:
        """Ask whichever process makes the run's answer to stop."""
        if not await self._stop([], [_run(scope, run_id), encoded(scope.user_id)]):
            raise NotFound(f"there is no run {run_id!r}")

    async def stop_requests(self, scope: Scope) -> Sequence[RunRecord]:
        """Unfinished runs that were asked to stop."""
        require_role(scope, "system")
        return await self._records(list(await self._server.call("SMEMBERS", _key(b"S"))))

    async def of_thread(self, scope: Scope, thread_id: str) -> Sequence[RunRecord]:
        """The user's runs in a thread, oldest first."""
        return await self._records(await self._server.call("ZRANGE", _key(name("T", *_user(scope), thread_id)), 0, -1))

    async def threads(self, scope: Scope) -> Sequence[str]:
        """The threads in which the user has runs; walks every key of the server."""
        names, cursor = set[bytes](), 0
        pattern = _SPECIAL.sub(rb"\\\g<0>", _key(name("T", *_user(scope)))) + b"*"
        while True:
            cursor, found = await self._server.call("SCAN", cursor, "MATCH", pattern, "COUNT", SCAN_COUNT)
            names.update(found)
            if not int(cursor):
                return [parts_of(found.removeprefix(scripts.PREFIX))[2] for found in names]

    async def _records(self, runs: Sequence[bytes]) -> list[RunRecord]:
        found = [await self._server.call("HGETALL", _key(b"R" + run)) for run in runs]
        return [_record(one) for one in found if one]

    async def lease(self, scope: Scope, thread_id: str, holder: str, ttl_s: float) -> Lease | None:
        """Take or renew the lease of a thread; None while somebody else holds it."""
        moment = "" if self._ticks is None else self._ticks()
        token = await self._lease([], [name("L", *_user(scope), thread_id), encoded(holder), ttl_s, moment])
        return Lease(thread_id, holder, int(token)) if token else None

    async def release(self, scope: Scope, lease: Lease) -> None:
        """Give a lease back."""
        place = name("L", *_user(scope), lease.thread_id)
        await self._release([], [place, encoded(lease.holder), lease.token])

    async def delete_thread(self, scope: Scope, thread_id: str) -> None:
        """Forget a thread's runs, events and lease; whoever follows one of them is told NotFound."""
        await self._delete_thread([], [name(kind, *_user(scope), thread_id) for kind in "TL"])

    async def expire(self, scope: Scope, before: datetime) -> int:
        """Drop events of runs that ended before a time; return how many runs."""
        require_role(scope, "system")
        count = 0
        while done := await self._expire([], [before.timestamp(), EXPIRE_AT_ONCE]):
            count += done
        return count

    async def wake_followers(self, last: bytes) -> None:
        """Wake whoever follows a run that changes, from a change on and for ever.

        While the server is away, everybody is woken now and then: their own read tells them.
        """
        while True:
            try:
                changes = await self._server.wait_for_stream(scripts.PREFIX + b"W", last, BLOCK_MS)
            except StoreUnavailable:
                changes = [(last, [b"run", run]) for run in self._followers]
                await asyncio.sleep(RETRY_S)
            for number, fields in changes:
                last = number
                for woken in self._followers.get(fields[1], ()):
                    woken.set()


def _key(rest: bytes) -> bytes:
    return scripts.PREFIX + rest


def _user(scope: Scope) -> tuple[str, str]:
    return scope.tenant_id, scope.user_id


def _run(scope: Scope, run_id: str) -> bytes:
    return name("", scope.tenant_id, run_id)


def _fields(found: Any) -> dict[bytes, bytes]:
    """Return a hash; the driver's answer is a dict or a flat list, by protocol version."""
    if isinstance(found, dict):
        return cast("dict[bytes, bytes]", found)
    return dict(zip(found[::2], found[1::2], strict=True))


def _record(found: Any) -> RunRecord:
    fields = _fields(found)
    status = cast(RunStatus, fields[b"status"].decode())
    return replace(_RECORD.load(fields[b"body"]), status=status, result=fields[b"result"].decode())


def _event(entry: Any) -> RunEvent:
    number, (_, kind, _, data) = entry
    return RunEvent(int(number.partition(b"-")[0]), kind.decode(), data)
