"""Accounts in PostgreSQL: tenants, users, and every plan that a user ever had.

A user without a plan of their own has none stored, so that a new default reaches everybody it is meant for.
"""

from __future__ import annotations

from typing import Any

from psycopg import sql

from memory.accounts.defaults import LOCAL_PLAN, LOCAL_TENANT, LOCAL_USER, Clock, now
from memory.accounts.postgres_schema import MIGRATIONS
from memory.encoding import decode_cursor, encode_cursor
from memory.errors import InvalidInput, NotFound
from memory.postgres import Connection, Postgres, migrate, original, stored
from memory.records import Page, Plan, Scope, User
from memory.roles import require_role

_USERS = """
SELECT user_id, created_at, plan_name, quota_tokens, period FROM users
LEFT JOIN plan_assignments USING (tenant_id, user_id)
WHERE tenant_id = %s AND ends_at IS NULL
"""
USER = sql.SQL(_USERS + "AND user_id = %s")
USERS = sql.SQL(_USERS + "AND user_id > %s ORDER BY user_id LIMIT %s")


async def open_accounts(server: Postgres, default_plan: Plan = LOCAL_PLAN, clock: Clock = now) -> PostgresAccounts:
    """Bring the tables up to date, make the local user, and return the store."""
    await migrate(server, "accounts", MIGRATIONS)
    accounts = PostgresAccounts(server, default_plan, clock)
    await accounts.user(Scope(LOCAL_TENANT, LOCAL_USER))
    return accounts


class PostgresAccounts:
    """Accounts in a shared database."""

    def __init__(self, server: Postgres, default_plan: Plan, clock: Clock) -> None:
        """Use a migrated database."""
        self._server = server
        self._default_plan = default_plan
        self._clock = clock

    async def user(self, scope: Scope) -> User:
        """Return the scope's user, made on the default plan when seen first."""

        async def work(connection: Connection) -> User:
            known = await self._find(connection, scope, scope.user_id)
            if known is None:
                await self._make(connection, scope)
                known = await self._find(connection, scope, scope.user_id)
            return known or User(scope.tenant_id, scope.user_id, self._default_plan, self._clock())

        return await self._server.transaction(scope, work)

    async def assign_plan(self, scope: Scope, user_id: str, plan: Plan) -> User:
        """Put a user of the tenant on a plan; NotFound for a user who was never seen."""
        require_role(scope, "operator")
        if plan.quota_tokens is not None and plan.quota_tokens < 0:
            raise InvalidInput("a plan cannot grant fewer than 0 tokens")

        async def work(connection: Connection) -> User:
            person = (stored(scope.tenant_id), stored(user_id))
            # Whoever assigns at the same time waits here, and ends the plan that we begin.
            await connection.execute(
                "SELECT 1 FROM users WHERE tenant_id = %s AND user_id = %s FOR NO KEY UPDATE", person
            )
            known = await self._find(connection, scope, user_id)
            if known is None:
                raise NotFound(f"there is no user {user_id!r}")
            if known.plan != plan:
                await self._replace_plan(connection, person, plan)
            found = await self._find(connection, scope, user_id)
            return found or known

        return await self._server.transaction(scope, work)

    async def users(self, scope: Scope, after: str | None, limit: int) -> Page[User]:
        """List the tenant's users by user_id."""
        require_role(scope, "operator")
        (last,) = decode_cursor(after, 1) if after else [""]

        async def work(connection: Connection) -> list[tuple[Any, ...]]:
            values = (stored(scope.tenant_id), stored(last), limit + 1)
            return await (await connection.execute(USERS, values)).fetchall()

        rows = await self._server.transaction(scope, work)
        users = tuple(self._user(scope, row) for row in rows[:limit])
        return Page(users, encode_cursor(users[-1].user_id) if len(rows) > limit else None)

    async def forget_user(self, scope: Scope) -> None:
        """Forget the scope's user and every plan that they had."""
        person = (stored(scope.tenant_id), stored(scope.user_id))

        async def work(connection: Connection) -> None:
            for table in ("plan_assignments", "users"):
                statement = sql.SQL("DELETE FROM {} WHERE tenant_id = %s AND user_id = %s")
                await connection.execute(statement.format(sql.Identifier(table)), person)

        await self._server.transaction(scope, work)

    async def _find(self, connection: Connection, scope: Scope, user_id: str) -> User | None:
        cursor = await connection.execute(USER, (stored(scope.tenant_id), stored(user_id)))
        row = await cursor.fetchone()
        return self._user(scope, row) if row else None

    async def _make(self, connection: Connection, scope: Scope) -> None:
        tenant, person, moment = stored(scope.tenant_id), stored(scope.user_id), self._clock()
        await connection.execute("INSERT INTO tenants VALUES (%s, %s) ON CONFLICT DO NOTHING", (tenant, moment))
        await connection.execute(
            "INSERT INTO users VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", (tenant, person, moment)
        )

    async def _replace_plan(self, connection: Connection, person: tuple[str, str], plan: Plan) -> None:
        moment = self._clock()
        await connection.execute(
            "UPDATE plan_assignments SET ends_at = greatest(starts_at, %s)"
            " WHERE tenant_id = %s AND user_id = %s AND ends_at IS NULL",
            (moment, *person),
        )
        await connection.execute(
            "INSERT INTO plan_assignments (tenant_id, user_id, plan_name, quota_tokens, period, starts_at)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            (*person, stored(plan.name), plan.quota_tokens, plan.period, moment),
        )

    def _user(self, scope: Scope, row: tuple[Any, ...]) -> User:
        user_id, created_at, name, quota, period = row
        plan = self._default_plan if name is None else Plan(original(name), quota, period)
        return User(scope.tenant_id, original(user_id), plan, created_at)
