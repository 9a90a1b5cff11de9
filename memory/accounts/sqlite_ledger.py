"""QuotaLedger in SQLite: append-only entries, and a balance per user and day that the same transaction keeps.

Balances are kept by day, so that a plan may count days or months, and change between them, without recounting.
A reservation belongs to the day it was made on, also when it is settled later.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import NamedTuple

from memory.accounts.defaults import LOCAL_PLAN, Clock, now
from memory.accounts.periods import window_of
from memory.accounts.sqlite import MIGRATIONS as ACCOUNT_MIGRATIONS
from memory.accounts.sqlite import ensure_user, find_user
from memory.errors import Conflict, InvalidInput, NotFound, QuotaExceeded
from memory.records import Plan, Quota, Reservation, Scope
from memory.sqlite import Database

MIGRATIONS = (
    """
    CREATE TABLE ledger_entries (
        entry_no INTEGER PRIMARY KEY, tenant_id TEXT NOT NULL, user_id TEXT NOT NULL, key TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('reserve', 'settle', 'release')),
        tokens INTEGER NOT NULL CHECK (tokens >= 0), day TEXT NOT NULL, at TEXT NOT NULL
    );
    CREATE UNIQUE INDEX ledger_opened_once ON ledger_entries (tenant_id, user_id, key) WHERE kind = 'reserve';
    CREATE UNIQUE INDEX ledger_closed_once ON ledger_entries (tenant_id, user_id, key) WHERE kind <> 'reserve';
    CREATE TABLE ledger_balances (
        tenant_id TEXT NOT NULL, user_id TEXT NOT NULL, day TEXT NOT NULL,
        used INTEGER NOT NULL CHECK (used >= 0), reserved INTEGER NOT NULL CHECK (reserved >= 0),
        PRIMARY KEY (tenant_id, user_id, day)
    ) WITHOUT ROWID;
    CREATE TRIGGER ledger_keeps_entries BEFORE DELETE ON ledger_entries
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
    CREATE TRIGGER ledger_changes_no_entry BEFORE UPDATE ON ledger_entries
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
    """,
    """
    DROP TRIGGER ledger_changes_no_entry;
    CREATE TRIGGER ledger_changes_no_entry BEFORE UPDATE ON ledger_entries
    WHEN NEW.user_id NOT GLOB 'erased-*' OR OLD.user_id GLOB 'erased-*' OR NEW.entry_no <> OLD.entry_no
        OR NEW.tenant_id <> OLD.tenant_id OR NEW.key <> OLD.key OR NEW.kind <> OLD.kind
        OR NEW.tokens <> OLD.tokens OR NEW.day <> OLD.day OR NEW.at <> OLD.at
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
    """,
)


async def open_ledger(database: Database, default_plan: Plan = LOCAL_PLAN, clock: Clock = now) -> SqliteLedger:
    """Bring the tables up to date (the accounts' too: plans are there) and return the ledger."""
    await database.migrate("accounts", ACCOUNT_MIGRATIONS)
    await database.migrate("ledger", MIGRATIONS)
    return SqliteLedger(database, default_plan, clock)


class SqliteLedger:
    """QuotaLedger over a shared database file."""

    def __init__(self, database: Database, default_plan: Plan, clock: Clock) -> None:
        """Use an open, migrated database."""
        self._database = database
        self._default_plan = default_plan
        self._clock = clock

    async def reserve(self, scope: Scope, key: str, tokens: int) -> Reservation:
        """Hold tokens in the current period."""
        if tokens < 0:
            raise InvalidInput("fewer than 0 tokens cannot be reserved")

        def work(connection: sqlite3.Connection) -> Reservation:
            existing = _find(connection, scope, key)
            if existing is None:
                return self._open(connection, scope, key, tokens)
            if existing.tokens != tokens:
                raise Conflict(f"key {key!r} holds {existing.tokens} tokens, not {tokens}")
            return existing.reservation(key)

        return await self._database.write(work)

    async def settle(self, scope: Scope, key: str, tokens: int) -> Reservation:
        """Charge what was really used, at most what was held, and free the rest."""
        if tokens < 0:
            raise InvalidInput("fewer than 0 tokens cannot be charged")
        return await self._close(scope, key, "settle", tokens)

    async def release(self, scope: Scope, key: str) -> Reservation:
        """Free a reservation that came to nothing."""
        return await self._close(scope, key, "release", 0)

    async def usage(self, scope: Scope) -> Quota:
        """Where the user stands now."""
        moment = self._clock()

        def work(connection: sqlite3.Connection) -> Quota:
            user = find_user(connection, scope, self._default_plan)
            return _quota(connection, scope, user.plan if user else self._default_plan, moment)

        return await self._database.read(work)

    async def pseudonymise(self, scope: Scope, pseudonym: str) -> None:
        """Keep what the user was charged under another name."""

        def work(connection: sqlite3.Connection) -> None:
            for table in ("ledger_entries", "ledger_balances"):
                connection.execute(
                    f"UPDATE {table} SET user_id = ? WHERE tenant_id = ? AND user_id = ?",
                    (pseudonym, scope.tenant_id, scope.user_id),
                )

        await self._database.write(work)

    def _open(self, connection: sqlite3.Connection, scope: Scope, key: str, tokens: int) -> Reservation:
        moment = self._clock()
        plan = ensure_user(connection, scope, self._default_plan, moment).plan
        quota = _quota(connection, scope, plan, moment)
        if quota.remaining_tokens is not None and tokens > quota.remaining_tokens:
            raise QuotaExceeded(
                f"{tokens} tokens are needed and {quota.remaining_tokens} are left of plan {plan.name!r}",
                remaining_tokens=quota.remaining_tokens,
                resets_at=quota.resets_at,
            )
        day = _day(moment)
        _enter(connection, scope, key, _Entry("reserve", tokens, day), moment)
        _move(connection, scope, day, used=0, reserved=tokens)
        return Reservation(key, tokens, "reserved")

    async def _close(self, scope: Scope, key: str, kind: str, tokens: int) -> Reservation:
        def work(connection: sqlite3.Connection) -> Reservation:
            found = _find(connection, scope, key)
            if found is None:
                raise NotFound(f"nothing is reserved under {key!r}")
            if found.closed:
                return found.reservation(key)
            charged = min(tokens, found.tokens)
            _enter(connection, scope, key, _Entry(kind, charged, found.day), self._clock())
            _move(connection, scope, found.day, used=charged, reserved=-found.tokens)
            return _Found(found.tokens, found.day, kind, charged).reservation(key)

        return await self._database.write(work)


class _Entry(NamedTuple):
    kind: str
    tokens: int
    day: str


class _Found(NamedTuple):
    """A reservation as the entries tell it; closed is None while it is open."""

    tokens: int
    day: str
    closed: str | None
    charged: int

    def reservation(self, key: str) -> Reservation:
        if self.closed == "settle":
            return Reservation(key, self.tokens, "settled", self.charged)
        return Reservation(key, self.tokens, "released" if self.closed else "reserved")


def _find(connection: sqlite3.Connection, scope: Scope, key: str) -> _Found | None:
    # Each half has an index of its own kind; asked for without the kind, SQLite would read the whole ledger.
    half = "SELECT kind, tokens, day FROM ledger_entries WHERE tenant_id = ? AND user_id = ? AND key = ? AND kind"
    rows = connection.execute(
        f"{half} = 'reserve' UNION ALL {half} <> 'reserve'", 2 * (scope.tenant_id, scope.user_id, key)
    ).fetchall()
    if not rows:
        return None
    closing = rows[1] if len(rows) > 1 else None
    return _Found(
        rows[0]["tokens"], rows[0]["day"], closing["kind"] if closing else None, closing["tokens"] if closing else 0
    )


def _enter(connection: sqlite3.Connection, scope: Scope, key: str, entry: _Entry, at: datetime) -> None:
    connection.execute(
        "INSERT INTO ledger_entries (tenant_id, user_id, key, kind, tokens, day, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (scope.tenant_id, scope.user_id, key, *entry, at.isoformat()),
    )


def _move(connection: sqlite3.Connection, scope: Scope, day: str, *, used: int, reserved: int) -> None:
    key = (scope.tenant_id, scope.user_id, day)
    connection.execute("INSERT OR IGNORE INTO ledger_balances VALUES (?, ?, ?, 0, 0)", key)
    connection.execute(
        "UPDATE ledger_balances SET used = used + ?, reserved = reserved + ?"
        " WHERE tenant_id = ? AND user_id = ? AND day = ?",
        (used, reserved, *key),
    )


def _quota(connection: sqlite3.Connection, scope: Scope, plan: Plan, moment: datetime) -> Quota:
    window = window_of(moment, plan.period)
    row = connection.execute(
        "SELECT coalesce(sum(used), 0) AS used, coalesce(sum(reserved), 0) AS reserved FROM ledger_balances"
        " WHERE tenant_id = ? AND user_id = ? AND day >= ? AND day < ?",
        (scope.tenant_id, scope.user_id, _day(window.start), _day(window.end)),
    ).fetchone()
    used, reserved = row["used"], row["reserved"]
    # A plan that shrank may leave less than nothing; nobody is shown a negative rest.
    remaining = None if plan.quota_tokens is None else max(plan.quota_tokens - used - reserved, 0)
    return Quota(plan, used, reserved, remaining, window.end)


def _day(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d")
