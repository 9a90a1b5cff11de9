"""Cache: what every adapter promises."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext

import pytest

from memory.runs.cache import open_cache
from memory.runs.redis_cache import RedisCache
from tests.contracts.suite import assert_each_has_a_fault, assert_noticed, assert_outage_is_told, faults, named
from tests.support.people import ALICE, BOB, NAMESAKE
from tests.support.rig import on_sqlite
from tests.support.servers import on_redis, rigs
from tests.support.texts import AWKWARD

RIGS = {
    "sqlite": on_sqlite(lambda database, clock: open_cache(database, clock.seconds)),
    "redis": on_redis(lambda server, clock: nullcontext(RedisCache(server, clock.seconds))),
}


async def check_awkward_keys_and_values_are_kept_exactly(rig):
    for text in AWKWARD.values():
        value = text.encode() + bytes(range(256))
        await rig.store.put(ALICE, text, value, 60)
        assert await rig.second.get(ALICE, text) == value


async def check_values_expire(rig):
    await rig.store.put(ALICE, "k", b"v", 60)
    rig.clock.advance(seconds=59)
    assert await rig.store.get(ALICE, "k") == b"v"
    rig.clock.advance(seconds=2)
    assert await rig.store.get(ALICE, "k") is None


async def check_putting_again_replaces(rig):
    await rig.store.put(ALICE, "k", b"old", 60)
    await rig.second.put(ALICE, "k", b"new", 60)
    assert await rig.store.get(ALICE, "k") == b"new"


async def check_users_and_tenants_have_their_own_keys(rig):
    for scope in (ALICE, BOB, NAMESAKE):
        await rig.store.put(scope, "k", str(scope).encode(), 60)
    await rig.store.delete_prefix(BOB, "")
    assert await rig.store.get(BOB, "k") is None
    for scope in (ALICE, NAMESAKE):
        assert await rig.store.get(scope, "k") == str(scope).encode()


async def check_a_prefix_is_taken_literally(rig):
    keys = ["a%b:1", "a%b:2", "axb:1", "a_b:1", "A%b:1", "a%c"]
    for key in keys:
        await rig.store.put(ALICE, key, b"v", 60)
    await rig.store.delete_prefix(ALICE, "a%b:")
    kept = [key for key in keys if await rig.store.get(ALICE, key)]
    assert kept == keys[2:]
    await rig.store.put(ALICE, "n\0ul:1", b"v", 60)
    await rig.store.put(ALICE, "n\0other", b"v", 60)
    await rig.store.delete_prefix(ALICE, "n\0ul:")
    assert [await rig.store.get(ALICE, key) for key in ("n\0ul:1", "n\0other")] == [None, b"v"]


async def check_two_writers_lose_nothing(rig):
    await asyncio.gather(*((rig.store, rig.second)[n % 2].put(ALICE, str(n), b"%d" % n, 60) for n in range(40)))
    assert [await rig.store.get(ALICE, str(n)) for n in range(40)] == [b"%d" % n for n in range(40)]


async def check_an_outage_is_told_in_time(rig):
    await assert_outage_is_told(rig, lambda store: store.put(ALICE, "k", b"v", 60))


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]


@pytest.fixture(params=rigs(RIGS))
async def rig(request, tmp_path):
    async with RIGS[request.param](tmp_path) as rig:
        yield rig


@pytest.mark.parametrize("check", named(CHECKS))
async def test_the_adapter_keeps_the_contract(rig, check):
    await check(rig)


# Adapters that break one promise each ---------------------------------------------------------------


async def keeps_text_only(sound, scope, key, value, ttl_s):
    await sound(scope, key, value.decode(errors="ignore").encode(), ttl_s)


async def never_expires(sound, scope, key, value, ttl_s):
    await sound(scope, key, value, 1e9)


async def keeps_the_first(sound, scope, key, *args):
    if await sound.__self__.get(scope, key) is None:
        await sound(scope, key, *args)


async def ignores_the_scope(sound, scope, *args):
    return await sound(ALICE, *args)


async def deletes_everything(sound, scope, prefix):
    await sound(scope, "")


async def loses_some(sound, scope, key, *args):
    if not key.endswith("7"):
        await sound(scope, key, *args)


async def hides_outages(sound, *args):
    await asyncio.wait([asyncio.ensure_future(sound(*args))], timeout=0.1)


@pytest.mark.parametrize(
    "fault",
    faults(
        (check_awkward_keys_and_values_are_kept_exactly, {"put": keeps_text_only}),
        (check_values_expire, {"put": never_expires}),
        (check_putting_again_replaces, {"put": keeps_the_first}),
        (check_users_and_tenants_have_their_own_keys, {"put": ignores_the_scope}),
        (check_a_prefix_is_taken_literally, {"delete_prefix": deletes_everything}),
        (check_two_writers_lose_nothing, {"put": loses_some}),
        (check_an_outage_is_told_in_time, {"put": hides_outages}),
    ),
)
async def test_the_suite_notices_a_broken_adapter(rig, fault):
    await assert_noticed(rig, fault)


def test_every_property_has_a_broken_adapter():
    assert_each_has_a_fault(CHECKS, test_the_suite_notices_a_broken_adapter)
