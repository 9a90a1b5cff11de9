"""FeedbackStore in SQLite: one rating per (turn, user)."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from memory.encoding import decode_cursor, encode_cursor
from memory.records import Feedback, Page, Scope
from memory.roles import require_role
from memory.sqlite import Database

MIGRATIONS = (
    """
    CREATE TABLE feedback (
        tenant_id TEXT NOT NULL, thread_id TEXT NOT NULL, turn_id TEXT NOT NULL, user_id TEXT NOT NULL,
        run_id TEXT NOT NULL, rating TEXT NOT NULL CHECK (rating IN ('up', 'down')), comment TEXT NOT NULL,
        created_at TEXT NOT NULL,
        PRIMARY KEY (tenant_id, turn_id, user_id, thread_id)
    ) WITHOUT ROWID;
    CREATE INDEX feedback_by_thread ON feedback (tenant_id, user_id, thread_id, turn_id);
    """,
)


async def open_feedback(database: Database) -> SqliteFeedback:
    """Bring the table up to date and return the store."""
    await database.migrate("feedback", MIGRATIONS)
    return SqliteFeedback(database)


class SqliteFeedback:
    """FeedbackStore over a shared database file."""

    def __init__(self, database: Database) -> None:
        """Use an open, migrated database."""
        self._database = database

    async def put(self, scope: Scope, feedback: Feedback) -> None:
        """Keep a rating, replacing the user's former one of that turn."""
        row = (
            *(scope.tenant_id, feedback.thread_id, feedback.turn_id, scope.user_id, feedback.run_id),
            *(feedback.rating, feedback.comment, feedback.created_at.isoformat()),
        )
        await self._database.write(
            lambda connection: (
                connection.execute("INSERT OR REPLACE INTO feedback VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row).rowcount
            )
        )

    async def of_thread(self, scope: Scope, thread_id: str) -> Sequence[Feedback]:
        """The user's ratings in a thread, by turn_id."""
        rows = await self._database.read(
            lambda connection: connection.execute(
                "SELECT * FROM feedback WHERE tenant_id = ? AND user_id = ? AND thread_id = ? ORDER BY turn_id",
                (scope.tenant_id, scope.user_id, thread_id),
            ).fetchall()
        )
        return [_feedback(row) for row in rows]

    async def page(
        self, scope: Scope, rating: Literal["up", "down"] | None, after: str | None, limit: int
    ) -> Page[Feedback]:
        """The tenant's ratings, newest turn first."""
        require_role(scope, "operator")
        position = decode_cursor(after, 3) if after else [None, None, None]
        rows = await self._database.read(
            lambda connection: connection.execute(
                "SELECT * FROM feedback WHERE tenant_id = ?1 AND (?2 IS NULL OR rating = ?2)"
                " AND (?3 IS NULL OR (turn_id, user_id, thread_id) < (?3, ?4, ?5))"
                " ORDER BY turn_id DESC, user_id DESC, thread_id DESC LIMIT ?6",
                (scope.tenant_id, rating, *position, limit + 1),
            ).fetchall()
        )
        last = rows[limit - 1] if len(rows) > limit else None
        following = encode_cursor(last["turn_id"], last["user_id"], last["thread_id"]) if last else None
        return Page(tuple(_feedback(row) for row in rows[:limit]), following)

    async def delete_thread(self, scope: Scope, thread_id: str) -> None:
        """Forget the user's ratings of a thread."""
        await self._database.write(
            lambda connection: (
                connection.execute(
                    "DELETE FROM feedback WHERE tenant_id = ? AND user_id = ? AND thread_id = ?",
                    (scope.tenant_id, scope.user_id, thread_id),
                ).rowcount
            )
        )


def _feedback(row: sqlite3.Row) -> Feedback:
    return Feedback(
        turn_id=row["turn_id"],
        thread_id=row["thread_id"],
        run_id=row["run_id"],
        rating=row["rating"],
        comment=row["comment"],
        created_at=datetime.fromisoformat(row["created_at"]),
    )
