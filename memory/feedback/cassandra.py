"""FeedbackStore in Cassandra or ScyllaDB: ratings by thread, the later one of a turn stays, and their keys by turn."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from memory.cassandra import Cassandra, Row
from memory.cassandra_layout import bucket_of
from memory.encoding import decode_cursor, encode_cursor
from memory.errors import InvalidInput
from memory.records import Feedback, Page, Scope
from memory.roles import require_role

MAX_COMMENT_CHARACTERS = 3_000_000
"""A write must fit half a segment of the commit log."""
READ_AT_ONCE = 50

_COLUMNS = "turn_id, user_id, thread_id, run_id, rating, comment, created_at"
_TURN = "turn_id, user_id, thread_id"
_PUT_BUCKET = "UPDATE feedback_buckets SET buckets = buckets + ? WHERE tenant_id = ?"
_PUT_TURN = f"INSERT INTO feedback_by_turn (tenant_id, bucket, {_TURN}) VALUES (?, ?, ?, ?, ?)"
_PUT = f"INSERT INTO feedback_by_thread (tenant_id, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_THREAD = " WHERE tenant_id = ? AND user_id = ? AND thread_id = ?"
_OF_THREAD = f"SELECT {_COLUMNS} FROM feedback_by_thread{_THREAD} ORDER BY turn_id"
_GET = f"SELECT {_COLUMNS} FROM feedback_by_thread{_THREAD} AND turn_id = ?"
_TURNS = f"SELECT turn_id FROM feedback_by_thread{_THREAD}"
_BUCKETS = "SELECT buckets FROM feedback_buckets WHERE tenant_id = ?"
_NEWEST_FIRST = " ORDER BY turn_id DESC, user_id DESC, thread_id DESC LIMIT ?"
_NEWEST = f"SELECT {_TURN} FROM feedback_by_turn WHERE tenant_id = ? AND bucket = ?{_NEWEST_FIRST}"
_BEFORE = (
    f"SELECT {_TURN} FROM feedback_by_turn WHERE tenant_id = ? AND bucket = ? AND ({_TURN}) < (?, ?, ?){_NEWEST_FIRST}"
)
_FORGET_TURN = (
    "DELETE FROM feedback_by_turn WHERE tenant_id = ? AND bucket = ? AND turn_id = ? AND user_id = ? AND thread_id = ?"
)
_FORGET_THREAD = f"DELETE FROM feedback_by_thread{_THREAD}"


class CassandraFeedback:
    """FeedbackStore over a shared cluster."""

    def __init__(self, server: Cassandra) -> None:
        """Use an open cluster."""
        self._server = server

    async def put(self, scope: Scope, feedback: Feedback) -> None:
        """Keep a rating, replacing the user's former one of that turn."""
        if len(feedback.comment) > MAX_COMMENT_CHARACTERS:
            raise InvalidInput(f"a comment has at most {MAX_COMMENT_CHARACTERS} characters")
        turn = (feedback.turn_id, scope.user_id, feedback.thread_id)
        said = (feedback.run_id, feedback.rating, feedback.comment, feedback.created_at.isoformat())
        bucket = bucket_of(feedback.turn_id)
        async with self._server.limit():
            # A key without its rating is passed over; a rating without its key would never be listed.
            await self._server.write(_PUT_BUCKET, {bucket}, scope.tenant_id)
            await self._server.write(_PUT_TURN, scope.tenant_id, bucket, *turn)
            await self._server.write(_PUT, scope.tenant_id, *turn, *said)

    async def of_thread(self, scope: Scope, thread_id: str) -> Sequence[Feedback]:
        """The user's ratings in a thread, by turn_id."""
        async with self._server.limit():
            return list(map(_feedback, await self._server.rows(_OF_THREAD, *_thread(scope, thread_id))))

    async def page(
        self, scope: Scope, rating: Literal["up", "down"] | None, after: str | None, limit: int
    ) -> Page[Feedback]:
        """The tenant's ratings, newest turn first; those of the other kind are read too."""
        require_role(scope, "operator")
        position = decode_cursor(after, 3) if after else None
        found: list[Row] = []
        async with self._server.limit():
            row = await self._server.first(_BUCKETS, scope.tenant_id)
            for bucket in sorted(row["buckets"] if row else (), reverse=True):
                if len(found) <= limit and (position is None or bucket <= bucket_of(position[0])):
                    found += await self._of_bucket((scope.tenant_id, bucket), rating, position, limit + 1 - len(found))
        following = encode_cursor(*_place(found[limit - 1])) if len(found) > limit else None
        return Page(tuple(map(_feedback, found[:limit])), following)

    async def delete_thread(self, scope: Scope, thread_id: str) -> None:
        """Forget the user's ratings of a thread; broken off, the next attempt does the rest."""
        tenant, user, _ = thread = _thread(scope, thread_id)
        async with self._server.limit():
            for row in await self._server.rows(_TURNS, *thread):
                turn_id: str = row["turn_id"]
                await self._server.write(_FORGET_TURN, tenant, bucket_of(turn_id), turn_id, user, thread_id)
            await self._server.write(_FORGET_THREAD, *thread)

    async def _of_bucket(
        self, key: tuple[str, str], rating: str | None, position: Sequence[str] | None, limit: int
    ) -> list[Row]:
        """Return a bucket's newest ratings of a kind before a position."""
        found: list[Row] = []
        while len(found) < limit:
            if position is None:
                keys = await self._server.rows(_NEWEST, *key, READ_AT_ONCE)
            else:
                keys = await self._server.rows(_BEFORE, *key, *position, READ_AT_ONCE)
            tenant = key[0]
            reads = (self._server.first(_GET, tenant, row["user_id"], row["thread_id"], row["turn_id"]) for row in keys)
            found += [row for row in await asyncio.gather(*reads) if row and rating in (None, row["rating"])]
            if len(keys) < READ_AT_ONCE:
                break
            position = _place(keys[-1])
        return found[:limit]


def _thread(scope: Scope, thread_id: str) -> tuple[str, str, str]:
    return (scope.tenant_id, scope.user_id, thread_id)


def _place(row: Row) -> tuple[str, str, str]:
    return (row["turn_id"], row["user_id"], row["thread_id"])


def _feedback(row: Row) -> Feedback:
    values: dict[str, Any] = {name: row[name] for name in ("turn_id", "thread_id", "run_id", "rating", "comment")}
    return Feedback(**values, created_at=datetime.fromisoformat(row["created_at"]))
