"""Long uploads tell where they are, are not taken for broken connections, and end when nobody waits for them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import fpdf
import httpx
import pytest

from api.client_http import open_http
from api.settings import Settings
from tests.api.rigging import PATIENCE_S, Served, open_server
from tests.api.test_uploads import GOOD, URL, upload, warm_child

LINES = {"Accept": "application/x-ndjson"}
PAGES = 3


@cache
def pdf() -> bytes:
    made = fpdf.FPDF()
    made.set_font("Helvetica", size=12)
    for number in range(1, PAGES + 1):
        made.add_page()
        made.multi_cell(0, 8, f"This is what the page of the number {number} says of the harbour.")
    return bytes(made.output())


@asynccontextmanager
async def told(
    server: Served, name: str, data: bytes, **given: Any
) -> AsyncGenerator[tuple[httpx.Response, AsyncGenerator[Any]]]:
    """An upload that tells its progress: the answer and its lines as they come."""
    async with server.client.stream("POST", URL, files={"files": (name, data)}, headers=LINES, **given) as answer:
        yield answer, (json.loads(line) async for line in answer.aiter_lines())


async def test_an_upload_tells_each_page_and_then_what_became_of_it(home: Path) -> None:
    async with open_server(home) as server:
        async with told(server, "pages.pdf", pdf()) as (answer, lines):
            *progress, last = [line async for line in lines]
        again = await upload(server, "pages.pdf", pdf())

    assert answer.status_code == 200
    assert {(line["type"], line["name"], line["file"], line["files"]) for line in progress} == {
        ("progress", "pages.pdf", 1, 1)
    }
    assert (progress[-1]["page"], progress[-1]["pages"]) == (PAGES, PAGES)
    assert (last["type"], last["kept"], last["files"][0]["status"]) == ("done", 1, "kept")
    assert again.json()["unchanged"] == 1


async def test_a_refused_file_is_a_problem_in_the_last_line(home: Path) -> None:
    async with open_server(home) as server, told(server, "bad.pdf", b"%PDF-1.7 and then nothing") as (_, lines):
        last = [line async for line in lines][-1]

    assert (last["type"], last["status"], last["code"]) == ("problem", 422, "document_refused")
    assert last["refused"][0]["path"] == "bad.pdf"


async def test_work_that_takes_longer_than_the_reader_waits_for_a_line_is_no_broken_connection(home: Path) -> None:
    async with open_server(home, heartbeat_s=0.1) as server:
        await upload(server, "warm.md", GOOD)
        child = warm_child(server)
        os.kill(child, signal.SIGSTOP)
        async with told(server, "pages.pdf", pdf(), timeout=httpx.Timeout(PATIENCE_S, read=1.0)) as (_, lines):
            heard: list[str] = []
            async for line in lines:
                heard.append(line["type"])
                if len(heard) == 15:
                    os.kill(child, signal.SIGCONT)

    assert len(heard) > 15
    assert heard[-1] == "done"


async def test_who_leaves_ends_the_work_and_nothing_of_it_is_kept(home: Path) -> None:
    async with open_server(home, max_uploads=1) as server:
        await upload(server, "warm.md", GOOD)
        os.kill(warm_child(server), signal.SIGSTOP)
        async with told(server, "pages.pdf", pdf()) as (_, lines):
            await anext(lines)
        async with asyncio.timeout(PATIENCE_S):
            while not server.parts.uploads.idle:
                await server.client.get("/health/live")
        kept = (await server.client.get(URL)).json()["documents"]
        after = await upload(server, "pages.pdf", pdf())

    assert [one["source"] for one in kept] == ["warm.md"]
    assert after.status_code == 201


async def test_the_command_shows_the_pages_that_the_server_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.md").write_bytes(GOOD)
    (tmp_path / "files" / "b.pdf").write_bytes(pdf())
    shown: list[tuple[int, int, str]] = []
    settings = Settings(home=tmp_path / "home")

    def show(done: int, total: int, what: str) -> None:
        shown.append((done, total, what))

    async with open_server(settings.home) as server, open_http(settings, server.url) as client:
        done = await client.ingest(["files"], "default", False, show)

    assert (done.kept, done.refused) == (2, [])
    assert (1, 2, f"files/b.pdf, page {PAGES} of {PAGES}") in shown
    assert shown[-1] == (2, 2, "")
