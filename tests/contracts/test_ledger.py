"""QuotaLedger: what every adapter promises."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from memory.accounts.postgres_ledger import open_ledger as open_on_postgres
from memory.accounts.sqlite_ledger import open_ledger
from memory.errors import Conflict, InvalidInput, NotFound, QuotaExceeded
from memory.records import Plan, Reservation, Scope
from tests.contracts.suite import assert_each_has_a_fault, assert_noticed, assert_outage_is_told, faults, named
from tests.support.people import ALICE, BOB, NAMESAKE
from tests.support.rig import on_sqlite
from tests.support.servers import on_postgres, rigs
from tests.support.texts import AWKWARD

LIMIT = 1_000
PLAN = Plan("metered", LIMIT, "month")
RIGS = {
    "sqlite": on_sqlite(lambda database, clock: open_ledger(database, PLAN, clock.now)),
    "postgres": on_postgres(lambda server, clock: open_on_postgres(server, PLAN, clock.now)),
}


async def attempt(ledger, key, tokens, scope=ALICE):
    """Reserve; True if it was granted."""
    try:
        await ledger.reserve(scope, key, tokens)
    except QuotaExceeded:
        return False
    return True


async def standing(ledger, scope=ALICE):
    quota = await ledger.usage(scope)
    return quota.used_tokens, quota.reserved_tokens, quota.remaining_tokens


async def check_tokens_are_held_then_charged(rig):
    assert await rig.store.reserve(ALICE, "a", 300) == Reservation("a", 300, "reserved")
    assert await standing(rig.store) == (0, 300, 700)
    assert await rig.store.settle(ALICE, "a", 120) == Reservation("a", 300, "settled", 120)
    assert await standing(rig.second) == (120, 0, 880)


async def check_a_release_charges_nothing(rig):
    await rig.store.reserve(ALICE, "a", 300)
    assert await rig.store.release(ALICE, "a") == Reservation("a", 300, "released")
    assert await standing(rig.store) == (0, 0, LIMIT)


async def check_settling_charges_at_most_what_was_held(rig):
    await rig.store.reserve(ALICE, "a", 300)
    assert (await rig.store.settle(ALICE, "a", 5_000)).settled_tokens == 300
    assert await standing(rig.store) == (300, 0, 700)


async def check_the_limit_is_told_with_what_is_left(rig):
    await rig.store.reserve(ALICE, "a", 900)
    with pytest.raises(QuotaExceeded) as refusal:
        await rig.store.reserve(ALICE, "b", 101)
    assert refusal.value.remaining_tokens == 100
    assert refusal.value.resets_at == datetime(2026, 2, 1, tzinfo=UTC)
    assert await attempt(rig.store, "b", 100)


async def check_every_key_is_used_once(rig):
    first = await rig.store.reserve(ALICE, "a", 300)
    assert await rig.second.reserve(ALICE, "a", 300) == first
    with pytest.raises(Conflict):
        await rig.store.reserve(ALICE, "a", 301)
    settled = await rig.store.settle(ALICE, "a", 10)
    assert await rig.store.settle(ALICE, "a", 200) == settled
    assert await rig.store.release(ALICE, "a") == settled
    assert await rig.store.reserve(ALICE, "a", 300) == settled
    assert await standing(rig.store) == (10, 0, 990)


async def check_a_released_key_stays_released(rig):
    await rig.store.reserve(ALICE, "a", 300)
    released = await rig.store.release(ALICE, "a")
    assert await rig.store.settle(ALICE, "a", 200) == released
    assert await rig.store.reserve(ALICE, "a", 300) == released
    assert await standing(rig.store) == (0, 0, LIMIT)


async def check_an_unknown_key_is_not_found(rig):
    await rig.store.reserve(ALICE, "a", 300)
    for stranger in (BOB, NAMESAKE):
        with pytest.raises(NotFound):
            await rig.store.settle(stranger, "a", 1)
        with pytest.raises(NotFound):
            await rig.store.release(stranger, "a")
    assert await standing(rig.store) == (0, 300, 700)


async def check_users_and_tenants_are_counted_apart(rig):
    for scope in (ALICE, BOB, NAMESAKE):
        await rig.store.reserve(scope, "same key", 600)
    for scope in (ALICE, BOB, NAMESAKE):
        assert await standing(rig.store, scope) == (0, 600, 400)


async def check_negative_amounts_are_refused(rig):
    with pytest.raises(InvalidInput):
        await rig.store.reserve(ALICE, "a", -1)
    await rig.store.reserve(ALICE, "a", 5)
    with pytest.raises(InvalidInput):
        await rig.store.settle(ALICE, "a", -1)
    assert await standing(rig.store) == (0, 5, 995)


async def check_a_new_period_begins_full(rig):
    await rig.store.reserve(ALICE, "january", LIMIT)
    rig.clock.moment = datetime(2026, 2, 1, tzinfo=UTC)
    assert await standing(rig.store) == (0, 0, LIMIT)
    assert await attempt(rig.store, "february", LIMIT)


async def check_settling_late_charges_the_period_of_the_reservation(rig):
    rig.clock.moment = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)
    await rig.store.reserve(ALICE, "a", 300)
    rig.clock.advance(seconds=2)
    await rig.store.settle(ALICE, "a", 200)
    assert await standing(rig.store) == (0, 0, LIMIT)
    rig.clock.advance(seconds=-2)
    assert await standing(rig.store) == (200, 0, 800)


async def check_awkward_keys_are_kept_apart(rig):
    keys = [text for name, text in AWKWARD.items() if name != "megabyte"]
    for tokens, key in enumerate(keys, start=1):
        await rig.store.reserve(ALICE, key, tokens)
    for tokens, key in enumerate(keys, start=1):
        assert (await rig.store.settle(ALICE, key, tokens)).tokens == tokens


async def check_parallel_reservers_never_pass_the_limit(rig):
    granted = await asyncio.gather(
        *(attempt((rig.store, rig.second)[number % 2], f"k{number}", 50) for number in range(64))
    )
    assert Counter(granted) == {True: LIMIT // 50, False: 64 - LIMIT // 50}
    assert await standing(rig.store) == (0, LIMIT, 0)


async def check_a_parallel_repeat_reserves_once(rig):
    await asyncio.gather(*(attempt(store, "same", 50) for _ in range(10) for store in (rig.store, rig.second)))
    await asyncio.gather(*(store.settle(ALICE, "same", 20) for _ in range(5) for store in (rig.store, rig.second)))
    assert await standing(rig.store) == (20, 0, 980)


async def check_what_an_erased_user_was_charged_stays_and_they_stand_anew(rig):
    for scope in (ALICE, BOB, NAMESAKE):
        await rig.store.reserve(scope, "a", 300)
    await rig.store.settle(ALICE, "a", 120)
    await rig.store.reserve(ALICE, "b", 30)
    await rig.store.pseudonymise(ALICE, "erased-1")
    await rig.second.pseudonymise(ALICE, "erased-1")
    assert await standing(rig.store) == (0, 0, 1_000)
    assert [(await standing(rig.store, scope))[1] for scope in (BOB, NAMESAKE)] == [300, 300]
    with pytest.raises(NotFound):
        await rig.store.settle(ALICE, "b", 1)
    assert await rig.store.reserve(ALICE, "a", 40) == Reservation("a", 40, "reserved")
    await rig.store.pseudonymise(ALICE, "erased-2")
    assert await standing(rig.second) == (0, 0, 1_000)


async def check_an_outage_is_told_in_time(rig):
    await assert_outage_is_told(rig, lambda store: store.reserve(ALICE, "a", 5))
    assert await standing(rig.store) == (0, 5, 995)


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]


@pytest.fixture(params=rigs(RIGS))
async def rig(request, tmp_path):
    async with RIGS[request.param](tmp_path) as rig:
        yield rig


@pytest.mark.parametrize("check", named(CHECKS))
async def test_the_adapter_keeps_the_contract(rig, check):
    await check(rig)


# Adapters that break one promise each ---------------------------------------------------------------


async def checks_then_acts(sound, scope, key, tokens):
    """Looks, and writes later: what everybody writes first."""
    quota = await sound.__self__.usage(scope)
    await asyncio.sleep(0)
    if quota.remaining_tokens < tokens:
        raise QuotaExceeded("", remaining_tokens=0, resets_at=quota.resets_at)
    return await sound(Scope(scope.tenant_id, f"{scope.user_id}-{key}"), key, tokens)


async def makes_up_keys(sound, scope, key, tokens):
    return await sound(scope, f"{key}-{id(asyncio.current_task())}", tokens)


async def charges_twice(sound, scope, key, tokens):
    result = await sound(scope, key, tokens)
    await sound.__self__.reserve(scope, f"{key}-again", result.settled_tokens)
    return result


async def charges_what_it_is_told(sound, scope, key, tokens):
    return replace(await sound(scope, key, tokens), settled_tokens=tokens)


async def frees_nothing(sound, scope, key):
    return Reservation(key, 300, "released")


async def forgets_what_is_left(sound, scope, key, tokens):
    try:
        return await sound(scope, key, tokens)
    except QuotaExceeded as error:
        raise QuotaExceeded(str(error), remaining_tokens=0, resets_at=error.resets_at) from error


async def forgets_the_user(sound, scope, *args):
    return await sound(replace(scope, tenant_id="acme", user_id="alice"), *args)


async def takes_any_amount(sound, scope, key, tokens):
    return await sound(scope, key, abs(tokens))


async def counts_for_ever(sound, scope):
    quota = await sound(scope)
    return replace(quota, used_tokens=quota.used_tokens + 1, remaining_tokens=quota.remaining_tokens - 1)


async def cuts_keys(sound, scope, key, tokens):
    return await sound(scope, key.split("\0")[0], tokens)


async def reopens_released_keys(sound, scope, key, tokens):
    return replace(await sound(scope, key, tokens), state="settled", settled_tokens=tokens)


async def forgets_the_user_of_others(sound, scope, pseudonym):
    await sound(replace(scope, user_id="bob"), pseudonym)


async def hides_outages(sound, *args):
    await asyncio.wait([asyncio.ensure_future(sound(*args))], timeout=0.1)


@pytest.mark.parametrize(
    "fault",
    faults(
        (check_tokens_are_held_then_charged, {"settle": charges_twice}),
        (check_a_release_charges_nothing, {"release": frees_nothing}),
        (check_settling_charges_at_most_what_was_held, {"settle": charges_what_it_is_told}),
        (check_the_limit_is_told_with_what_is_left, {"reserve": forgets_what_is_left}),
        (check_every_key_is_used_once, {"reserve": makes_up_keys}),
        (check_a_released_key_stays_released, {"settle": reopens_released_keys}),
        (check_an_unknown_key_is_not_found, {"settle": forgets_the_user}),
        (check_users_and_tenants_are_counted_apart, {"reserve": forgets_the_user}),
        (check_negative_amounts_are_refused, {"reserve": takes_any_amount}),
        (check_a_new_period_begins_full, {"usage": counts_for_ever}),
        (check_settling_late_charges_the_period_of_the_reservation, {"usage": counts_for_ever}),
        (check_awkward_keys_are_kept_apart, {"reserve": cuts_keys}),
        (check_parallel_reservers_never_pass_the_limit, {"reserve": checks_then_acts}),
        (check_a_parallel_repeat_reserves_once, {"reserve": makes_up_keys}),
        (check_what_an_erased_user_was_charged_stays_and_they_stand_anew, {"pseudonymise": forgets_the_user_of_others}),
        (check_an_outage_is_told_in_time, {"reserve": hides_outages}),
    ),
)
async def test_the_suite_notices_a_broken_adapter(rig, fault):
    await assert_noticed(rig, fault)


def test_every_property_has_a_broken_adapter():
    assert_each_has_a_fault(CHECKS, test_the_suite_notices_a_broken_adapter)
