"""The connection to PostgreSQL: what it refuses, how long it waits, how it comes back, and what it never says."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import time
from contextlib import suppress

import psycopg
import pytest
from psycopg import sql

from memory.breaker import SLOW_S
from memory.errors import InvalidInput, StoreUnavailable
from memory.postgres import migrate, open_postgres, original, stored
from tests.memory.test_redis_tls import certify
from tests.services.places import default_places
from tests.support.people import ALICE
from tests.support.proxy import proxied
from tests.support.servers import fresh_postgres_schema, own_postgres, server_url
from tests.support.texts import AWKWARD

pytestmark = pytest.mark.services
LIMIT_S = 0.5
ONE = sql.SQL("SELECT 1")
TABLE = (sql.SQL("CREATE TABLE numbers (number int)"), sql.SQL("INSERT INTO numbers VALUES (7)"))


@pytest.fixture
async def database():
    async with fresh_postgres_schema() as url:
        yield url


@pytest.mark.parametrize(
    "url",
    ["", "postgresql://", "http://host/db", "postgresql://u:secret@/db", "postgresql://u:secret@host:port/db"],
)
async def test_a_useless_address_is_refused_without_showing_a_password(url):
    with pytest.raises(InvalidInput) as told:
        async with open_postgres(url):
            pass
    assert "secret" not in str(told.value)


async def test_a_role_above_row_level_security_is_refused():
    with pytest.raises(InvalidInput, match="CREATE ROLE"):
        async with open_postgres(server_url("postgres")):
            pass


async def test_either_scheme_is_taken(database):
    async with open_postgres(database.replace("postgresql://", "postgres://")) as server:
        assert await server.fetch(ONE) == [(1,)]


async def test_credentials_are_in_no_repr_no_error_and_no_log(database, caplog):
    caplog.set_level(logging.DEBUG)
    secret = database.split(":")[2].split("@")[0]
    async with open_postgres(database) as server:
        assert secret not in f"{server!r} {server}".replace(server.place, "")
        with pytest.raises(StoreUnavailable) as told:
            await server.fetch(sql.SQL("SELECT nothing"))
        assert secret not in str(told.value).replace(server.place, "")
    wrong = database.replace(f":{secret}@", ":wrong-secret@")
    with pytest.raises(StoreUnavailable) as told:
        async with open_postgres(wrong, LIMIT_S):
            pass
    assert "wrong-secret" not in str(told.value) + caplog.text


async def test_tls_is_asked_for_by_the_address(database):
    with pytest.raises(StoreUnavailable):
        async with open_postgres(f"{database}?sslmode=require", LIMIT_S):
            pass


async def test_tls_is_used_where_the_address_says_so_and_a_stranger_is_not_believed(tmp_path):
    async with own_postgres() as process:
        await answers(process.url)
        cluster = process.process.folder / "cluster"
        certify(cluster)
        for name in ("cert.pem", "key.pem"):
            os.chown(cluster / name, cluster.stat().st_uid, cluster.stat().st_gid)
            os.chmod(cluster / name, 0o600)
        shutil.copy(cluster / "cert.pem", tmp_path)
        async with await psycopg.AsyncConnection.connect(process.url, autocommit=True) as admin:
            for setting in ("ssl_cert_file = 'cert.pem'", "ssl_key_file = 'key.pem'", "ssl = on"):
                await admin.execute(sql.SQL("ALTER SYSTEM SET " + setting))
            await admin.execute("SELECT pg_reload_conf()")
        url = f"{process.kind.application_url(process.port)}?sslmode=verify-full&sslrootcert="
        async with asyncio.timeout(10):
            while not await reached(f"{url}{tmp_path / 'cert.pem'}"):
                pass
        async with open_postgres(f"{url}{tmp_path / 'cert.pem'}") as server:
            assert await server.fetch(sql.SQL("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")) == [(True,)]
        assert not await reached(f"{url}system")


async def reached(url):
    try:
        async with open_postgres(url, 2.0):
            return True
    except StoreUnavailable:
        return False


async def test_a_server_that_hangs_is_told_in_time_and_used_again_once_it_answers(database):
    async with proxied(database) as (proxy, url), open_postgres(url, LIMIT_S) as server:
        assert await server.fetch(ONE)
        for _ in range(2):
            with proxy.silent():
                began = time.monotonic()
                with pytest.raises(StoreUnavailable):
                    await server.fetch(ONE)
                assert time.monotonic() - began < LIMIT_S + 0.2
            await is_back(server, 3)


async def test_a_server_that_hangs_is_waited_for_by_one_call_a_second(database):
    async with proxied(database) as (proxy, url), open_postgres(url, SLOW_S) as server:
        with proxy.silent():
            assert not await fails_within(server, 1.0)
            waited = [not await fails_within(server, 0.5) for _ in range(20)]
            assert sum(waited) <= 1
        await is_back(server, 3)


async def test_a_slow_statement_makes_no_lost_server(database):
    async with open_postgres(database, LIMIT_S) as server:
        slow = asyncio.ensure_future(server.fetch(sql.SQL("SELECT pg_sleep(60)")))
        while not slow.done():
            assert await server.fetch(ONE)
        assert isinstance(slow.exception(), StoreUnavailable)
        assert await server.fetch(ONE)


async def test_a_hundred_callers_of_a_server_that_hangs_are_all_told_in_time(database):
    async with proxied(database) as (proxy, url), open_postgres(url, LIMIT_S) as server:
        with proxy.silent():
            began = time.monotonic()
            told = await asyncio.gather(*(server.fetch(ONE) for _ in range(100)), return_exceptions=True)
            assert {type(error) for error in told} == {StoreUnavailable}
            assert time.monotonic() - began < LIMIT_S + 0.5
        await is_back(server, 3)


async def test_connections_that_were_cut_are_replaced_unnoticed(database):
    async with proxied(database) as (proxy, url), open_postgres(url) as server:
        await asyncio.gather(*(server.fetch(sql.SQL("SELECT pg_sleep(0.02)")) for _ in range(10)))
        proxy.cut()
        assert await server.fetch(ONE) == [(1,)]


async def test_a_statement_that_takes_too_long_ends_on_the_server_too(database):
    async with open_postgres(database) as other, open_postgres(database, LIMIT_S) as server:
        with pytest.raises(StoreUnavailable):
            await server.fetch(sql.SQL("SELECT pg_advisory_xact_lock(4711), pg_sleep(60)"))
        began = time.monotonic()
        await other.fetch(sql.SQL("SELECT pg_advisory_xact_lock(4711)"))
        assert time.monotonic() - began < 5


async def test_a_caller_that_goes_away_leaves_no_transaction_behind(database):
    async with open_postgres(database) as server:
        await migrate(server, "test", TABLE)
        begun = asyncio.Event()

        async def hold(connection):
            await connection.execute("DELETE FROM numbers")
            begun.set()
            await connection.execute("SELECT pg_sleep(60)")

        call = asyncio.ensure_future(server.transaction(ALICE, hold))
        await begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await server.fetch(sql.SQL("SELECT number FROM numbers FOR UPDATE")) == [(7,)]


async def fails_within(server, limit_s):
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await server.fetch(ONE)
    return time.monotonic() - began < limit_s


async def test_a_lost_server_is_told_at_once_and_used_again_without_a_restart_of_ours():
    async with own_postgres() as process:
        url = process.kind.application_url(process.port)
        await answers(url)
        async with open_postgres(url, LIMIT_S) as server:
            assert await server.fetch(ONE)
            await process.process.stop(signal.SIGKILL)
            async with asyncio.timeout(5):
                while not await fails_within(server, 0.05):
                    pass
            await process.start(default_places())
            await answers(url)
            await is_back(server, 3)


async def is_back(server, limit_s):
    async with asyncio.timeout(limit_s):
        while True:
            with suppress(StoreUnavailable):
                return await server.fetch(ONE)
            await asyncio.sleep(0)


async def answers(url):
    """Wait until a server that was started has read its log."""
    async with asyncio.timeout(20):
        while True:
            with suppress(psycopg.OperationalError):
                await (await psycopg.AsyncConnection.connect(url)).close()
                return


async def test_processes_that_start_at_once_make_the_tables_once(database):
    async with open_postgres(database) as one, open_postgres(database) as two:
        await asyncio.gather(*(migrate(server, "test", TABLE) for server in (one, two) for _ in range(4)))
        assert await one.fetch(sql.SQL("SELECT number FROM numbers")) == [(7,)]


async def test_a_migration_that_fails_leaves_nothing_and_a_newer_schema_is_left_alone(database):
    async with open_postgres(database) as server:
        with pytest.raises(StoreUnavailable, match="syntax"):
            await migrate(server, "test", (*TABLE, sql.SQL("CREATE nothing")))
        assert await server.fetch(sql.SQL("SELECT to_regclass('numbers')")) == [(None,)]
        await migrate(server, "test", TABLE)
        await migrate(server, "test", TABLE[:1])
        assert await server.fetch(sql.SQL("SELECT version FROM schema_versions")) == [(2,)]


async def test_transactions_that_undo_each_other_are_begun_anew(database):
    async with open_postgres(database) as server:
        await migrate(server, "test", (sql.SQL("CREATE TABLE pairs (name text PRIMARY KEY, n int)"),))
        await server.fetch(sql.SQL("INSERT INTO pairs VALUES ('a', 0), ('b', 0)"))

        both_hold_one, holding = asyncio.Event(), set()

        async def add(connection, *names):
            for name in names:
                await connection.execute("UPDATE pairs SET n = n + 1 WHERE name = %s", (name,))
                holding.add(name)
                if len(holding) == 2:
                    both_hold_one.set()
                await both_hold_one.wait()

        await asyncio.gather(
            server.transaction(ALICE, lambda connection: add(connection, "a", "b")),
            server.transaction(ALICE, lambda connection: add(connection, "b", "a")),
        )
        assert await server.fetch(sql.SQL("SELECT DISTINCT n FROM pairs")) == [(2,)]


@pytest.mark.parametrize("text", [*AWKWARD.values(), "\1", "\0\1\0\2\1\1\0\0", "\0\2"])
def test_texts_are_kept_whole(text):
    assert original(stored(text)) == text
    assert "\0" not in stored(text)


def test_texts_are_kept_in_order():
    texts = sorted({a + b + c for a in ("", "a") for b in ("", "\0", "\1", "\2") for c in ("", "\0", "\1", "\2", "b")})
    assert sorted(texts, key=stored) == texts
