"""PassageIndex, taking over another embedder's vectors: what every adapter promises."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import pytest

from memory.documents.sqlite import open_documents
from memory.errors import DimensionMismatch
from memory.index.local import open_index
from memory.records import SYSTEM
from memory.reembed import reembed
from memory.sqlite import open_database
from tests.contracts.faults.index_switch import (
    commits_once,
    forgets_the_rest,
    stays,
    switches_before_the_commit,
    throws_away_first,
)
from tests.contracts.suite import assert_each_has_a_fault, assert_noticed, faults, named
from tests.contracts.test_index import IndexRig, found
from tests.support.documents import document, passages_of
from tests.support.embedders import Hashing, shared
from tests.support.kept_documents import mongo_documents, sqlite_documents
from tests.support.people import ALICE
from tests.support.servers import rigs

OLD, NEW = Hashing("old/64", 64), Hashing("new/32", 32)
LIGHTHOUSE = "the lighthouse shines across twenty miles of sea"
BAKERY = "the bakery opens at six and sells warm bread"


@dataclass(frozen=True)
class Target:
    """What `reembed` works on."""

    embedder: object
    documents: object
    index: object


@asynccontextmanager
async def on_local(folder, kept=sqlite_documents):
    async with kept(folder) as documents:

        def reopen(name="index", embedder=None):
            return open_index(folder / name, documents, embedder or OLD)

        async with reopen("first") as index:
            yield IndexRig(index, documents, reopen)


RIGS = {"local": on_local, "local over mongo": partial(on_local, kept=mongo_documents)}


async def filled(rig):
    for name, text in (("lighthouse", LIGHTHOUSE), ("bakery", BAKERY)):
        await put_by(rig, OLD, name, text)
    await rig.store.catch_up()


async def put_by(rig, embedder, name, text):
    """Keep a document of one passage with an embedder's vector."""
    kept = document(f"{name}.md", text)
    passages = passages_of(kept, size=100)
    await rig.documents.put(ALICE, kept, passages, await embedder.embed_passages([text]), embedder.name)


async def by_meaning(index, embedder, text):
    return await found(index, ALICE, text, vector=await embedder.embed_query(text), mode="dense", top_k=1)


async def switched(rig, before_commit=None):
    """Embed everything with NEW and switch; before_commit runs once, when the index thinks that it has everything."""
    documents = Interrupting(rig.documents, before_commit)
    await reembed(Target(shared(OLD, NEW), documents, rig.store), "new", lambda *_: None)


class Interrupting:
    """Documents to which something happens just before the switch."""

    def __init__(self, documents, before_commit):
        self._documents, self._before = documents, before_commit

    def __getattr__(self, name):
        return getattr(self._documents, name)

    async def switch_vectors(self, scope, embedder):
        before, self._before = self._before, None
        if before is not None:
            await before()
        return await self._documents.switch_vectors(scope, embedder)


async def check_it_finds_by_the_new_vectors_after_the_switch(rig):
    await filled(rig)
    await switched(rig)
    assert await by_meaning(rig.store, NEW, BAKERY) == ["bakery"]
    assert ((await rig.store.status()).embedder, (await rig.store.status()).passages) == (NEW.name, 2)
    assert (await rig.documents.vector_sets(SYSTEM)).current.name == NEW.name


async def check_what_came_in_between_is_there(rig):
    await filled(rig)

    async def late():
        await put_by(rig, OLD, "late", "a late ferry crosses the bay")

    await switched(rig, late)
    assert await by_meaning(rig.store, NEW, "a late ferry crosses the bay") == ["late"]


async def check_searches_go_on_until_the_switch(rig):
    await filled(rig)
    met, before = [], asyncio.Event()

    async def look():
        while not before.is_set():
            met.append(await by_meaning(rig.store, OLD, LIGHTHOUSE))
            await asyncio.sleep(0)  # an adapter that answers without waiting must not keep the switch from running

    looking = asyncio.ensure_future(look())

    async def stop():
        before.set()

    await switched(rig, stop)
    async with asyncio.timeout(5):
        await looking
    assert met
    assert all(one == ["lighthouse"] for one in met)


async def check_a_query_of_the_former_embedder_is_embedded_again(rig):
    await filled(rig)
    await switched(rig)
    assert await by_meaning(rig.store, OLD, BAKERY) == ["bakery"]


async def check_a_switch_that_fails_leaves_what_was(rig):
    await filled(rig)

    async def fail():
        raise DimensionMismatch("made up")

    with pytest.raises(DimensionMismatch):
        await rig.store.switch(Hashing("third/64", 64), rig.documents, fail)
    assert await by_meaning(rig.store, OLD, LIGHTHOUSE) == ["lighthouse"]
    assert (await rig.store.status()).embedder == OLD.name


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]


@pytest.fixture(params=rigs(RIGS))
async def rig(request, tmp_path):
    async with RIGS[request.param](tmp_path) as rig:
        yield rig


@pytest.mark.parametrize("check", named(CHECKS))
async def test_the_adapter_keeps_the_contract(rig, check):
    await check(rig)


async def test_a_switched_index_opens_with_the_new_embedder(tmp_path):
    async with on_local(tmp_path) as rig:
        await filled(rig)
        await switched(rig)
    async with open_database(tmp_path / "store.db") as database:
        async with open_index(tmp_path / "first", await open_documents(database), NEW) as index:
            assert await by_meaning(index, NEW, BAKERY) == ["bakery"]
        assert {path.name for path in (tmp_path / "first").iterdir()} == {"position.json", "shards-2"}


async def test_a_switch_cut_short_after_the_store_is_finished_by_the_next_start(tmp_path):
    async with on_local(tmp_path) as rig:
        await filled(rig)
        with pytest.raises(KeyError):
            await _cut_short(rig)
    async with open_database(tmp_path / "store.db") as database:
        documents = await open_documents(database)
        assert (await documents.vector_sets(SYSTEM)).current.name == NEW.name
        async with open_index(tmp_path / "first", documents, NEW) as index:
            assert await by_meaning(index, NEW, BAKERY) == ["bakery"]


async def _cut_short(rig):
    class Cut(Interrupting):
        async def switch_vectors(self, scope, embedder):
            await self._documents.switch_vectors(scope, embedder)
            raise KeyError("cut")

    await reembed(Target(shared(OLD, NEW), Cut(rig.documents, None), rig.store), "new", lambda *_: None)


# Adapters that break one promise each ---------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    faults(
        (check_it_finds_by_the_new_vectors_after_the_switch, {"switch": stays}),
        (check_what_came_in_between_is_there, {"switch": commits_once}),
        (check_searches_go_on_until_the_switch, {"switch": throws_away_first}),
        (check_a_query_of_the_former_embedder_is_embedded_again, {"switch": forgets_the_rest}),
        (check_a_switch_that_fails_leaves_what_was, {"switch": switches_before_the_commit}),
    ),
)
async def test_the_suite_notices_a_broken_adapter(rig, fault):
    await assert_noticed(rig, fault)


def test_every_property_has_a_broken_adapter():
    assert_each_has_a_fault(CHECKS, test_the_suite_notices_a_broken_adapter)
