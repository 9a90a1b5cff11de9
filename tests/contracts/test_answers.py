"""AnswerStore: what every adapter promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from memory.answers.cassandra import CassandraAnswers
from memory.answers.sqlite import open_answers
from memory.errors import Conflict, InvalidInput, NotFound
from memory.records import AnswerEntry, Page
from memory.sqlite import open_database
from tests.contracts.suite import assert_each_has_a_fault, assert_noticed, assert_outage_is_told, faults, named
from tests.support.cassandra import on_cassandra
from tests.support.kill import acknowledged_before_kill
from tests.support.people import ALICE, BOB, NAMESAKE
from tests.support.rig import on_sqlite
from tests.support.servers import rigs
from tests.support.texts import AWKWARD

RIGS = {
    "sqlite": on_sqlite(lambda database, clock: open_answers(database)),
    "cassandra": on_cassandra(CassandraAnswers),
}


def entry(entry_id="e", **fields):
    whole = AnswerEntry(entry_id, "shipping", "How long?", "Two days.", 1, "alice", datetime(2026, 1, 15, tzinfo=UTC))
    return replace(whole, **fields)


async def all_entries(store, scope, category=None):
    found, after = [], None
    while True:
        page = await store.page(scope, category, after, 3)
        found += page.items
        if page.next is None:
            return found
        after = page.next


async def check_an_entry_comes_back_as_it_was(rig):
    assert await rig.store.put(ALICE, entry(), 0) == entry()
    assert await rig.second.get(BOB, "e") == entry()


async def check_awkward_text_is_kept_exactly(rig):
    for name, text in AWKWARD.items():
        short = text[:100]
        kept = entry(f"id {short}", category=short, question=text, answer=text, updated_by=short)
        await rig.store.put(ALICE, kept, 0)
        assert await rig.store.get(ALICE, f"id {short}") == kept, name
        assert [item.question for item in await all_entries(rig.store, ALICE, short)] == [text]


async def check_edits_count_revisions(rig):
    await rig.store.put(ALICE, entry(), 0)
    edited = await rig.store.put(ALICE, entry(answer="Three days."), 1)
    assert (edited.revision, edited.answer) == (2, "Three days.")
    for stale in (0, 1, 3):
        with pytest.raises(Conflict):
            await rig.store.put(ALICE, entry(answer="Never."), stale)
    assert await rig.store.get(ALICE, "e") == edited


async def check_repeating_a_put_changes_nothing(rig):
    first = await rig.store.put(ALICE, entry(), 0)
    assert await rig.second.put(ALICE, entry(updated_at=datetime(2027, 1, 1, tzinfo=UTC)), 0) == first
    assert await rig.store.get(ALICE, "e") == first


async def check_of_two_editors_one_wins(rig):
    await rig.store.put(ALICE, entry(), 0)
    outcomes = await asyncio.gather(
        *((rig.store, rig.second)[n % 2].put(ALICE, entry(answer=str(n)), 1) for n in range(20)),
        return_exceptions=True,
    )
    winners = [outcome for outcome in outcomes if isinstance(outcome, AnswerEntry)]
    assert winners == [await rig.store.get(ALICE, "e")]


async def check_tenants_are_apart(rig):
    await rig.store.put(ALICE, entry(), 0)
    for attempt in (
        lambda: rig.store.get(NAMESAKE, "e"),
        lambda: rig.store.hits(NAMESAKE, "e"),
        lambda: rig.store.record_hit(NAMESAKE, "e", "h"),
        lambda: rig.store.delete(NAMESAKE, "e"),
    ):
        with pytest.raises(NotFound):
            await attempt()
    theirs = await rig.store.put(NAMESAKE, entry(answer="theirs"), 0)
    assert await all_entries(rig.store, NAMESAKE) == [theirs]
    assert await all_entries(rig.store, ALICE) == [entry()]
    assert dict(await rig.store.categories(NAMESAKE)) == {"shipping": 1}


async def check_pages_are_by_id_without_gap_or_repeat(rig):
    for number in range(10):
        await rig.store.put(ALICE, entry(f"e{number}", category=("a", "b")[number % 2]), 0)
    assert [item.entry_id for item in await all_entries(rig.store, ALICE)] == [f"e{number}" for number in range(10)]
    assert [item.entry_id for item in await all_entries(rig.store, ALICE, "b")] == ["e1", "e3", "e5", "e7", "e9"]
    assert list((await rig.store.categories(ALICE)).items()) == [("a", 5), ("b", 5)]
    with pytest.raises(InvalidInput):
        await rig.store.page(ALICE, None, "not a cursor", 3)


async def check_a_hit_event_counts_once(rig):
    await rig.store.put(ALICE, entry(), 0)
    await asyncio.gather(
        *(store.record_hit(ALICE, "e", f"run {n}") for n in range(8) for store in (rig.store, rig.second))
    )
    assert await rig.store.hits(BOB, "e") == 8
    with pytest.raises(NotFound):
        await rig.store.record_hit(ALICE, "nothing", "run")


async def check_a_deleted_entry_leaves_nothing(rig):
    await rig.store.put(ALICE, entry(), 0)
    await rig.store.record_hit(ALICE, "e", "run")
    await rig.store.delete(ALICE, "e")
    for attempt in (rig.store.get, rig.store.hits, rig.store.delete):
        with pytest.raises(NotFound):
            await attempt(ALICE, "e")
    await rig.store.put(ALICE, entry(), 0)
    assert await rig.store.hits(ALICE, "e") == 0


async def check_an_outage_is_told_in_time(rig):
    await assert_outage_is_told(rig, lambda store: store.put(ALICE, entry(), 0))


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]


@pytest.fixture(params=rigs(RIGS))
async def rig(request, tmp_path):
    async with RIGS[request.param](tmp_path) as rig:
        yield rig


@pytest.mark.parametrize("check", named(CHECKS))
async def test_the_adapter_keeps_the_contract(rig, check):
    await check(rig)


async def write_entries(folder: Path) -> AsyncGenerator[str]:
    async with open_database(folder / "store.db") as database:
        answers, number = await open_answers(database), 0
        while True:
            number += 1
            await answers.put(ALICE, entry(f"{number:06}"), 0)
            yield f"{number:06}"


async def test_an_acknowledged_entry_survives_kill_9(tmp_path):
    acknowledged = await acknowledged_before_kill(f"{__name__}:write_entries", tmp_path)
    async with open_database(tmp_path / "store.db") as database:
        kept = [item.entry_id for item in await all_entries(await open_answers(database), ALICE)]
    assert kept[: len(acknowledged)] == acknowledged


# Adapters that break one promise each ---------------------------------------------------------------


async def trims_answers(sound, *args):
    stored = await sound(*args)
    return replace(stored, answer=stored.answer.strip(" ."))


async def ignores_revisions(sound, scope, item, expected):
    with suppress(Conflict):
        return await sound(scope, item, expected)
    return item


async def touches_on_repeat(sound, scope, item, expected):
    stored = await sound(scope, item, expected)
    return replace(stored, updated_at=item.updated_at)


async def ignores_the_tenant(sound, scope, *args):
    return await sound(ALICE, *args)


async def lists_backwards(sound, *args):
    page = await sound(*args)
    return Page(page.items[::-1], page.next)


async def counts_every_call(sound, scope, entry_id, event_id):
    await sound(scope, entry_id, f"{event_id} {id(asyncio.current_task())}")


async def does_nothing(sound, *args):
    return None


async def hides_outages(sound, *args):
    await asyncio.wait([asyncio.ensure_future(sound(*args))], timeout=0.1)


@pytest.mark.parametrize(
    "fault",
    faults(
        (check_an_entry_comes_back_as_it_was, {"get": trims_answers}),
        (check_awkward_text_is_kept_exactly, {"get": trims_answers}),
        (check_edits_count_revisions, {"put": ignores_revisions}),
        (check_repeating_a_put_changes_nothing, {"put": touches_on_repeat}),
        (check_of_two_editors_one_wins, {"put": ignores_revisions}),
        (check_tenants_are_apart, {"get": ignores_the_tenant}),
        (check_pages_are_by_id_without_gap_or_repeat, {"page": lists_backwards}),
        (check_a_hit_event_counts_once, {"record_hit": counts_every_call}),
        (check_a_deleted_entry_leaves_nothing, {"delete": does_nothing}),
        (check_an_outage_is_told_in_time, {"put": hides_outages}),
    ),
)
async def test_the_suite_notices_a_broken_adapter(rig, fault):
    await assert_noticed(rig, fault)


def test_every_property_has_a_broken_adapter():
    assert_each_has_a_fault(CHECKS, test_the_suite_notices_a_broken_adapter)
