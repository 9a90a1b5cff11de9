"""Uploads that hang, eat memory, are too large or malformed: each costs itself, and the server goes on answering."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.client import Ingested
from api.client_http import open_http
from api.client_local import open_local_library
from api.settings import Settings
from memory.identity import API_AUDIENCE, mint
from memory.records import Scope
from tests.api.rigging import PATIENCE_S, SECRET, Served, open_server

GOOD = b"# Harbour\n\nBoats longer than 12 metres moor at the north pier."
URL = "/api/v1/documents"


async def upload(server: Served, name: str, data: bytes, **given: Any) -> httpx.Response:
    return await server.client.post(URL, files={"files": (name, data)}, timeout=60, **given)


def warm_child(server: Served) -> int:
    pid = server.parts.uploads.idle[-1].pid
    assert pid is not None
    return pid


async def test_parser_that_hangs_is_ended_and_the_server_answers_meanwhile(home: Path) -> None:
    async with open_server(home, parser_wall_s=3.0, max_uploads=1) as server:
        assert (await upload(server, "good.md", GOOD)).status_code == 201
        child = warm_child(server)
        os.kill(child, signal.SIGSTOP)
        hanging = asyncio.create_task(upload(server, "other.md", b"# Other\n\nThis one never comes."))
        async with asyncio.timeout(PATIENCE_S):
            while server.parts.uploads.idle:
                assert (await server.client.get("/health/live")).status_code == 200
        refused = await upload(server, "third.md", GOOD)
        found = await server.client.post("/api/v1/search", json={"query": "north pier"})
        assert not hanging.done()
        hung = await hanging
        after = await upload(server, "other.md", b"# Other\n\nThis one comes after all.")

    assert (hung.status_code, hung.json()["code"]) == (422, "document_refused")
    assert "3 s" in hung.json()["detail"]
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "overloaded", "1")
    assert found.json()["passages"]
    assert after.status_code == 201


async def test_file_that_eats_memory_is_refused_and_the_next_one_is_read(home: Path) -> None:
    async with open_server(home, parser_memory_bytes=280 * 2**20, parser_cpu_s=20) as server:
        lists = b"[" + b"[]," * 3_000_000 + b"0]"  # twenty times as large once it is read
        eating = asyncio.create_task(upload(server, "lists.json", lists))
        answered = 0
        while not eating.done():
            answered += (await server.client.get("/health/live")).status_code == 200
            await asyncio.wait({eating}, timeout=0.05)
        eaten = await eating
        after = await upload(server, "good.md", GOOD)

    assert (eaten.status_code, eaten.json()["code"]) == (422, "document_refused")
    assert answered > 2
    assert after.status_code == 201


async def test_one_child_stays_warm_and_a_new_one_follows_a_failure(home: Path) -> None:
    async with open_server(home, max_uploads=2) as server:
        await upload(server, "one.md", GOOD)
        first = warm_child(server)
        await upload(server, "two.md", GOOD + b" The second.")
        assert warm_child(server) == first
        os.kill(first, signal.SIGKILL)
        crashed = await upload(server, "three.md", GOOD + b" The third.")
        again = await upload(server, "three.md", GOOD + b" The third.")
        assert warm_child(server) != first
        both = await asyncio.gather(*(upload(server, f"{n}.md", GOOD + b"%d" % n) for n in range(2)))
        children = [parser.pid for parser in server.parts.uploads.idle if parser.pid is not None]

    assert crashed.status_code in (201, 422)
    assert again.status_code == 201
    assert [reply.status_code for reply in both] == [201, 201]
    assert len(children) == 1


@pytest.mark.parametrize(
    ("count", "size", "status", "code"),
    [(1, 200_000, 413, "payload_too_large"), (3, 10, 422, "malformed_upload"), (0, 0, 422, "malformed_upload")],
)
async def test_upload_beyond_the_limits_is_a_problem_and_the_server_goes_on(
    home: Path, count: int, size: int, status: int, code: str
) -> None:
    async with open_server(home, max_upload_bytes=100_000, max_upload_files=2) as server:
        files = [("files", (f"{n}.txt", b"x" * size)) for n in range(count)]
        body = {"content": b"", "headers": {"Content-Type": "multipart/form-data; boundary=b"}}
        reply = await server.client.post(URL, **({"files": files} if files else body))  # pyright: ignore[reportArgumentType]
        after = await upload(server, "good.md", GOOD)

    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert after.status_code == 201


async def test_upload_tells_the_outcome_of_each_document_and_each_refused_line(home: Path) -> None:
    async with open_server(home) as server:
        await upload(server, "faq.jsonl", _lines("old", "same"))
        reply = await upload(server, "faq.jsonl", _lines("new", "same") + b"{broken\n")
        (file,) = reply.json()["files"]

    assert [(one["source"], one["outcome"]) for one in sorted(file["documents"], key=lambda one: one["source"])] == [
        ("faq.jsonl#changing", "kept"),
        ("faq.jsonl#steady", "unchanged"),
    ]
    assert [one["path"] for one in file["refused"]] == ["faq.jsonl#3"]
    assert (reply.json()["kept"], reply.json()["unchanged"], file["status"]) == (1, 1, "kept")


async def test_ingesting_through_a_server_reports_what_ingesting_the_folder_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    monkeypatch.chdir(tmp_path)
    there, here = Settings(home=tmp_path / "there"), Settings(home=tmp_path / "here")

    _write(shop, "old")
    async with open_server(there.home) as server, open_http(there, server.url) as client:
        through = [await client.ingest(["shop", "none"], "default", False, _quiet)]
        _write(shop, "new")
        through.append(await client.ingest(["shop"], "default", True, _quiet))
    _write(shop, "old")
    async with open_local_library(here) as library:
        itself = [await library.ingest(["shop", "none"], "default", False, _quiet)]
        _write(shop, "new")
        itself.append(await library.ingest(["shop"], "default", True, _quiet))

    assert list(map(_told, through)) == list(map(_told, itself))
    assert (itself[0].kept, itself[0].unchanged) == (6, 0)
    assert (itself[1].kept, itself[1].unchanged, itself[1].pruned) == (1, 3, 2)
    assert {refused.path for refused in itself[1].refused} == {"shop/faq.jsonl#3", "shop/bad.pdf", "shop/lines.jsonl#1"}


async def test_upload_wants_the_editor_role_before_anything_is_read(home: Path) -> None:
    async with open_server(home, secret=SECRET) as server:
        token = mint(Scope("acme", "ann", roles=("reader",)), API_AUDIENCE, SECRET.encode())
        reply = await upload(server, "good.md", GOOD, headers={"Authorization": f"Bearer {token}"})

    assert (reply.status_code, reply.json()["code"]) == (403, "forbidden")


def _lines(changing: str, steady: str) -> bytes:
    texts = {"changing": f"The {changing} opening hours are told here.", "steady": f"The {steady} address as ever."}
    return b"".join(json.dumps({"id": name, "text": text}).encode() + b"\n" for name, text in texts.items())


def _write(shop: Path, state: str) -> None:
    (shop / "faq.jsonl").write_bytes(_lines(state, "same") + b"{broken\n")
    (shop / "harbour.md").write_bytes(GOOD)
    (shop / "bad.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (shop / "lines.jsonl").write_bytes(b"{broken too\n")
    (shop / "parts.jsonl").write_bytes(_lines("part", "the same")[: 500 if state == "old" else 68])
    if state == "old":
        (shop / "gone.md").write_bytes(b"# Gone\n\nThis file is deleted later on.")
    else:
        (shop / "gone.md").unlink()


def _told(done: Ingested) -> dict[str, Any]:
    return {"kept": done.kept, "unchanged": done.unchanged, "pruned": done.pruned, "refused": sorted(done.refused)}


def _quiet(done: int, total: int, source: str) -> None:
    pass
