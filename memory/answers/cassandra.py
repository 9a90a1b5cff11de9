"""AnswerStore in Cassandra or ScyllaDB: entries under conditions on their revision, hits as events beside them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from memory.cassandra import Cassandra, Row
from memory.cassandra_layout import SHARDS, after_every_write, shard_of
from memory.encoding import decode_cursor, encode_cursor
from memory.errors import Conflict, InvalidInput, NotFound
from memory.records import AnswerEntry, Page, Scope

MAX_ENTRY_CHARACTERS = 3_000_000
"""A write must fit half a segment of the commit log."""

_ROW = " WHERE tenant_id = ? AND shard = ? AND entry_id = ?"
_COLUMNS = "entry_id, incarnation, category, question, answer, revision, updated_by, updated_at"
_ADD = f"INSERT INTO answer_entries (tenant_id, shard, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS"
_EDIT = (
    "UPDATE answer_entries SET category = ?, question = ?, answer = ?, revision = ?, updated_by = ?, updated_at = ?"
    f"{_ROW} IF revision = ?"
)
_GET = f"SELECT {_COLUMNS} FROM answer_entries{_ROW}"
_DELETE = f"DELETE FROM answer_entries{_ROW} IF incarnation = ?"
_AFTER = " WHERE tenant_id = ? AND shard = ? AND entry_id > ?"
_LIST = f"SELECT {_COLUMNS} FROM answer_entries{_AFTER} ORDER BY entry_id LIMIT ?"
_CATEGORIES = f"SELECT entry_id, category FROM answer_entries{_AFTER}"
_EVENTS = " WHERE tenant_id = ? AND entry_id = ? AND incarnation = ? AND shard = ?"
_HIT = "INSERT INTO answer_hits (tenant_id, entry_id, incarnation, shard, event_id) VALUES (?, ?, ?, ?, ?)"
_COUNT = f"SELECT count(*) AS hits FROM answer_hits{_EVENTS}"
_FORGET_HITS = f"DELETE FROM answer_hits USING TIMESTAMP ?{_EVENTS}"


class CassandraAnswers:
    """AnswerStore over a shared cluster."""

    def __init__(self, server: Cassandra) -> None:
        """Use an open cluster."""
        self._server = server

    async def put(self, scope: Scope, entry: AnswerEntry, expected_revision: int) -> AnswerEntry:
        """Add (expected_revision 0) or edit an entry; one round of agreement among the replicas."""
        wanted = replace(entry, revision=expected_revision + 1)
        _require_room(wanted)
        async with self._server.limit():
            if not await self._write(scope, wanted):
                return await self._settled(scope, wanted)
        return wanted

    async def get(self, scope: Scope, entry_id: str) -> AnswerEntry:
        """Return an entry."""
        async with self._server.limit():
            return _entry(await self._require(scope, entry_id))

    async def page(self, scope: Scope, category: str | None, after: str | None, limit: int) -> Page[AnswerEntry]:
        """List entries by entry_id, of one category or all; for a category the ids of all are read."""
        (last,) = decode_cursor(after, 1) if after else [""]
        async with self._server.limit():
            if category is None:
                found = await self._every_shard(_LIST, scope, last, limit + 1)
            else:
                found = await self._of_category(scope, category, last, limit + 1)
        following = encode_cursor(found[limit - 1]["entry_id"]) if len(found) > limit else None
        return Page(tuple(map(_entry, found[:limit])), following)

    async def categories(self, scope: Scope) -> Mapping[str, int]:
        """Return each category and how many entries it has, by name."""
        async with self._server.limit():
            rows = await self._every_shard(_CATEGORIES, scope, "")
        return dict(sorted(Counter[str](row["category"] for row in rows).items()))

    async def record_hit(self, scope: Scope, entry_id: str, event_id: str) -> None:
        """Note that an entry was used; the same event_id counts once."""
        async with self._server.limit():
            row = await self._require(scope, entry_id)
            key = (scope.tenant_id, entry_id, row["incarnation"], shard_of(event_id))
            await self._server.write(_HIT, *key, event_id)

    async def hits(self, scope: Scope, entry_id: str) -> int:
        """How many distinct hit events the entry has."""
        async with self._server.limit():
            row = await self._require(scope, entry_id)
            key = (scope.tenant_id, entry_id, row["incarnation"])
            counts = await asyncio.gather(*(self._server.rows(_COUNT, *key, shard) for shard in range(SHARDS)))
        return sum(count["hits"] for (count,) in counts)

    async def delete(self, scope: Scope, entry_id: str) -> None:
        """Forget an entry and its hits; the hits first, so that an attempt broken off can be made again."""
        async with self._server.limit():
            row = await self._require(scope, entry_id)
            key, moment = (scope.tenant_id, entry_id, row["incarnation"]), after_every_write()
            writes = (self._server.write(_FORGET_HITS, moment, *key, shard) for shard in range(SHARDS))
            await asyncio.gather(*writes)
            await self._server.decide(_DELETE, *_row(scope, entry_id), row["incarnation"])

    async def _write(self, scope: Scope, wanted: AnswerEntry) -> bool:
        said = (wanted.category, wanted.question, wanted.answer, wanted.revision, wanted.updated_by)
        values, row = (*said, wanted.updated_at.isoformat()), _row(scope, wanted.entry_id)
        if wanted.revision == 1:
            return (await self._server.decide(_ADD, *row, uuid4(), *values))[0]
        return (await self._server.decide(_EDIT, *values, *row, wanted.revision - 1))[0]

    async def _settled(self, scope: Scope, wanted: AnswerEntry) -> AnswerEntry:
        """Return what is there if it is what was wanted: somebody has put the same before, perhaps we."""
        row = await self._server.first(_GET, *_row(scope, wanted.entry_id))
        stored = _entry(row) if row else None
        if stored and replace(stored, updated_at=wanted.updated_at) == wanted:
            return stored
        revision = stored.revision if stored else 0
        raise Conflict(f"entry {wanted.entry_id!r} is at revision {revision}; somebody else edited it")

    async def _require(self, scope: Scope, entry_id: str) -> Row:
        row = await self._server.first(_GET, *_row(scope, entry_id))
        if row is None:
            raise NotFound(f"there is no answer {entry_id!r}")
        return row

    async def _every_shard(self, query: str, scope: Scope, last: str, *limit: int) -> list[Row]:
        """Return rows after an id from all shards, by id."""
        parts = (self._server.rows(query, scope.tenant_id, shard, last, *limit) for shard in range(SHARDS))
        rows = [row for part in await asyncio.gather(*parts) for row in part]
        return sorted(rows, key=lambda row: row["entry_id"])

    async def _of_category(self, scope: Scope, category: str, last: str, limit: int) -> list[Row]:
        rows = await self._every_shard(_CATEGORIES, scope, last)
        ids = [row["entry_id"] for row in rows if row["category"] == category][:limit]
        found = await asyncio.gather(*(self._server.first(_GET, *_row(scope, entry_id)) for entry_id in ids))
        return [row for row in found if row is not None]


def _row(scope: Scope, entry_id: str) -> tuple[Any, ...]:
    return (scope.tenant_id, shard_of(entry_id), entry_id)


def _require_room(entry: AnswerEntry) -> None:
    size = len(entry.question) + len(entry.answer) + len(entry.category)
    if size > MAX_ENTRY_CHARACTERS:
        raise InvalidInput(f"an entry of {size} characters is too long; at most {MAX_ENTRY_CHARACTERS}")


def _entry(row: Row) -> AnswerEntry:
    return AnswerEntry(
        entry_id=row["entry_id"],
        category=row["category"],
        question=row["question"],
        answer=row["answer"],
        revision=row["revision"],
        updated_by=row["updated_by"],
        updated_at=datetime.fromisoformat(row["updated_at"]),
    )
