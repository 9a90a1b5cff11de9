"""The pool of connections to PostgreSQL when calls are given up: each connection comes back."""

from __future__ import annotations

import asyncio

import pytest
from psycopg import sql

from memory.errors import StoreUnavailable
from memory.postgres import open_postgres

pytestmark = pytest.mark.services
ONE = sql.SQL("SELECT 1")


async def test_a_call_given_up_while_its_connection_goes_back_loses_no_connection(postgres_database, monkeypatch):
    async with open_postgres(postgres_database, max_connections=1) as server:
        assert await server.fetch(ONE) == [(1,)]
        put, may_go_on = server._pool.putconn, asyncio.Event()

        async def slowly(connection):
            await may_go_on.wait()
            await put(connection)

        monkeypatch.setattr(server._pool, "putconn", slowly)
        monkeypatch.setattr(server, "timeout_s", 0.2)
        with pytest.raises(StoreUnavailable):
            await server.fetch(ONE)
        monkeypatch.setattr(server, "timeout_s", 5.0)
        may_go_on.set()
        assert await server.fetch(ONE) == [(1,)]
