"""Makes the collections of rows and their search indexes, and waits until the indexes can be asked."""

from __future__ import annotations

import asyncio

from pymongo.read_concern import ReadConcern

from memory.errors import StoreUnavailable
from memory.index.atlas_definitions import models
from memory.index.atlas_position import Generation
from memory.mongodb import Mongo

QUERYABLE_S = 600.0
"""How long building an index may take; MongoDB builds in its own time, a few seconds where there is little."""
LOOK_S = 0.25


async def build(mongo: Mongo, generation: Generation) -> list[str]:
    """Make a generation's collection and search indexes where they are missing; return what was made."""
    rows = mongo[generation.collection]
    async with mongo.within():
        found = await rows.database.list_collection_names(filter={"name": generation.collection})
        if not found:
            await rows.database.create_collection(generation.collection)
        await rows.create_index([("tenant", 1), ("document_id", 1), ("sequence", 1)])
        await rows.create_index([("tenant", 1), ("numbers.key", 1), ("numbers.number", 1)])
        await rows.create_index([("sequence", 1)])
    there = await _indexes(mongo, generation.collection)
    missing = [model for model in models(generation.names, generation.dimension) if model.document["name"] not in there]
    if missing:
        async with mongo.within():
            await rows.create_search_indexes(missing)
    await until_queryable(mongo, generation)
    return [model.document["name"] for model in missing]


async def until_queryable(mongo: Mongo, generation: Generation, limit_s: float = QUERYABLE_S) -> None:
    """Wait until both search indexes answer queries.

    Raises:
        StoreUnavailable: one failed, or the wait is too long.
    """
    try:
        async with asyncio.timeout(limit_s):
            # MongoDB tells nobody when it is done.
            while not await queryable(mongo, generation):  # noqa: ASYNC110
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise StoreUnavailable(f"the search indexes of {generation.collection} are not queryable yet") from None


async def queryable(mongo: Mongo, generation: Generation) -> bool:
    """Tell whether both search indexes of a generation answer queries.

    Raises:
        StoreUnavailable: MongoDB could not build one.
    """
    there = await _indexes(mongo, generation.collection)
    failed = [name for name in generation.names if there.get(name, ("", False))[0] == "FAILED"]
    if failed:
        raise StoreUnavailable(f"MongoDB could not build the search index {failed[0]} of {generation.collection}")
    return all(there.get(name, ("", False))[1] for name in generation.names)


async def drop_indexes_but(mongo: Mongo, generation: Generation) -> None:
    """Drop the search indexes of a collection that are not a generation's: those of former versions."""
    for name in (await _indexes(mongo, generation.collection)).keys() - set(generation.names):
        async with mongo.within():
            await mongo[generation.collection].drop_search_index(name)


async def _indexes(mongo: Mongo, collection: str) -> dict[str, tuple[str, bool]]:
    """Return status and queryability of each search index by name."""
    async with mongo.within():
        rows = mongo[collection].with_options(read_concern=ReadConcern("local"))
        found = [row async for row in await rows.list_search_indexes()]
    return {row["name"]: (row.get("status", ""), bool(row.get("queryable"))) for row in found}
