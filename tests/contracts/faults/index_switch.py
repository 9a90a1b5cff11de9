"""What an index that switches wrongly does instead: a fault for each property of the suite."""

from __future__ import annotations

import asyncio

from tests.contracts.faults.index import Emptied


async def stays(sound, embedder, documents, commit):
    await commit()
    return await sound.__self__.status()


async def commits_once(sound, embedder, documents, commit):
    async def once():
        await commit()
        return True

    return await sound(embedder, documents, once)


async def throws_away_first(sound, embedder, documents, commit):
    index = sound.__self__
    held, index._shards = index._shards, Emptied()
    async with asyncio.timeout(5):
        await index._shards.met.wait()
    index._shards = held
    return await sound(embedder, documents, commit)


async def forgets_the_rest(sound, embedder, documents, commit):
    status = await sound(embedder, documents, commit)
    sound.__self__._switched_at = float("-inf")
    return status


async def switches_before_the_commit(sound, embedder, documents, commit):
    async def yes():
        return True

    await sound(embedder, documents, yes)
    await commit()
