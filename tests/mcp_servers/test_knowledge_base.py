"""Curated answers through an in-memory MCP client."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from memory.errors import StoreUnavailable
from tests.mcp_servers.conftest import Open
from tests.support.mcp_process import ANN, BOB, EVE
from tests.support.small_stores import SmallStores

REFUND: dict[str, Any] = {
    "category": "returns",
    "question": "How do I get a refund?",
    "answer": "Send it back within 30 days.",
    "idempotency_key": "change-0001",
}


async def test_a_new_entry_is_found_by_meaning_at_once(talk: Open, stores: SmallStores) -> None:
    async with talk("knowledge_base", ANN) as kb:
        entry = (await kb.ask("put_entry", **REFUND))["entry"]
        assert entry["revision"] == 1
        assert entry["updated_by"] == "ann"
        matches = (await kb.ask("look_up", question="refund how do i get"))["matches"]
    assert [match["entry"]["entry_id"] for match in matches] == [entry["entry_id"]]
    assert 0.5 < matches[0]["similarity"] <= 1
    document = await stores.documents.by_source(ANN, f"kb:{entry['entry_id']}")
    (passage,) = stores.documents.rows_by_id["acme", document.document_id].passages
    assert passage.kind == "answer"
    assert document.text[passage.start : passage.end] == passage.text == REFUND["answer"]
    assert passage.context == REFUND["question"]


async def test_repeating_a_put_with_its_key_makes_one_entry(talk: Open) -> None:
    async with talk("knowledge_base", ANN) as kb:
        entries = [await kb.ask("put_entry", **REFUND) for _ in range(3)]
        assert len({one["entry"]["entry_id"] for one in entries}) == 1
        assert (await kb.ask("list_categories"))["categories"] == {"returns": 1}


async def test_a_repeated_put_mends_what_a_crash_left_undone(
    talk: Open, stores: SmallStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_: object) -> None:
        raise StoreUnavailable("documents did not answer")

    async with talk("knowledge_base", ANN) as kb:
        with monkeypatch.context() as broken:
            broken.setattr(stores.documents, "put", down)
            assert "try again" in await kb.refusal("put_entry", **REFUND)
        await kb.ask("put_entry", **REFUND)
        assert (await kb.ask("look_up", question="refund"))["matches"]
        assert (await kb.ask("list_categories"))["categories"] == {"returns": 1}


async def test_a_key_used_for_something_else_is_refused(talk: Open) -> None:
    async with talk("knowledge_base", ANN) as kb:
        await kb.ask("put_entry", **REFUND)
        assert "revision 1" in await kb.refusal("put_entry", **{**REFUND, "answer": "Never."})


async def test_the_same_key_of_two_tenants_makes_two_entries(talk: Open) -> None:
    async with talk("knowledge_base", ANN) as ours, talk("knowledge_base", EVE) as theirs:
        mine = (await ours.ask("put_entry", **REFUND))["entry"]["entry_id"]
        other = (await theirs.ask("put_entry", **{**REFUND, "answer": "No."}))["entry"]["entry_id"]
        assert mine != other
        assert "no entry" in await theirs.refusal("get_entry", entry_id=mine)


async def test_an_edit_needs_the_revision_that_was_read(talk: Open) -> None:
    async with talk("knowledge_base", ANN) as kb:
        entry_id = (await kb.ask("put_entry", **REFUND))["entry"]["entry_id"]
        edit = {**REFUND, "entry_id": entry_id, "answer": "Within 14 days.", "idempotency_key": "change-0002"}
        assert (await kb.ask("put_entry", **edit, expected_revision=1))["entry"]["revision"] == 2
        assert (await kb.ask("put_entry", **edit, expected_revision=1))["entry"]["revision"] == 2
        late = await kb.refusal("put_entry", **{**edit, "answer": "Within a year."}, expected_revision=1)
        assert "get_entry" in late
        assert (await kb.ask("get_entry", entry_id=entry_id))["entry"]["answer"] == "Within 14 days."


async def test_two_editors_at_once_do_not_overwrite_each_other(talk: Open) -> None:
    async with talk("knowledge_base", ANN) as kb:
        entry_id = (await kb.ask("put_entry", **REFUND))["entry"]["entry_id"]
        edits = [
            {**REFUND, "entry_id": entry_id, "answer": f"Answer {n}.", "idempotency_key": f"edit-{n:04}"}
            for n in range(5)
        ]
        outcomes = await asyncio.gather(
            *(kb.client.call_tool("put_entry", {**edit, "expected_revision": 1}) for edit in edits)
        )
        assert [one.is_error for one in outcomes].count(False) == 1


async def test_readers_look_up_but_do_not_change(talk: Open) -> None:
    async with talk("knowledge_base", BOB) as kb:
        assert (await kb.ask("look_up", question="refund"))["matches"] == []
        assert "editor" in await kb.refusal("put_entry", **REFUND)
        assert "editor" in await kb.refusal("delete_entry", entry_id="x")


async def test_a_deleted_entry_is_gone_everywhere_and_deleting_again_is_no_error(
    talk: Open, stores: SmallStores
) -> None:
    async with talk("knowledge_base", ANN) as kb:
        entry_id = (await kb.ask("put_entry", **REFUND))["entry"]["entry_id"]
        assert (await kb.ask("delete_entry", entry_id=entry_id))["deleted"] is True
        assert (await kb.ask("delete_entry", entry_id=entry_id))["deleted"] is False
        assert (await kb.ask("look_up", question="refund"))["matches"] == []
    assert all(not rows.document.source.startswith("kb:") for rows in stores.documents.rows_by_id.values())


async def test_pages_have_no_gap_and_no_repeat(talk: Open) -> None:
    async with talk("knowledge_base", ANN) as kb:
        made = {
            (await kb.ask("put_entry", **{**REFUND, "idempotency_key": f"key-{n:05}"}))["entry"]["entry_id"]
            for n in range(7)
        }
        seen, after = list[str](), None
        while True:
            page = await kb.ask("list_entries", category="returns", limit=3, **({"after": after} if after else {}))
            seen += [entry["entry_id"] for entry in page["entries"]]
            after = page["next"]
            if after is None:
                break
        assert len(seen) == 7
        assert set(seen) == made


@pytest.mark.parametrize(
    "change",
    [
        {"answer": ""},
        {"question": "x" * 3000},
        {"idempotency_key": "short"},
        {"expected_revision": -1},
        {"expected_revision": 3},
        {"category": 7},
    ],
)
async def test_a_value_out_of_its_limits_is_refused_and_named(talk: Open, change: dict[str, Any]) -> None:
    async with talk("knowledge_base", ANN) as kb:
        words = await kb.refusal("put_entry", **{**REFUND, **change})
        assert next(iter(change)) in words
