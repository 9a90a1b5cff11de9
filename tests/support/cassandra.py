"""Rigs on Cassandra. A keyspace's tables take seconds to make: one keyspace serves all tests, one tenant a test."""

from __future__ import annotations

import types
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from memory.cassandra import Cassandra, open_cassandra
from memory.cassandra_schema import MIGRATIONS
from memory.ids import digest
from memory.records import Scope
from tests.support.proxy import proxied
from tests.support.rig import IMPATIENCE_S, Clock, Rig
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

        def call(apart: Apart, scope: Scope, *args: Any, **named: Any) -> Any:
            return method(replace(scope, tenant_id=f"{apart._mark} {scope.tenant_id}"), *args, **named)

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
