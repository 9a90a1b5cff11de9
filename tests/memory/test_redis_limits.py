"""Windows in Redis, beyond the suite of every adapter: several processes, and the server's own clock."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from memory.redis import open_redis
from memory.runs.redis_limits import RedisLimits
from tests.support.people import ALICE
from tests.support.servers import fresh_redis

pytestmark = pytest.mark.services
ROOT = Path(__file__).parents[2]
PROCESSES, CALLS, LIMIT = 4, 250, 20


async def take_many(url: str) -> int:
    """Call at once, when told to; return how many were granted."""
    async with open_redis(url) as server:
        limits = RedisLimits(server)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        waits = await asyncio.gather(*(limits.take(ALICE, "burst", LIMIT, 60) for _ in range(CALLS)))
    return waits.count(0)


async def test_four_processes_are_granted_exactly_the_limit() -> None:
    async with fresh_redis() as url:
        command = (sys.executable, "-m", __name__, url)
        pipe = asyncio.subprocess.PIPE
        started = [
            await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe) for _ in range(PROCESSES)
        ]
        async with asyncio.timeout(60):
            for process in started:
                assert process.stdout is not None
                await process.stdout.readline()
            said = await asyncio.gather(*(process.communicate(b"go\n") for process in started))

    granted = [int(out) for out, _ in said]
    assert sum(granted) == LIMIT, granted


async def test_by_the_servers_clock_a_window_opens_again_and_is_forgotten() -> None:
    async with fresh_redis() as url, open_redis(url) as server:
        limits = RedisLimits(server)
        assert [await limits.take(ALICE, "short", 2, 0.2) > 0 for _ in range(3)] == [False, False, True]
        async with asyncio.timeout(5):
            while wait_s := await limits.take(ALICE, "short", 2, 0.2):
                assert wait_s <= 0.2
            names = {b"multidb{limits}:N"}
            while set(await server.call("KEYS", "*")) != names:
                await asyncio.wait([asyncio.ensure_future(server.call("PING"))])


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(take_many(sys.argv[1]))}\n")
