"""The driver of the servers: each test has a Redis of its own in a temporary folder."""

from __future__ import annotations

import os
import signal

import pytest
import redis.asyncio

from tests.services.downloads import need
from tests.services.kinds import server_in
from tests.services.places import CannotStart, default_places
from tests.services.process import Launch, Process
from tests.support.proxy import proxied

pytestmark = pytest.mark.services


async def test_a_server_answers_once_it_has_started_and_stops_for_good(own_redis):
    server = own_redis
    async with redis.asyncio.from_url(server.url) as client:
        assert await client.ping()
    pid = server.process.pid
    await server.process.stop()
    assert server.process.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_data_survives_kill_9_and_the_address_stays(own_redis):
    server = own_redis
    async with redis.asyncio.from_url(server.url) as client:
        await client.set("kept", "yes")
    await server.process.stop(signal.SIGKILL)
    again = server_in(server.process.folder, server.kind)
    await again.start(default_places())
    assert again.url == server.url
    async with redis.asyncio.from_url(again.url) as client:
        assert await client.get("kept") == b"yes"


async def test_a_pid_that_belongs_to_another_program_is_not_ours(tmp_path):
    (tmp_path / "pid").write_text(f'{{"pid": {os.getpid()}, "started": 1}}')
    process = Process("other", tmp_path)
    assert process.pid is None
    await process.stop()


async def test_a_server_that_ends_at_once_shows_its_last_words(tmp_path):
    async def never() -> bool:
        return False

    with pytest.raises(CannotStart, match="no such option"):
        await Process("broken", tmp_path).start(Launch(("sh", "-c", "echo no such option; exit 1"), never))


def test_what_is_missing_is_named_with_the_way_out():
    with pytest.raises(CannotStart, match=r"`no-such-program` is not here. Get it"):
        need("no-such-program", "Get it.")


async def test_through_the_proxy_a_server_hangs_or_is_gone_and_comes_back(redis_database):
    async with proxied(redis_database) as (proxy, url):
        retry = redis.asyncio.retry.Retry(redis.backoff.NoBackoff(), 0)
        async with redis.asyncio.from_url(url, socket_timeout=0.2, retry=retry) as client:
            await client.ping()
            for fault, error in ((proxy.silent, redis.TimeoutError), (proxy.down, redis.ConnectionError)):
                with fault(), pytest.raises(error):
                    await client.ping()
                await client.ping()
