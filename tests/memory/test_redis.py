"""The connection to Redis: what it refuses, how long it waits, how it comes back, and what it never says."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import suppress

import pytest
import redis.asyncio

from memory.errors import InvalidInput, StoreUnavailable
from memory.redis import open_redis
from memory.settings import StoreSettings
from tests.services.places import default_places
from tests.services.redis import PASSWORD
from tests.support.proxy import proxied

pytestmark = pytest.mark.services
LIMIT_S = 0.5


async def refused(url: str) -> str:
    with pytest.raises(InvalidInput) as told:
        async with open_redis(url):
            pass
    return str(told.value)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("appendonly", "no"),
        *(("maxmemory-policy", policy) for policy in ("allkeys-lru", "allkeys-lfu", "volatile-lru", "volatile-ttl")),
    ],
)
async def test_a_server_that_would_lose_conversations_is_refused_unless_we_are_told(own_redis, setting, value):
    async with redis.asyncio.from_url(own_redis.url) as admin:
        await admin.config_set(setting, value)
    assert "MULTIDB_REDIS_MAY_FORGET" in await refused(own_redis.url)
    async with open_redis(own_redis.url, may_forget=True) as server:
        assert await server.call("PING")


@pytest.mark.parametrize("url", ["", "redis://", "http://host/0", "redis://:secret@/0", "redis://:secret@host:port/0"])
async def test_a_useless_address_is_refused_without_showing_a_password(url):
    assert "secret" not in await refused(url)


async def test_credentials_are_in_no_repr_and_no_error(redis_database, own_redis, caplog):
    async with open_redis(redis_database) as server:
        assert PASSWORD not in f"{server!r} {server} {server.__dict__['host']}"
    for url in (redis_database.replace(PASSWORD, "wrong-secret"), own_redis.url):
        await own_redis.process.stop()
        with pytest.raises(StoreUnavailable) as told:
            async with open_redis(url, LIMIT_S):
                pass
        assert PASSWORD not in str(told.value)
        assert "secret" not in str(told.value)
    assert PASSWORD not in caplog.text


async def test_a_server_that_hangs_is_told_in_time_and_used_again_once_it_answers(redis_database):
    async with proxied(redis_database) as (proxy, url), open_redis(url, LIMIT_S) as server:
        with proxy.silent():
            began = time.monotonic()
            with pytest.raises(StoreUnavailable):
                await server.call("PING")
            assert time.monotonic() - began < LIMIT_S + 0.1
        assert await server.call("PING")


async def test_a_hundred_callers_of_a_server_that_hangs_are_all_told_in_time(redis_database):
    async with proxied(redis_database) as (proxy, url), open_redis(url, 1.0) as server:
        for _ in range(3):
            with proxy.silent():
                began = time.monotonic()
                told = await asyncio.gather(*(server.call("PING") for _ in range(100)), return_exceptions=True)
                assert {type(error) for error in told} == {StoreUnavailable}
                # One after the other over ten connections they would wait ten seconds.
                assert time.monotonic() - began < 4
            await back(server)


async def back(server):
    """Wait until the server is used again: while it was away, one call a second tried."""
    async with asyncio.timeout(3):
        while server.breaker.state != "closed":
            with suppress(StoreUnavailable):
                await server.call("PING")
            await asyncio.sleep(0.02)


async def test_a_server_that_was_killed_is_used_again_without_a_restart_of_ours(own_redis):
    async with open_redis(own_redis.url, LIMIT_S) as server:
        append = server.script("return redis.call('RPUSH', KEYS[1], ARGV[1])")
        assert await append([b"list"], [1]) == 1
        await own_redis.process.stop(signal.SIGKILL)
        with pytest.raises(StoreUnavailable):
            await append([b"list"], [2])
        await own_redis.start(default_places())
        assert await append([b"list"], [3]) == 2


async def test_a_call_that_is_given_up_leaves_no_answer_for_the_next(redis_database):
    async with proxied(redis_database) as (proxy, url), open_redis(url) as server:
        await asyncio.gather(*(server.call("SET", f"key{number}", number) for number in range(8)))
        with proxy.silent():
            calls = [asyncio.ensure_future(server.call("GET", f"key{number}")) for number in range(8)]
            await asyncio.wait(calls, timeout=0.1)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
        answers = await asyncio.gather(*(server.call("GET", f"key{number}") for number in range(8)))
        assert answers == [str(number).encode() for number in range(8)]


def test_the_settings_say_nothing_of_a_forgetful_server_by_default():
    assert StoreSettings().redis_may_forget is False
