"""Cache in SQLite: small values with a time to live, per user. Expired ones go as new ones come."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

from memory.records import Scope
from memory.sqlite import Database

MIGRATIONS = (
    """
    CREATE TABLE cache (
        tenant_id TEXT NOT NULL, user_id TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
        expires_at REAL NOT NULL,
        PRIMARY KEY (tenant_id, user_id, key)
    ) WITHOUT ROWID;
    CREATE INDEX cache_by_expiry ON cache (expires_at);
    """,
)


async def open_cache(database: Database, clock: Callable[[], float] = time.time) -> SqliteCache:
    """Bring the table up to date and return the cache; clock gives seconds since the epoch."""
    await database.migrate("cache", MIGRATIONS)
    return SqliteCache(database, clock)


class SqliteCache:
    """Cache over a shared database file."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        """Use an open, migrated database."""
        self._database = database
        self._clock = clock

    async def get(self, scope: Scope, key: str) -> bytes | None:
        """Return a value that is present and not expired."""
        row = await self._database.read(
            lambda connection: connection.execute(
                "SELECT value FROM cache WHERE tenant_id = ? AND user_id = ? AND key = ? AND expires_at > ?",
                (scope.tenant_id, scope.user_id, key, self._clock()),
            ).fetchone()
        )
        return row["value"] if row else None

    async def put(self, scope: Scope, key: str, value: bytes, ttl_s: float) -> None:
        """Keep a value for at most ttl_s seconds."""
        moment = self._clock()

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM cache WHERE expires_at <= ?", (moment,))
            connection.execute(
                "INSERT OR REPLACE INTO cache VALUES (?, ?, ?, ?, ?)",
                (scope.tenant_id, scope.user_id, key, value, moment + ttl_s),
            )

        await self._database.write(work)

    async def delete_prefix(self, scope: Scope, prefix: str) -> None:
        """Forget the scope's keys that start with a prefix."""
        await self._database.write(
            lambda connection: (
                connection.execute(
                    "DELETE FROM cache WHERE tenant_id = ? AND user_id = ? AND instr(key, ?) = 1",
                    (scope.tenant_id, scope.user_id, prefix),
                ).rowcount
            )
        )
