"""Versions of a document over HTTP, and by the command through a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from api.client import open_library
from api.settings import Settings
from memory.records import LOCAL
from tests.api.rigging import SECRET, Served, open_server, token

OLD, NEW = "A night at the north pier costs 28 euros.", "A night at the north pier costs 31 euros."


async def upload(server: Served, words: str) -> Any:
    reply = await server.client.post("/api/v1/documents", files={"files": ("pier.md", words.encode())})
    assert reply.status_code == 201
    return reply.json()["files"][0]["documents"][0]


async def found(client: httpx.AsyncClient) -> list[str]:
    reply = await client.post("/api/v1/search", json={"query": "night north pier costs"})
    return [passage["text"] for passage in reply.json()["passages"]]


@pytest.fixture
async def changed(served: Served) -> tuple[Served, str, list[str]]:
    """A server with a document of two versions: its id, and theirs, the older first."""
    first, second = await upload(served, OLD), await upload(served, NEW)
    return served, first["document_id"], [first["version_id"], second["version_id"]]


async def test_rollback_changes_what_is_found_and_is_audited_once(changed: tuple[Served, str, list[str]]):
    server, document_id, (old, new) = changed
    path = f"/api/v1/documents/{document_id}"
    assert await found(server.client) == [NEW]
    outcomes = [
        (await server.client.post(f"{path}/rollback", json={"version_id": old})).json()["outcome"] for _ in range(2)
    ]
    assert outcomes == ["rolled_back", "unchanged"]
    assert await found(server.client) == [OLD]
    listed = (await server.client.get(f"{path}/versions")).json()
    assert [(one["version_id"], one["is_current"]) for one in listed["versions"]] == [(old, True), (new, False)]
    entries = await server.parts.stores.audit.page(LOCAL, 0, 100)
    assert [entry.detail for entry in entries if entry.action == "document.rollback"] == [old]


async def test_the_words_of_a_former_version_can_be_opened(changed: tuple[Served, str, list[str]]):
    server, document_id, (old, new) = changed
    path = f"/api/v1/documents/{document_id}/text"
    shown = [(await server.client.get(path, params={"version_id": one})).json()["text"] for one in (old, new)]
    assert [text.strip() for text in shown] == [OLD, NEW]
    gone = await server.client.get(path, params={"version_id": "never"})
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    (row,) = (await server.client.get("/api/v1/documents")).json()["documents"]
    assert (row["versions"], row["brought"]) == (2, new)


async def test_rollback_needs_an_editor_of_the_tenant(home: Path):
    async with open_server(home, secret=SECRET) as server:
        kept = await upload(server, OLD)
        path = f"/api/v1/documents/{kept['document_id']}/rollback"
        body = {"version_id": kept["version_id"]}
        reader = await server.client.post(path, json=body, headers=token("local", "bob", "reader"))
        stranger = await server.client.post(path, json=body, headers=token("other", "eve", "editor"))
        assert [(one.status_code, one.json()["code"]) for one in (reader, stranger)] == [
            (403, "forbidden"),
            (404, "not_found"),
        ]


async def test_the_command_rolls_back_through_the_server(changed: tuple[Served, str, list[str]], home: Path):
    server, document_id, (old, new) = changed
    async with open_library(Settings(home=home)) as library:
        assert await library.document_id("pier.md") == document_id
        assert [one.version_id for one in await library.versions(document_id)] == [new, old]
        assert await library.rollback(document_id, old)
        assert not await library.rollback(document_id, old)
    assert await found(server.client) == [OLD]
