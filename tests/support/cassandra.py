"""Rigs on Cassandra. A keyspace's tables take seconds to make: one keyspace serves all tests, one tenant a test."""

from __future__ import annotations

import types
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from memory.cassandra import Cassandra, open_cassandra
from memory.cassandra_schema import MIGRATIONS
from memory.ids import digest
from memory.records import Scope
from memory.sqlite import open_database
from memory.turns.cassandra import CassandraTurns
from memory.turns.outbox import open_outbox
from tests.support.proxy import proxied
from tests.support.rig import IMPATIENCE_S, Clock, Rig, locked
from tests.support.servers import server_url


def shared_keyspace() -> str:
    """Return the URL of a keyspace that the tests of one schema share."""
    parts = urlsplit(server_url("cassandra"))
    return urlunsplit(parts._replace(path=f"/tests_{digest(str(MIGRATIONS))}", query="replication=1"))


class Apart:
    """A store whose tenants are one test's own."""

    def __init__(self, store: Any, mark: str) -> None:
        self._store = store
        self._mark = mark

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def call(apart: Apart, *args: Any) -> Any:
            if args and isinstance(args[0], Scope):
                args = (replace(args[0], tenant_id=f"{apart._mark} {args[0].tenant_id}"), *args[1:])
            return method(*args)

        return types.MethodType(call, self)


def on_cassandra(open_store: Callable[[Cassandra], Any]) -> Any:
    """Return an opener of rigs for an adapter in Cassandra; the impatient one reaches it through a proxy."""

    @asynccontextmanager
    async def open_rig(folder: Path) -> AsyncGenerator[Rig]:
        async with AsyncExitStack() as stack:
            url = shared_keyspace()
            proxy, proxied_url = await stack.enter_async_context(proxied(url))
            mark, stores = uuid4().hex, []
            for place, limit in ((url, 10.0), (url, 10.0), (proxied_url, IMPATIENCE_S)):
                server = await stack.enter_async_context(open_cassandra(place, limit))
                stores.append(Apart(open_store(server), mark))
            yield Rig(*stores, Clock(), proxy.silent)

    return open_rig


def before_cassandra() -> Any:
    """Return an opener of rigs for the outbox before Cassandra; in the outage its file is out too."""

    @asynccontextmanager
    async def open_rig(folder: Path) -> AsyncGenerator[Rig]:
        async with on_cassandra(CassandraTurns)(folder) as rig, AsyncExitStack() as stack:
            stores = []
            for name, limit in (("store", 10.0), ("second", 10.0), ("impatient", IMPATIENCE_S)):
                database = await stack.enter_async_context(open_database(folder / f"{name}.db", limit))
                stores.append(await stack.enter_async_context(open_outbox(getattr(rig, name), database)))

            @contextmanager
            def outage() -> Generator[None]:
                with rig.outage(), locked(folder / "impatient.db"):
                    yield

            yield Rig(*stores, rig.clock, outage)

    return open_rig
