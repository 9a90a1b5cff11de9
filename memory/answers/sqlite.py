"""AnswerStore in SQLite: curated questions and answers, and the events of their use."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from memory.encoding import decode_cursor, encode_cursor
from memory.errors import Conflict, NotFound
from memory.records import AnswerEntry, Page, Scope
from memory.sqlite import Database

MIGRATIONS = (
    """
    CREATE TABLE answer_entries (
        tenant_id TEXT NOT NULL, entry_id TEXT NOT NULL, category TEXT NOT NULL, question TEXT NOT NULL,
        answer TEXT NOT NULL, revision INTEGER NOT NULL, updated_by TEXT NOT NULL, updated_at TEXT NOT NULL,
        PRIMARY KEY (tenant_id, entry_id)
    ) WITHOUT ROWID;
    CREATE INDEX answer_entries_by_category ON answer_entries (tenant_id, category, entry_id);
    CREATE TABLE answer_hits (
        tenant_id TEXT NOT NULL, entry_id TEXT NOT NULL, event_id TEXT NOT NULL,
        PRIMARY KEY (tenant_id, entry_id, event_id),
        FOREIGN KEY (tenant_id, entry_id) REFERENCES answer_entries ON DELETE CASCADE
    ) WITHOUT ROWID;
    """,
)


async def open_answers(database: Database) -> SqliteAnswers:
    """Bring the tables up to date and return the store."""
    await database.migrate("answers", MIGRATIONS)
    return SqliteAnswers(database)


class SqliteAnswers:
    """AnswerStore over a shared database file."""

    def __init__(self, database: Database) -> None:
        """Use an open, migrated database."""
        self._database = database

    async def put(self, scope: Scope, entry: AnswerEntry, expected_revision: int) -> AnswerEntry:
        """Add (expected_revision 0) or edit an entry."""
        wanted = replace(entry, revision=expected_revision + 1)
        return await self._database.write(lambda connection: _put(connection, scope, wanted))

    async def get(self, scope: Scope, entry_id: str) -> AnswerEntry:
        """Return an entry."""
        return await self._database.read(lambda connection: _require(connection, scope, entry_id))

    async def page(self, scope: Scope, category: str | None, after: str | None, limit: int) -> Page[AnswerEntry]:
        """List entries by entry_id, of one category or all."""
        (last,) = decode_cursor(after, 1) if after else [""]
        rows = await self._database.read(
            lambda connection: connection.execute(
                "SELECT * FROM answer_entries WHERE tenant_id = ?1 AND entry_id > ?2"
                " AND (?3 IS NULL OR category = ?3) ORDER BY entry_id LIMIT ?4",
                (scope.tenant_id, last, category, limit + 1),
            ).fetchall()
        )
        following = encode_cursor(rows[limit - 1]["entry_id"]) if len(rows) > limit else None
        return Page(tuple(_entry(row) for row in rows[:limit]), following)

    async def categories(self, scope: Scope) -> Mapping[str, int]:
        """Return each category and how many entries it has, by name."""
        rows = await self._database.read(
            lambda connection: connection.execute(
                "SELECT category, count(*) AS entries FROM answer_entries WHERE tenant_id = ?"
                " GROUP BY category ORDER BY category",
                (scope.tenant_id,),
            ).fetchall()
        )
        return {row["category"]: row["entries"] for row in rows}

    async def record_hit(self, scope: Scope, entry_id: str, event_id: str) -> None:
        """Note that an entry was used; the same event_id counts once."""

        def work(connection: sqlite3.Connection) -> None:
            _require(connection, scope, entry_id)
            connection.execute(
                "INSERT OR IGNORE INTO answer_hits VALUES (?, ?, ?)", (scope.tenant_id, entry_id, event_id)
            )

        await self._database.write(work)

    async def hits(self, scope: Scope, entry_id: str) -> int:
        """How many distinct hit events the entry has."""

        def work(connection: sqlite3.Connection) -> int:
            _require(connection, scope, entry_id)
            return connection.execute(
                "SELECT count(*) AS hits FROM answer_hits WHERE tenant_id = ? AND entry_id = ?",
                (scope.tenant_id, entry_id),
            ).fetchone()["hits"]

        return await self._database.read(work)

    async def delete(self, scope: Scope, entry_id: str) -> None:
        """Forget an entry and its hits."""

        def work(connection: sqlite3.Connection) -> None:
            _require(connection, scope, entry_id)
            connection.execute(
                "DELETE FROM answer_entries WHERE tenant_id = ? AND entry_id = ?", (scope.tenant_id, entry_id)
            )

        await self._database.write(work)


def _put(connection: sqlite3.Connection, scope: Scope, wanted: AnswerEntry) -> AnswerEntry:
    stored = _find(connection, scope, wanted.entry_id)
    if stored and replace(stored, updated_at=wanted.updated_at) == wanted:
        return stored
    revision = stored.revision if stored else 0
    if revision != wanted.revision - 1:
        raise Conflict(f"entry {wanted.entry_id!r} is at revision {revision}; somebody else edited it")
    connection.execute(
        "INSERT INTO answer_entries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO UPDATE SET"
        " category = ?3, question = ?4, answer = ?5, revision = ?6, updated_by = ?7, updated_at = ?8",
        (
            *(scope.tenant_id, wanted.entry_id, wanted.category, wanted.question, wanted.answer),
            *(wanted.revision, wanted.updated_by, wanted.updated_at.isoformat()),
        ),
    )
    return wanted


def _require(connection: sqlite3.Connection, scope: Scope, entry_id: str) -> AnswerEntry:
    entry = _find(connection, scope, entry_id)
    if entry is None:
        raise NotFound(f"there is no answer {entry_id!r}")
    return entry


def _find(connection: sqlite3.Connection, scope: Scope, entry_id: str) -> AnswerEntry | None:
    row = connection.execute(
        "SELECT * FROM answer_entries WHERE tenant_id = ? AND entry_id = ?", (scope.tenant_id, entry_id)
    ).fetchone()
    return _entry(row) if row else None


def _entry(row: sqlite3.Row) -> AnswerEntry:
    return AnswerEntry(
        entry_id=row["entry_id"],
        category=row["category"],
        question=row["question"],
        answer=row["answer"],
        revision=row["revision"],
        updated_by=row["updated_by"],
        updated_at=datetime.fromisoformat(row["updated_at"]),
    )
