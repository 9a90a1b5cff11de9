"""The run log in Redis, beyond the suite of every adapter: several processes, a server that goes away, real time."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest

from memory import stores
from memory.errors import StoreUnavailable
from memory.redis import open_redis
from memory.runs.redis import open_runs
from memory.settings import StoreSettings
from tests.contracts.test_runs import events, run
from tests.services.places import default_places
from tests.support.kill import acknowledged_before_kill
from tests.support.people import ALICE

pytestmark = pytest.mark.services
LIMIT_S = 0.5


@pytest.fixture
async def logs(redis_database):
    """Two logs on two connections, as two processes have them."""
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(open_redis(redis_database)) for _ in range(2)]
        yield [await stack.enter_async_context(open_runs(server)) for server in servers]


async def test_a_follower_in_another_process_sees_every_event(logs):
    writer, reader = logs
    await writer.admit(run())

    async def follow():
        return [event async for event in reader.follow(ALICE, "run", 0)]

    followers = [asyncio.ensure_future(follow()) for _ in range(20)]
    for seq in range(1, 60):
        await writer.append(ALICE, "run", events(seq, seq))
    await writer.finish(ALICE, "run", "completed", "", events(60, 60))
    async with asyncio.timeout(5):
        assert await asyncio.gather(*followers) == [events(1, 60)] * 20
    assert reader._followers == {}


async def test_followers_are_told_of_an_outage_and_new_ones_see_what_comes_after_it(own_redis):
    async with open_redis(own_redis.url, LIMIT_S) as server, open_runs(server) as runs:
        await runs.admit(run())
        async with aclosing(runs.follow(ALICE, "run", 0)) as stream:
            waiting = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)
            await own_redis.process.stop(signal.SIGKILL)
            async with asyncio.timeout(5):
                with pytest.raises(StoreUnavailable):
                    await waiting
        await own_redis.start(default_places())
        async with aclosing(runs.follow(ALICE, "run", 0)) as stream, asyncio.timeout(5):
            waiting = asyncio.ensure_future(anext(stream))
            await runs.append(ALICE, "run", events(1, 1))
            assert [await waiting] == events(1, 1)


async def test_a_lease_runs_out_by_the_servers_clock(logs):
    first, second = logs
    held = await first.lease(ALICE, "thread", "one", 0.05)
    async with asyncio.timeout(5):
        while (taken := await second.lease(ALICE, "thread", "two", 30)) is None:
            pass
    assert taken.token > held.token
    assert await first.lease(ALICE, "thread", "one", 30) is None


async def test_tokens_grow_even_if_the_server_lost_the_last_ones(logs, redis_database):
    first, second = logs
    before = await first.lease(ALICE, "thread", "one", 30)
    async with open_redis(redis_database) as server:
        await server.call("FLUSHDB")
    assert (await second.lease(ALICE, "thread", "two", 30)).token > before.token


async def write_events(folder: Path) -> AsyncGenerator[str]:
    async with open_redis((folder / "url").read_text()) as server, open_runs(server) as runs:
        await runs.admit(run())
        seq = 0
        while True:
            seq += 1
            await runs.append(ALICE, "run", events(seq, seq))
            yield str(seq)


async def test_acknowledged_events_survive_kill_9_of_the_writer_and_of_the_server(own_redis, tmp_path):
    (tmp_path / "url").write_text(own_redis.url)
    acknowledged = await acknowledged_before_kill(f"{__name__}:write_events", tmp_path)
    await own_redis.process.stop(signal.SIGKILL)
    await own_redis.start(default_places())
    async with open_redis(own_redis.url) as server, open_runs(server) as runs:
        kept = await runs.read(ALICE, "run", 0, 100_000)
    assert list(kept)[: len(acknowledged)] == events(1, len(acknowledged))


async def test_what_an_ended_run_leaves_is_forgotten_after_a_time(redis_database):
    async with open_redis(redis_database) as server, open_runs(server, record_ttl_s=60) as runs:
        await runs.admit(run(idempotency_key="k"))
        await runs.append(ALICE, "run", events(1, 3))
        lasting = await ttls(server)
        await runs.finish(ALICE, "run", "completed", "", events(4, 4))
        ended = await ttls(server)
        await runs.admit(run("next"))
        assert len(await runs.of_thread(ALICE, "thread")) == 2
    assert set(lasting.values()) == {-1}
    assert sorted(kind for kind, ttl in ended.items() if 0 < ttl <= 60) == ["E", "K", "R", "T"]


async def test_how_long_that_is_can_be_set(redis_database, tmp_path):
    settings = StoreSettings(home=tmp_path, runs_url=redis_database, run_retention_h=0.5)
    async with AsyncExitStack() as stack:
        files = stores._Files(stack, settings)
        runs = await stores._open_runs(files)
        await runs.admit(run())
        await runs.finish(ALICE, "run", "completed", "", events(1, 1))
        left = await ttls(await files.redis("runs", redis_database))
    assert 0 < left["R"] <= 1_800


async def ttls(server):
    """Seconds that each sort of key has left; -1 lives for ever."""
    keys = await server.call("KEYS", "multidb{runs}:*")
    return {key.decode().partition(":")[2][0]: await server.call("TTL", key) for key in keys}
