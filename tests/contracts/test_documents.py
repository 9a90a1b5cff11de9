"""DocumentStore: what every adapter promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from memory.documents import mongodb
from memory.documents.sqlite import open_documents
from memory.errors import Conflict, DimensionMismatch, EmbedderMismatch, InvalidInput, NotFound
from memory.records import SYSTEM, Scope
from memory.sqlite import open_database
from tests.contracts.faults.documents import (
    deletes_copies,
    deletes_nothing,
    hides_outages,
    ignores_neighbours,
    keeps_everything_anew,
    never_replaces,
    opens_everything,
    refuses_copies,
    replaces_as_owner,
    shares_tenants,
    skips_a_change,
    skips_one,
    sorts_ids,
    takes_any_embedder,
    takes_any_passages,
    takes_any_shape,
    tears,
    tells_everybody,
    trims,
)
from tests.contracts.suite import assert_each_has_a_fault, assert_noticed, assert_outage_is_told, faults, named
from tests.support.documents import PRIVATE, STAFF, document, keep, passages_of, vectors_of
from tests.support.kill import acknowledged_before_kill
from tests.support.mongo import on_mongo
from tests.support.people import ALICE, BOB, NAMESAKE
from tests.support.rig import on_sqlite
from tests.support.servers import rigs
from tests.support.texts import AWKWARD

RIGS = {
    "sqlite": on_sqlite(lambda database, clock: open_documents(database)),
    "mongo": on_mongo(lambda mongo: mongodb.open_documents(mongo)),
}
NINE = "one two three four five six seven eight nine"
COLLEAGUE = Scope("acme", "carol", groups=("staff",))


async def sources(store, scope, prefix="", limit=2):
    found, after = [], None
    while True:
        page = await store.page(scope, prefix, after, limit)
        found += [item.source for item in page.items]
        if page.next is None:
            return found
        after = page.next


async def live(store):
    """What a follower that applies all changes would hold: the documents that rows() still gives."""
    latest = {change.document_id: change for change in await store.changes(SYSTEM, 0, 1000)}
    held = [change for change in latest.values() if change.kind == "put"]
    return {c.document_id for c in held if await store.rows(SYSTEM, c.document_id, c.version_id) is not None}


async def check_a_document_comes_back_as_it_was(rig):
    kept = document("a.md", NINE, metadata={"price": 9.5, "sold": True, "n": 3}, collection="shop", access=STAFF)
    outcome = await keep(rig.store, COLLEAGUE, kept)
    found = await rig.second.get(COLLEAGUE, kept.document_id)
    assert replace(found, created_at=None, updated_at=None) == kept
    assert (outcome.outcome, outcome.sequence) == ("kept", 1)
    assert await rig.second.by_source(COLLEAGUE, "a.md") == found


async def check_awkward_text_is_kept_exactly(rig):
    for name, text in AWKWARD.items():
        kept = document(name, text)
        whole = replace(passages_of(kept)[0], start=0, end=len(text), text=text, context=text[:99])
        await keep(rig.store, ALICE, kept, [whole])
        assert (await rig.second.get(ALICE, kept.document_id)).text == text
        assert list(await rig.second.passages(ALICE, [whole.passage_id])) == [whole]


async def check_passages_come_in_the_order_asked_for(rig):
    kept = document("a.md", NINE)
    await keep(rig.store, ALICE, kept)
    wanted = passages_of(kept)[::-1]
    ids = [passage.passage_id for passage in wanted]
    assert list(await rig.second.passages(ALICE, ["absent", *ids])) == wanted


async def check_around_gives_neighbours_in_reading_order(rig):
    kept = document("a.md", " ".join(str(number) for number in range(40)))
    await keep(rig.store, ALICE, kept)
    passages = passages_of(kept)
    assert list(await rig.store.around(ALICE, passages[4].passage_id, 2, 1)) == passages[2:6]
    assert list(await rig.store.around(ALICE, passages[0].passage_id, 5, 0)) == passages[:1]
    with pytest.raises(NotFound):
        await rig.store.around(ALICE, "absent", 1, 1)


async def check_the_same_again_is_unchanged(rig):
    kept = document("a.md", NINE)
    first = await keep(rig.store, ALICE, kept)
    again = await keep(rig.second, ALICE, kept)
    assert (again.outcome, again.sequence) == ("unchanged", first.sequence)
    assert await rig.store.last_sequence(ALICE) == first.sequence


async def check_replacing_leaves_only_the_new_version(rig):
    old, new = document("a.md", NINE), document("a.md", NINE.upper())
    await keep(rig.store, ALICE, old)
    assert (await keep(rig.store, ALICE, new)).outcome == "kept"
    assert (await rig.second.get(ALICE, old.document_id)).version_id == new.version_id
    assert list(await rig.second.passages(ALICE, [p.passage_id for p in passages_of(old)])) == []
    assert await rig.second.rows(SYSTEM, old.document_id, old.version_id) is None
    assert await rig.second.rows(SYSTEM, new.document_id, new.version_id) is not None


async def check_a_changed_access_is_no_repeat(rig):
    await keep(rig.store, ALICE, document("a.md", NINE))
    assert (await keep(rig.store, ALICE, document("a.md", NINE, access=PRIVATE))).outcome == "kept"
    assert await sources(rig.second, BOB) == []


async def check_readers_see_one_version_or_the_other(rig):
    versions = [document("a.md", f"{NINE} {number}") for number in range(12)]
    await keep(rig.store, ALICE, versions[0])

    async def read():
        for _ in range(40):
            found = await rig.second.by_source(ALICE, "a.md")
            rows = await rig.second.rows(SYSTEM, found.document_id, found.version_id)
            assert rows is None or [p.text for p in rows.passages] == [p.text for p in passages_of(found)]

    async def write():
        for version in versions[1:]:
            await keep(rig.store, ALICE, version)

    await asyncio.gather(read(), read(), write())


async def check_the_same_content_is_stored_once_and_listed_twice(rig):
    first, copy = document("a.md", NINE), document("b.md", NINE)
    await keep(rig.store, ALICE, first)
    outcome = await keep(rig.store, ALICE, copy)
    assert (outcome.outcome, outcome.document_id) == ("alias", first.document_id)
    assert await sources(rig.second, ALICE) == ["a.md", "b.md"]
    assert (await rig.second.by_source(ALICE, "b.md")).document_id == first.document_id
    assert (await rig.second.get(ALICE, copy.document_id)).text == NINE
    assert await live(rig.second) == {first.document_id}


async def check_content_lives_until_its_last_source_goes(rig):
    first, copy = document("a.md", NINE), document("b.md", NINE)
    await keep(rig.store, ALICE, first)
    await keep(rig.store, ALICE, copy)
    await rig.store.delete(ALICE, first.document_id)
    assert (await rig.second.by_source(ALICE, "b.md")).text == NINE
    assert await live(rig.second) == {copy.document_id}
    assert [p.document_id for p in await rig.second.passages(ALICE, [passages_of(first)[0].passage_id])] == [
        copy.document_id
    ]
    await rig.store.delete(ALICE, copy.document_id)
    assert await live(rig.second) == set()
    assert list(await rig.second.passages(ALICE, [passages_of(first)[0].passage_id])) == []


async def check_other_access_is_no_alias(rig):
    await keep(rig.store, ALICE, document("a.md", NINE, access=PRIVATE))
    second = document("b.md", NINE)
    assert (await keep(rig.store, BOB, second)).outcome == "kept"
    assert await sources(rig.second, BOB) == ["b.md"]


async def check_a_document_may_be_replaced_by_a_copy_of_another(rig):
    first, other = document("a.md", NINE), document("b.md", NINE.upper())
    await keep(rig.store, ALICE, first)
    await keep(rig.store, ALICE, other)
    assert (await keep(rig.store, ALICE, document("b.md", NINE))).outcome == "alias"
    assert await live(rig.second) == {first.document_id}


async def check_deletion_leaves_nothing_behind(rig):
    kept = document("a.md", NINE)
    await keep(rig.store, ALICE, kept)
    await rig.store.delete(ALICE, kept.document_id)
    with pytest.raises(NotFound):
        await rig.second.get(ALICE, kept.document_id)
    with pytest.raises(NotFound):
        await rig.second.by_source(ALICE, "a.md")
    with pytest.raises(NotFound):
        await rig.store.delete(ALICE, kept.document_id)
    assert await sources(rig.second, ALICE) == []
    assert list(await rig.second.passages(ALICE, [p.passage_id for p in passages_of(kept)])) == []
    assert await rig.second.rows(SYSTEM, kept.document_id, kept.version_id) is None


async def check_every_change_has_a_place_without_a_gap(rig):
    async def put(store, number):
        await keep(store, ALICE, document(f"{number}.md", f"{NINE} {number}"))

    await asyncio.gather(*(put(rig.store if number % 2 else rig.second, number) for number in range(20)))
    await rig.store.delete(ALICE, document("7.md", "").document_id)
    changes = await rig.second.changes(SYSTEM, 0, 100)
    assert [change.sequence for change in changes] == list(range(1, 22))
    assert [change.kind for change in changes][-1] == "delete"
    assert await rig.second.last_sequence(SYSTEM) == 21
    assert list(await rig.second.changes(SYSTEM, 5, 3)) == list(changes[5:8])


async def check_rows_give_what_an_index_needs(rig):
    kept = document("a.md", NINE, metadata={"n": 1})
    await keep(rig.store, ALICE, kept)
    rows = await rig.second.rows(SYSTEM, kept.document_id, kept.version_id)
    assert rows.document.metadata == {"n": 1}
    assert list(rows.passages) == passages_of(kept)
    assert rows.vectors.dtype == np.float32
    assert np.array_equal(rows.vectors, vectors_of(passages_of(kept)))


async def check_only_the_system_follows(rig):
    kept = document("a.md", NINE)
    await keep(rig.store, ALICE, kept)
    assert list(await rig.second.changes(ALICE, 0, 10)) == []
    assert await rig.second.rows(ALICE, kept.document_id, kept.version_id) is None


async def check_pages_have_no_gap_and_no_repeat(rig):
    names = [f"{folder}/{number}.md" for folder in ("a", "a%", "b") for number in range(5)]
    for name in names:
        await keep(rig.store, ALICE, document(name, f"{NINE} {name}"))
    assert await sources(rig.second, ALICE) == sorted(names)
    assert await sources(rig.second, ALICE, "a/") == [f"a/{number}.md" for number in range(5)]
    assert await sources(rig.second, ALICE, "a%") == [f"a%/{number}.md" for number in range(5)]


async def check_tenants_see_only_their_own(rig):
    ours, theirs = document("a.md", NINE), document("a.md", NINE.upper())
    await keep(rig.store, ALICE, ours)
    with pytest.raises(NotFound):
        await rig.second.get(NAMESAKE, ours.document_id)
    with pytest.raises(NotFound):
        await rig.second.delete(NAMESAKE, ours.document_id)
    await keep(rig.store, NAMESAKE, theirs)
    assert (await rig.second.get(ALICE, ours.document_id)).text == NINE
    assert (await rig.second.get(NAMESAKE, ours.document_id)).text == NINE.upper()
    assert list(await rig.second.passages(NAMESAKE, [passages_of(ours)[0].passage_id])) == []


async def check_access_is_part_of_every_query(rig):
    private, staff = document("p.md", NINE, access=PRIVATE), document("s.md", NINE.upper(), access=STAFF)
    await keep(rig.store, ALICE, private)
    await keep(rig.store, COLLEAGUE, staff)
    assert [await sources(rig.second, who) for who in (ALICE, BOB, COLLEAGUE)] == [["p.md"], [], ["s.md"]]
    for ask in (rig.second.get, rig.second.delete):
        with pytest.raises(NotFound):
            await ask(BOB, private.document_id)
    assert list(await rig.second.passages(BOB, [passages_of(private)[0].passage_id])) == []
    with pytest.raises(NotFound):
        await rig.second.around(BOB, passages_of(private)[0].passage_id, 1, 1)


async def check_it_tells_who_owns_something(rig):
    private = document("p.md", NINE, access=PRIVATE)
    await keep(rig.store, COLLEAGUE, document("s.md", NINE.upper(), access=STAFF))
    await keep(rig.store, ALICE, private)
    people = (ALICE, BOB, COLLEAGUE, NAMESAKE)
    assert [await rig.second.owns(who) for who in people] == [True, False, False, False]
    await rig.store.delete(ALICE, private.document_id)
    assert not await rig.second.owns(ALICE)


async def check_nobody_replaces_what_he_cannot_read(rig):
    await keep(rig.store, ALICE, document("p.md", NINE, access=PRIVATE))
    with pytest.raises(Conflict):
        await keep(rig.second, BOB, document("p.md", NINE.upper()))
    assert (await rig.store.by_source(ALICE, "p.md")).text == NINE


async def check_vectors_of_another_embedder_are_refused(rig):
    await keep(rig.store, ALICE, document("a.md", NINE))
    with pytest.raises(EmbedderMismatch):
        await keep(rig.store, ALICE, document("b.md", NINE.upper()), embedder="another")
    assert await sources(rig.second, ALICE) == ["a.md"]


async def check_vectors_that_do_not_fit_are_refused(rig):
    kept = document("a.md", NINE)
    passages = passages_of(kept)
    await keep(rig.store, ALICE, document("b.md", NINE.upper()))
    for vectors in (vectors_of(passages)[1:], vectors_of(passages)[:, 1:]):
        with pytest.raises(DimensionMismatch):
            await rig.store.put(ALICE, kept, passages, vectors, "words/8")


async def check_passages_of_another_document_are_refused(rig):
    with pytest.raises(InvalidInput):
        await keep(rig.store, ALICE, document("a.md", NINE), passages_of(document("b.md", NINE)))


async def check_an_outage_is_told_in_time(rig):
    await assert_outage_is_told(rig, lambda store: keep(store, ALICE, document("a.md", NINE)))


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]


@pytest.fixture(params=rigs(RIGS))
async def rig(request, tmp_path):
    async with RIGS[request.param](tmp_path) as rig:
        yield rig


@pytest.mark.parametrize("check", named(CHECKS))
async def test_the_adapter_keeps_the_contract(rig, check):
    await check(rig)


async def write_documents(folder: Path) -> AsyncGenerator[str]:
    async with open_database(folder / "store.db") as database:
        store, number = await open_documents(database), 0
        while True:
            number += 1
            await keep(store, ALICE, document(f"{number:06}", f"{NINE} {number}"))
            yield f"{number:06}"


async def test_an_acknowledged_document_survives_kill_9(tmp_path):
    acknowledged = await acknowledged_before_kill(f"{__name__}:write_documents", tmp_path)
    async with open_database(tmp_path / "store.db") as database:
        store = await open_documents(database)
        assert (await sources(store, ALICE, limit=500))[: len(acknowledged)] == acknowledged
        assert len(await live(store)) == await store.last_sequence(ALICE)


async def test_deleted_words_are_not_in_the_file(tmp_path):
    path = tmp_path / "store.db"
    async with open_database(path) as database:
        store = await open_documents(database)
        await keep(store, ALICE, document("a.md", f"{NINE} xylophonist"))
        await keep(store, ALICE, document("b.md", NINE))
        await store.delete(ALICE, document("a.md", "").document_id)
    assert all(b"xylophonist" not in file.read_bytes() for file in tmp_path.iterdir())


# Adapters that break one promise each ---------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    faults(
        (check_a_document_comes_back_as_it_was, {"get": trims}),
        (check_awkward_text_is_kept_exactly, {"get": trims}),
        (check_passages_come_in_the_order_asked_for, {"passages": sorts_ids}),
        (check_around_gives_neighbours_in_reading_order, {"around": ignores_neighbours}),
        (check_the_same_again_is_unchanged, {"put": keeps_everything_anew}),
        (check_replacing_leaves_only_the_new_version, {"put": never_replaces}),
        (check_a_changed_access_is_no_repeat, {"put": opens_everything}),
        (check_readers_see_one_version_or_the_other, {"rows": tears}),
        (check_the_same_content_is_stored_once_and_listed_twice, {"put": refuses_copies}),
        (check_content_lives_until_its_last_source_goes, {"delete": deletes_copies}),
        (check_other_access_is_no_alias, {"put": opens_everything}),
        (check_a_document_may_be_replaced_by_a_copy_of_another, {"put": never_replaces}),
        (check_deletion_leaves_nothing_behind, {"delete": deletes_nothing}),
        (check_every_change_has_a_place_without_a_gap, {"changes": skips_a_change}),
        (check_rows_give_what_an_index_needs, {"rows": tears}),
        (check_only_the_system_follows, {"changes": tells_everybody}),
        (check_pages_have_no_gap_and_no_repeat, {"page": skips_one}),
        (check_tenants_see_only_their_own, {"get": shares_tenants}),
        (check_access_is_part_of_every_query, {"put": opens_everything}),
        (check_it_tells_who_owns_something, {"owns": shares_tenants}),
        (check_nobody_replaces_what_he_cannot_read, {"put": replaces_as_owner}),
        (check_vectors_of_another_embedder_are_refused, {"put": takes_any_embedder}),
        (check_vectors_that_do_not_fit_are_refused, {"put": takes_any_shape}),
        (check_passages_of_another_document_are_refused, {"put": takes_any_passages}),
        (check_an_outage_is_told_in_time, {"put": hides_outages}),
    ),
)
async def test_the_suite_notices_a_broken_adapter(rig, fault):
    await assert_noticed(rig, fault)


def test_every_property_has_a_broken_adapter():
    assert_each_has_a_fault(CHECKS, test_the_suite_notices_a_broken_adapter)
