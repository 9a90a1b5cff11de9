"""TurnStore: what every adapter promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from memory.errors import Conflict, InvalidInput, NotFound
from memory.ids import new_id, next_turn_id
from memory.records import Citation, Claim, Page, Turn
from memory.sqlite import open_database
from memory.turns.cassandra import CassandraTurns
from memory.turns.sqlite import open_turns
from tests.contracts.suite import assert_each_has_a_fault, assert_noticed, assert_outage_is_told, faults, named
from tests.support.cassandra import before_cassandra, on_cassandra
from tests.support.kill import acknowledged_before_kill
from tests.support.people import ALICE, BOB, NAMESAKE
from tests.support.rig import on_sqlite
from tests.support.servers import rigs
from tests.support.texts import AWKWARD

RIGS = {
    "sqlite": on_sqlite(lambda database, clock: open_turns(database)),
    "cassandra": on_cassandra(CassandraTurns),
    "outbox": before_cassandra(),
}
SAME_MOMENT = datetime(2026, 1, 15, 12, tzinfo=UTC)
CITATION = Citation("p1", "d1", "v1", "docs/a.md", "A", 3, 9, "quoted", page=2)


def turn(text="hello", thread_id="thread", turn_id=None, **fields):
    return Turn(turn_id or new_id(), thread_id, "user", text, "complete", SAME_MOMENT, "run", **fields)


async def all_turns(store, scope, thread_id, limit=3):
    found, after = [], None
    while True:
        page = await store.page(scope, thread_id, after, limit)
        found += page.items
        if page.next is None:
            return found
        after = page.next


async def check_a_turn_comes_back_as_it_was(rig):
    claim = Claim("c1", "Said so.", (CITATION,), "supported", "aligned")
    whole = turn(
        *("Said so.",),
        parent_turn_id=new_id(),
        attempt=2,
        short_answer="so",
        abstained=True,
        confidence=0.75,
        citations=(CITATION,),
        claims=(claim,),
    )
    await rig.store.append(ALICE, whole)
    assert list(await rig.store.recent(ALICE, "thread", 5)) == [whole]


async def check_awkward_text_is_kept_exactly(rig):
    turns = [turn(text) for text in AWKWARD.values()]
    for item in turns:
        await rig.store.append(ALICE, item)
    assert await all_turns(rig.store, ALICE, "thread") == turns
    await rig.store.rename(ALICE, "thread", AWKWARD["sql"])
    assert (await rig.store.threads(ALICE, "", None, 5)).items[0].title == AWKWARD["sql"]


async def check_awkward_thread_ids_are_kept_apart(rig):
    ids = [text for name, text in AWKWARD.items() if name != "megabyte"]
    for thread_id in ids:
        await rig.store.append(ALICE, turn(f"in {thread_id}", thread_id))
    for thread_id in ids:
        assert [item.text for item in await rig.store.recent(ALICE, thread_id, 9)] == [f"in {thread_id}"]


async def check_half_a_surrogate_pair_is_refused(rig):
    with pytest.raises(InvalidInput):
        await rig.store.append(ALICE, turn("\ud800"))
    assert list(await rig.store.recent(ALICE, "thread", 5)) == []


async def check_appending_again_changes_nothing(rig):
    item = turn()
    for _ in range(3):
        await rig.store.append(ALICE, item)
    await rig.store.append(ALICE, replace(item, created_at=datetime(2026, 2, 1, tzinfo=UTC)))
    assert await all_turns(rig.store, ALICE, "thread") == [item]


async def check_a_taken_id_with_other_content_is_a_conflict(rig):
    item = turn()
    await rig.store.append(ALICE, item)
    with pytest.raises(Conflict):
        await rig.store.append(ALICE, replace(item, text="other"))
    with pytest.raises(Conflict):
        await rig.store.append(ALICE, replace(item, status="partial"))
    assert await all_turns(rig.store, ALICE, "thread") == [item]


async def check_order_is_by_id_under_equal_times(rig):
    ids = [next_turn_id(None)]
    while len(ids) < 20:
        ids.append(next_turn_id(ids[-1]))
    for turn_id in [*ids[10:], *ids[:10]]:
        await rig.store.append(ALICE, turn(turn_id, turn_id=turn_id))
    assert [item.turn_id for item in await all_turns(rig.store, ALICE, "thread")] == ids
    assert [item.turn_id for item in await rig.store.recent(ALICE, "thread", 4)] == ids[-4:]


async def check_pages_have_no_gap_and_no_repeat_while_others_append(rig):
    first = [turn(str(number)) for number in range(7)]
    for item in first:
        await rig.store.append(ALICE, item)
    seen, after, late = [], None, turn("late")
    while True:
        page = await rig.store.page(ALICE, "thread", after, 3)
        seen += page.items
        if len(seen) == 6:
            await rig.second.append(ALICE, late)
        if page.next is None:
            break
        after = page.next
    assert seen == [*first, late]


async def check_other_users_and_tenants_find_nothing(rig):
    await rig.store.append(ALICE, turn("secret words"))
    for stranger in (BOB, NAMESAKE):
        assert list(await rig.store.recent(stranger, "thread", 5)) == []
        assert (await rig.store.threads(stranger, "secret", None, 5)).items == ()
        for attempt in (
            rig.store.page(stranger, "thread", None, 5),
            rig.store.rename(stranger, "thread", "mine"),
            rig.store.delete_thread(stranger, "thread"),
        ):
            with pytest.raises(NotFound):
                await attempt
    with pytest.raises(NotFound):
        await rig.store.append(BOB, turn("intrusion"))
    assert len(await all_turns(rig.store, ALICE, "thread")) == 1


async def check_tenants_may_use_the_same_ids(rig):
    shared = turn("ours")
    await rig.store.append(ALICE, shared)
    await rig.store.append(NAMESAKE, replace(shared, text="theirs"))
    await rig.store.delete_thread(NAMESAKE, "thread")
    assert await all_turns(rig.store, ALICE, "thread") == [shared]


async def check_two_writers_lose_nothing(rig):
    turns = [turn(str(number)) for number in range(60)]
    await asyncio.gather(
        *(store.append(ALICE, item) for number, item in enumerate(turns) for store in _either(rig, number))
    )
    assert await all_turns(rig.store, ALICE, "thread") == turns


def _either(rig, number):
    """Every third turn is written by both at once."""
    return (rig.store, rig.second) if number % 3 == 0 else ((rig.store, rig.second)[number % 2],)


async def check_threads_are_listed_newest_first(rig):
    for number in range(7):
        await rig.store.append(ALICE, turn(f"about {number}", f"thread {number}"))
    await rig.store.append(ALICE, turn("again", "thread 2"))
    found, after = [], None
    while True:
        page = await rig.store.threads(ALICE, "", after, 2)
        found += [thread.thread_id for thread in page.items]
        if page.next is None:
            break
        after = page.next
    assert found == [f"thread {number}" for number in (2, 6, 5, 4, 3, 1, 0)]


async def check_threads_are_found_by_title_and_text_in_any_case(rig):
    await rig.store.append(ALICE, turn("Straße nach ÇEŞME", "a"))
    await rig.store.append(ALICE, turn("nothing", "b"))
    await rig.store.append(ALICE, turn("100% sure_thing", "c"))
    await rig.store.rename(ALICE, "b", "Reise Ägypten")

    async def find(query):
        return [thread.thread_id for thread in (await rig.store.threads(ALICE, query, None, 5)).items]

    assert await find("STRASSE") == ["a"]
    assert await find("çeşme") == ["a"]
    assert await find("ägypten") == ["b"]
    assert await find("0% s") == ["c"]
    assert await find("%") == ["c"]
    assert await find("sure.thing") == []


async def check_a_deleted_thread_is_gone(rig):
    await rig.store.append(ALICE, turn("one"))
    await rig.store.append(ALICE, turn("two", "other"))
    await rig.store.delete_thread(ALICE, "thread")
    assert list(await rig.store.recent(ALICE, "thread", 5)) == []
    assert [thread.thread_id for thread in (await rig.store.threads(ALICE, "", None, 5)).items] == ["other"]
    with pytest.raises(NotFound):
        await rig.store.delete_thread(ALICE, "thread")


async def check_a_foreign_cursor_is_refused(rig):
    await rig.store.append(ALICE, turn())
    for cursor in ("x", "WyJhIl0x", "bnVsbA", "W10"):
        with pytest.raises(InvalidInput):
            await rig.store.page(ALICE, "thread", cursor, 3)
        with pytest.raises(InvalidInput):
            await rig.store.threads(ALICE, "", cursor, 3)


async def check_an_outage_is_told_in_time(rig):
    item = turn()
    await assert_outage_is_told(rig, lambda store: store.append(ALICE, item))
    assert await all_turns(rig.store, ALICE, "thread") == [item]


async def check_what_is_kept_elsewhere_is_told(rig):
    await rig.store.append(ALICE, turn())
    lag = await rig.store.lag()
    assert (lag.waiting, lag.refused, lag.away) == (0, 0, False)


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]


@pytest.fixture(params=rigs(RIGS))
async def rig(request, tmp_path):
    async with RIGS[request.param](tmp_path) as rig:
        yield rig


@pytest.mark.parametrize("check", named(CHECKS))
async def test_the_adapter_keeps_the_contract(rig, check):
    await check(rig)


async def write_turns(folder: Path) -> AsyncGenerator[str]:
    async with open_database(folder / "store.db") as database:
        turns, last = await open_turns(database), None
        while True:
            last = next_turn_id(last)
            await turns.append(ALICE, turn(last, turn_id=last))
            yield last


async def test_an_acknowledged_turn_survives_kill_9(tmp_path):
    acknowledged = await acknowledged_before_kill(f"{__name__}:write_turns", tmp_path)
    async with open_database(tmp_path / "store.db") as database:
        kept = await all_turns(await open_turns(database), ALICE, "thread", limit=200)
    assert [item.turn_id for item in kept][: len(acknowledged)] == acknowledged


# Adapters that break one promise each ---------------------------------------------------------------


async def forgets_claims(sound, *args):
    return [replace(item, claims=()) for item in await sound(*args)]


async def cuts_at_nul(sound, scope, item):
    await sound(scope, replace(item, text=item.text.split("\0")[0]))


async def trims_thread_ids(sound, scope, item):
    await sound(scope, replace(item, thread_id=item.thread_id.strip()))


async def replaces_surrogates(sound, scope, item):
    await sound(scope, replace(item, text=item.text.encode("utf-8", "replace").decode()))


async def mints_its_own_id(sound, scope, item):
    await sound(scope, replace(item, turn_id=new_id()))


async def ignores_conflicts(sound, *args):
    with suppress(Conflict):
        await sound(*args)


async def orders_by_arrival(sound, *args):
    return list(reversed(await sound(*args)))


async def skips_a_turn(sound, scope, thread_id, after, limit):
    page = await sound(scope, thread_id, after, limit)
    return Page(page.items[1:] if after else page.items, page.next)


async def ignores_the_user(sound, scope, *args):
    return await sound(replace(scope, user_id="alice"), *args)


async def ignores_the_tenant(sound, scope, *args):
    return await sound(replace(scope, tenant_id="acme"), *args)


async def loses_every_tenth(sound, scope, item):
    if not item.text.endswith("9"):
        await sound(scope, item)


async def lists_oldest_first(sound, *args):
    page = await sound(*args)
    return Page(page.items[::-1], page.next)


async def folds_ascii_only(sound, scope, query, *args):
    return await sound(scope, query if query.isascii() else "no such words", *args)


async def does_nothing(sound, *args):
    return None


async def takes_any_cursor(sound, *args):
    try:
        return await sound(*args)
    except InvalidInput:
        return Page(())


async def always_behind(sound):
    return replace(await sound(), waiting=1)


async def hides_outages(sound, *args):
    await asyncio.wait([asyncio.ensure_future(sound(*args))], timeout=0.1)


@pytest.mark.parametrize(
    "fault",
    faults(
        (check_a_turn_comes_back_as_it_was, {"recent": forgets_claims}),
        (check_awkward_text_is_kept_exactly, {"append": cuts_at_nul}),
        (check_awkward_thread_ids_are_kept_apart, {"append": trims_thread_ids}),
        (check_half_a_surrogate_pair_is_refused, {"append": replaces_surrogates}),
        (check_appending_again_changes_nothing, {"append": mints_its_own_id}),
        (check_a_taken_id_with_other_content_is_a_conflict, {"append": ignores_conflicts}),
        (check_order_is_by_id_under_equal_times, {"recent": orders_by_arrival}),
        (check_pages_have_no_gap_and_no_repeat_while_others_append, {"page": skips_a_turn}),
        (check_other_users_and_tenants_find_nothing, {"recent": ignores_the_user}),
        (check_tenants_may_use_the_same_ids, {"delete_thread": ignores_the_tenant}),
        (check_two_writers_lose_nothing, {"append": loses_every_tenth}),
        (check_threads_are_listed_newest_first, {"threads": lists_oldest_first}),
        (check_threads_are_found_by_title_and_text_in_any_case, {"threads": folds_ascii_only}),
        (check_a_deleted_thread_is_gone, {"delete_thread": does_nothing}),
        (check_a_foreign_cursor_is_refused, {"page": takes_any_cursor}),
        (check_an_outage_is_told_in_time, {"append": hides_outages}),
        (check_what_is_kept_elsewhere_is_told, {"lag": always_behind}),
    ),
)
async def test_the_suite_notices_a_broken_adapter(rig, fault):
    await assert_noticed(rig, fault)


def test_every_property_has_a_broken_adapter():
    assert_each_has_a_fault(CHECKS, test_the_suite_notices_a_broken_adapter)
