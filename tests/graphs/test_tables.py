"""All rows of a table through the graph and the servers: fetched whole, within the tenant and the bound, or not."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import cast

import pytest

from graphs.context import Context
from graphs.deps import Deps
from graphs.graph import build_graph
from graphs.models import Models
from graphs.tables import MOST_PASSAGES, table_asked_through
from mcp_servers import build_servers, signed_by
from mcp_servers.backends import Backends
from memory.ingest.documents import Made
from memory.records import Effort, Hit, Passage, Scope
from tests.graphs.driving import Ran, ask
from tests.graphs.tabled import PRICES, STAFF, hits_of, kept
from tests.support.fake_tools import FakeTools, WordReader, passage_hit
from tests.support.mcp_process import ANN, EVE, believe, sign
from tests.support.small_stores import SmallStores, small_stores
from tools.calls import Tools
from tools.connect import open_tools
from tools.errors import ToolUnavailable

ASKED = "Which products are supplied by Lindqvist AB?"


@asynccontextmanager
async def opened(*files: tuple[Scope, str, str]) -> AsyncGenerator[Tools]:
    """The servers over stores that keep these files."""
    stores = small_stores()
    for scope, name, text in files:
        await put(stores, scope, kept(text, name, scope))
    async with open_tools(build_servers(cast(Backends, stores), signed_by(believe), {"quick": 2000}), sign) as tools:
        yield tools


async def put(stores: SmallStores, scope: Scope, made: Made) -> None:
    vectors = await stores.embedder.embed_passages(made.texts)
    await stores.documents.put(scope, made.document, made.passages, vectors, stores.embedder.name)


def context(scope: Scope = ANN, effort: Effort = "standard") -> Context:
    return Context(run_id="run", thread_id="thread", scope=scope, effort=effort)


async def asked_in(tools: Tools, question: str, within: Context | None = None) -> Ran:
    return await ask(build_graph(Deps(tools, Models(), WordReader())), question, within or context())


def supplied(count: int) -> str:
    rows = "".join(f"Clock {at},{'Lindqvist AB' if at % 100 == 7 else 'Kestrel Optik'}\n" for at in range(count))
    return f"Product,Supplier\n{rows}"


async def test_rows_that_search_did_not_bring_are_in_the_answer_and_cited() -> None:
    async with opened((ANN, "stock.csv", supplied(300))) as tools:
        ran = await asked_in(tools, ASKED)
    assert ran.answer.text == "3 of 300 rows: Clock 7, Clock 107, Clock 207"
    assert ran.answer.short_answer == "Clock 7, Clock 107, Clock 207"
    assert [one.row for one in ran.answer.citations] == [8, 108, 208]
    assert [claim.verdict for claim in ran.answer.claims] == ["supported"]
    assert all(one.quote.startswith("Product: Clock") for one in ran.answer.citations)


async def test_a_written_table_is_read_to_its_ends_and_no_further() -> None:
    others = STAFF.replace("Anna Berg", "Eli Moe").replace("Dev Rao", "Fay Orr")
    text = f"# Handbook\n\nWords before.\n\n## Staff\n\n{STAFF}\n\n## Former staff\n\n{others}\n\nWords behind."
    async with opened((ANN, "handbook.md", text)) as tools:
        ran = await asked_in(tools, "Which employees in Research have a salary over 70000 EUR?")
    # Two tables answer it: neither is told for the other.
    assert "of 4 rows" not in ran.answer.text
    async with opened((ANN, "handbook.md", text.partition("## Former")[0] + "Words behind.")) as tools:
        ran = await asked_in(tools, "Which employees work in Oslo?")
    assert ran.answer.text == "3 of 4 rows: Anna Berg, Cara Diaz, Dev Rao"


async def test_rows_of_another_tenant_never_come() -> None:
    theirs = PRICES.replace("Fjord", "Secret")
    async with opened((ANN, "stock.csv", PRICES), (EVE, "stock.csv", theirs), (EVE, "more.csv", theirs)) as tools:
        mine = await asked_in(tools, ASKED)
        hers = await asked_in(tools, ASKED, context(EVE))
        hits = hits_of(kept(theirs, "stock.csv", EVE))
        stolen = await table_asked_through(tools, context(), ASKED, hits)
    assert mine.answer.short_answer == "Fjord 20 Barograph, Tern Tide Clock, Tern Ship's Clock"
    assert "Secret" not in repr(mine.state)
    assert "Fjord" not in repr(hers.state)
    assert stolen == ()


async def test_of_a_table_beyond_the_bound_nothing_is_told_as_complete() -> None:
    async with opened((ANN, "stock.csv", supplied(MOST_PASSAGES + 1))) as tools:
        ran = await asked_in(tools, ASKED)
    assert not ran.state["table"]
    assert "rows" not in ran.answer.text


async def test_a_table_of_just_the_bound_is_told() -> None:
    async with opened((ANN, "stock.csv", supplied(MOST_PASSAGES))) as tools:
        ran = await asked_in(tools, ASKED)
    assert ran.answer.text.startswith(f"{MOST_PASSAGES // 100} of {MOST_PASSAGES} rows")


async def test_one_search_is_all_that_the_quick_effort_makes() -> None:
    async with opened((ANN, "stock.csv", PRICES)) as tools:
        ran = await asked_in(tools, ASKED, context(effort="quick"))
    assert not ran.state["table"]


HITS = hits_of(kept(PRICES, "stock.csv"))


@dataclass
class Shelf(FakeTools):
    """Reads around in one document; `gone` makes that fail."""

    passages: Sequence[Passage] = ()
    gone: bool = False

    async def read_around(self, scope: Scope, passage_id: str, before: int, after: int) -> tuple[Passage, ...]:
        if self.gone:
            raise ToolUnavailable("vector_search", "no answer")
        at = next(at for at, one in enumerate(self.passages) if one.passage_id == passage_id)
        return tuple(self.passages[max(0, at - before) : at + after + 1])


async def fetched(passages: Sequence[Passage], hit: Hit = HITS[3], *, gone: bool = False) -> tuple[Hit, ...]:
    return await table_asked_through(Shelf(passages=passages, gone=gone), context(), ASKED, [hit])


PASSAGES = [hit.passage for hit in HITS]


async def test_a_table_comes_whole_and_in_order() -> None:
    assert [hit.passage for hit in await fetched(PASSAGES)] == PASSAGES


@pytest.mark.parametrize(
    "passages",
    [
        [*PASSAGES[:6], *(replace(one, version_id="new") for one in PASSAGES[6:])],
        [*PASSAGES[:5], *PASSAGES[6:]],
        [*PASSAGES[:6], replace(PASSAGES[6], heading=("Details",)), *PASSAGES[7:]],
        [*PASSAGES, replace(PASSAGES[-1], passage_id="text", ordinal=8, kind="text")],
    ],
    ids=["changed meanwhile", "one is missing", "things under a row", "goes on as text"],
)
async def test_what_may_lack_a_row_is_not_taken_for_a_table(passages: list[Passage]) -> None:
    assert await fetched(passages) == ()


async def test_where_rows_cannot_be_had_search_alone_is_read() -> None:
    assert await fetched(PASSAGES, gone=True) == ()


async def test_filters_leave_rows_out_so_that_nothing_is_complete() -> None:
    filtered = replace(context(), filters={"Warehouse": "Bergen"})
    assert await table_asked_through(Shelf(passages=PASSAGES), filtered, ASKED, HITS[:1]) == ()


async def test_a_table_on_pages_may_go_on_unseen() -> None:
    paged = replace(HITS[3], passage=replace(HITS[3].passage, page=1))
    assert await fetched([replace(one, page=1) for one in PASSAGES], paged) == ()


async def test_a_table_behind_prose_answers_and_one_before_it_goes_first() -> None:
    prose = [passage_hit("Lindqvist AB supplies products.", str(at)) for at in range(6)]
    shelf = Shelf(passages=PASSAGES)
    assert await table_asked_through(shelf, context(), ASKED, [*prose, HITS[3]])
    assert await table_asked_through(shelf, context(), ASKED, [HITS[3], *prose])
    assert await table_asked_through(shelf, context(), ASKED, [*prose * 4, HITS[3]]) == ()
