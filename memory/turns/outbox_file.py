"""The outbox's table in SQLite: turns in the order in which they were kept."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from memory.encoding import Codec
from memory.errors import Conflict, NotFound
from memory.records import Scope, Turn
from memory.sqlite import Database

MIGRATIONS = (
    """
    CREATE TABLE turn_outbox (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT, tenant_id TEXT NOT NULL, user_id TEXT NOT NULL,
        thread_id TEXT NOT NULL, turn_id TEXT NOT NULL, text TEXT NOT NULL, body BLOB NOT NULL, kept_at REAL NOT NULL,
        problem TEXT NOT NULL DEFAULT ''
    );
    CREATE UNIQUE INDEX turn_outbox_by_turn ON turn_outbox (tenant_id, thread_id, turn_id);
    """,
)
_TURN = Codec(Turn)
_OF_THREAD = "tenant_id = ? AND user_id = ? AND thread_id = ?"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A turn's place in the outbox. kept_at: seconds since the epoch."""

    sequence: int
    scope: Scope
    thread_id: str
    kept_at: float

    @property
    def place(self) -> tuple[str, str, str]:
        """Tenant, user and thread."""
        return self.scope.tenant_id, self.scope.user_id, self.thread_id

    def belongs_to(self, scope: Scope, thread_id: str | None) -> bool:
        """Tell whether it is this user's, and of this thread if one is named."""
        mine = (self.scope.tenant_id, self.scope.user_id) == (scope.tenant_id, scope.user_id)
        return mine and thread_id in (None, self.thread_id)


class OutboxFile:
    """The table. What the server has taken is removed; what it refuses stays, with its words."""

    def __init__(self, database: Database) -> None:
        """Use an open, migrated database."""
        self._database = database

    async def keep(self, scope: Scope, turn: Turn) -> bool:
        """Keep a turn durably; False if it was there.

        Raises:
            NotFound: the thread waits for another user.
            Conflict: the turn_id waits with other content.
        """
        body = _TURN.dump(replace(turn, text=""))
        return await self._database.write(lambda connection: _keep(connection, scope, turn, body))

    async def tend(self) -> Sequence[Waiting]:
        """Nobody else has this file: there is nothing to take over."""
        return ()

    async def waiting(self) -> Sequence[Waiting]:
        """Return what waits, the oldest first."""
        rows = await self._database.read(
            lambda connection: connection.execute(
                "SELECT sequence, tenant_id, user_id, thread_id, kept_at FROM turn_outbox WHERE problem = ''"
                " ORDER BY sequence"
            ).fetchall()
        )
        return [Waiting(row[0], Scope(row[1], row[2]), row[3], row[4]) for row in rows]

    async def refused(self) -> int:
        """How many turns the server will never take."""
        return await self._database.read(
            lambda connection: connection.execute("SELECT count(*) FROM turn_outbox WHERE problem <> ''").fetchone()[0]
        )

    async def turn(self, item: Waiting) -> Turn | None:
        """Return what waits in a place, if it still does."""
        row = await self._database.read(
            lambda connection: connection.execute(
                "SELECT text, body FROM turn_outbox WHERE sequence = ? AND problem = ''", (item.sequence,)
            ).fetchone()
        )
        return _turn(row) if row else None

    async def turns(self, scope: Scope, thread_id: str) -> Sequence[Turn]:
        """Return what waits of a thread, by turn_id."""
        rows = await self._database.read(
            lambda connection: connection.execute(
                f"SELECT text, body FROM turn_outbox WHERE {_OF_THREAD} AND problem = '' ORDER BY turn_id",
                (scope.tenant_id, scope.user_id, thread_id),
            ).fetchall()
        )
        return [_turn(row) for row in rows]

    async def done(self, item: Waiting, problem: str) -> None:
        """Remove what the server has taken, or note why it never will."""
        statement = "UPDATE turn_outbox SET problem = ?2 WHERE sequence = ?1"
        if not problem:
            statement = "DELETE FROM turn_outbox WHERE sequence = ?1 AND ?2 = ''"
        await self._database.write(lambda connection: connection.execute(statement, (item.sequence, problem)).rowcount)

    async def forget(self, scope: Scope, thread_id: str) -> None:
        """Forget what waits or was refused of a thread."""
        key = (scope.tenant_id, scope.user_id, thread_id)
        await self._database.write(
            lambda connection: connection.execute(f"DELETE FROM turn_outbox WHERE {_OF_THREAD}", key).rowcount
        )


def _keep(connection: sqlite3.Connection, scope: Scope, turn: Turn, body: bytes) -> bool:
    thread = (scope.tenant_id, turn.thread_id)
    owner = connection.execute(
        "SELECT user_id FROM turn_outbox WHERE tenant_id = ? AND thread_id = ? LIMIT 1", thread
    ).fetchone()
    if owner and owner["user_id"] != scope.user_id:
        raise NotFound(f"there is no thread {turn.thread_id!r}")
    stored = connection.execute(
        "SELECT text, body FROM turn_outbox WHERE tenant_id = ? AND thread_id = ? AND turn_id = ?",
        (*thread, turn.turn_id),
    ).fetchone()
    if stored:
        if replace(_turn(stored), created_at=turn.created_at) != turn:
            raise Conflict(f"turn {turn.turn_id} holds other content")
        return False
    connection.execute(
        "INSERT INTO turn_outbox (tenant_id, user_id, thread_id, turn_id, text, body, kept_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (scope.tenant_id, scope.user_id, turn.thread_id, turn.turn_id, turn.text, body, time.time()),
    )
    return True


def _turn(row: sqlite3.Row) -> Turn:
    return replace(_TURN.load(row["body"]), text=row["text"])
