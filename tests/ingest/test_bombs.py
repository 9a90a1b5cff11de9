"""A file that is dear to read costs itself: it is refused, or read, in bounded time, and the next one is read."""

from __future__ import annotations

import asyncio
import time

import pytest

from memory.errors import Refused
from memory.ingest.parsed import Limits
from memory.ingest.parser import Parser, open_parser
from tests.ingest.bombs import BOMBS

QUICK = [
    "zip bomb in docx", "high ratio zip", "laughs in docx", "laughs in xml", "laughs in xlsx", "deep json",
    "deep json objects", "deep xml", "deep rtf", "markdown comments", "mail parts", "stacked pdf", "pixels in png",
    "pixels in tiff",
]  # fmt: skip


async def outcome(parser: Parser, name: str, data: bytes) -> str:
    try:
        return f"read {len([item async for item in parser.parse(name, data)])}"
    except Refused as refused:
        return refused.reason


async def defuse(names: list[str]) -> dict[str, str]:
    seen: dict[str, str] = {}
    async with open_parser(Limits(cpu_s=20, wall_s=60)) as parser:
        await outcome(parser, "a.md", b"The child has started.")
        for what in names:
            name, make = BOMBS[what]
            async with asyncio.timeout(60):
                data, started = make(), time.monotonic()
                seen[what] = await outcome(parser, name, data)
                print(f"{what}: {len(data):,} bytes, {time.monotonic() - started:.1f} s: {seen[what]}")  # noqa: T201 figures
                assert await outcome(parser, "a.md", b"# Title\n\nThe words are all here.") == "read 1"
    return seen


async def test_bombs_are_refused_and_the_next_file_is_read() -> None:
    seen = await defuse(QUICK)
    assert not any("processor time" in reason or "60 s" in reason for reason in seen.values()), seen
    refused = {what for what, reason in seen.items() if not reason.startswith("read")}
    assert refused >= {"stacked pdf", "pixels in png", "pixels in tiff"}
    assert refused >= {"zip bomb in docx", "high ratio zip", "deep json", "deep xml"}
    assert refused >= {f"laughs in {kind}" for kind in ("docx", "xlsx", "xml")}


@pytest.mark.chaos
@pytest.mark.timeout(900)
async def test_every_bomb_costs_only_itself() -> None:
    assert len(await defuse(list(BOMBS))) == len(BOMBS)
