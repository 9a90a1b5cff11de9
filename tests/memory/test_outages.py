"""The four servers behind one kind of breaker: an outage is told in time, then at once, and ends without a restart."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest
from psycopg import sql

from memory.breaker import FAILURES, Breaker
from memory.cassandra import HEARTBEAT_LIMITS_S, HEARTBEAT_S, open_cassandra
from memory.errors import StoreUnavailable
from memory.mongodb import open_mongodb
from memory.postgres import open_postgres
from memory.redis import open_redis
from tests.support.cassandra import shared_keyspace
from tests.support.proxy import Proxy, proxied
from tests.support.servers import fresh_mongo, fresh_postgres_schema, fresh_redis

pytestmark = pytest.mark.services
LIMIT_S = 0.5
LATE_S = 0.4
"""For a machine that does other things meanwhile."""
AT_ONCE_S = 0.1
BACK_S = 3.0


@dataclass(frozen=True)
class Reached:
    """An adapter that is connected through a proxy. ask: one call that every server can answer."""

    proxy: Proxy
    breaker: Breaker
    ask: Callable[[], Awaitable[object]]


async def redis(stack: AsyncExitStack, limit_s: float) -> Reached:
    proxy, url = await stack.enter_async_context(proxied(await stack.enter_async_context(fresh_redis())))
    server = await stack.enter_async_context(open_redis(url, limit_s))
    return Reached(proxy, server.breaker, lambda: server.call("PING"))


async def postgres(stack: AsyncExitStack, limit_s: float) -> Reached:
    proxy, url = await stack.enter_async_context(proxied(await stack.enter_async_context(fresh_postgres_schema())))
    server = await stack.enter_async_context(open_postgres(url, limit_s))
    return Reached(proxy, server.breaker, lambda: server.fetch(sql.SQL("SELECT 1")))


async def cassandra(stack: AsyncExitStack, limit_s: float) -> Reached:
    proxy, url = await stack.enter_async_context(proxied(shared_keyspace()))
    server = await stack.enter_async_context(open_cassandra(url, limit_s))

    async def ask() -> None:
        async with server.limit():
            await server.rows("SELECT release_version FROM system.local")

    return Reached(proxy, server.breaker, ask)


async def mongodb(stack: AsyncExitStack, limit_s: float) -> Reached:
    proxy, url = await stack.enter_async_context(proxied(await stack.enter_async_context(fresh_mongo())))
    mongo = await stack.enter_async_context(open_mongodb(url, limit_s))

    async def ask() -> None:
        async with mongo.within():
            await mongo["nothing"].find_one({})

    return Reached(proxy, mongo.breaker, ask)


@asynccontextmanager
async def reached(
    opener: Callable[[AsyncExitStack, float], Awaitable[Reached]], limit_s: float = LIMIT_S
) -> AsyncGenerator[Reached]:
    async with AsyncExitStack() as stack:
        yield await opener(stack, limit_s)


each = pytest.mark.parametrize("opener", [redis, postgres, cassandra, mongodb])


async def failed_after_s(server: Reached) -> float:
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await server.ask()
    return time.monotonic() - began


async def is_back(server: Reached, within_s: float = BACK_S) -> None:
    async with asyncio.timeout(within_s):
        while True:
            try:
                await server.ask()
                return
            except StoreUnavailable:
                await asyncio.sleep(0.02)


# MongoDB's driver leaves a socket that was being connected to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore:unclosed:ResourceWarning")
@each
@pytest.mark.parametrize("fault", ["down", "silent"])
async def test_an_outage_is_told_in_time_then_at_once_and_ends_without_a_restart(opener, fault):
    async with reached(opener) as server:
        await server.ask()
        with getattr(server.proxy, fault)():
            told_after_s = await asyncio.gather(*(failed_after_s(server) for _ in range(FAILURES)))
            assert max(told_after_s) < LIMIT_S + LATE_S
            assert server.breaker.state == "open"
            assert await failed_after_s(server) < AT_ONCE_S
        await is_back(server)
        assert server.breaker.state == "closed"
        failures = server.breaker.meter.failures
        assert failures["timeout"] + failures["unreachable"] >= 1
        assert failures["open"] >= 1
        assert failures["refused"] == 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore:unclosed:ResourceWarning")
@each
async def test_connections_that_died_without_a_word_are_replaced(opener):
    async with reached(opener) as server:
        await asyncio.gather(*(server.ask() for _ in range(4)))
        with server.proxy.half_open():
            await is_back(server, HEARTBEAT_S + HEARTBEAT_LIMITS_S[0] + BACK_S)
            assert server.breaker.state == "closed"


@each
async def test_a_hundred_calls_at_once_are_all_answered_and_counted_and_give_their_connections_back(opener):
    async with reached(opener, 10.0) as server:
        meter = server.breaker.meter
        before = sum(meter.counts)
        await asyncio.gather(*(server.ask() for _ in range(100)))
        assert sum(meter.counts) == before + 100
        assert meter.seconds > 0
        pool = meter.pool()
        assert pool.size >= 1
        assert pool.in_use <= pool.limit
        async with asyncio.timeout(5):
            while meter.pool().in_use > 0:
                await server.ask()
