"""What a broken adapter does instead: a fault for each property of the suite."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from uuid import uuid4

from memory.errors import Conflict, EventsExpired
from tests.support.people import ALICE


async def forgets_groups(sound, *args):
    record = await sound(*args)
    return replace(record, scope=replace(record.scope, groups=()))


async def decodes_bytes(sound, *args):
    return [replace(event, data=event.data.decode(errors="ignore").encode()) for event in await sound(*args)]


async def ignores_keys(sound, record):
    return await sound(replace(record, idempotency_key=None))


async def ignores_fingerprints(sound, record):
    return await sound(replace(record, fingerprint=""))


async def mints_run_ids(sound, record):
    return await sound(replace(record, run_id=f"{record.run_id}-{uuid4().hex}"))


async def shares_keys_between_users(sound, record):
    return await sound(replace(record, scope=ALICE))


async def ignores_the_scope(sound, scope, *args):
    return await sound(ALICE, *args)


async def ignores_conflicts(sound, *args):
    with suppress(Conflict):
        await sound(*args)


async def ends_without_its_events(sound, scope, run_id, status, result, last):
    await sound(scope, run_id, status, result, [])


async def follows_what_is_there(sound, scope, run_id, after):
    for event in await sound.__self__.read(scope, run_id, after, 1_000):
        yield event


async def forgets_one(sound, scope):
    return (await sound(scope))[1:]


async def expires_silently(sound, *args):
    with suppress(EventsExpired):
        return await sound(*args)
    return []


async def leases_to_anybody(sound, scope, thread_id, holder, ttl_s):
    return await sound(scope, thread_id, "anybody", ttl_s)


async def reuses_tokens(sound, *args):
    lease = await sound(*args)
    return lease and replace(lease, token=1)


async def releases_whoever_holds(sound, scope, lease):
    held = await sound.__self__.lease(scope, lease.thread_id, "two", 1)
    if held:
        await sound(scope, held)


async def does_nothing(sound, *args):
    return None


async def hides_outages(sound, *args):
    await asyncio.wait([asyncio.ensure_future(sound(*args))], timeout=0.1)
