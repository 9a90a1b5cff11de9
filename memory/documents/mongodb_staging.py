"""Contents of the MongoDB document store before a step names them: written first, swept if no step ever does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from memory.documents import mongodb_rows as rows
from memory.documents.mongodb_log import CONTENTS, PASSAGES, SOURCES, TEXTS, Step
from memory.documents.mongodb_plans import Item, Place
from memory.documents.mongodb_sets import Sets
from memory.documents.mongodb_vectors import stored
from memory.errors import Conflict, NotFound
from memory.ids import new_id
from memory.mongodb import Mongo, Row
from memory.records import Passage

TOGETHER = 1_000
"""Passages that one message brings."""
ABANDONED = timedelta(hours=1)
SWEPT_TOGETHER = 100


async def stage(mongo: Mongo, tenant_id: str, item: Item) -> str:
    """Write a document's content and return its _id; nobody sees it until a step names it.

    Raises:
        Conflict: passage ids or ordinals repeat.
    """
    for names in ({one.passage_id for one in item.passages}, {one.ordinal for one in item.passages}):
        if len(names) < len(item.passages):
            raise Conflict(f"passage ids or ordinals repeat in {item.document.document_id}")
    content_id = new_id()
    async with mongo.within():
        sets = await Sets.read(mongo)
        await mongo[CONTENTS].insert_one(rows.content_row(tenant_id, content_id, item.document, len(item.passages)))
        for piece in rows.text_rows(content_id, item.document):
            await mongo[TEXTS].insert_one(piece)
        passages = await _named_anew(mongo, tenant_id, content_id, item)
    number, place = max(sets.number, 1), sets.place
    written = [
        {**rows.passage_row(tenant_id, content_id, passage), "made": number, place: vector}
        for passage, vector in zip(passages, stored(item.vectors), strict=True)
    ]
    await _insert(mongo, written)
    return content_id


async def stage_copy(mongo: Mongo, content_id: str) -> str:
    """Write a copy of a content, whose passages have names of their own.

    Raises:
        NotFound: it is gone.
    """
    name = new_id()
    async with mongo.within():
        content = await mongo[CONTENTS].find_one({"_id": content_id})
        if content is None:
            raise NotFound("this version is no longer kept")
        await mongo[CONTENTS].insert_one({**content, "_id": name, "kept": False, "made_at": datetime.now(UTC)})
        async for piece in mongo[TEXTS].find({"content": content_id}):
            await mongo[TEXTS].insert_one({**piece, "_id": f"{name}:{piece['piece']}", "content": name})
        found = [row async for row in mongo[PASSAGES].find({"content": content_id})]
    await _insert(mongo, [_copied(row, name) for row in found])
    return name


async def abandoned(place: Place) -> Step:
    """Plan to drop what was staged long ago and is still named by no step."""
    query = {"kept": False, "made_at": {"$lt": datetime.now(UTC) - ABANDONED}}
    found = place.mongo[CONTENTS].find(query, {"_id": 1}).limit(SWEPT_TOGETHER)
    drops = tuple([row["_id"] async for row in found])
    return Step(len(drops) == SWEPT_TOGETHER, drops=drops)


async def _insert(mongo: Mongo, written: Sequence[Row]) -> None:
    for at in range(0, len(written), TOGETHER):
        async with mongo.within():
            await mongo[PASSAGES].insert_many(written[at : at + TOGETHER], ordered=False)


async def _named_anew(mongo: Mongo, tenant_id: str, content_id: str, item: Item) -> Sequence[Passage]:
    """Return the passages, under other names if a source that shared this content lives on with theirs."""
    if not item.passages:
        return item.passages
    first = {"tenant": tenant_id, "passage_id": item.passages[0].passage_id}
    taken = [row["content"] async for row in mongo[PASSAGES].find(first, {"content": 1})]
    own = rows.source_id(tenant_id, item.document.document_id)
    query = {"tenant": tenant_id, "content": {"$in": taken}, "_id": {"$ne": own}}
    if not taken or await mongo[SOURCES].find_one(query, {"_id": 1}) is None:
        return item.passages
    return [replace(one, passage_id=f"{one.passage_id}:{content_id}") for one in item.passages]


def _copied(row: Row, content_id: str) -> Row:
    names = {"_id": f"{content_id}:{row['ordinal']}", "passage_id": f"{row['passage_id']}:{content_id}"}
    return {**row, **names, "content": content_id}
