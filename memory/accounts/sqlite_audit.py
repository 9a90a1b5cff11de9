"""AuditLog in SQLite: one hash chain per tenant; triggers refuse every change of an entry.

The chain knows a user by a random pseudonym, as in PostgreSQL; entries of the first version name the user's id.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from memory.accounts.chain import fits, sealed
from memory.accounts.defaults import Clock, now
from memory.records import AuditEntry, Scope
from memory.roles import require_role
from memory.sqlite import Database

MIGRATIONS = (
    """
    CREATE TABLE audit_entries (
        tenant_id TEXT NOT NULL, sequence INTEGER NOT NULL, at TEXT NOT NULL, actor TEXT NOT NULL,
        action TEXT NOT NULL, target TEXT NOT NULL, detail TEXT NOT NULL, digest TEXT NOT NULL,
        PRIMARY KEY (tenant_id, sequence)
    ) WITHOUT ROWID;
    CREATE TRIGGER audit_keeps_entries BEFORE DELETE ON audit_entries
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
    CREATE TRIGGER audit_changes_no_entry BEFORE UPDATE ON audit_entries
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
    """,
    """
    CREATE TABLE audit_actors (
        tenant_id TEXT NOT NULL, user_id TEXT NOT NULL, actor TEXT NOT NULL UNIQUE,
        PRIMARY KEY (tenant_id, user_id)
    ) WITHOUT ROWID;
    """,
)
_ENTRIES = (
    "SELECT e.*, a.user_id FROM audit_entries e LEFT JOIN audit_actors a USING (tenant_id, actor)"
    " WHERE tenant_id = ? AND sequence > ? ORDER BY sequence LIMIT ?"
)


async def open_audit(database: Database, clock: Clock = now) -> SqliteAudit:
    """Bring the table up to date and return the log."""
    await database.migrate("audit", MIGRATIONS)
    return SqliteAudit(database, clock)


class SqliteAudit:
    """AuditLog over a shared database file."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use an open, migrated database."""
        self._database = database
        self._clock = clock

    async def append(self, scope: Scope, action: str, target: str, detail: str = "") -> AuditEntry:
        """Add an entry to the tenant's chain; the actor is the scope's user."""

        def work(connection: sqlite3.Connection) -> AuditEntry:
            last = connection.execute(
                "SELECT sequence, digest FROM audit_entries WHERE tenant_id = ? ORDER BY sequence DESC LIMIT 1",
                (scope.tenant_id,),
            ).fetchone()
            actor = _actor(connection, scope)
            sequence, before = (last["sequence"] + 1, last["digest"]) if last else (1, "")
            open_entry = AuditEntry(sequence, self._clock(), actor, action, target, detail, "")
            entry = sealed(scope.tenant_id, open_entry, before)
            moment = entry.at.isoformat()
            connection.execute(
                "INSERT INTO audit_entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (scope.tenant_id, sequence, moment, actor, action, target, detail, entry.digest),
            )
            return replace(entry, actor=scope.user_id)

        return await self._database.write(work)

    async def page(self, scope: Scope, after: int, limit: int) -> Sequence[AuditEntry]:
        """Entries of the tenant with a sequence above `after`, in order."""
        require_role(scope, "operator")
        rows = await self._database.read(
            lambda connection: connection.execute(_ENTRIES, (scope.tenant_id, after, limit)).fetchall()
        )
        return [replace(_entry(row), actor=row["user_id"] or row["actor"]) for row in rows]

    async def verify(self, scope: Scope) -> int | None:
        """Return the sequence of the first broken link of the tenant's chain, or None if it is whole."""
        return await self._database.read(lambda connection: _first_broken(connection, scope.tenant_id))

    async def forget_actor(self, scope: Scope) -> None:
        """Forget whose entries they are that the scope's user made."""
        await self._database.write(
            lambda connection: (
                connection.execute(
                    "DELETE FROM audit_actors WHERE tenant_id = ? AND user_id = ?", (scope.tenant_id, scope.user_id)
                ).rowcount
            )
        )


def _actor(connection: sqlite3.Connection, scope: Scope) -> str:
    key = (scope.tenant_id, scope.user_id)
    connection.execute("INSERT OR IGNORE INTO audit_actors VALUES (?, ?, ?)", (*key, str(uuid4())))
    return connection.execute("SELECT actor FROM audit_actors WHERE tenant_id = ? AND user_id = ?", key).fetchone()[
        "actor"
    ]


def _first_broken(connection: sqlite3.Connection, tenant_id: str) -> int | None:
    rows = connection.execute("SELECT * FROM audit_entries WHERE tenant_id = ? ORDER BY sequence", (tenant_id,))
    before = ""
    for expected, row in enumerate(rows, start=1):
        entry = _entry(row)
        if not fits(tenant_id, entry, expected, before):
            return expected
        before = entry.digest
    return None


def _entry(row: sqlite3.Row) -> AuditEntry:
    at = datetime.fromisoformat(row["at"])
    return AuditEntry(row["sequence"], at, row["actor"], row["action"], row["target"], row["detail"], row["digest"])
