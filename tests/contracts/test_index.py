"""PassageIndex: what every adapter promises. It runs on a document store; `second` is another index of the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from memory.errors import DimensionMismatch, EmbedderMismatch, InvalidInput
from memory.index.local import open_index
from memory.ports import SearchQuery
from memory.records import Range, Scope, SearchWeights
from tests.contracts.faults.index import (
    asking,
    filters_afterwards,
    finds_nothing,
    forgets_on_rebuild,
    ranks_backwards,
    rebuilds_in_place,
    remembers,
    shares_tenants,
    shows_all_to_everybody,
    stands_still,
    takes_nonsense,
    weighs_all_alike,
)
from tests.contracts.suite import assert_each_has_a_fault, assert_noticed, faults, named
from tests.support.documents import DIMENSION, EMBEDDER, PRIVATE, STAFF, document, keep, passages_of, vector_of
from tests.support.kept_documents import mongo_documents, sqlite_documents
from tests.support.kill import acknowledged_before_kill
from tests.support.people import ALICE, BOB, NAMESAKE
from tests.support.rig import Spoiled
from tests.support.servers import rigs

COLLEAGUE = Scope("acme", "carol", groups=("staff",))


@dataclass(frozen=True)
class WordsEmbedder:
    """Stands for an embedder: vectors are decided by the text alone."""

    name: str = EMBEDDER
    dimension: int = DIMENSION
    max_tokens: int = 256

    def count_tokens(self, text):
        return len(text.split())


@dataclass(frozen=True)
class IndexRig:
    """store: the index under test. documents: what it follows. reopen: another index over the same store."""

    store: Any
    documents: Any
    reopen: Any

    def spoiled(self, **methods):
        return replace(self, store=Spoiled(self.store, methods), reopen=self._reopen_spoiled(methods))

    def _reopen_spoiled(self, methods):
        @asynccontextmanager
        async def reopen(*args):
            async with self.reopen(*args) as index:
                yield Spoiled(index, methods)

        return reopen


@asynccontextmanager
async def on_local(folder: Path, kept=sqlite_documents) -> AsyncGenerator[IndexRig]:
    async with kept(folder) as documents:

        def reopen(name="index", embedder=None):
            return open_index(folder / name, documents, embedder or WordsEmbedder())

        async with reopen("first") as index:
            yield IndexRig(index, documents, reopen)


RIGS = {"local": on_local, "local over mongo": partial(on_local, kept=mongo_documents)}

PARROT = "the grey parrot imitates human speech in tropical rainforests"
BICYCLE = "a bicycle has two wheels and runs without any petrol"
HARBOUR = "ships unload containers of coffee at the harbour every morning"


async def filled(rig, scope=ALICE, **fields):
    """Three documents of one passage each, searchable."""
    for name, text in (("parrot", PARROT), ("bicycle", BICYCLE), ("harbour", HARBOUR)):
        await put(rig, scope, name, text, **fields)
    await rig.store.catch_up()


async def put(rig, scope, name, text, **fields):
    kept = document(f"{name}.md", text, **fields)
    await keep(rig.documents, scope, kept, passages_of(kept, size=100))


async def found(index, scope, text, **fields):
    query = SearchQuery(text, **fields)
    return [hit.source.removesuffix(".md") for hit in (await index.search(scope, query)).hits]


async def check_words_find_a_passage_by_their_stems(rig):
    await filled(rig)
    assert await found(rig.store, ALICE, "How did parrots imitate speeches?", mode="lexical") == ["parrot"]


async def check_a_vector_finds_the_nearest_passage_first(rig):
    await filled(rig)
    result = await rig.store.search(ALICE, SearchQuery("", vector_of(BICYCLE), mode="dense", top_k=2))
    assert result.hits[0].source == "bicycle.md"
    assert result.hits[0].dense_score == pytest.approx(1, abs=1e-3)
    assert result.hits[1].dense_score < 1


async def check_each_hit_says_where_it_stood(rig):
    await filled(rig)
    result = await rig.store.search(ALICE, SearchQuery("coffee at the harbour", vector_of(BICYCLE), top_k=3))
    by_source = {hit.source: hit for hit in result.hits}
    assert [hit.fused_rank for hit in result.hits] == [1, 2, 3]
    assert sorted(hit.score for hit in result.hits) == [hit.score for hit in result.hits][::-1]
    assert (by_source["bicycle.md"].dense_rank, by_source["bicycle.md"].lexical_rank) == (1, None)
    assert by_source["harbour.md"].lexical_rank == 1
    assert by_source["harbour.md"].lexical_score > 0
    assert by_source["parrot.md"].passage.text == PARROT


async def check_weights_decide_which_side_leads(rig):
    await filled(rig)
    query = SearchQuery("coffee harbour", vector_of(BICYCLE))
    dense = await rig.store.search(ALICE, replace(query, weights=SearchWeights(1, 0)))
    lexical = await rig.store.search(ALICE, replace(query, weights=SearchWeights(0, 1)))
    assert (dense.hits[0].source, lexical.hits[0].source) == ("bicycle.md", "harbour.md")


async def check_titles_and_context_are_searched_too(rig):
    await put(rig, ALICE, "penguin", "it cannot fly but swims well", title="Emperor penguins")
    await rig.store.catch_up()
    assert await found(rig.store, ALICE, "emperor penguin", mode="lexical") == ["penguin"]


async def check_rare_words_weigh_more(rig):
    await filled(rig)
    await put(rig, ALICE, "wheel", "wheels of a cart")
    await rig.store.catch_up()
    weights = (await rig.store.search(ALICE, SearchQuery("wheels petrol the"))).term_weights
    assert set(weights) == {"wheel", "petrol"}
    assert weights["petrol"] > weights["wheel"] > 0


async def check_languages_keep_their_own_stems(rig):
    await put(rig, ALICE, "haus", "viele Häuser stehen leer", language="de")
    await put(rig, ALICE, "tokyo", "東京都は日本の首都です", language="ja")
    await rig.store.catch_up()
    assert await found(rig.store, ALICE, "Haus", mode="lexical") == ["haus"]
    assert await found(rig.store, ALICE, "日本", mode="lexical") == ["tokyo"]


async def check_filters_hold_before_ranking(rig):
    for number in range(30):
        await put(rig, ALICE, f"{number:02}", f"{PARROT} {number}", metadata={"n": number, "odd": bool(number % 2)})
    await rig.store.catch_up()

    async def ask(filters):
        return sorted(await found(rig.store, ALICE, PARROT, vector=vector_of(PARROT), filters=filters, top_k=5))

    assert await ask({"n": 17}) == ["17"]
    assert await ask({"n": [3, 17, 99]}) == ["03", "17"]
    assert await ask({"n": Range(gte=10, lte=13), "odd": True}) == ["11", "13"]
    assert await ask({"n": Range(gte=28)}) == ["28", "29"]
    assert await ask({"source": "21.md"}) == ["21"]
    assert await ask({"n": "none"}) == await ask({"kind": "table"}) == await ask({"unknown": 1}) == []
    assert len(await ask({"kind": ["text", "table"], "collection": "default", "language": "en"})) == 5


async def check_fields_of_a_record_are_filters_too(rig):
    kept = document("goods.csv", "cheap lamp dear lamp")
    cheap, dear = passages_of(kept, size=2)
    rows = [replace(cheap, fields=(("price", 5), ("name", "A"))), replace(dear, fields=(("price", 50.5),))]
    await keep(rig.documents, ALICE, kept, rows)
    await rig.store.catch_up()
    result = await rig.store.search(ALICE, SearchQuery("lamp", filters={"price": Range(gte=10)}))
    assert [hit.passage.text for hit in result.hits] == ["dear lamp"]
    result = await rig.store.search(ALICE, SearchQuery("lamp", filters={"price": 5, "name": "A"}))
    assert [hit.passage.text for hit in result.hits] == ["cheap lamp"]


async def check_nonsense_is_refused(rig):
    await filled(rig)
    for query in (SearchQuery("x", top_k=0), SearchQuery("x", top_k=201), SearchQuery("x", filters={"n": {"$gt": 1}})):
        with pytest.raises(InvalidInput):
            await rig.store.search(ALICE, query)
    with pytest.raises(DimensionMismatch):
        await rig.store.search(ALICE, SearchQuery("x", vector_of("x")[1:]))


async def check_a_tenant_cannot_tell_that_others_are_there(rig):
    await filled(rig)
    query = SearchQuery("grey parrot and petrol", vector_of(PARROT))
    alone = await rig.store.search(ALICE, query)
    for number in range(20):
        await put(rig, NAMESAKE, f"n{number}", f"grey parrot {number}")
    await rig.store.catch_up()
    assert await rig.store.search(ALICE, query) == alone
    assert all(hit.source.startswith("n") for hit in (await rig.store.search(NAMESAKE, query)).hits)
    assert (await rig.store.search(Scope("nobody", "alice"), query)).hits == ()


async def check_a_reader_cannot_tell_what_he_may_not_read(rig):
    await filled(rig)
    query = SearchQuery("grey parrot and petrol", vector_of(PARROT))
    alone = await rig.store.search(BOB, query)
    await put(rig, ALICE, "secret", f"{PARROT} petrol secret", access=PRIVATE)
    await put(rig, COLLEAGUE, "staff", f"{PARROT} staff", access=STAFF)
    await rig.store.catch_up()
    assert await rig.store.search(BOB, query) == alone
    assert "secret" in await found(rig.store, ALICE, "parrot petrol", mode="lexical")
    assert "staff" in await found(rig.store, COLLEAGUE, "parrot", mode="lexical")
    assert "secret" not in await found(rig.store, COLLEAGUE, "parrot petrol", mode="lexical")


async def check_replacing_and_deleting_are_followed(rig):
    await filled(rig)
    await put(rig, ALICE, "parrot", "a parrot sleeps")
    await rig.documents.delete(ALICE, document("bicycle.md", "").document_id)
    status = await rig.store.catch_up()
    assert (status.behind, status.passages, status.embedder) == (0, 2, EMBEDDER)
    assert await found(rig.store, ALICE, "imitates speech", mode="lexical") == []
    assert await found(rig.store, ALICE, "sleeping parrot", mode="lexical") == ["parrot"]
    assert await found(rig.store, ALICE, "bicycle", mode="lexical") == []


async def check_what_the_store_has_lost_is_never_shown(rig):
    await filled(rig)
    await put(rig, ALICE, "second", f"{PARROT} too")
    await rig.store.catch_up()
    await rig.documents.delete(ALICE, document("parrot.md", "").document_id)
    assert await found(rig.store, ALICE, PARROT, mode="lexical", top_k=1) == ["second"]


async def check_reopening_and_rebuilding_find_the_same(rig):
    query = SearchQuery("grey parrot and petrol", vector_of(PARROT))
    await filled(rig)
    before = await rig.store.search(ALICE, query)
    async with rig.reopen() as index:
        await index.catch_up()
        assert await index.search(ALICE, query) == before
    async with rig.reopen() as index:
        assert (await index.status()).passages == 3
        assert await index.search(ALICE, query) == before
        assert (await index.rebuild()).passages == 3
        assert await index.search(ALICE, query) == before


async def check_searches_are_whole_while_it_is_rebuilt(rig):
    query = SearchQuery("grey parrot and petrol", vector_of(PARROT))
    await filled(rig)
    before = await rig.store.search(ALICE, query)
    rebuilt = asyncio.ensure_future(rig.store.rebuild())
    while not rebuilt.done():
        assert await rig.store.search(ALICE, query) == before
    await rebuilt
    assert await rig.store.search(ALICE, query) == before


async def check_another_embedder_is_refused(rig):
    async with rig.reopen():
        pass
    with pytest.raises(EmbedderMismatch):
        async with rig.reopen("index", WordsEmbedder(name="another/8")) as index:
            await index.search(ALICE, SearchQuery("x"))


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]


@pytest.fixture(params=rigs(RIGS))
async def rig(request, tmp_path):
    async with RIGS[request.param](tmp_path) as rig:
        yield rig


@pytest.mark.parametrize("check", named(CHECKS))
async def test_the_adapter_keeps_the_contract(rig, check):
    await check(rig)


async def index_documents(folder: Path) -> AsyncGenerator[str]:
    async with on_local(folder) as rig:
        number = 0
        while True:
            number += 1
            await put(rig, ALICE, f"{number:06}", f"{PARROT} {number}")
            await rig.store.catch_up()
            yield f"{number:06}"


async def test_an_index_killed_at_work_opens_and_catches_up(tmp_path):
    acknowledged = await acknowledged_before_kill(f"{__name__}:index_documents", tmp_path, 12)
    async with on_local(tmp_path) as rig:
        status = await rig.store.catch_up()
        assert status.passages == status.sequence >= len(acknowledged)
        last = acknowledged[-1]
        assert await found(rig.store, ALICE, str(int(last)), mode="lexical", top_k=1) == [last]


@pytest.mark.parametrize("name", ["shard.db", "position.json"])
async def test_a_damaged_index_is_made_again(tmp_path, name):
    async with on_local(tmp_path) as rig:
        await filled(rig)
        async with rig.reopen() as index:
            await index.catch_up()
        for path in (tmp_path / "index").rglob(name):
            path.write_bytes(b"not what it was" * 100)
        async with rig.reopen() as index:
            assert (await index.catch_up()).passages == 3
            assert await found(index, ALICE, "parrot", mode="lexical") == ["parrot"]


async def test_an_index_of_another_store_is_made_again(tmp_path):
    async with on_local(tmp_path / "a") as rig:
        await filled(rig)
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "first").rename(tmp_path / "b" / "first")
    async with on_local(tmp_path / "b") as rig:
        await put(rig, ALICE, "other", BICYCLE)
        assert (await rig.store.catch_up()).passages == 1
        assert await found(rig.store, ALICE, "parrot bicycle", mode="lexical") == ["other"]


async def test_the_index_follows_by_itself(tmp_path):
    async with on_local(tmp_path) as rig:
        await put(rig, ALICE, "parrot", PARROT)
        async with asyncio.timeout(5):
            while (await rig.store.status()).behind:
                pass  # Each look is a read of the store, so this does not hold up the loop.
        assert await found(rig.store, ALICE, "parrot", mode="lexical") == ["parrot"]


# Adapters that break one promise each ---------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    faults(
        (check_words_find_a_passage_by_their_stems, {"search": finds_nothing}),
        (check_a_vector_finds_the_nearest_passage_first, {"search": ranks_backwards}),
        (check_each_hit_says_where_it_stood, {"search": ranks_backwards}),
        (check_weights_decide_which_side_leads, {"search": asking(weights=SearchWeights())}),
        (check_titles_and_context_are_searched_too, {"search": finds_nothing}),
        (check_rare_words_weigh_more, {"search": weighs_all_alike}),
        (check_languages_keep_their_own_stems, {"search": finds_nothing}),
        (check_filters_hold_before_ranking, {"search": filters_afterwards}),
        (check_fields_of_a_record_are_filters_too, {"search": asking(filters={})}),
        (check_nonsense_is_refused, {"search": takes_nonsense}),
        (check_a_tenant_cannot_tell_that_others_are_there, {"search": shares_tenants}),
        (check_a_reader_cannot_tell_what_he_may_not_read, {"search": shows_all_to_everybody}),
        (check_replacing_and_deleting_are_followed, {"catch_up": stands_still, "search": finds_nothing}),
        (check_what_the_store_has_lost_is_never_shown, {"search": remembers}),
        (check_reopening_and_rebuilding_find_the_same, {"rebuild": forgets_on_rebuild}),
        (check_searches_are_whole_while_it_is_rebuilt, {"rebuild": rebuilds_in_place}),
    ),
)
async def test_the_suite_notices_a_broken_adapter(rig, fault):
    await assert_noticed(rig, fault)


async def test_the_suite_notices_an_index_of_any_embedder(tmp_path):
    async with on_local(tmp_path) as rig:

        def careless(name="index", embedder=None):
            return rig.reopen(name)

        with pytest.raises(pytest.fail.Exception):
            await check_another_embedder_is_refused(replace(rig, reopen=careless))


def test_every_property_has_a_broken_adapter():
    checks = [check for check in CHECKS if check is not check_another_embedder_is_refused]
    assert_each_has_a_fault(checks, test_the_suite_notices_a_broken_adapter)
