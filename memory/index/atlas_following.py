"""Brings a collection of rows to what the document store has, change by change, and tells how far searches see it.

Every process that follows applies every change itself, in order, and doing it again changes nothing: MongoDB does
not write a row that is there already. A process that comes late with an old row meets the younger one, and takes
back what it wrote too much when it comes to the change that made it old.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError

from memory.index import atlas_pipelines as pipelines
from memory.index.atlas_position import Generation, advance
from memory.index.atlas_rows import rows_of
from memory.index.atlas_search import Place
from memory.mongodb import Mongo, Row
from memory.ports import DocumentStore
from memory.records import SYSTEM, Change, Scope

BATCH_CHANGES = 256
BATCH_ROWS = 500
DUPLICATE = 11000


class Follower:
    """One process's way through the store's changes. searchable: the change up to which searches see everything."""

    def __init__(self, mongo: Mongo, documents: DocumentStore, generation: Generation) -> None:
        """Begin where the generation is; reads nothing."""
        self.generation = generation
        self.searchable = 0
        self.mongo = mongo
        self._documents = documents
        self._rows = mongo[generation.collection]

    async def apply_all(self) -> None:
        """Apply the store's changes up to now."""
        while changes := await self._documents.changes(SYSTEM, self.generation.sequence, BATCH_CHANGES):
            latest = {(change.tenant_id, change.document_id): change for change in changes}
            for change in latest.values():
                await self._apply(change)
            await self._advance(changes[-1])

    async def look(self) -> bool:
        """Find out whether searches see everything that was applied.

        Both indexes must have as many as the collection of the rows that came last; that of words also as many in
        all, so that a deleted row which it still has is noticed.
        """
        applied = self.generation.sequence
        if self.searchable >= applied:
            return True
        place = Place(self.mongo, self.generation.collection, self.generation.names)
        for after in (self.searchable, 0):
            async with self.mongo.within():
                held = await self._rows.count_documents({"sequence": {"$gt": after}})
            if await place.count(pipelines.count_words_index(place.names, after)) != held:
                return False
            if after == self.searchable and not await self._sees_vectors(place, held):
                return False
        self.searchable = applied
        return True

    async def _sees_vectors(self, place: Place, held: int) -> bool:
        pipeline = pipelines.count_vectors_index(place.names, self.searchable, self.generation.dimension)
        found = await place.run(pipeline)
        return (found[0]["found"] if found else 0) == min(held, pipelines.MAX_CANDIDATES)

    async def is_of_this_store(self) -> bool:
        """Whether the change that the generation has come to is the store's own; a restored store has another."""
        at = self.generation
        if not at.sequence:
            return True
        found = await self._documents.changes(SYSTEM, at.sequence - 1, 1)
        return bool(found) and (found[0].sequence, found[0].document_id, found[0].version_id) == (
            at.sequence,
            at.document_id,
            at.version_id,
        )

    async def _advance(self, last: Change) -> None:
        at = replace(self.generation, sequence=last.sequence, document_id=last.document_id, version_id=last.version_id)
        await advance(self.mongo, at)
        self.generation = at

    async def _apply(self, change: Change) -> None:
        scope = Scope(change.tenant_id, "system", roles=("system",))
        put = None
        if change.kind == "put":
            put = await self._documents.rows(scope, change.document_id, change.version_id, self.generation.embedder)
        if put is not None:
            await self._write(rows_of(change.tenant_id, put, change.sequence))
        former = {"tenant": change.tenant_id, "document_id": change.document_id, "sequence": {"$lt": change.sequence}}
        async with self.mongo.within():
            await self._rows.delete_many(former)

    async def _write(self, rows: Sequence[Row]) -> None:
        for at in range(0, len(rows), BATCH_ROWS):
            replacing = [
                ReplaceOne({"_id": row["_id"], "sequence": {"$lte": row["sequence"]}}, row, upsert=True)
                for row in rows[at : at + BATCH_ROWS]
            ]
            async with self.mongo.within():
                try:
                    await self._rows.bulk_write(replacing, ordered=False)
                except BulkWriteError as error:
                    _only_younger_ones(error)


def _only_younger_ones(error: BulkWriteError) -> None:
    """Let it pass that a younger row was there; raise everything else."""
    details = cast(dict[str, Any], error.details)
    failures = details.get("writeErrors", [])
    if not failures or any(failure.get("code") != DUPLICATE for failure in failures):
        raise error
