"""The servers over the embedded stores, from the agent's side."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from mcp_servers import build_servers, signed_by
from memory.records import Scope
from memory.settings import StoreSettings
from memory.stores import Stores, open_stores
from tests.support.mcp_process import ANN, EVE, PRICES, believe, sign
from tools.calls import SearchRequest
from tools.connect import ConnectedTools, open_tools
from tools.link import Link, open_link

QUESTIONS = {
    "How can I return shoes?": "Send them back within 30 days, unworn.",
    "Which cards do you accept?": "All major credit cards and bank transfer.",
    "Where is my parcel?": "Open the tracking link in your confirmation mail.",
}


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(StoreSettings(home=tmp_path)) as opened:
        yield opened


async def put_entries(link: Link, scope: Scope) -> None:
    for at, (question, answer) in enumerate(QUESTIONS.items()):
        entry = {"category": "shop", "question": question, "answer": answer, "idempotency_key": f"seed-{at:04}"}
        await link.call(scope, "put_entry", entry, TypeAdapter(dict[str, object]))


async def test_curated_answers_are_found_by_meaning_and_by_search_within_their_tenant(stores: Stores) -> None:
    servers = build_servers(stores, signed_by(believe), PRICES)
    async with (
        open_tools(servers, sign) as tools,
        open_link("knowledge_base", servers["knowledge_base"], sign, timeout_s=10, pool=1) as editor,
    ):
        await put_entries(editor, ANN)
        await put_entries(editor, ANN)
        matches = await tools.look_up(ANN, "I want to give my sneakers back", 3)
        assert matches[0].entry.question == "How can I return shoes?"
        assert len(matches) == 3
        assert all(-1 <= match.similarity <= 1 for match in matches)
        await check_search(tools)
        assert await tools.look_up(EVE, "I want to give my sneakers back", 3) == ()
        assert (await tools.allowance(ANN)).quota.remaining_tokens is None


async def check_search(tools: ConnectedTools) -> None:
    found = await tools.search(ANN, SearchRequest("tracking link", {"kind": "answer"}, top_k=1))
    (hit,) = found.hits
    assert hit.passage.text == QUESTIONS["Where is my parcel?"]
    assert hit.title == "Where is my parcel?"
    (around,) = await tools.read_around(ANN, hit.passage.passage_id, 2, 2)
    assert around.text == hit.passage.text
    near, far = await tools.similarities(ANN, "parcel tracking", ("follow your parcel", "payment by card"))
    assert near > far
