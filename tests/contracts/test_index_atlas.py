"""PassageIndex inside MongoDB: the suite of the port on a contract server, and what only this adapter has.

Atlas itself was never there: the server is tests/support/atlas, written from MongoDB's documentation, in front of a
wire server. A MongoDB without $rankFusion is another rig.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from langchain_core.embeddings import Embeddings

from memory.errors import EmbedderMismatch, StoreUnavailable
from memory.index import atlas as adapter
from memory.index.atlas_langchain import open_vector_search, scope_filter
from memory.ports import SearchQuery
from memory.settings import StoreSettings
from memory.stores import migrate_stores, open_stores
from tests.contracts import test_index as suite
from tests.contracts import test_index_switch as switching
from tests.contracts.suite import named
from tests.contracts.test_index import BICYCLE, PARROT, IndexRig, WordsEmbedder, filled, found, put
from tests.support.atlas.rig import on_atlas
from tests.support.atlas.server import Atlas, contract_server
from tests.support.documents import PRIVATE, document, passages_of, vector_of
from tests.support.people import ALICE, BOB, NAMESAKE
from tests.support.servers import fresh_mongo

pytestmark = pytest.mark.services
VERSIONS = {"fused by the server": "8.2.0", "fused by us": "7.0.12"}
CELLS = {
    "fused by the server": ("test_index", "atlas, by its rules, 8.2"),
    "fused by us": ("test_index", "atlas, by its rules, 7.0"),
    "switching": ("test_index_switch", "atlas, by its rules, 8.2"),
}
"""How a test's name begins -> the table and column of docs/conformance.md."""
SWITCHING = [pytest.param(check, id=f"switching-{check.__name__.removeprefix('check_')}") for check in switching.CHECKS]


@dataclass(frozen=True)
class AtlasRig(IndexRig):
    """An index rig with the contract server that its index talks to."""

    server: Atlas


@asynccontextmanager
async def on_version(folder: Path, version: str) -> AsyncGenerator[AtlasRig]:
    async with on_atlas(folder, WordsEmbedder(), version) as (server, documents, reopen), reopen("first") as index:
        yield AtlasRig(index, documents, reopen, server)


@pytest.fixture(params=VERSIONS)
async def rig(request: Any, tmp_path: Path) -> AsyncGenerator[AtlasRig]:
    async with on_version(tmp_path, VERSIONS[request.param]) as rig:
        yield rig


@pytest.mark.parametrize("check", named(suite.CHECKS))
async def test_the_adapter_keeps_the_contract(rig, check):
    await check(rig)


async def test_a_passage_that_the_store_has_lost_is_not_shown_while_the_index_lags(rig):
    await filled(rig)
    with rig.server.lagging():
        assert await found(rig.store, ALICE, "parrot bicycle", mode="lexical") != []
        await rig.documents.delete(ALICE, document("parrot.md", "").document_id)
        assert await found(rig.store, ALICE, "parrot bicycle", mode="lexical") == ["bicycle"]
        assert await found(rig.store, ALICE, PARROT, vector=vector_of(PARROT), top_k=1) != ["parrot"]


async def test_it_says_how_far_behind_the_index_is(rig, monkeypatch):
    monkeypatch.setattr(adapter, "VISIBLE_S", 0.1)
    await filled(rig)
    with rig.server.lagging():
        await found(rig.store, ALICE, "parrot")
        await put(rig, ALICE, "late", f"{BICYCLE} late")
        assert ((await rig.store.catch_up()).behind, await found(rig.store, ALICE, "bicycle", top_k=2)) == (
            1,
            ["bicycle"],
        )
    assert (await rig.store.catch_up()).behind == 0
    assert sorted(await found(rig.store, ALICE, "bicycle", mode="lexical")) == ["bicycle", "late"]


async def test_tenant_and_readers_stand_inside_every_search_stage(rig):
    await filled(rig)
    rig.server.asked.clear()
    await found(rig.store, ALICE, PARROT, vector=vector_of(PARROT), filters={"collection": "default"})
    stages = [stage for pipeline in rig.server.asked for stage in _search_stages(pipeline)]
    assert {name for name, _ in stages} == {"$vectorSearch", "$search", "$searchMeta"}
    for name, stage in stages:
        assert "'tenant'" in str(stage.get("filter", stage.get("compound"))), name
        assert "'readers'" in str(stage.get("filter", stage.get("compound"))), name


def _search_stages(pipeline):
    for stage in pipeline:
        for name, value in stage.items():
            if name == "$rankFusion":
                for inner in value["input"]["pipelines"].values():
                    yield from _search_stages(inner)
            elif name in ("$vectorSearch", "$search", "$searchMeta"):
                yield name, value


async def test_the_server_merges_where_it_can(rig):
    await filled(rig)
    rig.server.asked.clear()
    await found(rig.store, ALICE, PARROT, vector=vector_of(PARROT))
    merged = any("$rankFusion" in pipeline[0] for pipeline in rig.server.asked)
    assert merged == rig.server.version.startswith("8")


async def test_another_process_says_so_once_its_embedder_is_replaced(tmp_path):
    async def ask_on(index):
        while True:
            await found(index, ALICE, "bakery", mode="lexical")

    async with (
        on_atlas(tmp_path, switching.OLD) as (server, documents, reopen),
        reopen("both") as one,
        reopen("both") as other,
    ):
        rig = AtlasRig(one, documents, reopen, server)
        await switching.filled(rig)
        await switching.switched(rig)
        with pytest.raises(StoreUnavailable, match="start this one again"):
            await asyncio.wait_for(ask_on(other), 5)


async def test_without_a_migration_it_says_what_to_run(tmp_path):
    async with on_atlas(tmp_path, WordsEmbedder()) as (_, documents, reopen):
        async with reopen("made"):
            pass
        async with adapter.open_home(reopen.url, name="absent") as home:
            with pytest.raises(StoreUnavailable, match="multidb migrate"):
                async with adapter.open_index(home, documents, WordsEmbedder()):
                    pass


async def test_a_migration_waits_until_queryable_and_again_makes_nothing(tmp_path):
    async with on_atlas(tmp_path, WordsEmbedder()) as (server, _, reopen):
        server.build_looks = 3
        async with adapter.open_home(reopen.url, name="slow") as home:
            made = await adapter.migrate(home, WordsEmbedder())
            assert [name.partition("_")[0] for name in made] == ["vectors", "words"]
            assert await adapter.migrate(home, WordsEmbedder()) == []
            with pytest.raises(EmbedderMismatch, match="multidb documents reembed"):
                await adapter.migrate(home, WordsEmbedder(name="another/8"))


async def test_a_new_definition_is_built_beside_the_live_one(tmp_path, monkeypatch):
    async with on_atlas(tmp_path, WordsEmbedder()) as (_, documents, reopen), reopen("aged") as index:
        await filled(IndexRig(index, documents, reopen))
        async with adapter.open_home(reopen.url, name="aged") as home:
            monkeypatch.setattr(adapter, "VERSION", 2)
            with pytest.raises(StoreUnavailable, match="multidb migrate"):
                async with adapter.open_index(home, documents, WordsEmbedder()):
                    pass
            assert await found(index, ALICE, "parrot", mode="lexical") == ["parrot"]
            assert len(await adapter.migrate(home, WordsEmbedder())) == 2
            assert await found(index, ALICE, "parrot", mode="lexical") == ["parrot"]
            async with adapter.open_index(home, documents, WordsEmbedder()) as newer:
                assert await found(newer, ALICE, "parrot", mode="lexical") == ["parrot"]


class Vectors(Embeddings):
    """LangChain's interface over the vectors of the suite."""

    def embed_documents(self, texts):
        return [vector_of(text).tolist() for text in texts]

    def embed_query(self, text):
        return vector_of(text).tolist()


async def test_langchain_reads_the_same_rows(tmp_path):
    async with on_atlas(tmp_path, WordsEmbedder()) as (_, documents, reopen), reopen("shared") as index:
        await filled(IndexRig(index, documents, reopen))
        await put(IndexRig(index, documents, reopen), ALICE, "secret", f"{BICYCLE} secret", access=PRIVATE)
        await index.catch_up()

        def ask(scope):
            with open_vector_search(reopen.url, Vectors(), "shared") as store:
                return store.similarity_search_with_score(BICYCLE, k=4, pre_filter=scope_filter(scope))

        hits = await asyncio.to_thread(ask, BOB)
        best, score = hits[0]
        assert (best.page_content, best.metadata["source"], len(hits)) == (BICYCLE, "bicycle.md", 3)
        assert score == pytest.approx(1, abs=1e-3)
        assert await asyncio.to_thread(ask, NAMESAKE) == []


@pytest.mark.parametrize("check", SWITCHING)
async def test_the_adapter_keeps_the_contract_of_switching(tmp_path, check):
    async with on_atlas(tmp_path, switching.OLD) as (server, documents, reopen), reopen("first") as index:
        await check(AtlasRig(index, documents, reopen, server))


async def test_by_its_url_the_house_keeps_and_searches_everything_in_one_mongodb(tmp_path):
    async with fresh_mongo() as behind, contract_server(behind) as (_, url):
        settings = StoreSettings(home=tmp_path, documents_url=url, index_url=url)
        with pytest.raises(StoreUnavailable, match="multidb migrate"):
            async with open_stores(settings):
                pass
        assert len(await migrate_stores(settings)) == 2
        assert await migrate_stores(settings) == []
        async with open_stores(settings) as stores:
            kept = document("parrot.md", PARROT)
            passages = passages_of(kept, size=100)
            vectors = await stores.embedder.embed_passages([PARROT])
            await stores.documents.put(ALICE, kept, passages, vectors, stores.embedder.name)
            assert (await stores.index.catch_up()).behind == 0
            asked = "which bird talks?"
            query = SearchQuery(asked, await stores.embedder.embed_query(asked))
            assert [hit.source for hit in (await stores.index.search(ALICE, query)).hits] == ["parrot.md"]
