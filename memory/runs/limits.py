"""RateLimits in SQLite: the moments of the grants in the running window, a row each."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

from memory.records import Scope
from memory.sqlite import Database

MIGRATIONS = (
    """
    CREATE TABLE grants (
        tenant_id TEXT NOT NULL, user_id TEXT NOT NULL, subject TEXT NOT NULL, at REAL NOT NULL, ends REAL NOT NULL
    );
    CREATE INDEX grants_by_subject ON grants (tenant_id, user_id, subject, at);
    CREATE INDEX grants_by_end ON grants (ends);
    """,
)
_OF = "FROM grants WHERE tenant_id = ? AND user_id = ? AND subject = ?"


async def open_limits(database: Database, clock: Callable[[], float] = time.time) -> SqliteLimits:
    """Bring the table up to date and return the windows; clock gives seconds since the epoch."""
    await database.migrate("limits", MIGRATIONS)
    return SqliteLimits(database, clock)


class SqliteLimits:
    """RateLimits over a shared database file."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        """Use an open, migrated database."""
        self._database = database
        self._clock = clock

    async def take(self, scope: Scope, subject: str, limit: int, window_s: float) -> float:
        """Grant one, or say when one will be granted."""
        who = (scope.tenant_id, scope.user_id, subject)
        return await self._database.write(lambda connection: self._take(connection, who, limit, window_s))

    def _take(self, connection: sqlite3.Connection, who: tuple[str, str, str], limit: int, window_s: float) -> float:
        now = self._clock()
        # A clock that was set back leaves grants in the future: they count as made now.
        connection.execute("UPDATE grants SET at = ?, ends = ? + ends - at WHERE at > ?", (now, now, now))
        connection.execute("DELETE FROM grants WHERE ends <= ?", (now,))
        last: tuple[float] | None = connection.execute(
            f"SELECT at {_OF} AND at > ? ORDER BY at DESC LIMIT 1 OFFSET ?", (*who, now - window_s, limit - 1)
        ).fetchone()
        if last is not None:
            return max(last[0] + window_s - now, 1e-3)
        connection.execute("INSERT INTO grants VALUES (?, ?, ?, ?, ?)", (*who, now, now + window_s))
        return 0.0
