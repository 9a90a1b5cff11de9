"""What an adapter with broken versions does instead: a fault for each property of the suite."""

from __future__ import annotations

from dataclasses import replace

from memory.records import Access, Kept, Scope


async def hides_versions(sound, *args):
    return (await sound(*args))[:1]


async def keeps_old_searchable(sound, scope, ids):
    store = sound.__self__
    (item,) = (await store.page(scope, "", None, 10)).items
    found = list(await sound(scope, ids))
    if not found and item.versions > 1:
        old = (await store.versions(scope, item.document_id))[-1]
        await store.rollback(scope, item.document_id, old.version_id)
        found = list(await sound(scope, ids))
    return found


async def loses_vectors(sound, *args):
    found = await sound(*args)
    return found and replace(found, passages=found.passages[:1], vectors=found.vectors * 0)


async def makes_no_change(sound, scope, after, limit):
    return [change for change in await sound(scope, after, limit) if change.sequence <= 3]


async def toggles(sound, scope, document_id, version_id):
    versions = await sound.__self__.versions(scope, document_id)
    return await sound(scope, document_id, versions[1].version_id)


async def only_says_so(sound, scope, document_id, version_id):
    return Kept("kept", document_id, version_id, 1)


async def undoes_rollbacks(sound, scope, item, *rest):
    kept = await sound(scope, item, *rest)
    if kept.version_id != item.version_id:
        return await sound.__self__.rollback(scope, item.document_id, item.version_id)
    return kept


async def forgets_the_latest(sound, *args):
    current, *others = await sound(*args)
    return [current, *others[1:]]


async def keeps_all(sound, *args):
    found = list(await sound(*args))
    return [*found, replace(found[0], number=1, is_current=False)]


async def keeps_versions_after_deletion(sound, scope, document_id):
    return None


async def answers_anybody(sound, scope, document_id):
    return await sound(Scope(scope.tenant_id, "alice"), document_id)


async def brings_back_access(sound, scope, document_id):
    return replace(await sound(Scope(scope.tenant_id, "alice"), document_id), access=Access())
