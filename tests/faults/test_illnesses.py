"""A server that is ill itself: hung, with another password, full. Each on a server that nobody else uses."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis.asyncio
from psycopg import sql

from memory.cassandra import open_cassandra
from memory.errors import StoreUnavailable
from memory.mongodb import open_mongodb
from memory.postgres import open_postgres
from memory.redis import open_redis
from memory.sqlite import Database, open_database
from tests.faults.house import QUIET
from tests.faults.table import ILLNESSES, RECOVERS_S, Illness
from tests.services.kinds import Server
from tests.support.servers import own_postgres, own_server

LIMIT_S = 1.0
AT_ONCE_S = 0.3
SLACK_S = 0.1 if QUIET else 0.7
"""For a machine that does other things meanwhile."""
PATIENCE_S = 20.0

Call = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Patient:
    """A connected adapter. server: None for a file. make: puts an illness on it and ends it with its block."""

    read: Call
    write: Call
    server: Server | None
    make: Mapping[str, Callable[[], AbstractAsyncContextManager[None]]]


@asynccontextmanager
async def stopped(server: Server) -> AsyncGenerator[None]:
    """The server and all its processes do nothing any more, without a word to anybody."""
    pid = server.process.pid
    assert pid is not None
    pids = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]  # noqa: ASYNC240 - no disk
    for one in pids:
        os.kill(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in pids:
            os.kill(one, signal.SIGCONT)


@asynccontextmanager
async def on_redis(folder: Path) -> AsyncGenerator[Patient]:
    async with own_server("redis", folder) as server, redis.asyncio.from_url(server.url) as admin:
        (password,) = (await admin.config_get("requirepass")).values()

        @asynccontextmanager
        async def locked() -> AsyncGenerator[None]:
            await admin.execute_command("CONFIG", "SET", "requirepass", "rotated")
            await admin.execute_command("CLIENT", "KILL", "TYPE", "NORMAL", "SKIPME", "YES")
            try:
                yield
            finally:
                await admin.execute_command("CONFIG", "SET", "requirepass", password)

        @asynccontextmanager
        async def full() -> AsyncGenerator[None]:
            await admin.execute_command("CONFIG", "SET", "maxmemory", "1", "maxmemory-policy", "noeviction")
            try:
                yield
            finally:
                await admin.execute_command("CONFIG", "SET", "maxmemory", "0")

        async with open_redis(server.url, LIMIT_S) as store:
            makes = {"hung": lambda: stopped(server), "password changed": locked, "full": full}
            yield Patient(lambda: store.call("GET", "a"), lambda: store.call("SET", "a", "b"), server, makes)


@asynccontextmanager
async def on_postgres(folder: Path) -> AsyncGenerator[Patient]:
    async with own_postgres() as server:
        url = server.kind.application_url(server.port)
        async with await _admin(server.url) as admin:

            async def change(password: str) -> None:
                changing = sql.SQL("ALTER ROLE multidb PASSWORD {}").format(sql.Literal(password))
                await admin.execute(changing)

            @asynccontextmanager
            async def locked() -> AsyncGenerator[None]:
                await change("rotated")
                await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'multidb'")
                try:
                    yield
                finally:
                    await change(url.split(":")[2].split("@")[0])

            async with open_postgres(url, LIMIT_S) as store:

                def ask() -> Awaitable[object]:
                    return store.fetch(sql.SQL("SELECT 1"))

                yield Patient(ask, ask, server, {"hung": lambda: stopped(server), "password changed": locked})


async def _admin(url: str) -> psycopg.AsyncConnection[Any]:
    """Connect once the server has read its log, which it may still do when it first answers."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return await psycopg.AsyncConnection.connect(url, autocommit=True)
            except psycopg.OperationalError:
                await asyncio.sleep(0.1)


@asynccontextmanager
async def on_mongo(folder: Path) -> AsyncGenerator[Patient]:
    async with own_server("mongo", folder) as server, open_mongodb(f"{server.url}/ill", LIMIT_S) as store:

        async def ask() -> None:
            async with store.within():
                await store["nothing"].find_one({})

        yield Patient(ask, ask, server, {"hung": lambda: stopped(server)})


@asynccontextmanager
async def on_cassandra(folder: Path) -> AsyncGenerator[Patient]:
    async with own_server("cassandra", folder) as server:
        async with open_cassandra(f"{server.url}/ill?replication=1", 10.0) as patient:
            await patient.connect()  # makes the tables, which takes longer than a call may
        async with open_cassandra(f"{server.url}/ill", LIMIT_S, must_answer=False) as store:

            async def ask() -> None:
                async with store.limit():
                    await store.rows("SELECT release_version FROM system.local")

            yield Patient(ask, ask, server, {"hung": lambda: stopped(server)})


@asynccontextmanager
async def on_sqlite(folder: Path) -> AsyncGenerator[Patient]:
    async with open_database(folder / "full.db", LIMIT_S) as store:
        await store.migrate("ill", ("CREATE TABLE kept (text TEXT NOT NULL)",))

        @asynccontextmanager
        async def full() -> AsyncGenerator[None]:
            await _pages(store, 1)
            try:
                yield
            finally:
                await _pages(store, 2**30)

        yield Patient(
            lambda: store.read(lambda kept: kept.execute("SELECT count(*) FROM kept").fetchone()[0]),
            lambda: store.write(lambda kept: kept.execute("INSERT INTO kept VALUES (?)", ("x" * 100_000,)).rowcount),
            None,
            {"full": full},
        )


async def _pages(store: Database, most: int) -> None:
    """Let the file have so many pages; it keeps those that it has."""
    await store.write(lambda kept: kept.execute(f"PRAGMA max_page_count = {most}").fetchone()[0])


OPENED: Mapping[str, Callable[[Path], AbstractAsyncContextManager[Patient]]] = {
    **{"redis": on_redis, "postgres": on_postgres, "mongo": on_mongo, "cassandra": on_cassandra},
    "sqlite": on_sqlite,
}


def params() -> list[Any]:
    """Every row; those whose servers take long to start have the mark of the storms."""
    marks = {True: (), False: (pytest.mark.chaos,)}
    needs = {True: (), False: (pytest.mark.services,)}
    return [
        pytest.param(one, id=f"{one.server} {one.ill}", marks=(*marks[one.every_time], *needs[one.server == "sqlite"]))
        for one in ILLNESSES
    ]


@pytest.mark.parametrize("illness", params())
async def test_an_ill_server_is_told_in_time_and_used_again_once_it_is_well(illness: Illness, tmp_path: Path) -> None:
    async with OPENED[illness.server](tmp_path) as patient:
        await well(patient)
        async with patient.make[illness.ill]():
            for _ in range(3):
                began = time.monotonic()
                with pytest.raises(StoreUnavailable):
                    await patient.write()
                assert time.monotonic() - began <= (illness.limits * LIMIT_S or AT_ONCE_S) + SLACK_S
            if illness.writes_only:
                await patient.read()
        began = time.monotonic()
        await well(patient)
        assert time.monotonic() - began <= RECOVERS_S + LIMIT_S + SLACK_S
        await patient.read()


async def well(patient: Patient) -> None:
    """Wait until a call is answered."""
    async with asyncio.timeout(PATIENCE_S):
        while not await _is_well(patient):  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.1)


async def _is_well(patient: Patient) -> bool:
    try:
        await patient.write()
    except StoreUnavailable:
        return False
    return True
