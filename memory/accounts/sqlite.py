"""Accounts in SQLite: tenants, users and the plan that meters each of them.

A user without a plan of their own has none stored, so that a new default reaches everybody it is meant for.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from memory.accounts.defaults import LOCAL_PLAN, LOCAL_TENANT, LOCAL_USER, Clock, now
from memory.encoding import decode_cursor, encode_cursor
from memory.errors import InvalidInput, NotFound
from memory.records import Page, Plan, Scope, User
from memory.roles import require_role
from memory.sqlite import Database

MIGRATIONS = (
    """
    CREATE TABLE tenants (tenant_id TEXT PRIMARY KEY, created_at TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE users (
        tenant_id TEXT NOT NULL REFERENCES tenants, user_id TEXT NOT NULL, plan_name TEXT,
        quota_tokens INTEGER CHECK (quota_tokens >= 0), period TEXT CHECK (period IN ('day', 'month')),
        created_at TEXT NOT NULL,
        PRIMARY KEY (tenant_id, user_id)
    ) WITHOUT ROWID;
    """,
)


async def open_accounts(database: Database, default_plan: Plan = LOCAL_PLAN, clock: Clock = now) -> SqliteAccounts:
    """Bring the tables up to date, make the local user, and return the store."""
    await database.migrate("accounts", MIGRATIONS)
    accounts = SqliteAccounts(database, default_plan, clock)
    await accounts.user(Scope(LOCAL_TENANT, LOCAL_USER))
    return accounts


class SqliteAccounts:
    """Accounts over a shared database file."""

    def __init__(self, database: Database, default_plan: Plan, clock: Clock) -> None:
        """Use an open, migrated database."""
        self._database = database
        self._default_plan = default_plan
        self._clock = clock

    async def user(self, scope: Scope) -> User:
        """Return the scope's user, made on the default plan when seen first."""
        plan, moment = self._default_plan, self._clock()
        known = await self._database.read(lambda connection: find_user(connection, scope, plan))
        return known or await self._database.write(lambda connection: ensure_user(connection, scope, plan, moment))

    async def assign_plan(self, scope: Scope, user_id: str, plan: Plan) -> User:
        """Put a user of the tenant on a plan; NotFound for a user who was never seen."""
        require_role(scope, "operator")
        if plan.quota_tokens is not None and plan.quota_tokens < 0:
            raise InvalidInput("a plan cannot grant fewer than 0 tokens")

        def work(connection: sqlite3.Connection) -> User:
            connection.execute(
                "UPDATE users SET plan_name = ?, quota_tokens = ?, period = ? WHERE tenant_id = ? AND user_id = ?",
                (plan.name, plan.quota_tokens, plan.period, scope.tenant_id, user_id),
            )
            user = find_user(connection, Scope(scope.tenant_id, user_id), self._default_plan)
            if user is None:
                raise NotFound(f"there is no user {user_id!r}")
            return user

        return await self._database.write(work)

    async def users(self, scope: Scope, after: str | None, limit: int) -> Page[User]:
        """List the tenant's users by user_id."""
        require_role(scope, "operator")
        (last,) = decode_cursor(after, 1) if after else [""]
        rows = await self._database.read(
            lambda connection: connection.execute(
                "SELECT * FROM users WHERE tenant_id = ? AND user_id > ? ORDER BY user_id LIMIT ?",
                (scope.tenant_id, last, limit + 1),
            ).fetchall()
        )
        following = encode_cursor(rows[limit - 1]["user_id"]) if len(rows) > limit else None
        return Page(tuple(_user(row, self._default_plan) for row in rows[:limit]), following)

    async def forget_user(self, scope: Scope) -> None:
        """Forget the scope's user and their plan."""
        await self._database.write(
            lambda connection: (
                connection.execute(
                    "DELETE FROM users WHERE tenant_id = ? AND user_id = ?", (scope.tenant_id, scope.user_id)
                ).rowcount
            )
        )


def find_user(connection: sqlite3.Connection, scope: Scope, default: Plan) -> User | None:
    """Return the scope's user if they were seen before."""
    row = connection.execute(
        "SELECT * FROM users WHERE tenant_id = ? AND user_id = ?", (scope.tenant_id, scope.user_id)
    ).fetchone()
    return _user(row, default) if row else None


def ensure_user(connection: sqlite3.Connection, scope: Scope, default: Plan, at: datetime) -> User:
    """Return the scope's user, made without a plan of their own if new; needs a write transaction."""
    moment = at.isoformat()
    connection.execute("INSERT OR IGNORE INTO tenants VALUES (?, ?)", (scope.tenant_id, moment))
    connection.execute(
        "INSERT OR IGNORE INTO users (tenant_id, user_id, created_at) VALUES (?, ?, ?)",
        (scope.tenant_id, scope.user_id, moment),
    )
    return find_user(connection, scope, default) or User(scope.tenant_id, scope.user_id, default, at)


def _user(row: sqlite3.Row, default: Plan) -> User:
    own = row["plan_name"] is not None
    plan = Plan(row["plan_name"], row["quota_tokens"], row["period"]) if own else default
    return User(row["tenant_id"], row["user_id"], plan, datetime.fromisoformat(row["created_at"]))
