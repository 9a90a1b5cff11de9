"""FeedbackStore: what every adapter promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from memory.errors import AccessDenied, InvalidInput
from memory.feedback.cassandra import CassandraFeedback
from memory.feedback.sqlite import open_feedback
from memory.records import Feedback, Page, Scope
from memory.sqlite import open_database
from tests.contracts.suite import assert_each_has_a_fault, assert_noticed, assert_outage_is_told, faults, named
from tests.support.cassandra import on_cassandra
from tests.support.kill import acknowledged_before_kill
from tests.support.people import ALICE, BOB, FOREIGN_OPERATOR, NAMESAKE, OPERATOR
from tests.support.rig import on_sqlite
from tests.support.servers import rigs
from tests.support.texts import AWKWARD

RIGS = {
    "sqlite": on_sqlite(lambda database, clock: open_feedback(database)),
    "cassandra": on_cassandra(CassandraFeedback),
}


def rating(turn_id="turn", **fields):
    whole = Feedback(turn_id, "thread", "run", "up", "well said", datetime(2026, 1, 15, tzinfo=UTC))
    return replace(whole, **fields)


async def all_ratings(store, scope, which=None):
    found, after = [], None
    while True:
        page = await store.page(scope, which, after, 3)
        found += page.items
        if page.next is None:
            return found
        after = page.next


async def check_a_rating_comes_back_as_it_was(rig):
    await rig.store.put(ALICE, rating())
    assert list(await rig.second.of_thread(ALICE, "thread")) == [rating()]


async def check_awkward_text_is_kept_exactly(rig):
    kept = [rating(f"turn {n:02}", comment=text) for n, text in enumerate(AWKWARD.values())]
    for item in kept:
        await rig.store.put(ALICE, item)
    assert list(await rig.store.of_thread(ALICE, "thread")) == kept


async def check_rating_again_replaces(rig):
    for _ in range(2):
        await rig.store.put(ALICE, rating())
    await rig.second.put(ALICE, rating(rating="down", comment=""))
    assert list(await rig.store.of_thread(ALICE, "thread")) == [rating(rating="down", comment="")]


async def check_users_and_tenants_rate_for_themselves(rig):
    for scope in (ALICE, BOB, NAMESAKE):
        await rig.store.put(scope, rating(comment=str(scope)))
    for scope in (ALICE, BOB, NAMESAKE):
        assert [item.comment for item in await rig.store.of_thread(scope, "thread")] == [str(scope)]
    assert {item.comment for item in await all_ratings(rig.store, OPERATOR)} == {str(ALICE), str(BOB)}
    assert [item.comment for item in await all_ratings(rig.store, FOREIGN_OPERATOR)] == [str(NAMESAKE)]
    with pytest.raises(AccessDenied):
        await rig.store.page(ALICE, None, None, 5)


async def check_pages_are_newest_turn_first_without_gap_or_repeat(rig):
    users = [Scope("acme", name) for name in ("a", "b|c", "é", "")]
    await asyncio.gather(
        *(
            (rig.store, rig.second)[n % 2].put(user, rating(f"turn {n}", comment=user.user_id))
            for n in range(4)
            for user in users
        )
    )
    await rig.store.put(ALICE, rating("turn 2", rating="down", comment="x"))
    found = await all_ratings(rig.store, OPERATOR)
    assert [item.turn_id for item in found] == sorted((item.turn_id for item in found), reverse=True)
    assert len({(item.turn_id, item.comment) for item in found}) == len(found) == 17
    assert [item.comment for item in await all_ratings(rig.store, OPERATOR, "down")] == ["x"]
    with pytest.raises(InvalidInput):
        await rig.store.page(OPERATOR, None, "not a cursor", 3)


async def check_a_deleted_thread_keeps_others_ratings(rig):
    await rig.store.put(ALICE, rating())
    await rig.store.put(ALICE, rating("other turn", thread_id="other"))
    await rig.store.put(BOB, rating())
    await rig.store.delete_thread(ALICE, "thread")
    assert list(await rig.store.of_thread(ALICE, "thread")) == []
    assert len(await rig.store.of_thread(ALICE, "other")) == 1
    assert len(await rig.store.of_thread(BOB, "thread")) == 1


async def check_an_outage_is_told_in_time(rig):
    await assert_outage_is_told(rig, lambda store: store.put(ALICE, rating()))


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]


@pytest.fixture(params=rigs(RIGS))
async def rig(request, tmp_path):
    async with RIGS[request.param](tmp_path) as rig:
        yield rig


@pytest.mark.parametrize("check", named(CHECKS))
async def test_the_adapter_keeps_the_contract(rig, check):
    await check(rig)


async def write_ratings(folder: Path) -> AsyncGenerator[str]:
    async with open_database(folder / "store.db") as database:
        feedback, number = await open_feedback(database), 0
        while True:
            number += 1
            await feedback.put(ALICE, rating(f"{number:06}"))
            yield f"{number:06}"


async def test_an_acknowledged_rating_survives_kill_9(tmp_path):
    acknowledged = await acknowledged_before_kill(f"{__name__}:write_ratings", tmp_path)
    async with open_database(tmp_path / "store.db") as database:
        kept = await (await open_feedback(database)).of_thread(ALICE, "thread")
    assert [item.turn_id for item in kept][: len(acknowledged)] == acknowledged


# Adapters that break one promise each ---------------------------------------------------------------


async def forgets_comments(sound, *args):
    return [replace(item, comment=item.comment.strip()) for item in await sound(*args)]


async def forgets_runs(sound, *args):
    return [replace(item, run_id="") for item in await sound(*args)]


async def keeps_the_first(sound, scope, item):
    if not await sound.__self__.of_thread(scope, item.thread_id):
        await sound(scope, item)


async def shares_one_user(sound, scope, item):
    await sound(replace(scope, user_id="alice"), item)


async def skips_one(sound, scope, which, after, limit):
    page = await sound(scope, which, after, limit)
    return Page(page.items[1:] if after else page.items, page.next)


async def deletes_nothing(sound, *args):
    return None


async def hides_outages(sound, *args):
    await asyncio.wait([asyncio.ensure_future(sound(*args))], timeout=0.1)


@pytest.mark.parametrize(
    "fault",
    faults(
        (check_a_rating_comes_back_as_it_was, {"of_thread": forgets_runs}),
        (check_awkward_text_is_kept_exactly, {"of_thread": forgets_comments}),
        (check_rating_again_replaces, {"put": keeps_the_first}),
        (check_users_and_tenants_rate_for_themselves, {"put": shares_one_user}),
        (check_pages_are_newest_turn_first_without_gap_or_repeat, {"page": skips_one}),
        (check_a_deleted_thread_keeps_others_ratings, {"delete_thread": deletes_nothing}),
        (check_an_outage_is_told_in_time, {"put": hides_outages}),
    ),
)
async def test_the_suite_notices_a_broken_adapter(rig, fault):
    await assert_noticed(rig, fault)


def test_every_property_has_a_broken_adapter():
    assert_each_has_a_fault(CHECKS, test_the_suite_notices_a_broken_adapter)
