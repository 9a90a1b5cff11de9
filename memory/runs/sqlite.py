"""RunLog in SQLite: runs, their events, and leases on threads.

Followers of a run share its newest events in memory and sleep until a commit brings more; whoever is behind reads a
page from the file. Nothing is buffered for a slow reader. Wake-ups stay inside the process; one owns the data folder.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from datetime import datetime

from memory.accounts.defaults import Clock, now
from memory.encoding import Codec
from memory.errors import Conflict, EventsExpired, InvalidInput, NotFound
from memory.records import Lease, RunEvent, RunRecord, RunStatus, Scope
from memory.roles import require_role
from memory.runs.tail import Page, Tail
from memory.sqlite import Database

MIGRATIONS = (
    """
    CREATE TABLE runs (
        run_no INTEGER PRIMARY KEY, tenant_id TEXT NOT NULL, user_id TEXT NOT NULL, run_id TEXT NOT NULL,
        thread_id TEXT NOT NULL, idempotency_key TEXT, status TEXT NOT NULL, last_seq INTEGER NOT NULL DEFAULT 0,
        ended_at REAL, expired INTEGER NOT NULL DEFAULT 0, body BLOB NOT NULL, result TEXT NOT NULL
    );
    CREATE UNIQUE INDEX runs_by_id ON runs (tenant_id, run_id);
    CREATE UNIQUE INDEX runs_by_key ON runs (tenant_id, user_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
    CREATE INDEX runs_by_thread ON runs (tenant_id, user_id, thread_id);
    CREATE INDEX runs_unfinished ON runs (run_no) WHERE status = 'running';
    CREATE INDEX runs_to_expire ON runs (ended_at) WHERE expired = 0 AND ended_at IS NOT NULL;
    CREATE TABLE run_events (
        run_no INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, seq INTEGER NOT NULL, type TEXT NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY (run_no, seq)
    ) WITHOUT ROWID;
    CREATE TABLE leases (
        tenant_id TEXT NOT NULL, user_id TEXT NOT NULL, thread_id TEXT NOT NULL, holder TEXT NOT NULL,
        token INTEGER NOT NULL, expires_at REAL NOT NULL,
        PRIMARY KEY (tenant_id, user_id, thread_id)
    ) WITHOUT ROWID;
    CREATE TABLE lease_tokens (one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL);
    INSERT INTO lease_tokens VALUES (1, 0);
    """,
    """
    ALTER TABLE runs ADD COLUMN stop INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX runs_to_stop ON runs (run_no) WHERE stop = 1 AND status = 'running';
    """,
)
PAGE = 64
_RECORD = Codec(RunRecord)


async def open_runs(
    database: Database,
    *,
    sole_owner: bool = False,
    clock: Clock = now,
    ticks: Callable[[], float] = time.monotonic,
) -> SqliteRuns:
    """Bring the tables up to date and return the log.

    Args:
        database: the open file.
        sole_owner: no other process is alive that could hold a lease, so those found are dead: drop them, or a
            restart after a crash would wait for them to run out.
        clock: when runs end.
        ticks: seconds that leases are timed by; must not jump with the wall clock.
    """
    await database.migrate("runs", MIGRATIONS)
    if sole_owner:
        await database.write(lambda connection: connection.execute("DELETE FROM leases").rowcount)
    return SqliteRuns(database, clock, ticks)


class SqliteRuns:
    """RunLog over a shared database file."""

    def __init__(self, database: Database, clock: Clock, ticks: Callable[[], float]) -> None:
        """Use an open, migrated database."""
        self._database = database
        self._clock = clock
        self._ticks = ticks
        self._live: dict[tuple[str, str], Tail] = {}

    async def admit(self, record: RunRecord) -> RunRecord:
        """Keep a new run, or return the first one of its idempotency key."""
        body = _RECORD.dump(record)
        return await self._database.write(lambda connection: _admit(connection, record, body))

    async def get(self, scope: Scope, run_id: str) -> RunRecord:
        """Return a run."""
        return await self._database.read(lambda connection: _record(_run(connection, scope, run_id)))

    async def append(self, scope: Scope, run_id: str, events: Sequence[RunEvent]) -> None:
        """Keep events durably; the same events again are a no-op."""

        def work(connection: sqlite3.Connection) -> None:
            head = _head(connection, scope, run_id)
            if head["status"] != "running":
                raise Conflict(f"run {run_id} has ended")
            _append(connection, head, events)

        await self._database.write(work, self._waker(scope, run_id, events))

    async def finish(
        self, scope: Scope, run_id: str, status: RunStatus, result: str, events: Sequence[RunEvent]
    ) -> None:
        """Keep the last events, the end status and the result in one atomic write."""
        if status == "running":
            raise InvalidInput("a run cannot end as running")

        def work(connection: sqlite3.Connection) -> None:
            head = _head(connection, scope, run_id)
            if head["status"] != "running":
                return
            last = _append(connection, head, events)
            connection.execute(
                "UPDATE runs SET status = ?, result = ?, ended_at = ?, last_seq = ? WHERE run_no = ?",
                (status, result, self._clock().timestamp(), last, head["run_no"]),
            )

        await self._database.write(work, self._waker(scope, run_id, events, ended=True))

    async def read(self, scope: Scope, run_id: str, after: int, limit: int) -> Sequence[RunEvent]:
        """Events with a seq above `after`, in order; EventsExpired where they are gone."""
        page = await self._database.read(lambda connection: _page(connection, scope, run_id, after, limit))
        return page.events

    async def follow(self, scope: Scope, run_id: str, after: int) -> AsyncGenerator[RunEvent]:
        """Yield events above `after` as they are kept, until the run ends."""
        key, woken = (scope.tenant_id, run_id), asyncio.Event()
        live = self._live.setdefault(key, Tail(PAGE))
        live.woken.add(woken)
        try:
            # The first page says whether there is such a run; afterwards a commit brings its events with it.
            page = await self._database.read(_reader(scope, run_id, after))
            while True:
                for event in page.events:
                    yield event
                after = page.events[-1].seq if page.events else after
                if page.complete:
                    return
                if not page.events:
                    await woken.wait()
                woken.clear()
                page = live.after(after) or await self._database.read(_reader(scope, run_id, after))
        finally:
            live.woken.discard(woken)
            if not live.woken and self._live.get(key) is live:
                del self._live[key]

    async def unfinished(self, scope: Scope) -> Sequence[RunRecord]:
        """Runs that were admitted and have not ended, oldest first."""
        require_role(scope, "system")
        return await self._records("status = 'running'")

    async def request_stop(self, scope: Scope, run_id: str) -> None:
        """Ask whichever process makes the run's answer to stop."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE runs SET stop = 1 WHERE run_no = ?", (_head(connection, scope, run_id)["run_no"],)
            )

        await self._database.write(work)

    async def stop_requests(self, scope: Scope) -> Sequence[RunRecord]:
        """Unfinished runs that were asked to stop."""
        require_role(scope, "system")
        return await self._records("stop = 1 AND status = 'running'")

    async def of_thread(self, scope: Scope, thread_id: str) -> Sequence[RunRecord]:
        """The user's runs in a thread, oldest first."""
        return await self._records(
            "tenant_id = ? AND user_id = ? AND thread_id = ?", (scope.tenant_id, scope.user_id, thread_id)
        )

    async def threads(self, scope: Scope) -> Sequence[str]:
        """The threads in which the user has runs."""
        rows = await self._database.read(
            lambda connection: connection.execute(
                "SELECT DISTINCT thread_id FROM runs WHERE tenant_id = ? AND user_id = ?",
                (scope.tenant_id, scope.user_id),
            ).fetchall()
        )
        return [row["thread_id"] for row in rows]

    async def _records(self, condition: str, values: Sequence[str] = ()) -> list[RunRecord]:
        statement = f"SELECT * FROM runs WHERE {condition} ORDER BY run_no"
        rows = await self._database.read(lambda connection: connection.execute(statement, values).fetchall())
        return [_record(row) for row in rows]

    async def lease(self, scope: Scope, thread_id: str, holder: str, ttl_s: float) -> Lease | None:
        """Take or renew the lease of a thread; None while somebody else holds it."""
        return await self._database.write(
            lambda connection: _lease(connection, scope, Lease(thread_id, holder, 0), (self._ticks(), ttl_s)),
            synced=False,  # no lease outlives the machine: whoever opens the folder anew drops them
        )

    async def release(self, scope: Scope, lease: Lease) -> None:
        """Give a lease back."""
        await self._database.write(
            lambda connection: (
                connection.execute(
                    "DELETE FROM leases WHERE tenant_id = ? AND user_id = ? AND thread_id = ?"
                    " AND holder = ? AND token = ?",
                    (scope.tenant_id, scope.user_id, lease.thread_id, lease.holder, lease.token),
                ).rowcount
            ),
            synced=False,
        )

    async def delete_thread(self, scope: Scope, thread_id: str) -> None:
        """Forget a thread's runs, events and lease; whoever follows one of them is told NotFound."""
        gone = await self.of_thread(scope, thread_id)
        key = (scope.tenant_id, scope.user_id, thread_id)

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM runs WHERE tenant_id = ? AND user_id = ? AND thread_id = ?", key)
            connection.execute("DELETE FROM leases WHERE tenant_id = ? AND user_id = ? AND thread_id = ?", key)

        await self._database.write(work)
        for record in gone:
            if (live := self._live.get((scope.tenant_id, record.run_id))) is not None:
                live.forget()

    async def expire(self, scope: Scope, before: datetime) -> int:
        """Drop events of runs that ended before a time; return how many runs."""
        require_role(scope, "system")
        return await self._database.write(lambda connection: _expire(connection, before.timestamp()))

    def _waker(
        self, scope: Scope, run_id: str, events: Sequence[RunEvent], *, ended: bool = False
    ) -> Callable[[], None]:
        """What the writer's thread calls after a commit: it hands the events to the run's followers in their loop."""
        loop, key = asyncio.get_running_loop(), (scope.tenant_id, run_id)

        def committed() -> None:
            if key in self._live:
                loop.call_soon_threadsafe(self._wake, key, events, ended)

        return committed

    def _wake(self, key: tuple[str, str], events: Sequence[RunEvent], ended: bool) -> None:
        if (live := self._live.get(key)) is not None:
            live.add(events, ended=ended)


def _admit(connection: sqlite3.Connection, record: RunRecord, body: bytes) -> RunRecord:
    scope = record.scope
    first = connection.execute(
        "SELECT * FROM runs WHERE tenant_id = ? AND user_id = ? AND idempotency_key = ?",
        (scope.tenant_id, scope.user_id, record.idempotency_key),
    ).fetchone()
    if first:
        known = _record(first)
        if known.fingerprint != record.fingerprint:
            raise Conflict(f"idempotency key {record.idempotency_key!r} was used for another request")
        return known
    same = connection.execute(
        "SELECT * FROM runs WHERE tenant_id = ? AND run_id = ?", (scope.tenant_id, record.run_id)
    ).fetchone()
    if same:
        if same["body"] != body:
            raise Conflict(f"run id {record.run_id} is taken")
        return _record(same)
    connection.execute(
        "INSERT INTO runs (tenant_id, user_id, run_id, thread_id, idempotency_key, status, body, result)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(scope.tenant_id, scope.user_id, record.run_id, record.thread_id),
            *(record.idempotency_key, record.status, body, record.result),
        ),
    )
    return record


def _append(connection: sqlite3.Connection, head: sqlite3.Row, events: Sequence[RunEvent]) -> int:
    """Keep the events that are new; return the last seq there is."""
    number, name = head["run_no"], head["run_id"]
    last = connection.execute(
        "SELECT coalesce(max(seq), 0) AS last FROM run_events WHERE run_no = ?", (number,)
    ).fetchone()["last"]
    fresh = [event for event in events if event.seq > last]
    repeated = [event for event in events if event.seq <= last]
    if [event.seq for event in fresh] != list(range(last + 1, last + 1 + len(fresh))):
        raise Conflict(f"run {name}: seq {last + 1} was expected, not {fresh[0].seq}")
    if repeated and repeated != _events(connection, number, repeated[0].seq - 1, len(repeated)):
        raise Conflict(f"run {name}: seq {repeated[0].seq} is taken; {last + 1} was expected")
    connection.executemany(
        "INSERT INTO run_events VALUES (?, ?, ?, ?)", [(number, event.seq, event.type, event.data) for event in fresh]
    )
    return last + len(fresh)


def _reader(scope: Scope, run_id: str, after: int) -> Callable[[sqlite3.Connection], Page]:
    return lambda connection: _page(connection, scope, run_id, after, PAGE)


def _page(connection: sqlite3.Connection, scope: Scope, run_id: str, after: int, limit: int) -> Page:
    run = _head(connection, scope, run_id)
    if run["expired"] and after < run["last_seq"]:
        raise EventsExpired(f"the events of run {run_id} are gone; its result is kept")
    events = _events(connection, run["run_no"], after, limit)
    reached = events[-1].seq if events else after
    return Page(events, run["status"] != "running" and reached >= run["last_seq"])


def _events(connection: sqlite3.Connection, run_no: int, after: int, limit: int) -> list[RunEvent]:
    rows = connection.execute(
        "SELECT seq, type, data FROM run_events WHERE run_no = ? AND seq > ? ORDER BY seq LIMIT ?",
        (run_no, after, max(limit, 0)),
    )
    return [RunEvent(row["seq"], row["type"], row["data"]) for row in rows]


def _run(connection: sqlite3.Connection, scope: Scope, run_id: str) -> sqlite3.Row:
    return _found(
        connection.execute(
            "SELECT * FROM runs WHERE tenant_id = ? AND run_id = ? AND user_id = ?",
            (scope.tenant_id, run_id, scope.user_id),
        ).fetchone(),
        run_id,
    )


def _head(connection: sqlite3.Connection, scope: Scope, run_id: str) -> sqlite3.Row:
    """What each event needs of its run; last_seq counts once the run has ended."""
    return _found(
        connection.execute(
            "SELECT run_no, run_id, status, expired, last_seq FROM runs"
            " WHERE tenant_id = ? AND run_id = ? AND user_id = ?",
            (scope.tenant_id, run_id, scope.user_id),
        ).fetchone(),
        run_id,
    )


def _found(row: sqlite3.Row | None, run_id: str) -> sqlite3.Row:
    if row is None:
        raise NotFound(f"there is no run {run_id!r}")
    return row


def _record(row: sqlite3.Row) -> RunRecord:
    return replace(_RECORD.load(row["body"]), status=row["status"], result=row["result"])


def _lease(
    connection: sqlite3.Connection, scope: Scope, wanted: Lease, time_and_ttl: tuple[float, float]
) -> Lease | None:
    at, ttl_s = time_and_ttl
    key = (scope.tenant_id, scope.user_id, wanted.thread_id)
    held = connection.execute(
        "SELECT * FROM leases WHERE tenant_id = ? AND user_id = ? AND thread_id = ?", key
    ).fetchone()
    if held and held["holder"] != wanted.holder and held["expires_at"] > at:
        return None
    if held and held["holder"] == wanted.holder:
        token: int = held["token"]
    else:
        token = connection.execute("UPDATE lease_tokens SET last = last + 1 RETURNING last").fetchone()["last"]
    connection.execute(
        "INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?, ?)", (*key, wanted.holder, token, at + ttl_s)
    )
    return Lease(wanted.thread_id, wanted.holder, token)


def _expire(connection: sqlite3.Connection, before: float) -> int:
    stale = "SELECT run_no FROM runs WHERE expired = 0 AND ended_at IS NOT NULL AND ended_at < ?"
    connection.execute(f"DELETE FROM run_events WHERE run_no IN ({stale})", (before,))
    return connection.execute(f"UPDATE runs SET expired = 1 WHERE run_no IN ({stale})", (before,)).rowcount
