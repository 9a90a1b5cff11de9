"""What an adapter with broken vector sets does instead: a fault for each property of the suite."""

from __future__ import annotations

from dataclasses import replace

from memory.errors import StoreError
from memory.records import SYSTEM
from tests.support.documents import DIMENSION, EMBEDDER


async def gives_the_current(sound, scope, document_id, version_id, embedder=None):
    return await sound(scope, document_id, version_id)


async def forgets_the_next(sound, scope, maker):
    await sound(scope, replace(maker, name=EMBEDDER, dimension=DIMENSION))
    await sound(scope, maker)


async def switches_at_once(sound, scope, embedder):
    await sound(scope, embedder)
    return True


async def believes_anything(sound, scope, embedder):
    return True


async def sees_only_the_current(sound, scope):
    found = await sound(scope)
    return replace(found, passages=3, lacking=min(found.lacking, 3))


async def finds_nothing_lacking(sound, scope, limit):
    return []


async def never_gives_up_the_first(sound, scope, maker):
    store = sound.__self__
    if (await store.vector_sets(SYSTEM)).next is None:
        await sound(scope, maker)


async def takes_any_vectors(sound, scope, embedder, passages, vectors):
    return None


async def lets_anybody(sound, scope, maker):
    await sound(SYSTEM, maker)


async def says_nothing_of_it(sound, scope, maker):
    try:
        await sound(scope, maker)
    except StoreError:
        return
