"""QuotaLedger in PostgreSQL: append-only entries, and balances that one conditional statement keeps under the limit.

Balances are kept by day and by month, so that a plan may count either, and change between them, without recounting.
A reservation belongs to the day it was made on, also when it is settled later.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from memory.accounts.defaults import LOCAL_PLAN, Clock, now
from memory.accounts.periods import window_of
from memory.accounts.postgres_schema import ERASED, MIGRATIONS, REFUSED
from memory.errors import Conflict, InvalidInput, NotFound, QuotaExceeded
from memory.postgres import Connection, Postgres, migrate, original, stored
from memory.records import Plan, Quota, Reservation, Scope

RESERVE = sql.SQL("SELECT * FROM ledger_reserve(%s, %s, %s, %s::bigint, %s, %s, %s::bigint, %s)")
CLOSE = sql.SQL("SELECT * FROM ledger_close(%s, %s, %s, %s, %s::bigint, %s)")
PLAN = sql.SQL(
    "SELECT plan_name, quota_tokens, period FROM plan_assignments"
    " WHERE tenant_id = %s AND user_id = %s AND ends_at IS NULL"
)
BALANCE = sql.SQL(
    "SELECT used, reserved FROM quota_balances WHERE tenant_id = %s AND user_id = %s AND period = %s AND starts = %s"
)


async def open_ledger(server: Postgres, default_plan: Plan = LOCAL_PLAN, clock: Clock = now) -> PostgresLedger:
    """Bring the tables up to date and return the ledger."""
    await migrate(server, "accounts", MIGRATIONS)
    return PostgresLedger(server, default_plan, clock)


class PostgresLedger:
    """QuotaLedger in a shared database."""

    def __init__(self, server: Postgres, default_plan: Plan, clock: Clock) -> None:
        """Use a migrated database."""
        self._server = server
        self._default_plan = default_plan
        self._clock = clock

    async def reserve(self, scope: Scope, key: str, tokens: int) -> Reservation:
        """Hold tokens in the current period."""
        if tokens < 0:
            raise InvalidInput("fewer than 0 tokens cannot be reserved")
        plan, moment = self._default_plan, self._clock()
        values = (*_names(scope, key), tokens, moment, stored(plan.name), plan.quota_tokens, plan.period)
        try:
            ((held, *end),) = await self._server.fetch(RESERVE, values)
        except psycopg.Error as error:
            if error.sqlstate != REFUSED:
                raise
            raise self._refusal(error, tokens) from None
        if held != tokens:
            raise Conflict(f"key {key!r} holds {held} tokens, not {tokens}")
        return _reservation(key, held, *end)

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
        moment, person = self._clock(), (stored(scope.tenant_id), stored(scope.user_id))

        async def work(connection: Connection) -> Quota:
            row = await (await connection.execute(PLAN, person)).fetchone()
            plan = Plan(original(row[0]), *row[1:]) if row else self._default_plan
            window = window_of(moment, plan.period)
            place = (*person, plan.period, window.start.date())
            used, reserved = await (await connection.execute(BALANCE, place)).fetchone() or (0, 0)
            return _quota(plan, used, reserved, window.end)

        return await self._server.transaction(scope, work)

    async def pseudonymise(self, scope: Scope, pseudonym: str) -> None:
        """Keep what the user was charged under another name."""

        async def work(connection: Connection) -> None:
            values = (ERASED + stored(pseudonym), stored(scope.tenant_id), stored(scope.user_id))
            for table in ("ledger_entries", "quota_balances"):
                statement = sql.SQL("UPDATE {} SET user_id = %s WHERE tenant_id = %s AND user_id = %s")
                await connection.execute(statement.format(sql.Identifier(table)), values)

        await self._server.transaction(scope, work)

    async def _close(self, scope: Scope, key: str, kind: str, tokens: int) -> Reservation:
        rows = await self._server.fetch(CLOSE, (*_names(scope, key), kind, tokens, self._clock()))
        if not rows:
            raise NotFound(f"nothing is reserved under {key!r}")
        return _reservation(key, *rows[0])

    def _refusal(self, error: psycopg.Error, tokens: int) -> QuotaExceeded:
        used, reserved, quota, period, name = (error.diag.message_detail or "").split(" ", 4)
        resets_at = window_of(self._clock(), "day" if period == "day" else "month").end
        left = max(int(quota) - int(used) - int(reserved), 0)
        message = f"{tokens} tokens are needed and {left} are left of plan {original(name)!r}"
        return QuotaExceeded(message, remaining_tokens=left, resets_at=resets_at)


def _names(scope: Scope, key: str) -> tuple[str, str, str]:
    return stored(scope.tenant_id), stored(scope.user_id), stored(key)


def _reservation(key: str, tokens: int, closed: str | None, charged: int) -> Reservation:
    if closed == "settle":
        return Reservation(key, tokens, "settled", charged)
    return Reservation(key, tokens, "released" if closed else "reserved")


def _quota(plan: Plan, used: int, reserved: int, resets_at: Any) -> Quota:
    # A plan that shrank may leave less than nothing; nobody is shown a negative rest.
    remaining = None if plan.quota_tokens is None else max(plan.quota_tokens - used - reserved, 0)
    return Quota(plan, used, reserved, remaining, resets_at)
