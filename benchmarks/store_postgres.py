"""Reserve and settle through the port, and the same two statements through psycopg and its pool."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from psycopg_pool import AsyncConnectionPool

from benchmarks.stores import Pair
from memory.accounts.postgres import USER, open_accounts
from memory.accounts.postgres_audit import ACTOR, ADD, LAST, LOCK, open_audit
from memory.accounts.postgres_ledger import CLOSE, RESERVE, open_ledger
from memory.postgres import MAX_CONNECTIONS, open_postgres
from memory.records import Scope
from tests.support.servers import fresh_postgres_schema

USERS = 64
AT_ONCE = 16


@asynccontextmanager
async def pairs() -> AsyncGenerator[list[Pair]]:
    """Yield what to compare, in a schema of its own."""
    async with (
        fresh_postgres_schema() as url,
        open_postgres(url) as server,
        AsyncConnectionPool(url, min_size=MAX_CONNECTIONS, kwargs={"autocommit": True}, open=False) as pool,
    ):
        ledger, accounts, audit = await open_ledger(server), await open_accounts(server), await open_audit(server)

        async def charge(number, users):
            scope = Scope("acme", f"user {number % users}")
            await ledger.reserve(scope, str(number), 300)
            await ledger.settle(scope, str(number), 100)

        async def raw_charge(number, users):
            person = ("acme", f"user {number % users}", str(number))
            async with pool.connection() as connection:
                moment = datetime.now(UTC)
                cursor = await connection.execute(RESERVE, (*person, 300, moment, "local", None, "month"))
                await cursor.fetchall()
            async with pool.connection() as connection:
                cursor = await connection.execute(CLOSE, (*person, "settle", 100, datetime.now(UTC)))
                await cursor.fetchall()

        def spread(charging, users):
            return lambda number: charging(number, users)

        yield [
            Pair("reserve + settle", spread(charge, USERS), spread(raw_charge, USERS)),
            Pair("reserve + settle", spread(charge, USERS), spread(raw_charge, USERS), AT_ONCE),
            Pair("reserve + settle of one user", spread(charge, 1), spread(raw_charge, 1), AT_ONCE),
            Pair("user", lambda _: accounts.user(Scope("acme", "user 1")), reading_user(pool)),
            Pair(
                "audit entry", lambda number: audit.append(Scope("acme", "user 1"), "act", str(number)), appending(pool)
            ),
        ]


def reading_user(pool):
    """Return reading a user as one would by hand: a transaction that is bound to the tenant."""

    async def read(_):
        async with pool.connection() as connection, connection.transaction():
            await connection.execute(
                "SELECT set_config('app.tenant', '=acme', true), set_config('app.user', '=u', true)"
            )
            return await (await connection.execute(USER, ("acme", "user 1"))).fetchone()

    return read


def appending(pool):
    """Return adding an entry by hand, without its digest: lock, look at the last one, insert."""

    async def append(number):
        async with pool.connection() as connection, connection.transaction():
            await connection.execute(
                "SELECT set_config('app.tenant', '=acme', true), set_config('app.user', '=u', true)"
            )
            await connection.execute(LOCK, ("acme",))
            (actor,) = await (await connection.execute(ACTOR, ("acme", "user 1"))).fetchone()
            last = await (await connection.execute(LAST, ("acme",))).fetchone() or (0, "")
            entry = (datetime.now(UTC), actor, "act", str(number), "", "0" * 32)
            await connection.execute(ADD, ("acme", last[0] + 1, *entry))

    return append
