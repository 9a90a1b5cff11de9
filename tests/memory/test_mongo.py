"""The connection to MongoDB: how long it waits, how it comes back, how it ends, and what it never says."""

from __future__ import annotations

import asyncio
import time

import pytest

from memory.documents.mongodb import open_documents
from memory.errors import InvalidInput, StoreUnavailable
from memory.mongodb import open_mongodb
from memory.records import SYSTEM
from memory.settings import StoreSettings
from memory.stores import open_stores
from tests.support.people import ALICE
from tests.support.proxy import proxied

LIMIT_S = 0.5
NOBODY = "mongodb://reader:secret@127.0.0.1:9/kept"


@pytest.mark.parametrize(
    "url",
    [
        "mongodb://",
        "mongodb://reader:secret@/kept",
        "mongodb://reader:secret@host:port/kept",
        "mongodb://reader:sec:ret@host/kept",
        "mongodb://reader:secret@host/kept?w=many&tls=perhaps",
        "http://reader:secret@host/kept",
    ],
)
async def test_a_useless_address_is_refused_without_showing_a_password(url):
    with pytest.raises(InvalidInput) as told:
        async with open_mongodb(url):
            pass
    assert "sec" not in str(told.value)
    assert told.value.__cause__ is None


@pytest.mark.parametrize("options", ["", "?tls=true", "?w=1&readConcernLevel=local", "?tls=true&tlsInsecure=true"])
async def test_options_in_the_address_are_taken_and_nothing_of_it_is_shown(options):
    async with open_mongodb(f"mongodb://reader:secret@127.0.0.1:9,127.0.0.1:10/kept{options}") as mongo:
        assert repr(mongo) == "Mongo('127.0.0.1:9,127.0.0.1:10')"


async def test_a_server_that_is_not_there_is_told_in_time_without_the_password(tmp_path, caplog):
    settings = StoreSettings(home=tmp_path, documents_url=NOBODY, store_timeout_s=LIMIT_S)
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:9") as told:
        async with open_stores(settings):
            pass
    assert time.monotonic() - began < LIMIT_S + 0.5
    assert "secret" not in f"{told.value} {caplog.text}"


@pytest.mark.services
@pytest.mark.parametrize("fault", ["silent", "down"])
async def test_a_server_that_hangs_or_is_gone_is_told_in_time_and_used_again_once_it_answers(mongo_database, fault):
    async with proxied(mongo_database) as (proxy, url), open_mongodb(url, LIMIT_S) as mongo:
        store = await open_documents(mongo)
        with getattr(proxy, fault)():
            for ask in (store.last_sequence(SYSTEM), store.get(ALICE, "x"), store.page(ALICE, "", None, 9)):
                began = time.monotonic()
                with pytest.raises(StoreUnavailable):
                    await ask
                assert time.monotonic() - began < LIMIT_S + 0.2
        async with asyncio.timeout(5):
            while await _fails(store):
                pass


async def _fails(store) -> bool:
    try:
        return await store.last_sequence(SYSTEM) != 0
    except StoreUnavailable:
        return True


# The driver leaves a socket that was being connected to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore:unclosed:ResourceWarning")
@pytest.mark.services
async def test_a_call_that_is_cancelled_ends_cancelled_wherever_it_was(mongo_database):
    async with open_mongodb(mongo_database) as mongo:
        store = await open_documents(mongo)

        async def for_ever():
            while True:
                await store.last_sequence(SYSTEM)

        for turns in range(60):
            asking = asyncio.ensure_future(for_ever())
            for _ in range(turns):
                await asyncio.sleep(0)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                async with asyncio.timeout(5):
                    await asking
        assert await store.last_sequence(SYSTEM) == 0


async def test_a_driver_that_swallows_the_end_of_the_limit_is_told_again():
    swallowed = []

    async def stubborn():
        while len(swallowed) < 3:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed.append(time.monotonic())
        await asyncio.Event().wait()

    async def call(mongo):
        async with mongo.within():
            await stubborn()

    async with open_mongodb(NOBODY, LIMIT_S) as mongo:
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await call(mongo)
        assert time.monotonic() - began < LIMIT_S + 0.4
        assert asyncio.current_task().cancelling() == 0


@pytest.mark.services
async def test_what_the_format_cannot_hold_is_the_callers_fault(mongo_database):
    async with open_mongodb(mongo_database) as mongo:
        store = await open_documents(mongo)
        with pytest.raises(InvalidInput):
            await store.passages(ALICE, ["\ud800"])
