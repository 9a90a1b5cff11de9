"""AuditLog in PostgreSQL: one hash chain per tenant; triggers refuse every change of an entry.

The chain knows a user by a random pseudonym. Forgetting the pseudonym's row makes the person unknown and leaves the
chain whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from memory.accounts.chain import fits, sealed
from memory.accounts.defaults import Clock, now
from memory.accounts.postgres_schema import MIGRATIONS
from memory.postgres import Connection, Postgres, migrate, original, stored
from memory.records import AuditEntry, Scope
from memory.roles import require_role

VERIFIED_AT_ONCE = 2_000
LOCK = sql.SQL("SELECT pg_advisory_xact_lock(hashtextextended('audit ' || %s, 0))")
LAST = sql.SQL("SELECT sequence, digest FROM audit_entries WHERE tenant_id = %s ORDER BY sequence DESC LIMIT 1")
ADD = sql.SQL("INSERT INTO audit_entries VALUES (%s, %s, %s, %s, %s, %s, %s, %s)")
ACTOR = sql.SQL(
    "INSERT INTO audit_actors (tenant_id, user_id) VALUES (%s, %s)"
    " ON CONFLICT (tenant_id, user_id) DO UPDATE SET actor = audit_actors.actor RETURNING actor"
)
ENTRIES = sql.SQL(
    "SELECT sequence, at, actor, action, target, detail, digest, user_id"
    " FROM audit_entries LEFT JOIN audit_actors USING (tenant_id, actor)"
    " WHERE tenant_id = %s AND sequence > %s ORDER BY sequence LIMIT %s"
)


async def open_audit(server: Postgres, clock: Clock = now) -> PostgresAudit:
    """Bring the tables up to date and return the log."""
    await migrate(server, "accounts", MIGRATIONS)
    return PostgresAudit(server, clock)


class PostgresAudit:
    """AuditLog in a shared database."""

    def __init__(self, server: Postgres, clock: Clock) -> None:
        """Use a migrated database."""
        self._server = server
        self._clock = clock

    async def append(self, scope: Scope, action: str, target: str, detail: str = "") -> AuditEntry:
        """Add an entry to the tenant's chain; the actor is the scope's user."""
        tenant = stored(scope.tenant_id)

        async def work(connection: Connection) -> AuditEntry:
            await connection.execute(LOCK, (tenant,))
            actor = await _actor(connection, tenant, stored(scope.user_id))
            last = await (await connection.execute(LAST, (tenant,))).fetchone()
            sequence, before = last or (0, "")
            entry = AuditEntry(sequence + 1, self._clock(), str(actor), action, target, detail, "")
            entry = sealed(scope.tenant_id, entry, before)
            texts = (stored(action), stored(target), stored(detail), entry.digest)
            await connection.execute(ADD, (tenant, entry.sequence, entry.at, actor, *texts))
            return entry

        entry = await self._server.transaction(scope, work, repeatable=False)
        return _of_user(entry, scope.user_id)

    async def page(self, scope: Scope, after: int, limit: int) -> Sequence[AuditEntry]:
        """Entries of the tenant with a sequence above `after`, in order."""
        require_role(scope, "operator")
        rows = await self._read(scope, after, limit)
        return [_of_user(_entry(*row[:-1]), row[-1] and original(row[-1])) for row in rows]

    async def verify(self, scope: Scope) -> int | None:
        """Return the sequence of the first broken link of the tenant's chain, or None if it is whole."""
        expected, before = 1, ""
        while rows := await self._read(scope, expected - 1, VERIFIED_AT_ONCE):
            for row in rows:
                entry = _entry(*row[:-1])
                if not fits(scope.tenant_id, entry, expected, before):
                    return expected
                expected, before = expected + 1, entry.digest
        return None

    async def forget_actor(self, scope: Scope) -> None:
        """Forget whose entries they are that the scope's user made."""

        async def work(connection: Connection) -> None:
            person = (stored(scope.tenant_id), stored(scope.user_id))
            await connection.execute("DELETE FROM audit_actors WHERE tenant_id = %s AND user_id = %s", person)

        await self._server.transaction(scope, work)

    async def _read(self, scope: Scope, after: int, limit: int) -> list[tuple[Any, ...]]:
        async def work(connection: Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(ENTRIES, (stored(scope.tenant_id), after, limit))).fetchall()

        return await self._server.transaction(scope, work)


async def _actor(connection: Connection, tenant: str, user: str) -> UUID:
    cursor = await connection.execute(ACTOR, (tenant, user))
    found = await cursor.fetchone()
    assert found is not None
    return found[0]


def _entry(sequence: int, at: datetime, actor: UUID, action: str, target: str, detail: str, digest: str) -> AuditEntry:
    return AuditEntry(sequence, at, str(actor), original(action), original(target), original(detail), digest)


def _of_user(entry: AuditEntry, user_id: str | None) -> AuditEntry:
    """Return the entry with the user's id in place of the pseudonym, unless the user was forgotten."""
    actor = entry.actor if user_id is None else user_id
    return AuditEntry(entry.sequence, entry.at, actor, entry.action, entry.target, entry.detail, entry.digest)
