"""What a broken adapter does instead: a fault for each property of the suite."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from memory.ports import SearchQuery, SearchResult
from tests.support.people import NAMESAKE


def asking(**fields):
    async def search(sound, scope, query):
        return await sound(scope, replace(query, **fields))

    return search


async def finds_nothing(sound, scope, query):
    return SearchResult((), {})


async def ranks_backwards(sound, scope, query):
    result = await sound(scope, query)
    return replace(result, hits=result.hits[::-1])


async def weighs_all_alike(sound, scope, query):
    result = await sound(scope, query)
    return replace(result, term_weights=dict.fromkeys(result.term_weights, 1.0))


async def filters_afterwards(sound, scope, query):
    result = await sound(scope, replace(query, filters={}))
    wanted = {hit.passage.passage_id for hit in (await sound(scope, replace(query, top_k=200))).hits}
    return replace(result, hits=tuple(hit for hit in result.hits if hit.passage.passage_id in wanted))


async def takes_nonsense(sound, scope, query):
    return await sound(scope, SearchQuery("x"))


async def shares_tenants(sound, scope, query):
    shared = await sound(NAMESAKE, query)
    return shared if shared.hits else await sound(scope, query)


async def shows_all_to_everybody(sound, scope, query):
    return await sound(replace(scope, user_id="alice", groups=("staff",)), query)


async def stands_still(sound):
    return await sound.__self__.status()


async def remembers(sound, scope, query):
    result = await sound(scope, replace(query, top_k=2))
    return replace(result, hits=tuple(replace(hit, source="parrot.md") for hit in result.hits[:1]))


class Emptied(dict):
    """No shards, until a search has met that."""

    def __init__(self):
        super().__init__()
        self.met = asyncio.Event()

    def get(self, *args):
        self.met.set()


async def rebuilds_in_place(sound):
    index = sound.__self__
    held, index._shards = index._shards, Emptied()
    async with asyncio.timeout(5):
        await index._shards.met.wait()
    index._shards = held
    return await index.status()


async def forgets_on_rebuild(sound):
    return replace(await sound(), passages=0)
