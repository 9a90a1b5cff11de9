"""Files that were damaged at random: each is read or refused with a reason, in bounded time."""

from __future__ import annotations

import asyncio
import os
import random
import re
import time
from pathlib import Path

import pytest

from memory.errors import Refused
from memory.ingest.parsed import Limits, Parsed
from memory.ingest.parser import Parser, open_parser
from tests.ingest.made import formats
from tests.ingest.scans import line, saved

LIMITS = Limits(cpu_s=10, wall_s=30)
LONGEST_S = 30


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Change, cut, repeat or exchange parts of a file, one to four times."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(out) + 1)
        end = min(len(out), start + chance.choice((1, 2, 8, 64, 512)))
        match chance.randrange(6):
            case 0:
                out[start:end] = bytes(chance.randrange(256) for _ in range(end - start))
            case 1:
                del out[start:end]
            case 2:
                out[start:start] = out[start:end] * chance.choice((1, 10, 100))
            case 3:
                del out[start:]
            case 4:
                out[start:end] = chance.choice((b"\0", b"<", b'"', b"{", b"\xff\xff\xff\xff", b"]]>", b"&a;", b"--"))
            case _:
                other = chance.randrange(len(out) + 1)
                out[start:end] = out[other : other + (end - start)]
    return bytes(out)


def resident(parser: Parser) -> int:
    """The most memory that the parser's child has held, in MB; 0 where the system does not tell."""
    status = Path(f"/proc/{parser.pid}/status")
    told = re.search(r"VmHWM:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(told[1]) // 1024 if told else 0


async def storm(seed: int, count: int, files: dict[str, bytes]) -> int:
    """Read damaged files, and return how many got an answer; the seed of each is printed should it fail."""
    names = list(files)
    most, read, refused, longest = 0, 0, 0, 0.0
    async with open_parser(LIMITS) as parser:
        for number in range(count):
            name, chance = names[number % len(names)], random.Random(f"{seed}/{number}")
            data = mutated(files[name], chance)
            started = time.monotonic()
            try:
                async with asyncio.timeout(LONGEST_S):
                    items = [item async for item in parser.parse(name, data)]
            except Refused as error:
                refused += 1
                if not error.reason or "processor time" in error.reason:
                    pytest.fail(f"seed {seed}/{number}, {name}: {error.reason}")
            except TimeoutError:
                pytest.fail(f"seed {seed}/{number}, {name}: no answer within {LONGEST_S} s")
            else:
                read += 1
                assert all(item.text.strip() for item in items if isinstance(item, Parsed)), f"seed {seed}/{number}"
            most, longest = max(most, resident(parser)), max(longest, time.monotonic() - started)
    print(f"seed {seed}: {count} files, {refused} refused, longest {longest:.1f} s, child {most} MB")  # noqa: T201 figures
    assert most <= LIMITS.memory_bytes / 2**20
    return read + refused


async def test_a_hundred_damaged_files_are_read_or_refused() -> None:
    assert await storm(4, 100, formats()) == 100


@pytest.mark.chaos
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(4))
async def test_two_thousand_damaged_files_are_read_or_refused(seed: int) -> None:
    kinds = ("TIFF", "GIF", "WEBP", "BMP")
    pictures = {f"b.{kind.casefold()}": saved(line(), kind) for kind in kinds}
    assert await storm(seed, 500, {**formats(), **pictures}) == 500


@pytest.mark.data
@pytest.mark.timeout(1800)
@pytest.mark.skipif("MULTIDB_TEST_DATA" not in os.environ, reason="set MULTIDB_TEST_DATA (make test-data DATA=DIR)")
async def test_damaged_files_of_other_programs_are_read_or_refused() -> None:
    found = Path(os.environ["MULTIDB_TEST_DATA"]).joinpath("ingest", "fixtures").rglob("*")
    files = {path.name: path.read_bytes() for path in sorted(found) if path.is_file() and path.stat().st_size < 200_000}
    assert await storm(7, 200, files) == 200
