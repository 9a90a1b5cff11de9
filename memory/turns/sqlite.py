"""TurnStore in SQLite: one row per turn, clustered by (tenant, thread, turn id)."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from memory.encoding import Codec, decode_cursor, encode_cursor
from memory.errors import Conflict, NotFound
from memory.records import Lag, Page, Scope, Thread, Turn
from memory.sqlite import Database
from memory.turns.titles import mentions, title_of

MIGRATIONS = (
    """
    CREATE TABLE threads (
        tenant_id TEXT NOT NULL, thread_id TEXT NOT NULL, user_id TEXT NOT NULL, title TEXT NOT NULL,
        created_at TEXT NOT NULL, updated_at TEXT NOT NULL, last_turn_id TEXT NOT NULL,
        PRIMARY KEY (tenant_id, thread_id)
    ) WITHOUT ROWID;
    CREATE INDEX threads_by_user ON threads (tenant_id, user_id, last_turn_id, thread_id);
    CREATE TABLE turns (
        tenant_id TEXT NOT NULL, thread_id TEXT NOT NULL, turn_id TEXT NOT NULL, text TEXT NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (tenant_id, thread_id, turn_id)
    );
    """,
)
_TURN = Codec(Turn)


async def open_turns(database: Database) -> SqliteTurns:
    """Bring the tables up to date and return the store."""
    await database.migrate("turns", MIGRATIONS)
    return SqliteTurns(database)


class SqliteTurns:
    """TurnStore over a shared database file."""

    def __init__(self, database: Database) -> None:
        """Use an open, migrated database."""
        self._database = database

    async def append(self, scope: Scope, turn: Turn) -> None:
        """Keep a turn; see the port."""
        body = _TURN.dump(replace(turn, text=""))
        await self._database.write(lambda connection: _append(connection, scope, turn, body))

    async def recent(self, scope: Scope, thread_id: str, limit: int) -> Sequence[Turn]:
        """Return the newest turns, oldest first."""
        rows = await self._database.read(
            lambda connection: connection.execute(
                "SELECT t.text, t.body FROM turns t JOIN threads h USING (tenant_id, thread_id)"
                " WHERE t.tenant_id = ? AND t.thread_id = ? AND h.user_id = ? ORDER BY t.turn_id DESC LIMIT ?",
                (scope.tenant_id, thread_id, scope.user_id, max(limit, 0)),
            ).fetchall()
        )
        return [_turn(row) for row in reversed(rows)]

    async def page(self, scope: Scope, thread_id: str, after: str | None, limit: int) -> Page[Turn]:
        """Return turns oldest first, from a cursor."""
        (last,) = decode_cursor(after, 1) if after else [""]

        def work(connection: sqlite3.Connection) -> list[sqlite3.Row]:
            _thread_row(connection, scope, thread_id)
            return connection.execute(
                "SELECT turn_id, text, body FROM turns WHERE tenant_id = ? AND thread_id = ? AND turn_id > ?"
                " ORDER BY turn_id LIMIT ?",
                (scope.tenant_id, thread_id, last, limit + 1),
            ).fetchall()

        rows = await self._database.read(work)
        following = encode_cursor(rows[limit - 1]["turn_id"]) if len(rows) > limit else None
        return Page(tuple(_turn(row) for row in rows[:limit]), following)

    async def threads(self, scope: Scope, query: str, after: str | None, limit: int) -> Page[Thread]:
        """List the user's threads, the one with the newest turn first."""
        position = decode_cursor(after, 2) if after else None
        rows = await self._database.read(lambda connection: _threads(connection, scope, query, position, limit + 1))
        last = rows[limit - 1] if len(rows) > limit else None
        following = encode_cursor(last["last_turn_id"], last["thread_id"]) if last else None
        return Page(tuple(_thread(row) for row in rows[:limit]), following)

    async def rename(self, scope: Scope, thread_id: str, title: str) -> Thread:
        """Give a thread a title."""

        def work(connection: sqlite3.Connection) -> Thread:
            connection.execute(
                "UPDATE threads SET title = ? WHERE tenant_id = ? AND thread_id = ? AND user_id = ?",
                (title, scope.tenant_id, thread_id, scope.user_id),
            )
            return _thread(_thread_row(connection, scope, thread_id))

        return await self._database.write(work)

    async def delete_thread(self, scope: Scope, thread_id: str) -> None:
        """Forget a thread and its turns."""

        def work(connection: sqlite3.Connection) -> None:
            _thread_row(connection, scope, thread_id)
            key = (scope.tenant_id, thread_id)
            connection.execute("DELETE FROM turns WHERE tenant_id = ? AND thread_id = ?", key)
            connection.execute("DELETE FROM threads WHERE tenant_id = ? AND thread_id = ?", key)

        await self._database.write(work)

    async def lag(self) -> Lag:
        """Nothing waits: what is acknowledged is kept."""
        return Lag()


def _append(connection: sqlite3.Connection, scope: Scope, turn: Turn, body: bytes) -> None:
    key = (scope.tenant_id, turn.thread_id)
    owner = connection.execute("SELECT user_id FROM threads WHERE tenant_id = ? AND thread_id = ?", key).fetchone()
    if owner and owner["user_id"] != scope.user_id:
        raise NotFound(f"there is no thread {turn.thread_id!r}")
    stored = connection.execute(
        "SELECT text, body FROM turns WHERE tenant_id = ? AND thread_id = ? AND turn_id = ?", (*key, turn.turn_id)
    ).fetchone()
    if stored:
        # A re-run mints the same turn at another moment: the clock is no part of what a turn says.
        if replace(_turn(stored), created_at=turn.created_at) != turn:
            raise Conflict(f"turn {turn.turn_id} holds other content")
        return
    connection.execute("INSERT INTO turns VALUES (?, ?, ?, ?, ?)", (*key, turn.turn_id, turn.text, body))
    moment = turn.created_at.isoformat()
    connection.execute(
        "INSERT INTO threads VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6) ON CONFLICT DO UPDATE SET"
        " updated_at = excluded.updated_at, last_turn_id = max(last_turn_id, excluded.last_turn_id)",
        (*key, scope.user_id, title_of(turn.text), moment, turn.turn_id),
    )


def _threads(
    connection: sqlite3.Connection, scope: Scope, query: str, position: list[str] | None, limit: int
) -> list[sqlite3.Row]:
    # SQLite's LIKE folds ASCII only and reads % and _; people search in every script.
    connection.create_function("mentions", 2, mentions, deterministic=True)
    return connection.execute(
        "SELECT * FROM threads h WHERE tenant_id = :tenant AND user_id = :user"
        " AND (:turn IS NULL OR (last_turn_id, thread_id) < (:turn, :thread))"
        " AND (:words = '' OR mentions(title, :words) OR EXISTS (SELECT 1 FROM turns t"
        "  WHERE t.tenant_id = h.tenant_id AND t.thread_id = h.thread_id AND mentions(t.text, :words)))"
        " ORDER BY last_turn_id DESC, thread_id DESC LIMIT :limit",
        {
            "tenant": scope.tenant_id,
            "user": scope.user_id,
            "turn": position[0] if position else None,
            "thread": position[1] if position else None,
            "words": query.strip().casefold(),
            "limit": limit,
        },
    ).fetchall()


def _thread_row(connection: sqlite3.Connection, scope: Scope, thread_id: str) -> sqlite3.Row:
    row = connection.execute(
        "SELECT * FROM threads WHERE tenant_id = ? AND thread_id = ? AND user_id = ?",
        (scope.tenant_id, thread_id, scope.user_id),
    ).fetchone()
    if row is None:
        raise NotFound(f"there is no thread {thread_id!r}")
    return row


def _turn(row: sqlite3.Row) -> Turn:
    return replace(_TURN.load(row["body"]), text=row["text"])


def _thread(row: sqlite3.Row) -> Thread:
    created, updated = datetime.fromisoformat(row["created_at"]), datetime.fromisoformat(row["updated_at"])
    return Thread(row["thread_id"], row["title"], created, updated)
