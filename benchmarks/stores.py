"""What a port costs over its driver: the same work through both, in turns, in the same run.

`python -m benchmarks.stores [SERVER ...]` (after `make services`) prints one JSON line and keeps results/stores.json;
without SERVER every server that was started is measured. A server is a module of MODULES with `pairs()`, an
asynchronous context manager that yields what to compare (at once, or one pair after another), in a database of its own.
"""

from __future__ import annotations

import asyncio
import importlib
import statistics
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable
from dataclasses import dataclass

from benchmarks.machine import report, row
from tests.services.environment import read_environment

MODULES = {
    "redis": "benchmarks.store_redis",
    "postgres": "benchmarks.store_postgres",
    "cassandra": "benchmarks.store_cassandra",
    "mongo": "benchmarks.store_mongo",
}
"""Server (a name of tests.services) -> the module that measures its adapters."""
GOAL = ">= 0.7"
ROUNDS = 5
ROUND_S = 0.6
Operation = Callable[[int], Awaitable[object]]
"""Does the work once; the number is another one each time."""


@dataclass(frozen=True)
class Pair:
    """The same work through the port and through the driver alone, so many at once."""

    figure: str
    ours: Operation
    raw: Operation
    at_once: int = 1


class Numbers:
    """Numbers that nobody had before."""

    def __init__(self) -> None:
        self.last = 0

    def next(self) -> int:
        """Return another one."""
        self.last += 1
        return self.last


async def per_second(operation: Operation, at_once: int, numbers: Numbers, seconds: float) -> float:
    """Return how often the operation ended in a second, so many at once."""
    began = time.perf_counter()
    done = 0

    async def work() -> None:
        nonlocal done
        while time.perf_counter() - began < seconds:
            await operation(numbers.next())
            done += 1

    await asyncio.gather(*(work() for _ in range(at_once)))
    return done / (time.perf_counter() - began)


async def compared(pair: Pair) -> dict[str, object]:
    """Return the row of a pair: the median of rounds in turns, so that the machine's moods meet both."""
    numbers = Numbers()
    for operation in (pair.ours, pair.raw):
        await per_second(operation, pair.at_once, numbers, ROUND_S / 5)
    ours: list[float] = []
    raw: list[float] = []
    for _ in range(ROUNDS):
        ours.append(await per_second(pair.ours, pair.at_once, numbers, ROUND_S))
        raw.append(await per_second(pair.raw, pair.at_once, numbers, ROUND_S))
    mine, theirs = statistics.median(ours), statistics.median(raw)
    return row(f"{pair.figure}, {pair.at_once} at once", round(mine, 1), "a second", round(theirs, 1), GOAL)


async def one_by_one(pairs: Iterable[Pair] | AsyncIterable[Pair]) -> AsyncGenerator[Pair]:
    """Yield pairs, also such as must be prepared one after another."""
    if isinstance(pairs, AsyncIterable):
        async for pair in pairs:
            yield pair
    else:
        for pair in pairs:
            yield pair


async def main(servers: list[str]) -> None:
    """Measure servers one after another."""
    rows = []
    for server in servers:
        async with importlib.import_module(MODULES[server]).pairs() as pairs:
            rows += [await compared(pair) async for pair in one_by_one(pairs)]
    report("stores", {"baseline": "the raw driver doing the same work", "figures": rows})


if __name__ == "__main__":
    wanted = sys.argv[1:] or [name for name in MODULES if name in read_environment()]
    if wanted:
        asyncio.run(main(wanted))
    else:
        print("No server runs: `make services` starts them; the stores are not measured.", file=sys.stderr)
