"""Files that were damaged at random: each is read or refused with a reason, in bounded time."""

from __future__ import annotations

import asyncio
import random

import pytest

from memory.errors import Refused
from memory.ingest.parsed import Limits, Parsed
from memory.ingest.parser import open_parser
from tests.ingest.made import formats

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


async def storm(seed: int, count: int) -> None:
    """Read damaged files; the seed of each is printed should it fail."""
    names = list(formats())
    async with open_parser(LIMITS) as parser:
        for number in range(count):
            name, chance = names[number % len(names)], random.Random(f"{seed}/{number}")
            data = mutated(formats()[name], chance)
            try:
                async with asyncio.timeout(LONGEST_S):
                    items = [item async for item in parser.parse(name, data)]
            except Refused as refused:
                if not refused.reason or "processor time" in refused.reason:
                    pytest.fail(f"seed {seed}/{number}, {name}: {refused.reason}")
            except TimeoutError:
                pytest.fail(f"seed {seed}/{number}, {name}: no answer within {LONGEST_S} s")
            else:
                assert all(item.text.strip() for item in items if isinstance(item, Parsed)), f"seed {seed}/{number}"


async def test_a_hundred_damaged_files_are_read_or_refused() -> None:
    await storm(seed=4, count=100)


@pytest.mark.chaos
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(4))
async def test_two_thousand_damaged_files_are_read_or_refused(seed: int) -> None:
    await storm(seed, 500)
