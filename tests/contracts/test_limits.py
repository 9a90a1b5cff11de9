"""RateLimits: what every adapter promises."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext

import pytest

from memory.runs.limits import open_limits
from memory.runs.redis_limits import RedisLimits
from tests.contracts.suite import assert_each_has_a_fault, assert_noticed, assert_outage_is_told, faults, named
from tests.support.people import ALICE, BOB, NAMESAKE
from tests.support.rig import on_sqlite
from tests.support.servers import on_redis, rigs
from tests.support.texts import AWKWARD

RIGS = {
    "sqlite": on_sqlite(lambda database, clock: open_limits(database, clock.seconds)),
    "redis": on_redis(lambda server, clock: nullcontext(RedisLimits(server, clock.seconds))),
}
MINUTE = 60.0


async def granted(store, times=1, scope=ALICE, subject="", limit=3):
    return sum([await store.take(scope, subject, limit, MINUTE) == 0 for _ in range(times)])


async def check_no_window_holds_more_than_the_limit(rig):
    moments = []
    for second in range(200):
        rig.clock.advance(seconds=1)
        if await granted((rig.store, rig.second)[second % 2]):
            moments.append(second)
    assert moments == [0, 1, 2, 60, 61, 62, 120, 121, 122, 180, 181, 182]


async def check_it_says_when_to_come_again(rig):
    assert await granted(rig.store) == 1
    rig.clock.advance(seconds=10)
    assert await granted(rig.store, 2) == 2
    wait_s = await rig.store.take(ALICE, "", 3, MINUTE)
    assert wait_s == pytest.approx(50, abs=0.01)
    rig.clock.advance(seconds=wait_s - 0.1)
    assert await granted(rig.store) == 0
    rig.clock.advance(seconds=0.2)
    assert await granted(rig.store) == 1


async def check_a_refusal_counts_for_nothing(rig):
    assert await granted(rig.store, 20) == 3
    rig.clock.advance(seconds=30)
    assert await granted(rig.store, 20) == 0
    rig.clock.advance(seconds=31)
    assert await granted(rig.store, 20) == 3


async def check_tenants_users_and_subjects_have_their_own_windows(rig):
    places = [(scope, subject) for scope in (ALICE, BOB, NAMESAKE) for subject in AWKWARD.values()]
    for scope, subject in places:
        assert await granted(rig.store, 4, scope, subject) == 3


async def check_callers_at_once_get_exactly_the_limit(rig):
    calls = [(rig.store, rig.second)[n % 2].take(ALICE, "", 10, MINUTE) for n in range(60)]
    assert (await asyncio.gather(*calls)).count(0) == 10


async def check_a_clock_set_back_neither_gives_more_nor_shuts_out(rig):
    assert await granted(rig.store, 3) == 3
    rig.clock.advance(hours=-1)
    assert await granted(rig.store, 3) == 0
    rig.clock.advance(seconds=61)
    assert await granted(rig.store, 4) == 3


async def check_another_limit_looks_at_the_same_grants(rig):
    assert await granted(rig.store, 5, limit=5) == 5
    assert await granted(rig.store, 1, limit=3) == 0
    assert await granted(rig.store, 3, limit=7) == 2


async def check_an_outage_is_told_in_time(rig):
    await assert_outage_is_told(rig, lambda store: store.take(ALICE, "outage", 100, MINUTE))


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]


@pytest.fixture(params=rigs(RIGS))
async def rig(request, tmp_path):
    async with RIGS[request.param](tmp_path) as rig:
        yield rig


@pytest.mark.parametrize("check", named(CHECKS))
async def test_the_adapter_keeps_the_contract(rig, check):
    await check(rig)


# Adapters that break one promise each ---------------------------------------------------------------


async def grants_everything(sound, *args):
    return 0.0


async def says_a_minute(sound, *args):
    return MINUTE if await sound(*args) else 0.0


async def counts_refusals(sound, scope, subject, limit, window_s):
    refused = await sound(scope, subject, limit, window_s)
    if refused:
        await sound(scope, subject, 1_000, window_s)
    return refused


async def ignores_the_scope(sound, scope, *args):
    return await sound(ALICE, *args)


async def never_forgets(sound, scope, subject, limit, window_s):
    return await sound(scope, subject, limit, 1e9)


async def starts_anew_for_each_limit(sound, scope, subject, limit, window_s):
    return await sound(scope, f"{subject}/{limit}", limit, window_s)


async def hides_outages(sound, *args):
    await asyncio.wait([asyncio.ensure_future(sound(*args))], timeout=0.1)


@pytest.mark.parametrize(
    "fault",
    faults(
        (check_no_window_holds_more_than_the_limit, {"take": grants_everything}),
        (check_it_says_when_to_come_again, {"take": says_a_minute}),
        (check_a_refusal_counts_for_nothing, {"take": counts_refusals}),
        (check_tenants_users_and_subjects_have_their_own_windows, {"take": ignores_the_scope}),
        (check_callers_at_once_get_exactly_the_limit, {"take": grants_everything}),
        (check_a_clock_set_back_neither_gives_more_nor_shuts_out, {"take": never_forgets}),
        (check_another_limit_looks_at_the_same_grants, {"take": starts_anew_for_each_limit}),
        (check_an_outage_is_told_in_time, {"take": hides_outages}),
    ),
)
async def test_the_suite_notices_a_broken_adapter(rig, fault):
    await assert_noticed(rig, fault)


def test_every_property_has_a_broken_adapter():
    assert_each_has_a_fault(CHECKS, test_the_suite_notices_a_broken_adapter)
