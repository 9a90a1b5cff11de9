"""TurnStore in Cassandra or ScyllaDB: a thread's turns in partitions of some three days each.

A thread id is claimed once, under a condition, and gets an incarnation that is never used again: whatever is deleted
is deleted for a time after any write that may still be on its way, and a thread of the same id begins afresh.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from memory.cassandra import Cassandra, Row
from memory.cassandra_layout import after_every_write, bucket_of
from memory.encoding import Codec, decode_cursor, encode_cursor
from memory.errors import Conflict, InvalidInput, NotFound
from memory.records import Lag, Page, Scope, Thread, Turn
from memory.turns.titles import mentions, title_of

MAX_TURN_BYTES = 3_000_000
"""A write must fit half a segment of the commit log, and a conditional one is written twice."""
SEARCHED_AT_ONCE = 8
TURN = Codec(Turn)

_KEY = "tenant_id = ? AND thread_id = ? AND incarnation = ? AND bucket = ?"
_CLAIM = (
    "INSERT INTO threads (tenant_id, thread_id, incarnation, user_id, title, created_at) VALUES (?, ?, ?, ?, ?, ?)"
    " IF NOT EXISTS"
)
_RELEASE = "DELETE FROM threads WHERE tenant_id = ? AND thread_id = ? IF incarnation = ?"
_COLUMNS = "thread_id, incarnation, title, created_at, updated_at, last_turn_id, buckets, closed"
LISTED = f"SELECT {_COLUMNS} FROM threads_by_user WHERE tenant_id = ? AND user_id = ? AND thread_id = ?"
_ALL_LISTED = f"SELECT {_COLUMNS} FROM threads_by_user WHERE tenant_id = ? AND user_id = ?"
_ROW = " WHERE tenant_id = ? AND user_id = ? AND thread_id = ? AND incarnation = ?"
# Of cells written at the same moment the greatest stays: with one moment for all, the newest turn wins in any order.
_LIST = (
    "UPDATE threads_by_user USING TIMESTAMP 1 SET title = ?, created_at = ?, updated_at = ?, last_turn_id = ?,"
    f" buckets = buckets + ?{_ROW}"
)
TOUCH = f"UPDATE threads_by_user USING TIMESTAMP 1 SET updated_at = ?, last_turn_id = ?, buckets = buckets + ?{_ROW}"
_RENAME = f"UPDATE threads_by_user SET title = ?{_ROW}"
_CLOSE = f"UPDATE threads_by_user SET closed = true{_ROW}"
_UNLIST = f"DELETE FROM threads_by_user USING TIMESTAMP ?{_ROW}"
APPEND = (
    "INSERT INTO turns (tenant_id, thread_id, incarnation, bucket, turn_id, content, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS"
)
NEWEST = f"SELECT content, body FROM turns WHERE {_KEY} ORDER BY turn_id DESC LIMIT ?"
_FOLLOWING = f"SELECT turn_id, content, body FROM turns WHERE {_KEY} AND turn_id > ? ORDER BY turn_id LIMIT ?"
_TEXTS = f"SELECT content FROM turns WHERE {_KEY}"
_FORGET = f"DELETE FROM turns USING TIMESTAMP ? WHERE {_KEY}"


@dataclass(frozen=True, slots=True)
class _Listed:
    """A thread as its user's list has it."""

    thread: Thread
    incarnation: UUID
    last_turn_id: str
    buckets: tuple[str, ...]
    closed: bool


class CassandraTurns:
    """TurnStore over a shared cluster."""

    def __init__(self, server: Cassandra) -> None:
        """Use an open cluster."""
        self._server = server

    async def append(self, scope: Scope, turn: Turn) -> None:
        """Keep a turn; see the port."""
        body = TURN.dump(replace(turn, text=""))
        _require_room(turn, body)
        async with self._server.limit():
            listed = await self._listed(scope, turn.thread_id)
            if listed is None or listed.closed:
                listed = await self._claim(scope, turn, listed)
            elif listed.last_turn_id < turn.turn_id or bucket_of(turn.turn_id) not in listed.buckets:
                await self._touch(scope, turn, listed)
            key = (scope.tenant_id, turn.thread_id, listed.incarnation, bucket_of(turn.turn_id), turn.turn_id)
            new, there = await self._server.decide(APPEND, *key, turn.text, body)
            # A re-run mints the same turn at another moment: the clock is no part of what a turn says.
            if not new and replace(_turn(there), created_at=turn.created_at) != turn:
                raise Conflict(f"turn {turn.turn_id} holds other content")

    async def recent(self, scope: Scope, thread_id: str, limit: int) -> Sequence[Turn]:
        """Return the newest turns, oldest first."""
        found: list[Row] = []
        async with self._server.limit():
            listed = await self._listed(scope, thread_id)
            if listed is None or listed.closed:
                return []
            for bucket in reversed(listed.buckets):
                if len(found) < limit:
                    key = self._key(scope, listed, bucket)
                    found += await self._server.rows(NEWEST, *key, limit - len(found))
        return [_turn(row) for row in reversed(found)]

    async def page(self, scope: Scope, thread_id: str, after: str | None, limit: int) -> Page[Turn]:
        """Return turns oldest first, from a cursor."""
        (last,) = decode_cursor(after, 1) if after else [""]
        found: list[Row] = []
        async with self._server.limit():
            listed = await self._require(scope, thread_id)
            for bucket in listed.buckets:
                if bucket >= bucket_of(last) and len(found) <= limit:
                    key = self._key(scope, listed, bucket)
                    found += await self._server.rows(_FOLLOWING, *key, last, limit + 1 - len(found))
        following = encode_cursor(found[limit - 1]["turn_id"]) if len(found) > limit else None
        return Page(tuple(_turn(row) for row in found[:limit]), following)

    async def threads(self, scope: Scope, query: str, after: str | None, limit: int) -> Page[Thread]:
        """List the user's threads, the one with the newest turn first.

        The whole list is read and put in order here; a query also reads the texts of threads whose titles do not match.
        """
        position = tuple(decode_cursor(after, 2)) if after else None
        async with self._server.limit():
            rows = await self._server.rows(_ALL_LISTED, scope.tenant_id, scope.user_id)
            listed = sorted(map(_listed, rows), key=_place, reverse=True)
            following = [item for item in listed if not item.closed and (position is None or _place(item) < position)]
            found = await self._matching(scope, following, query.strip().casefold(), limit + 1)
        last = found[limit - 1] if len(found) > limit else None
        return Page(tuple(item.thread for item in found[:limit]), encode_cursor(*_place(last)) if last else None)

    async def rename(self, scope: Scope, thread_id: str, title: str) -> Thread:
        """Give a thread a title."""
        async with self._server.limit():
            listed = await self._require(scope, thread_id)
            await self._server.write(_RENAME, title, *_row(scope, listed))
        return replace(listed.thread, title=title)

    async def delete_thread(self, scope: Scope, thread_id: str) -> None:
        """Forget a thread and its turns; broken off half-way, the thread is gone and the next attempt does the rest."""
        async with self._server.limit():
            listed = await self._listed(scope, thread_id)
            if listed is None:
                raise NotFound(f"there is no thread {thread_id!r}")
            await self._forget(scope, listed)

    async def lag(self) -> Lag:
        """Nothing waits: what is acknowledged is kept."""
        return Lag()

    async def _forget(self, scope: Scope, listed: _Listed) -> None:
        row = _row(scope, listed)
        await self._server.write(_CLOSE, *row)
        await self._server.decide(_RELEASE, scope.tenant_id, listed.thread.thread_id, listed.incarnation)
        moment = after_every_write()
        for bucket in listed.buckets:
            await self._server.write(_FORGET, moment, *self._key(scope, listed, bucket))
        await self._server.write(_UNLIST, moment, *row)

    async def _claim(self, scope: Scope, turn: Turn, closed: _Listed | None) -> _Listed:
        """Make a thread of this user, or take part in making it."""
        if closed:
            await self._forget(scope, closed)
        moment = turn.created_at.isoformat()
        thread = (scope.tenant_id, turn.thread_id, uuid4(), scope.user_id, title_of(turn.text), moment)
        new, there = await self._server.decide(_CLAIM, *thread)
        if not new and there["user_id"] != scope.user_id:
            raise NotFound(f"there is no thread {turn.thread_id!r}")
        incarnation, title, created_at = thread[2], thread[4], moment
        if not new:
            incarnation, title, created_at = there["incarnation"], there["title"], there["created_at"]
        row = {
            **{"thread_id": turn.thread_id, "incarnation": incarnation, "title": title, "created_at": created_at},
            **{"updated_at": moment, "last_turn_id": turn.turn_id, "buckets": {bucket_of(turn.turn_id)}},
        }
        listed = _listed({**row, "closed": None})
        values = (title, created_at, moment, turn.turn_id, row["buckets"])
        await self._server.write(_LIST, *values, *_row(scope, listed))
        return listed

    async def _touch(self, scope: Scope, turn: Turn, listed: _Listed) -> None:
        values = (turn.created_at.isoformat(), turn.turn_id, {bucket_of(turn.turn_id)})
        await self._server.write(TOUCH, *values, *_row(scope, listed))

    async def _listed(self, scope: Scope, thread_id: str) -> _Listed | None:
        """Return the user's thread: the one that is open, or one whose deletion was broken off."""
        rows = await self._server.rows(LISTED, scope.tenant_id, scope.user_id, thread_id)
        return min(map(_listed, rows), key=lambda item: item.closed, default=None)

    async def _require(self, scope: Scope, thread_id: str) -> _Listed:
        listed = await self._listed(scope, thread_id)
        if listed is None or listed.closed:
            raise NotFound(f"there is no thread {thread_id!r}")
        return listed

    async def _matching(self, scope: Scope, listed: Sequence[_Listed], words: str, limit: int) -> list[_Listed]:
        """Return the first threads that mention words."""
        found: list[_Listed] = []
        for start in range(0, len(listed), SEARCHED_AT_ONCE) if words else ():
            some = listed[start : start + SEARCHED_AT_ONCE]
            matches = await asyncio.gather(*(self._mentions(scope, item, words) for item in some))
            found += [item for item, matching in zip(some, matches, strict=True) if matching]
            if len(found) >= limit:
                break
        return (found if words else list(listed))[:limit]

    async def _mentions(self, scope: Scope, listed: _Listed, words: str) -> bool:
        if mentions(listed.thread.title, words):
            return True
        for bucket in listed.buckets:
            rows = await self._server.rows(_TEXTS, *self._key(scope, listed, bucket))
            if any(mentions(row["content"], words) for row in rows):
                return True
        return False

    def _key(self, scope: Scope, listed: _Listed, bucket: str) -> tuple[Any, ...]:
        return (scope.tenant_id, listed.thread.thread_id, listed.incarnation, bucket)


def _require_room(turn: Turn, body: bytes) -> None:
    if len(turn.text) + len(body) > MAX_TURN_BYTES // 4:
        size = len(turn.text.encode("utf-8", "surrogatepass")) + len(body)
        if size > MAX_TURN_BYTES:
            raise InvalidInput(f"a turn of {size} bytes is too long; at most {MAX_TURN_BYTES}")


def _place(listed: _Listed) -> tuple[str, str]:
    return listed.last_turn_id, listed.thread.thread_id


def _row(scope: Scope, listed: _Listed) -> tuple[Any, ...]:
    return (scope.tenant_id, scope.user_id, listed.thread.thread_id, listed.incarnation)


def _listed(row: Row) -> _Listed:
    created, updated = datetime.fromisoformat(row["created_at"]), datetime.fromisoformat(row["updated_at"])
    thread = Thread(row["thread_id"], row["title"], created, updated)
    buckets = tuple(sorted(row["buckets"] or ()))
    return _Listed(thread, row["incarnation"], row["last_turn_id"], buckets, bool(row["closed"]))


def _turn(row: Row) -> Turn:
    turn = TURN.load(row["body"])
    # Nobody else has it yet, and a copy would cost more than all the rest of reading it.
    object.__setattr__(turn, "text", row["content"])
    return turn
