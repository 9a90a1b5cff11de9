"""A password is in no log, no repr, no error with all that it comes from, and no answer of the application."""

from __future__ import annotations

import asyncio
import logging
import traceback
from urllib.parse import urlsplit, urlunsplit

import pytest
from psycopg import sql

from api.errors import problem_of
from api.settings import Settings
from memory.cassandra import open_cassandra
from memory.errors import StoreError
from memory.mongodb import open_mongodb
from memory.postgres import open_postgres
from memory.redis import open_redis
from memory.settings import StoreSettings
from tests.support.servers import server_url

CANARY = "canary-8d1f"
LIMIT_S = 1.0
SCHEMES = {"redis": "redis", "postgres": "postgresql", "cassandra": "cassandra", "mongo": "mongodb"}


def with_canary(url, path):
    parts = urlsplit(url)
    netloc = f"{CANARY}-user:{CANARY}-password@{parts.hostname}:{parts.port}"
    return urlunsplit(parts._replace(netloc=netloc, path=path))


async def redis(url):
    async with open_redis(with_canary(url, "/0"), LIMIT_S) as server:
        yield server
        await server.call("PING")


async def postgres(url):
    async with open_postgres(with_canary(url, "/postgres"), LIMIT_S) as server:
        yield server
        await server.fetch(sql.SQL("SELECT 1"))


async def cassandra(url):
    async with open_cassandra(with_canary(url, "/no_such_keyspace"), LIMIT_S) as server:
        yield server


async def mongo(url):
    async with open_mongodb(with_canary(url, "/chat"), LIMIT_S) as server:
        yield server
        async with server.within():
            await server["nothing"].find_one({})


async def said_of(steps):
    """Return all that can be seen of a server and of what went wrong with it."""
    seen = []
    try:
        async for server in steps:
            seen += [f"{server!r} {server}", server.breaker.name]
    except StoreError as error:
        problem = problem_of(error)
        seen += [*traceback.format_exception(error), repr(error), str(problem.detail), repr(problem)]
        return "\n".join(seen)
    pytest.fail("the server took a password that is not its own")


@pytest.mark.parametrize("steps", [redis, postgres, cassandra, mongo])
@pytest.mark.parametrize("place", ["nobody", pytest.param("server", marks=pytest.mark.services)])
async def test_what_went_wrong_is_told_without_the_password(steps, place, caplog):
    caplog.set_level(logging.DEBUG)
    url = server_url(steps.__name__) if place == "server" else f"{SCHEMES[steps.__name__]}://127.0.0.1:9"
    said = await said_of(steps(url))
    await asyncio.sleep(0)
    assert f"{CANARY}-password" not in said + caplog.text
    assert urlsplit(url).hostname in said


def test_settings_show_no_url_and_no_key():
    urls = {name: f"redis://:{CANARY}@host" for name in StoreSettings.model_fields if name.endswith("_url")}
    shown = Settings(secret=CANARY, model_api_key=CANARY, **urls)
    assert CANARY not in f"{shown!r} {shown}"
