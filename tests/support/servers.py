"""A fresh database per test on the servers that `make services` started; without them the test is skipped and says so.

Each is an async context manager, for rigs, and a fixture of the same name without `fresh_`.
"""

from __future__ import annotations

import asyncio
import functools
import os
import socket
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest

from tests.services.environment import read_environment
from tests.services.kinds import KINDS, Server, server_in
from tests.services.places import default_places
from tests.services.process import free_port
from tests.support.proxy import proxied
from tests.support.rig import IMPATIENCE_S, Clock, Rig

EMBEDDED = frozenset({"sqlite", "local", "files"})
"""Rigs that need no server."""
CLAIM_S = 900
SETUP_S = 20


def rigs(openers: Mapping[str, Any]) -> list[Any]:
    """Return the names of rigs as parameters, those on servers with the mark `services`."""
    return [name if name in EMBEDDED else pytest.param(name, marks=pytest.mark.services) for name in openers]


def server_url(name: str) -> str:
    """Return where a server answers, or skip the test that needs it."""
    url = read_environment().get(name, "")
    if not url or not _answers(url):
        pytest.skip(f"needs the server {name}: run `make services` first")
    return url


@functools.cache
def _answers(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=2):
            return True
    except OSError:
        return False


@asynccontextmanager
async def fresh_redis() -> AsyncGenerator[str]:
    """Yield the URL of a database (by number) that nobody else uses and that was emptied."""
    import redis.asyncio

    url = server_url("redis")
    async with asyncio.timeout(SETUP_S), redis.asyncio.from_url(url) as front:
        number = 1
        while not await front.set(f"claimed:{number}", 1, nx=True, ex=CLAIM_S):
            number += 1
    own = urlunsplit(urlsplit(url)._replace(path=f"/{number}"))
    async with redis.asyncio.from_url(own) as database:
        await database.flushdb()
        try:
            yield own
        finally:
            await database.flushdb()
            async with redis.asyncio.from_url(url) as front:
                await front.delete(f"claimed:{number}")


def on_redis(open_store: Callable[[Any, Clock], AbstractAsyncContextManager[Any]]) -> Any:
    """Return an opener of rigs for an adapter that lives in Redis; the impatient one reaches it through a proxy."""
    from memory.redis import open_redis

    @asynccontextmanager
    async def open_rig(folder: Path) -> AsyncGenerator[Rig]:
        clock = Clock()
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(fresh_redis())
            proxy, proxied_url = await stack.enter_async_context(proxied(url))
            stores = []
            for place, limit in ((url, 10.0), (url, 10.0), (proxied_url, IMPATIENCE_S)):
                server = await stack.enter_async_context(open_redis(place, limit))
                stores.append(await stack.enter_async_context(open_store(server, clock)))
            yield Rig(*stores, clock, proxy.silent)

    return open_rig


@asynccontextmanager
async def fresh_postgres() -> AsyncGenerator[str]:
    """Yield the URL of an empty database, owned by a role that is no superuser."""
    url, name = server_url("postgres"), f"test_{uuid4().hex}"
    async with _postgres_role(url, name) as admin:
        await admin.execute(f"CREATE DATABASE {name} OWNER {name}")
        try:
            yield _as_role(url, name, f"/{name}")
        finally:
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def fresh_postgres_schema() -> AsyncGenerator[str]:
    """Yield the URL of an empty schema: for rigs, as it costs a tenth of what a database does."""
    url, name = server_url("postgres"), f"test_{uuid4().hex}"
    async with _postgres_role(url, name) as admin:
        await admin.execute(f"CREATE SCHEMA {name} AUTHORIZATION {name}")
        try:
            yield _as_role(url, name, urlsplit(url).path)
        finally:
            await admin.execute(f"DROP SCHEMA {name} CASCADE")


@asynccontextmanager
async def _postgres_role(url: str, name: str) -> AsyncGenerator[Any]:
    import psycopg

    async with await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=SETUP_S) as admin:
        await admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{name}'")
        try:
            yield admin
        finally:
            await admin.execute(f"DROP ROLE {name}")


def _as_role(url: str, name: str, path: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{name}:{name}@{parts.hostname}:{parts.port}", path=path))


def on_postgres(open_store: Callable[[Any, Clock], Awaitable[Any]]) -> Any:
    """Return an opener of rigs for an adapter that lives in PostgreSQL; the impatient one is behind a proxy."""

    @asynccontextmanager
    async def open_rig(folder: Path) -> AsyncGenerator[Rig]:
        from memory.postgres import open_postgres

        clock = Clock()
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(fresh_postgres_schema())
            proxy, proxied_url = await stack.enter_async_context(proxied(url))
            stores = []
            for place, limit in ((url, 10.0), (url, 10.0), (proxied_url, IMPATIENCE_S)):
                # Tables are made in their own time: on a busy machine that takes longer than the impatient one waits.
                server = await stack.enter_async_context(open_postgres(place, 10.0))
                stores.append(await open_store(server, clock))
                server.timeout_s = limit
            yield Rig(*stores, clock, proxy.silent)

    return open_rig


@asynccontextmanager
async def fresh_cassandra() -> AsyncGenerator[str]:
    """Yield cassandra://HOST:PORT/KEYSPACE of an empty keyspace."""
    from cassandra.cluster import Cluster

    url = server_url("cassandra")
    parts, name = urlsplit(url), f"test_{uuid4().hex}"
    cluster = Cluster([parts.hostname], port=parts.port, protocol_version=4, connect_timeout=SETUP_S)
    session = await asyncio.to_thread(cluster.connect)
    try:
        replication = "{'class': 'NetworkTopologyStrategy', 'replication_factor': 1}"
        statement = f"CREATE KEYSPACE {name} WITH replication = {replication}"
        await asyncio.to_thread(session.execute, statement, timeout=SETUP_S)
        yield urlunsplit(parts._replace(path=f"/{name}"))
    finally:
        await asyncio.to_thread(session.execute, f"DROP KEYSPACE IF EXISTS {name}", timeout=SETUP_S)
        await asyncio.to_thread(cluster.shutdown)


@asynccontextmanager
async def fresh_mongo(server: str = "mongo") -> AsyncGenerator[str]:
    """Yield the URL of an empty database: on `mongo` (atomic, keeps nothing) or `ferretdb` (keeps all, not atomic)."""
    from pymongo import AsyncMongoClient

    url = server_url(server)
    name = f"test_{uuid4().hex}"
    async with AsyncMongoClient[Any](url, serverSelectionTimeoutMS=SETUP_S * 1000) as client:
        try:
            yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        finally:
            await client.drop_database(name)


@asynccontextmanager
async def own_server(kind: str, folder: Path) -> AsyncGenerator[Server]:
    """Yield a server that nobody else uses, to be stopped, killed and started; it costs what its start costs."""
    server_url(kind)  # where it runs, it can be started once more without a download
    server = server_in(folder / kind, KINDS[kind], free_port())
    try:
        await server.start(default_places())
        yield server
    finally:
        await server.process.stop()


@asynccontextmanager
async def own_postgres() -> AsyncGenerator[Server]:
    """Yield a PostgreSQL that nobody else uses, in a folder that its user can reach where we are root."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        os.chmod(folder, 0o755)
        async with own_server("postgres", Path(folder)) as server:
            yield server


@pytest.fixture
async def own_redis(tmp_path: Path) -> AsyncGenerator[Server]:
    async with own_server("redis", tmp_path) as server:
        yield server


@pytest.fixture
async def redis_database() -> AsyncGenerator[str]:
    async with fresh_redis() as url:
        yield url


@pytest.fixture
async def postgres_database() -> AsyncGenerator[str]:
    async with fresh_postgres() as url:
        yield url


@pytest.fixture
async def cassandra_keyspace() -> AsyncGenerator[str]:
    async with fresh_cassandra() as url:
        yield url


@pytest.fixture
async def mongo_database() -> AsyncGenerator[str]:
    async with fresh_mongo() as url:
        yield url
