"""What a broken adapter does instead: a fault for each property of the suite."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from memory.errors import NotFound
from memory.records import SYSTEM, Kept, Page
from tests.support.documents import document, passages_of, vectors_of


async def trims(sound, *args):
    found = await sound(*args)
    return replace(found, text=found.text.strip().replace("\0", ""), metadata={})


async def sorts_ids(sound, scope, ids):
    return await sound(scope, sorted(ids))


async def ignores_neighbours(sound, scope, passage_id, before, after):
    return await sound(scope, passage_id, 0, 0)


async def keeps_everything_anew(sound, scope, item, *rest):
    kept = await sound(scope, item, *rest)
    return replace(kept, outcome="kept")


async def never_replaces(sound, scope, item, *rest):
    try:
        found = await sound.__self__.by_source(scope, item.source)
    except NotFound:
        return await sound(scope, item, *rest)
    return Kept("kept", found.document_id, found.version_id, 1)


async def refuses_copies(sound, scope, item, passages, *rest):
    item = replace(item, version_id=item.version_id + item.source)
    return await sound(scope, item, [replace(p, version_id=item.version_id) for p in passages], *rest)


async def opens_everything(sound, scope, item, *rest):
    return await sound(scope, replace(item, access=document("", "").access), *rest)


async def shares_tenants(sound, scope, *rest):
    return await sound(replace(scope, tenant_id="acme"), *rest)


async def tears(sound, *args):
    found = await sound(*args)
    return found and replace(found, passages=found.passages[:1], vectors=found.vectors * 2)


async def deletes_nothing(sound, *args):
    return None


async def deletes_copies(sound, scope, document_id):
    kept = await sound.__self__.get(scope, document_id)
    for item in (await sound.__self__.page(scope, "", None, 100)).items:
        if item.version_id == kept.version_id:
            await sound(scope, item.document_id)


async def skips_a_change(sound, *args):
    return [change for change in await sound(*args) if change.sequence != 3]


async def tells_everybody(sound, scope, *rest):
    return await sound(SYSTEM, *rest)


async def skips_one(sound, scope, prefix, after, limit):
    page = await sound(scope, prefix, after, limit)
    return Page(page.items[1:] if after else page.items, page.next)


async def replaces_as_owner(sound, scope, *rest):
    return await sound(replace(scope, user_id="alice"), *rest)


async def takes_any_embedder(sound, scope, item, passages, vectors, embedder):
    return await sound(scope, item, passages, vectors, "words/8")


async def takes_any_shape(sound, scope, item, passages, vectors, embedder):
    return await sound(scope, item, passages, vectors_of(passages), embedder)


async def takes_any_passages(sound, scope, item, passages, *rest):
    return await sound(scope, item, passages_of(item), *rest)


async def hides_outages(sound, *args):
    await asyncio.wait([asyncio.ensure_future(sound(*args))], timeout=0.1)
