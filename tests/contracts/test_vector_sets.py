"""DocumentStore, vectors of another embedder beside the current ones: what every adapter promises."""

from __future__ import annotations

import numpy as np
import pytest

from memory.document_ports import Maker
from memory.documents import mongodb
from memory.documents.sqlite import open_documents
from memory.errors import AccessDenied, DimensionMismatch, EmbedderMismatch
from memory.ids import digest
from memory.records import SYSTEM
from tests.contracts.faults.vector_sets import (
    believes_anything,
    finds_nothing_lacking,
    forgets_the_next,
    gives_the_current,
    lets_anybody,
    never_gives_up_the_first,
    says_nothing_of_it,
    sees_only_the_current,
    switches_at_once,
    takes_any_vectors,
)
from tests.contracts.suite import assert_each_has_a_fault, assert_noticed, assert_outage_is_told, faults, named
from tests.support.documents import DIMENSION, EMBEDDER, document, keep, passages_of, vectors_of
from tests.support.mongo import on_mongo
from tests.support.people import ALICE
from tests.support.rig import on_sqlite
from tests.support.servers import rigs

RIGS = {
    "sqlite": on_sqlite(lambda database, clock: open_documents(database)),
    "mongo": on_mongo(lambda mongo: mongodb.open_documents(mongo)),
}
NINE = "one two three four five six seven eight nine"
FIRST = Maker(EMBEDDER, DIMENSION)
OTHER = Maker("letters/5", 5, "letters")
THIRD = Maker("marks/6", 6, "marks")


def others_of(passages, maker=OTHER):
    """Vectors that only the text and the embedder decide."""
    seeds = [int(digest(maker.name, passage.text), 16) % 2**32 for passage in passages]
    drawn = [np.random.default_rng(seed).standard_normal(maker.dimension) for seed in seeds]
    return np.array(drawn, np.float32).reshape(-1, maker.dimension)


async def filled(rig, count=3):
    for number in range(count):
        await keep(rig.store, ALICE, document(f"{number}.md", f"{NINE} {number}"))


async def embed_lacking(store, limit=100, maker=OTHER):
    """One batch."""
    lacking = await store.lacking(SYSTEM, limit)
    vectors = others_of([one.passage for one in lacking], maker)
    await store.add_vectors(SYSTEM, maker.name, lacking, vectors)
    return len(lacking)


async def rows_of(store, kept, embedder=None):
    return await store.rows(SYSTEM, kept.document_id, kept.version_id, embedder)


async def check_the_next_vectors_are_beside_the_current_ones(rig):
    await filled(rig)
    kept = document("1.md", f"{NINE} 1")
    await rig.store.begin_vectors(SYSTEM, OTHER)
    assert await rows_of(rig.second, kept, OTHER.name) is None
    await embed_lacking(rig.store)
    held = await rows_of(rig.second, kept, OTHER.name)
    assert held is not None
    assert np.array_equal(held.vectors, others_of(passages_of(kept)))
    assert np.array_equal((await rows_of(rig.second, kept)).vectors, vectors_of(passages_of(kept)))
    sets = await rig.second.vector_sets(SYSTEM)
    assert (sets.current, sets.next, sets.passages, sets.lacking) == (FIRST, OTHER, 9, 0)


async def check_what_was_made_is_not_made_again(rig):
    await filled(rig)
    await rig.store.begin_vectors(SYSTEM, OTHER)
    assert await embed_lacking(rig.store, limit=4) == 4
    await rig.second.begin_vectors(SYSTEM, OTHER)
    assert (await rig.second.vector_sets(SYSTEM)).lacking == 5
    assert await embed_lacking(rig.second) == 5
    assert await embed_lacking(rig.store) == 0


async def check_nothing_is_switched_while_passages_lack_vectors(rig):
    await filled(rig)
    await rig.store.begin_vectors(SYSTEM, OTHER)
    await embed_lacking(rig.store)
    late = document("late.md", NINE)
    await keep(rig.second, ALICE, late)
    assert not await rig.store.switch_vectors(SYSTEM, OTHER.name)
    assert (await rig.second.vector_sets(SYSTEM)).current == FIRST
    await embed_lacking(rig.store)
    assert await rig.store.switch_vectors(SYSTEM, OTHER.name)
    assert await rig.store.switch_vectors(SYSTEM, OTHER.name)
    assert np.array_equal((await rows_of(rig.second, late)).vectors, others_of(passages_of(late)))


async def check_after_the_switch_only_the_new_embedder_is_taken(rig):
    await filled(rig)
    await rig.store.begin_vectors(SYSTEM, OTHER)
    await embed_lacking(rig.store)
    await rig.store.switch_vectors(SYSTEM, OTHER.name)
    sets = await rig.second.vector_sets(SYSTEM)
    assert (sets.current, sets.next) == (OTHER, None)
    new = document("new.md", NINE)
    with pytest.raises(EmbedderMismatch):
        await keep(rig.second, ALICE, new)
    await rig.second.put(ALICE, new, passages_of(new), others_of(passages_of(new)), OTHER.name)
    assert (await rows_of(rig.store, new)).vectors.shape == (3, 5)


async def check_versions_set_aside_are_switched_too(rig):
    old, new = document("a.md", NINE), document("a.md", f"{NINE} ten")
    await keep(rig.store, ALICE, old)
    await keep(rig.store, ALICE, new)
    await rig.store.begin_vectors(SYSTEM, OTHER)
    assert (await rig.second.vector_sets(SYSTEM)).lacking == 6
    await embed_lacking(rig.store)
    await rig.store.switch_vectors(SYSTEM, OTHER.name)
    await rig.store.rollback(ALICE, old.document_id, old.version_id)
    held = await rows_of(rig.second, old)
    assert held is not None
    assert np.array_equal(held.vectors, others_of(passages_of(old)))


async def check_what_is_gone_meanwhile_is_passed_over(rig):
    await filled(rig)
    await rig.store.begin_vectors(SYSTEM, OTHER)
    lacking = await rig.store.lacking(SYSTEM, 100)
    await rig.second.delete(ALICE, document("2.md", "").document_id)
    await keep(rig.second, ALICE, document("new.md", NINE))
    await rig.store.add_vectors(SYSTEM, OTHER.name, lacking, others_of([one.passage for one in lacking]))
    assert (await rig.store.vector_sets(SYSTEM)).lacking == 3
    assert {one.passage.document_id for one in await rig.store.lacking(SYSTEM, 9)} == {
        document("new.md", NINE).document_id
    }


async def check_a_third_embedder_takes_the_place_of_the_second(rig):
    await filled(rig)
    await rig.store.begin_vectors(SYSTEM, OTHER)
    await embed_lacking(rig.store, limit=4)
    await rig.store.begin_vectors(SYSTEM, THIRD)
    assert (await rig.second.vector_sets(SYSTEM)).lacking == 9
    with pytest.raises(EmbedderMismatch):
        await embed_lacking(rig.store)
    await embed_lacking(rig.store, maker=THIRD)
    assert await rig.store.switch_vectors(SYSTEM, THIRD.name)
    await rig.store.begin_vectors(SYSTEM, THIRD)
    assert (await rig.second.vector_sets(SYSTEM)).next is None
    await rig.store.begin_vectors(SYSTEM, FIRST)
    assert (await rig.second.vector_sets(SYSTEM)).lacking == 9


async def check_what_was_begun_can_be_given_up(rig):
    await filled(rig)
    await rig.store.begin_vectors(SYSTEM, OTHER)
    await embed_lacking(rig.store, limit=4)
    await rig.store.begin_vectors(SYSTEM, FIRST)
    sets = await rig.second.vector_sets(SYSTEM)
    assert (sets.current, sets.next, sets.lacking) == (FIRST, None, 0)
    with pytest.raises(EmbedderMismatch):
        await rig.store.switch_vectors(SYSTEM, OTHER.name)


async def check_vectors_that_do_not_fit_are_refused(rig):
    await filled(rig)
    await rig.store.begin_vectors(SYSTEM, OTHER)
    lacking = await rig.store.lacking(SYSTEM, 100)
    vectors = others_of([one.passage for one in lacking])
    for wrong in (vectors[1:], vectors[:, 1:]):
        with pytest.raises(DimensionMismatch):
            await rig.store.add_vectors(SYSTEM, OTHER.name, lacking, wrong)


async def check_only_the_system_changes_vectors(rig):
    await filled(rig)
    with pytest.raises(AccessDenied):
        await rig.store.begin_vectors(ALICE, OTHER)
    assert (await rig.second.vector_sets(SYSTEM)).next is None


async def check_an_outage_is_told_in_time(rig):
    await filled(rig)
    await assert_outage_is_told(rig, lambda store: store.begin_vectors(SYSTEM, OTHER))


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]


@pytest.fixture(params=rigs(RIGS))
async def rig(request, tmp_path):
    async with RIGS[request.param](tmp_path) as rig:
        yield rig


@pytest.mark.parametrize("check", named(CHECKS))
async def test_the_adapter_keeps_the_contract(rig, check):
    await check(rig)


# Adapters that break one promise each ---------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    faults(
        (check_the_next_vectors_are_beside_the_current_ones, {"rows": gives_the_current}),
        (check_what_was_made_is_not_made_again, {"begin_vectors": forgets_the_next}),
        (check_nothing_is_switched_while_passages_lack_vectors, {"switch_vectors": switches_at_once}),
        (check_after_the_switch_only_the_new_embedder_is_taken, {"switch_vectors": believes_anything}),
        (check_versions_set_aside_are_switched_too, {"vector_sets": sees_only_the_current}),
        (check_what_is_gone_meanwhile_is_passed_over, {"lacking": finds_nothing_lacking}),
        (check_a_third_embedder_takes_the_place_of_the_second, {"begin_vectors": never_gives_up_the_first}),
        (check_what_was_begun_can_be_given_up, {"begin_vectors": never_gives_up_the_first}),
        (check_vectors_that_do_not_fit_are_refused, {"add_vectors": takes_any_vectors}),
        (check_only_the_system_changes_vectors, {"begin_vectors": lets_anybody}),
        (check_an_outage_is_told_in_time, {"begin_vectors": says_nothing_of_it}),
    ),
)
async def test_the_suite_notices_a_broken_adapter(rig, fault):
    await assert_noticed(rig, fault)


def test_every_property_has_a_broken_adapter():
    assert_each_has_a_fault(CHECKS, test_the_suite_notices_a_broken_adapter)
