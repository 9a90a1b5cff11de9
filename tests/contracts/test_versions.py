"""DocumentStore, versions of a document: what every adapter promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from memory.documents import mongodb
from memory.documents.schema import MIGRATIONS
from memory.documents.sqlite import open_documents
from memory.errors import NotFound
from memory.records import SYSTEM, Access, Scope
from memory.sqlite import open_database
from tests.contracts.faults.versions import (
    answers_anybody,
    brings_back_access,
    forgets_the_latest,
    hides_versions,
    keeps_all,
    keeps_old_searchable,
    keeps_versions_after_deletion,
    loses_vectors,
    makes_no_change,
    only_says_so,
    toggles,
    undoes_rollbacks,
)
from tests.contracts.suite import assert_each_has_a_fault, assert_noticed, assert_outage_is_told, faults, named
from tests.support.documents import PRIVATE, document, keep, passages_of, vectors_of
from tests.support.kill import acknowledged_before_kill
from tests.support.mongo import on_mongo
from tests.support.people import ALICE, BOB, NAMESAKE
from tests.support.rig import on_sqlite
from tests.support.servers import rigs

KEPT = 3
RIGS = {
    "sqlite": on_sqlite(lambda database, clock: open_documents(database, KEPT)),
    "mongo": on_mongo(lambda mongo: mongodb.open_documents(mongo, KEPT)),
}
NINE = "one two three four five six seven eight nine"
COLLEAGUE = Scope("acme", "carol", groups=("staff",))


def version(number, source="a.md", **fields):
    return document(source, f"{NINE} {number}", **fields)


ID = version(0).document_id


async def bring(store, *numbers, **fields):
    """Let the source bring versions, one after another; return the last."""
    for number in numbers:
        await keep(store, ALICE, version(number, **fields))
    return version(numbers[-1], **fields)


async def kept_numbers(store, scope=ALICE, document_id=ID):
    """Which texts are kept, by the last word, current first."""
    found = await store.versions(scope, document_id)
    texts = [await store.version(scope, document_id, one.version_id) for one in found]
    return [int(text.text.split()[-1]) for text in texts]


async def current(store, scope=ALICE):
    return int((await store.get(scope, ID)).text.split()[-1])


async def check_a_changed_source_sets_its_former_version_aside(rig):
    await bring(rig.store, 1, 2)
    found = await rig.second.versions(ALICE, ID)
    assert [(one.number, one.is_current) for one in found] == [(2, True), (1, False)]
    first = found[1]
    assert (first.version_id, first.passages) == (version(1).version_id, len(passages_of(version(1))))
    assert (first.characters, first.title) == (len(version(1).text), version(1).title)
    assert [item.versions for item in (await rig.second.page(ALICE, "", None, 10)).items] == [2]


async def check_a_version_set_aside_can_be_read_but_not_found(rig):
    await bring(rig.store, 1, 2)
    old = version(1)
    assert (await rig.second.version(ALICE, ID, old.version_id)).text == old.text
    assert (await rig.second.version(ALICE, ID, version(2).version_id)).text == version(2).text
    assert list(await rig.second.passages(ALICE, [p.passage_id for p in passages_of(old)])) == []
    assert await rig.second.rows(SYSTEM, ID, old.version_id) is None
    with pytest.raises(NotFound):
        await rig.second.version(ALICE, ID, "never kept")


async def check_a_rollback_brings_a_version_back_whole(rig):
    await bring(rig.store, 1, 2)
    assert (await rig.store.rollback(ALICE, ID, version(1).version_id)).outcome == "kept"
    assert await current(rig.second) == 1
    rows = await rig.second.rows(SYSTEM, ID, version(1).version_id)
    assert list(rows.passages) == passages_of(version(1))
    assert np.array_equal(rows.vectors, vectors_of(passages_of(version(1))))
    assert await rig.second.rows(SYSTEM, ID, version(2).version_id) is None
    assert await kept_numbers(rig.second) == [1, 2]


async def check_a_rollback_is_a_change_that_followers_see(rig):
    await bring(rig.store, 1, 2)
    before = await rig.store.last_sequence(SYSTEM)
    kept = await rig.store.rollback(ALICE, ID, version(1).version_id)
    changes = await rig.second.changes(SYSTEM, before, 10)
    assert kept.sequence == before + len(changes) > before
    assert [change.version_id for change in changes if change.kind == "put"] == [version(1).version_id]


async def check_a_rollback_again_changes_nothing(rig):
    await bring(rig.store, 1, 2)
    first = await rig.store.rollback(ALICE, ID, version(1).version_id)
    again = await rig.second.rollback(ALICE, ID, version(1).version_id)
    assert (again.outcome, again.sequence) == ("unchanged", first.sequence)
    assert await current(rig.second) == 1


async def check_a_rollback_can_be_taken_back(rig):
    await bring(rig.store, 1, 2)
    for number in (1, 2, 1):
        await rig.store.rollback(ALICE, ID, version(number).version_id)
        assert await current(rig.second) == number
    assert sorted(await kept_numbers(rig.second)) == [1, 2]


async def check_a_rollback_stands_until_the_source_changes(rig):
    await bring(rig.store, 1, 2)
    await rig.store.rollback(ALICE, ID, version(1).version_id)
    assert (await keep(rig.second, ALICE, version(2))).outcome == "unchanged"
    assert await current(rig.store) == 1
    assert [item.brought for item in (await rig.store.page(ALICE, "", None, 9)).items] == [version(2).version_id]
    await keep(rig.second, ALICE, version(1))
    assert (await keep(rig.store, ALICE, version(2))).outcome == "kept"
    assert await current(rig.second) == 2
    await rig.store.rollback(ALICE, ID, version(1).version_id)
    assert (await keep(rig.store, ALICE, version(3))).outcome == "kept"
    assert await kept_numbers(rig.second) == [3, 1, 2]


async def check_the_longest_set_aside_goes_first(rig):
    await bring(rig.store, 1, 2, 3, 4)
    assert await kept_numbers(rig.second) == [4, 3, 2]
    await rig.store.rollback(ALICE, ID, version(2).version_id)
    await bring(rig.store, 5)
    assert await kept_numbers(rig.second) == [5, 2, 4]
    assert [one.number for one in await rig.second.versions(ALICE, ID)] == [5, 2, 4]


async def check_a_version_that_comes_again_is_kept_once(rig):
    await bring(rig.store, 1, 2, 1)
    assert await kept_numbers(rig.second) == [1, 2]
    assert [one.number for one in await rig.second.versions(ALICE, ID)] == [3, 2]


async def check_deletion_forgets_every_version(rig):
    await bring(rig.store, 1, 2)
    await rig.store.delete(ALICE, ID)
    with pytest.raises(NotFound):
        await rig.second.versions(ALICE, ID)
    with pytest.raises(NotFound):
        await rig.second.version(ALICE, ID, version(1).version_id)
    await bring(rig.store, 3)
    assert await kept_numbers(rig.second) == [3]
    with pytest.raises(NotFound):
        await rig.second.rollback(ALICE, ID, version(1).version_id)


async def check_copies_have_versions_of_their_own(rig):
    await bring(rig.store, 1)
    copy = version(1, "b.md")
    await keep(rig.store, ALICE, copy)
    await bring(rig.store, 2)
    await keep(rig.store, ALICE, version(3, "b.md"))
    assert await kept_numbers(rig.second) == [2, 1]
    assert await kept_numbers(rig.second, document_id=copy.document_id) == [3, 1]
    await rig.store.rollback(ALICE, ID, version(1).version_id)
    await rig.store.rollback(ALICE, copy.document_id, copy.version_id)
    assert (await rig.second.get(ALICE, copy.document_id)).document_id == ID
    assert await current(rig.second) == 1
    await rig.store.delete(ALICE, ID)
    assert (await rig.second.get(ALICE, copy.document_id)).text == copy.text
    rows = await rig.second.rows(SYSTEM, copy.document_id, copy.version_id)
    assert rows is not None
    assert [p.text for p in rows.passages] == [p.text for p in passages_of(copy)]


async def check_a_version_is_read_by_whom_the_document_is_read_now(rig):
    await bring(rig.store, 1)
    await bring(rig.store, 2, access=PRIVATE)
    with pytest.raises(NotFound):
        await rig.second.versions(BOB, ID)
    with pytest.raises(NotFound):
        await rig.second.version(BOB, ID, version(1).version_id)
    for stranger in (BOB, NAMESAKE):
        with pytest.raises(NotFound):
            await rig.second.rollback(stranger, ID, version(1).version_id)
    await rig.store.rollback(ALICE, ID, version(1).version_id)
    assert (await rig.second.get(ALICE, ID)).access == Access(owner="alice")
    with pytest.raises(NotFound):
        await rig.second.get(BOB, ID)


async def check_readers_see_one_version_or_the_other(rig):
    await bring(rig.store, 1, 2)

    async def read():
        for _ in range(40):
            found = await rig.second.get(ALICE, ID)
            rows = await rig.second.rows(SYSTEM, ID, found.version_id)
            assert rows is None or [p.text for p in rows.passages] == [p.text for p in passages_of(found)]

    async def write():
        for number in (1, 2) * 5:
            await rig.store.rollback(ALICE, ID, version(number).version_id)

    await asyncio.gather(read(), read(), write())


async def check_an_outage_is_told_in_time(rig):
    await bring(rig.store, 1, 2)
    await assert_outage_is_told(rig, lambda store: store.rollback(ALICE, ID, version(1).version_id))


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]


@pytest.fixture(params=rigs(RIGS))
async def rig(request, tmp_path):
    async with RIGS[request.param](tmp_path) as rig:
        yield rig


@pytest.mark.parametrize("check", named(CHECKS))
async def test_the_adapter_keeps_the_contract(rig, check):
    await check(rig)


async def roll_back_and_forth(folder: Path) -> AsyncGenerator[str]:
    async with open_database(folder / "store.db") as database:
        store, number = await open_documents(database), 0
        await bring(store, 1, 2)
        while True:
            number += 1
            await store.rollback(ALICE, ID, version(2 - number % 2).version_id)
            yield str(number)


async def test_an_acknowledged_rollback_survives_kill_9(tmp_path):
    acknowledged = await acknowledged_before_kill(f"{__name__}:roll_back_and_forth", tmp_path)
    async with open_database(tmp_path / "store.db") as database:
        store = await open_documents(database)
        last = int(acknowledged[-1])
        assert await store.last_sequence(SYSTEM) in (3 + 2 * last, 5 + 2 * last)
        assert sorted(await kept_numbers(store)) == [1, 2]


async def test_the_words_of_a_version_that_is_no_longer_kept_are_not_in_the_file(tmp_path):
    async with open_database(tmp_path / "store.db") as database:
        store = await open_documents(database, 2)
        await keep(store, ALICE, replace(version(1), text=f"{NINE} xylophonist"))
        await bring(store, 2, 3)
    assert all(b"xylophonist" not in file.read_bytes() for file in tmp_path.iterdir())


async def test_a_folder_from_before_versions_opens_with_what_it_holds(tmp_path):
    kept = version(1)
    async with open_database(tmp_path / "store.db") as database:
        await database.migrate("documents", MIGRATIONS[:1])
        await database.write(lambda connection: [connection.execute(statement) for statement in _former_rows(kept)])
        store = await open_documents(database)
        await bring(store, 2)
        assert [one.number for one in await store.versions(ALICE, ID)] == [2, 1]
        await store.rollback(ALICE, ID, kept.version_id)
        assert (await store.get(ALICE, ID)).text == "one 1"


def _former_rows(kept):
    """A document as the first version of the tables held it."""
    return (
        f"""INSERT INTO document_contents VALUES ('acme', '{ID}', '{kept.version_id}', 'a.md', 'A',
            CAST('one 1' AS BLOB), 5, 'text/plain', 'en', 'default',
            NULL, '[]', '{{}}', 0, '2026-01-01', '2026-01-01')""",
        f"""INSERT INTO document_sources VALUES
            ('acme', 'a.md', '{ID}', '{ID}', 'A', '2026-01-01', '2026-01-01', 1)""",
    )


# Adapters that break one promise each ---------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    faults(
        (check_a_changed_source_sets_its_former_version_aside, {"versions": hides_versions}),
        (check_a_version_set_aside_can_be_read_but_not_found, {"passages": keeps_old_searchable}),
        (check_a_rollback_brings_a_version_back_whole, {"rows": loses_vectors}),
        (check_a_rollback_is_a_change_that_followers_see, {"changes": makes_no_change}),
        (check_a_rollback_again_changes_nothing, {"rollback": toggles}),
        (check_a_rollback_can_be_taken_back, {"rollback": only_says_so}),
        (check_a_rollback_stands_until_the_source_changes, {"put": undoes_rollbacks}),
        (check_the_longest_set_aside_goes_first, {"versions": forgets_the_latest}),
        (check_a_version_that_comes_again_is_kept_once, {"versions": keeps_all}),
        (check_deletion_forgets_every_version, {"delete": keeps_versions_after_deletion}),
        (check_copies_have_versions_of_their_own, {"rollback": only_says_so}),
        (check_a_version_is_read_by_whom_the_document_is_read_now, {"versions": answers_anybody}),
        (check_a_version_is_read_by_whom_the_document_is_read_now, {"get": brings_back_access}),
        (check_readers_see_one_version_or_the_other, {"rows": loses_vectors}),
        (check_an_outage_is_told_in_time, {"rollback": only_says_so}),
    ),
)
async def test_the_suite_notices_a_broken_adapter(rig, fault):
    await assert_noticed(rig, fault)


def test_every_property_has_a_broken_adapter():
    assert_each_has_a_fault(CHECKS, test_the_suite_notices_a_broken_adapter)
