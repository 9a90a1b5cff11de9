"""RunLog: what every adapter promises."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from memory.errors import AccessDenied, Conflict, EventsExpired, InvalidInput, NotFound
from memory.records import SYSTEM, Lease, RunEvent
from memory.runs import redis
from memory.runs.sqlite import open_runs
from tests.contracts.faults.runs import (
    decodes_bytes,
    does_nothing,
    ends_without_its_events,
    expires_silently,
    follows_what_is_there,
    forgets_groups,
    forgets_one,
    hides_outages,
    ignores_conflicts,
    ignores_fingerprints,
    ignores_keys,
    ignores_the_scope,
    leases_to_anybody,
    mints_run_ids,
    releases_whoever_holds,
    reuses_tokens,
    shares_keys_between_users,
)
from tests.contracts.suite import assert_each_has_a_fault, assert_noticed, assert_outage_is_told, faults, named
from tests.support.people import ALICE, BOB, NAMESAKE
from tests.support.rig import on_sqlite
from tests.support.run_records import events, run
from tests.support.servers import on_redis, rigs
from tests.support.texts import AWKWARD

RIGS = {
    "sqlite": on_sqlite(lambda database, clock: open_runs(database, clock=clock.now, ticks=clock.seconds)),
    "redis": on_redis(lambda server, clock: redis.open_runs(server, clock=clock.now, ticks=clock.seconds)),
}


async def check_a_run_comes_back_as_it_was(rig):
    scope = replace(ALICE, groups=("staff",), roles=("reader", "editor"))
    whole = run(scope=scope, parent_turn_id="p", attempt=3, idempotency_key="k", message=AWKWARD["megabyte"])
    assert await rig.store.admit(whole) == whole
    assert await rig.second.get(ALICE, "run") == whole


async def check_awkward_text_and_bytes_are_kept_exactly(rig):
    for number, text in enumerate(AWKWARD.values()):
        record = run(f"run {number}", message=text, idempotency_key=f"{number}{text[:50]}")
        await rig.store.admit(record)
        data = RunEvent(1, "answer.delta", text.encode() + bytes(range(256)))
        await rig.store.append(ALICE, record.run_id, [data])
        await rig.store.finish(ALICE, record.run_id, "completed", text, [])
        assert list(await rig.store.read(ALICE, record.run_id, 0, 9)) == [data]
        kept = await rig.store.get(ALICE, record.run_id)
        assert (kept.message, kept.result, kept.status) == (text, text, "completed")


async def check_a_repeated_key_returns_the_first_run(rig):
    first = await rig.store.admit(run("first", idempotency_key="k"))
    await rig.store.finish(ALICE, "first", "completed", "done", [])
    again = await rig.second.admit(run("second", idempotency_key="k"))
    assert again == replace(first, status="completed", result="done")
    with pytest.raises(NotFound):
        await rig.store.get(ALICE, "second")


async def check_a_key_of_another_request_is_a_conflict(rig):
    await rig.store.admit(run("first", idempotency_key="k"))
    with pytest.raises(Conflict):
        await rig.store.admit(run("second", idempotency_key="k", fingerprint="other"))


async def check_a_repeated_admission_is_one_run(rig):
    for _ in range(2):
        await rig.store.admit(run())
    with pytest.raises(Conflict):
        await rig.store.admit(run(message="other"))
    assert len(await rig.store.of_thread(ALICE, "thread")) == 1


async def check_keys_belong_to_their_user(rig):
    for scope in (ALICE, BOB, NAMESAKE):
        record = run(f"run of {scope}", scope, idempotency_key="k", fingerprint=str(scope))
        assert await rig.store.admit(record) == record


async def check_parallel_repeats_admit_one_run(rig):
    admitted = await asyncio.gather(
        *((rig.store, rig.second)[n % 2].admit(run(f"run {n}", idempotency_key="k")) for n in range(32))
    )
    assert len({record.run_id for record in admitted}) == 1
    assert len(await rig.store.of_thread(ALICE, "thread")) == 1


async def check_other_users_and_tenants_find_nothing(rig):
    await rig.store.admit(run())
    await rig.store.append(ALICE, "run", events(1, 2))
    for stranger in (BOB, NAMESAKE):
        for attempt in (
            lambda who: rig.store.get(who, "run"),
            lambda who: rig.store.read(who, "run", 0, 5),
            lambda who: rig.store.append(who, "run", events(3, 3)),
            lambda who: rig.store.finish(who, "run", "failed", "", []),
            lambda who: anext(rig.store.follow(who, "run", 0)),
        ):
            with pytest.raises(NotFound):
                await attempt(stranger)
        assert list(await rig.store.of_thread(stranger, "thread")) == []
        await rig.store.delete_thread(stranger, "thread")
    assert (await rig.store.get(ALICE, "run")).status == "running"


async def check_events_have_no_gap_and_no_repeat(rig):
    await rig.store.admit(run())
    await rig.store.append(ALICE, "run", events(1, 3))
    for wrong in (events(5, 6), [*events(4, 4), *events(6, 6)], [RunEvent(3, "other", b"")], events(0, 1)):
        with pytest.raises(Conflict):
            await rig.store.append(ALICE, "run", wrong)
    await rig.second.append(ALICE, "run", events(2, 5))
    assert list(await rig.store.read(ALICE, "run", 0, 99)) == events(1, 5)
    assert list(await rig.store.read(ALICE, "run", 2, 2)) == events(3, 4)


async def check_of_two_writers_of_one_seq_one_wins(rig):
    await rig.store.admit(run())
    rivals = [RunEvent(1, "answer.delta", str(n).encode()) for n in range(20)]
    outcomes = await asyncio.gather(
        *((rig.store, rig.second)[n % 2].append(ALICE, "run", [event]) for n, event in enumerate(rivals)),
        return_exceptions=True,
    )
    winners = [event for event, outcome in zip(rivals, outcomes, strict=True) if outcome is None]
    assert list(await rig.store.read(ALICE, "run", 0, 99)) == winners
    assert len(winners) == 1


async def check_finishing_is_atomic_and_final(rig):
    await rig.store.admit(run())
    await rig.store.append(ALICE, "run", events(1, 2))
    with pytest.raises(Conflict):
        await rig.store.finish(ALICE, "run", "completed", "r", events(4, 4))
    assert (await rig.store.get(ALICE, "run")).status == "running"
    await rig.store.finish(ALICE, "run", "completed", "r", events(3, 4))
    await rig.second.finish(ALICE, "run", "failed", "other", events(5, 5))
    ended = await rig.store.get(ALICE, "run")
    assert (ended.status, ended.result) == ("completed", "r")
    with pytest.raises(Conflict):
        await rig.store.append(ALICE, "run", events(5, 5))
    with pytest.raises(InvalidInput):
        await rig.store.finish(ALICE, "run", "running", "", [])
    assert list(await rig.store.read(ALICE, "run", 0, 99)) == events(1, 4)


async def check_following_sees_every_event_until_the_end(rig):
    await rig.store.admit(run())
    await rig.store.append(ALICE, "run", events(1, 100))

    async def follow(after):
        return [event async for event in rig.store.follow(ALICE, "run", after)]

    followers = [asyncio.create_task(follow(after)) for after in (0, 50, 100, 150)]
    for first in range(101, 301, 4):
        await rig.store.append(ALICE, "run", events(first, first + 3))
    await rig.store.finish(ALICE, "run", "completed", "", events(301, 301))
    async with asyncio.timeout(5):
        seen = await asyncio.gather(*followers)
    assert seen == [events(after + 1, 301) for after in (0, 50, 100, 150)]
    async with asyncio.timeout(5):
        assert await follow(299) == events(300, 301)
        assert await follow(301) == []


async def check_a_follower_that_leaves_disturbs_nobody(rig):
    await rig.store.admit(run())
    await rig.store.append(ALICE, "run", events(1, 2))
    leaving, staying = (rig.store.follow(ALICE, "run", 0) for _ in range(2))
    async with aclosing(leaving), aclosing(staying), asyncio.timeout(5):
        assert [await anext(leaving), await anext(leaving)] == events(1, 2)
        waiting = asyncio.ensure_future(anext(leaving))
        assert [await anext(staying), await anext(staying)] == events(1, 2)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        await rig.store.append(ALICE, "run", events(3, 3))
        assert await anext(staying) == events(3, 3)[0]


async def check_following_a_deleted_run_ends_with_not_found(rig):
    await rig.store.admit(run())
    await rig.store.append(ALICE, "run", events(1, 1))
    async with aclosing(rig.store.follow(ALICE, "run", 0)) as stream:
        await anext(stream)
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        await rig.store.delete_thread(ALICE, "thread")
        with pytest.raises(NotFound):
            async with asyncio.timeout(5):
                await waiting


async def check_unfinished_runs_are_found_oldest_first(rig):
    for number in range(6):
        await rig.store.admit(run(f"run {number}", (ALICE, BOB, NAMESAKE)[number % 3]))
    await rig.store.finish(ALICE, "run 3", "cancelled", "", [])
    assert [record.run_id for record in await rig.second.unfinished(SYSTEM)] == [
        f"run {number}" for number in (0, 1, 2, 4, 5)
    ]
    assert [record.run_id for record in await rig.store.of_thread(ALICE, "thread")] == ["run 0", "run 3"]
    with pytest.raises(AccessDenied):
        await rig.store.unfinished(ALICE)


async def check_expired_events_are_told_and_the_result_stays(rig):
    for number in (1, 2, 3):
        await rig.store.admit(run(f"run {number}"))
        await rig.store.append(ALICE, f"run {number}", events(1, 5))
    await rig.store.finish(ALICE, "run 1", "completed", "answer", [])
    rig.clock.advance(hours=2)
    await rig.store.finish(ALICE, "run 2", "completed", "answer", [])
    before = rig.clock.now() - timedelta(hours=1)
    assert await rig.store.expire(SYSTEM, before) == 1
    assert await rig.store.expire(SYSTEM, before) == 0
    with pytest.raises(EventsExpired):
        await anext(rig.store.follow(ALICE, "run 1", 2))
    with pytest.raises(EventsExpired):
        await rig.store.read(ALICE, "run 1", 0, 5)
    assert [event async for event in rig.store.follow(ALICE, "run 1", 5)] == []
    assert (await rig.store.get(ALICE, "run 1")).result == "answer"
    for kept in ("run 2", "run 3"):
        assert len(await rig.store.read(ALICE, kept, 0, 9)) == 5
    with pytest.raises(AccessDenied):
        await rig.store.expire(ALICE, before)


async def check_one_holder_has_the_lease(rig):
    first = await rig.store.lease(ALICE, "thread", "one", 30)
    assert first is not None
    assert await rig.second.lease(ALICE, "thread", "two", 30) is None
    rig.clock.advance(seconds=20)
    assert await rig.store.lease(ALICE, "thread", "one", 30) == first
    rig.clock.advance(seconds=20)
    assert await rig.second.lease(ALICE, "thread", "two", 30) is None
    await rig.store.release(ALICE, first)
    assert await rig.second.lease(ALICE, "thread", "two", 30) is not None


async def check_lease_tokens_only_grow(rig):
    tokens = []
    for number in range(5):
        lease = await rig.store.lease(ALICE, "thread", f"holder {number}", 10)
        tokens.append(lease.token)
        if number % 2:
            await rig.store.release(ALICE, lease)
        if number == 3:
            await rig.store.delete_thread(ALICE, "thread")
        rig.clock.advance(seconds=11)
    assert tokens == sorted(set(tokens))


async def check_a_stale_release_is_a_no_op(rig):
    stale = await rig.store.lease(ALICE, "thread", "one", 10)
    rig.clock.advance(seconds=11)
    current = await rig.second.lease(ALICE, "thread", "two", 10)
    await rig.store.release(ALICE, stale)
    await rig.store.release(ALICE, Lease("thread", "two", current.token + 1))
    await rig.store.release(BOB, current)
    assert await rig.store.lease(ALICE, "thread", "three", 10) is None


async def check_parallel_takers_get_one_lease(rig):
    leases = await asyncio.gather(
        *((rig.store, rig.second)[n % 2].lease(ALICE, "thread", f"holder {n}", 30) for n in range(32))
    )
    assert len([lease for lease in leases if lease]) == 1


async def check_a_deleted_thread_leaves_no_run(rig):
    await rig.store.admit(run(idempotency_key="k"))
    await rig.store.append(ALICE, "run", events(1, 3))
    await rig.store.admit(run("other", thread_id="other"))
    await rig.store.delete_thread(ALICE, "thread")
    await rig.store.delete_thread(ALICE, "thread")
    with pytest.raises(NotFound):
        await rig.store.get(ALICE, "run")
    assert (await rig.store.get(ALICE, "other")).run_id == "other"
    again = await rig.store.admit(run("new", idempotency_key="k", fingerprint="new"))
    assert list(await rig.store.read(ALICE, again.run_id, 0, 9)) == []


async def check_the_threads_of_a_user_are_found_whatever_they_are_called(rig):
    names = ["thread", *(f"{name[:20]}*?[a-z]\\" for name in AWKWARD.values() if "\ud800" not in name)]
    for number, thread in enumerate(names):
        await rig.store.admit(run(f"run {number}", thread_id=thread))
    await rig.store.admit(run("again"))
    for stranger in (BOB, NAMESAKE, replace(ALICE, user_id="alic*"), replace(ALICE, user_id="")):
        assert await rig.store.threads(stranger) == []
    assert sorted(await rig.second.threads(ALICE)) == sorted(set(names))
    for thread in names:
        await rig.store.delete_thread(ALICE, thread)
    assert await rig.store.threads(ALICE) == []


async def check_a_request_to_stop_is_seen_everywhere_until_the_run_ends(rig):
    for name in ("run", "other"):
        await rig.store.admit(run(name))
    for _ in range(2):
        await rig.store.request_stop(ALICE, "run")
    with pytest.raises(NotFound):
        await rig.store.request_stop(BOB, "other")
    assert [record.run_id for record in await rig.second.stop_requests(SYSTEM)] == ["run"]
    await rig.second.finish(ALICE, "run", "cancelled", "", [])
    await rig.store.request_stop(ALICE, "run")
    assert list(await rig.store.stop_requests(SYSTEM)) == []
    with pytest.raises(AccessDenied):
        await rig.store.stop_requests(ALICE)


async def check_an_outage_is_told_in_time(rig):
    await assert_outage_is_told(rig, lambda store: store.admit(run()))


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]


@pytest.fixture(params=rigs(RIGS))
async def rig(request, tmp_path):
    async with RIGS[request.param](tmp_path) as rig:
        yield rig


@pytest.mark.parametrize("check", named(CHECKS))
async def test_the_adapter_keeps_the_contract(rig, check):
    await check(rig)


async def ignores_the_user(sound, scope):
    return await sound(ALICE)


@pytest.mark.parametrize(
    "fault",
    faults(
        (check_a_run_comes_back_as_it_was, {"get": forgets_groups}),
        (check_awkward_text_and_bytes_are_kept_exactly, {"read": decodes_bytes}),
        (check_a_repeated_key_returns_the_first_run, {"admit": ignores_keys}),
        (check_a_key_of_another_request_is_a_conflict, {"admit": ignores_fingerprints}),
        (check_a_repeated_admission_is_one_run, {"admit": mints_run_ids}),
        (check_keys_belong_to_their_user, {"admit": shares_keys_between_users}),
        (check_parallel_repeats_admit_one_run, {"admit": ignores_keys}),
        (check_other_users_and_tenants_find_nothing, {"get": ignores_the_scope}),
        (check_events_have_no_gap_and_no_repeat, {"append": ignores_conflicts}),
        (check_of_two_writers_of_one_seq_one_wins, {"append": ignores_conflicts}),
        (check_finishing_is_atomic_and_final, {"finish": ends_without_its_events}),
        (check_following_sees_every_event_until_the_end, {"follow": follows_what_is_there}),
        (check_a_follower_that_leaves_disturbs_nobody, {"follow": follows_what_is_there}),
        (check_following_a_deleted_run_ends_with_not_found, {"follow": follows_what_is_there}),
        (check_unfinished_runs_are_found_oldest_first, {"unfinished": forgets_one}),
        (check_expired_events_are_told_and_the_result_stays, {"read": expires_silently}),
        (check_one_holder_has_the_lease, {"lease": leases_to_anybody}),
        (check_lease_tokens_only_grow, {"lease": reuses_tokens}),
        (check_a_stale_release_is_a_no_op, {"release": releases_whoever_holds}),
        (check_parallel_takers_get_one_lease, {"lease": leases_to_anybody}),
        (check_a_deleted_thread_leaves_no_run, {"delete_thread": does_nothing}),
        (check_the_threads_of_a_user_are_found_whatever_they_are_called, {"threads": ignores_the_user}),
        (check_a_request_to_stop_is_seen_everywhere_until_the_run_ends, {"request_stop": does_nothing}),
        (check_an_outage_is_told_in_time, {"admit": hides_outages}),
    ),
)
async def test_the_suite_notices_a_broken_adapter(rig, fault):
    await assert_noticed(rig, fault)


def test_every_property_has_a_broken_adapter():
    assert_each_has_a_fault(CHECKS, test_the_suite_notices_a_broken_adapter)
