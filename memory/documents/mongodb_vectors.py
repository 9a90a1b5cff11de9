"""Vectors in the MongoDB document store: float32 as they are in memory, the current embedder's and the next one's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from pymongo import UpdateMany

from memory.document_ports import Lacking, Maker, PassageRows, Vectors, VectorSets
from memory.documents import mongodb_rows as rows
from memory.documents.mongodb_log import PASSAGES, SOURCES, Step
from memory.documents.mongodb_sets import Sets
from memory.errors import DimensionMismatch, EmbedderMismatch
from memory.mongodb import Mongo, Row
from memory.records import Scope

CLEARED_TOGETHER = 5_000


async def vector_sets(mongo: Mongo) -> VectorSets:
    """Return whose vectors are held; counts only while others are being made, for they read a whole index."""
    sets = await Sets.read(mongo)
    if sets.next is None:
        return VectorSets(sets.current, None, 0, 0)
    passages = await mongo[PASSAGES].count_documents({})
    return VectorSets(sets.current, sets.next, passages, await mongo[PASSAGES].count_documents(_lacks(sets)))


async def begin(mongo: Mongo, maker: Maker) -> Step:
    """Plan to name the next embedder; with the current one there is none."""
    sets = await Sets.read(mongo)
    if sets.next is not None and sets.next.name == maker.name:
        return Step(sets)
    if sets.current is not None and sets.current.name == maker.name:
        then = replace(sets, next=None)
    else:
        then = replace(sets, next=maker, next_number=max(sets.number, sets.next_number) + 1)
    return Step(then, writes=() if then == sets else (then.write(),))


async def switch(mongo: Mongo, embedder: str) -> Step:
    """Plan to let the vectors beside be the current ones, if nothing is lacking."""
    sets = await Sets.read(mongo)
    if sets.current is not None and sets.current.name == embedder:
        return Step(True)
    if sets.next is None or sets.next.name != embedder:
        raise EmbedderMismatch(f"vectors of {embedder} are not being made")
    if await mongo[PASSAGES].find_one(_lacks(sets), {"_id": 1}) is not None:
        return Step(False)
    then = Sets(sets.next, sets.next_number, sets.beside, None, sets.next_number)
    return Step(True, writes=(then.write(),))


async def lacking(mongo: Mongo, limit: int) -> Sequence[Lacking]:
    """Return some passages without a vector of the next embedder."""
    sets = await Sets.read(mongo)
    if sets.next is None:
        return []
    found = mongo[PASSAGES].find(_lacks(sets), rows.NO_VECTORS).limit(limit)
    return [Lacking(row["tenant"], rows.passage(row, row["document_id"])) async for row in found]


async def add(mongo: Mongo, embedder: str, passages: Sequence[Lacking], vectors: Vectors) -> None:
    """Keep vectors of the next embedder."""
    sets = await Sets.read(mongo)
    if sets.next is None or sets.next.name != embedder:
        raise EmbedderMismatch(f"vectors of {embedder} are not being made")
    if vectors.shape != (len(passages), sets.next.dimension):
        raise DimensionMismatch(f"{len(passages)} passages came with vectors of shape {vectors.shape}")
    updates = [
        UpdateMany(
            {"tenant": one.tenant_id, "passage_id": one.passage.passage_id, **_lacks(sets)},
            {"$set": {sets.beside: vector, "made": sets.next_number}},
        )
        for one, vector in zip(passages, stored(vectors), strict=True)
    ]
    if updates:
        await mongo[PASSAGES].bulk_write(updates, ordered=False)


async def clear_some(mongo: Mongo, sets: Sets, after: str) -> str | None:
    """Remove some vectors beside that nobody uses; return where to go on, None at the end."""
    found = mongo[PASSAGES].find({"_id": {"$gt": after}}, {"_id": 1}).sort("_id").limit(CLEARED_TOGETHER)
    names = [row["_id"] async for row in found]
    if names:
        # Those of an embedder that was begun in the meantime have a higher number.
        query = {"_id": {"$in": names}, "made": {"$lte": sets.next_number}}
        await mongo[PASSAGES].update_many(query, {"$unset": {sets.beside: ""}})
    return names[-1] if len(names) == CLEARED_TOGETHER else None


async def version_rows(
    mongo: Mongo, scope: Scope, document_id: str, version_id: str, embedder: str | None
) -> PassageRows | None:
    """Return a version with passages and vectors in reading order, if it is a document's and all vectors are there."""
    sets = await Sets.read(mongo)
    tenant = {"tenant": scope.tenant_id} if scope.tenant_id else {}
    here = await mongo[SOURCES].find_one({"document_id": document_id, "version_id": version_id, **tenant})
    place = _place(sets, embedder)
    if here is None or place is None:
        return None
    whole = await rows.document_of(mongo, here)
    # A server that is writing may match the former row and return the new one: what was read says what it is.
    if whole is None or (whole.document_id, whole.version_id) != (document_id, version_id):
        return None
    found = mongo[PASSAGES].find({"content": here["content"], "tenant": here["tenant"]}).sort("ordinal")
    kept = [row async for row in found if _has(row, sets, place)]
    if len(kept) < here["passages"]:
        return None
    maker = sets.current if place == sets.place else sets.next
    assert maker is not None
    vectors = np.frombuffer(b"".join(row[place] for row in kept), np.float32).reshape(-1, maker.dimension)
    return PassageRows(whole, [rows.passage(row, document_id) for row in kept], vectors)


def stored(vectors: Vectors) -> list[bytes]:
    """Return vectors as they are stored."""
    return [row.tobytes() for row in np.ascontiguousarray(vectors, dtype="<f4")]


def _lacks(sets: Sets) -> dict[str, Any]:
    return {"made": {"$lt": sets.next_number}}


def _has(row: Row, sets: Sets, place: str) -> bool:
    return place in row and (place == sets.place or row["made"] >= sets.next_number)


def _place(sets: Sets, embedder: str | None) -> str | None:
    """Return where an embedder's vectors are; None if there are none."""
    if sets.current is not None and embedder in (None, sets.current.name):
        return sets.place
    return sets.beside if sets.next is not None and embedder == sets.next.name else None
