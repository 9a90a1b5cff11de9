"""Processes on the same stores must sign with one secret: who does not is told at the start."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from api import one_secret
from api.one_secret import KEY, fingerprint
from memory.breaker import Breaker
from memory.errors import InvalidInput, StoreUnavailable
from memory.records import SYSTEM
from memory.redis import open_redis
from memory.runs.redis_cache import RedisCache
from memory.servers import Server

ONE, OTHER = b"one secret of at least thirty-two bytes", b"another one of at least thirty-two bytes"


class Shared:
    """A cache in which nothing fades by itself; `put_by` wakes whoever waits for the next write."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.put_by = asyncio.Event()
        self.away = False
        self.refused = asyncio.Event()

    async def get(self, scope, key):
        assert scope is SYSTEM
        if self.away:
            self.refused.set()
            raise StoreUnavailable("away")
        return self.kept.get(key)

    async def put(self, scope, key, value, ttl_s):
        self.kept[key] = value
        self.put_by.set()


def on(cache, technology="redis"):
    return SimpleNamespace(cache=cache, servers=[Server("here", technology, Breaker("here"), ["runs", "cache"])])


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(one_secret, "POLL_S", 0.01)
    monkeypatch.setattr(one_secret, "RENEW_S", 0.01)
    monkeypatch.setattr(one_secret, "FADES_S", 0.1)


async def test_processes_with_one_secret_start_beside_each_other():
    shared = Shared()
    async with one_secret.one_secret(on(shared), ONE), one_secret.one_secret(on(shared), ONE):
        assert shared.kept[KEY] == fingerprint(ONE)


async def test_a_process_with_another_secret_does_not_start_and_says_why():
    stores = on(Shared())
    async with one_secret.one_secret(stores, ONE):
        with pytest.raises(InvalidInput, match="MULTIDB_SECRET") as told:
            async with one_secret.one_secret(stores, OTHER):
                pass
    assert OTHER.decode() not in str(told.value)


async def test_a_secret_is_changed_once_the_last_process_has_gone():
    shared = Shared()
    async with one_secret.one_secret(on(shared), ONE):
        pass
    starting = asyncio.ensure_future(one_secret.one_secret(on(shared), OTHER).__aenter__())
    await asyncio.sleep(0)
    shared.kept.clear()
    async with asyncio.timeout(5):
        await starting
    assert shared.kept[KEY] == fingerprint(OTHER)


async def test_two_that_started_at_once_find_each_other_and_say_so(caplog):
    shared = Shared()
    async with one_secret.one_secret(on(shared), ONE):
        shared.kept[KEY] = fingerprint(OTHER)
        shared.put_by.clear()
        async with asyncio.timeout(5):
            await shared.put_by.wait()
    assert "MULTIDB_SECRET" in caplog.text


async def test_stores_that_are_away_meanwhile_change_nothing(caplog):
    shared = Shared()
    async with one_secret.one_secret(on(shared), ONE):
        shared.away = True
        async with asyncio.timeout(5):
            await shared.refused.wait()
            shared.away = False
            shared.put_by.clear()
            await shared.put_by.wait()
    assert not caplog.records


async def test_a_process_with_a_folder_of_its_own_writes_nothing():
    shared = Shared()
    async with one_secret.one_secret(on(shared, "sqlite"), ONE):
        assert not shared.kept


@pytest.mark.services
async def test_the_note_fades_in_redis(redis_database):
    async with open_redis(redis_database) as server:
        cache = RedisCache(server)
        async with one_secret.one_secret(on(cache), ONE):
            assert await cache.get(SYSTEM, KEY) == fingerprint(ONE)
        async with one_secret.one_secret(on(cache), OTHER):
            assert await cache.get(SYSTEM, KEY) == fingerprint(OTHER)
