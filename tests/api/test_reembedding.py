"""Embedding everything again through a running server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

import memory.stores
from api.client import open_library
from api.settings import Settings
from memory.errors import EmbedderMismatch, InvalidInput
from tests.api.rigging import SECRET, Served, open_server, token
from tests.support.embedders import Hashing

WORDS = b"A night at the north pier costs 28 euros."
PATH = "/api/v1/documents/reembedding"


@pytest.fixture(autouse=True)
def two_embedders(monkeypatch: pytest.MonkeyPatch) -> None:
    async def opened(_: Any, settings: Settings) -> Hashing:
        known = {"minilm": Hashing("first@1/64", 64), "second": Hashing("second@1/32", 32)}
        if settings.embedder not in known:
            raise InvalidInput(f"MULTIDB_EMBEDDER {settings.embedder!r} is not known")
        return known[settings.embedder]

    monkeypatch.setattr(memory.stores, "_open_embedder", opened)


async def ended(client: httpx.AsyncClient) -> Any:
    async with asyncio.timeout(20):
        while (told := (await client.get(PATH)).json())["state"] == "running":
            pass
    return told


async def found(client: httpx.AsyncClient) -> list[str]:
    reply = await client.post("/api/v1/search", json={"query": "night north pier", "mode": "dense", "top_k": 1})
    return [passage["text"] for passage in reply.json()["passages"]]


async def test_the_server_switches_while_it_serves_and_keeps_the_embedder(home: Path):
    async with open_server(home) as server:
        await server.client.post("/api/v1/documents", files={"files": ("pier.md", WORDS)})
        assert (await server.client.get(PATH)).json()["state"] == "idle"
        begun = await server.client.post(PATH, json={"embedder": "second"})
        assert (begun.status_code, begun.json()["spec"]) == (202, "second")
        told = await ended(server.client)
        assert (told["state"], told["embedder"], told["done"], told["total"]) == ("done", "second@1/32", 1, 1)
        assert await found(server.client) == [WORDS.decode()]
    async with open_server(home) as server:
        assert (await server.client.get(PATH)).json()["embedder"] == "second@1/32"
        assert await found(server.client) == [WORDS.decode()]


async def test_an_embedder_that_is_not_known_is_told_and_changes_nothing(served: Served):
    await served.client.post(PATH, json={"embedder": "third"})
    told = await ended(served.client)
    assert (told["state"], told["embedder"]) == ("failed", "first@1/64")
    assert "third" in told["reason"]


@pytest.mark.parametrize(("tenant", "role"), [("local", "editor"), ("other", "operator")])
async def test_only_the_operator_of_the_machine_replaces_the_embedder(home: Path, tenant: str, role: Any):
    async with open_server(home, secret=SECRET) as server:
        headers = token(tenant, "eve", role)
        refused = [
            await server.client.post(PATH, json={"embedder": "second"}, headers=headers),
            await server.client.get(PATH, headers=headers),
        ]
        assert [one.status_code for one in refused] == [403, 403]
        assert (await server.client.get(PATH)).json()["state"] == "idle"


async def test_the_command_waits_for_the_server_and_works_without_one(home: Path):
    settings = Settings(home=home)
    async with open_server(home) as server, open_library(settings) as library:
        await server.client.post("/api/v1/documents", files={"files": ("pier.md", WORDS)})
        assert await library.reembed("second", lambda *_: None) == "second@1/32"
    async with open_library(settings) as library:
        assert [hit.text for hit in await library.search("night north pier", {}, 1)] == [WORDS.decode()]
        assert await library.reembed("minilm", lambda *_: None) == "first@1/64"


async def test_another_embedder_in_the_settings_is_refused_with_the_command_that_helps(home: Path):
    async with open_server(home) as server:
        await server.client.post("/api/v1/documents", files={"files": ("pier.md", WORDS)})
    other = Settings(home=home, embedder="second")
    with pytest.raises(EmbedderMismatch, match="multidb documents reembed"):
        async with open_library(other):
            pass
    async with open_library(other, any_embedder=True) as library:
        assert await library.reembed("second", lambda *_: None) == "second@1/32"
    async with open_library(other) as library:
        assert len(await library.search("night", {}, 1)) == 1
