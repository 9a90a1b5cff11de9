"""Rigs of the suites on the MongoDB-wire servers; the impatient store reaches its own through a proxy."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from memory.mongodb import Mongo, open_mongodb
from tests.support.proxy import proxied
from tests.support.rig import IMPATIENCE_S, Clock, Rig
from tests.support.servers import fresh_mongo


def on_mongo(open_store: Callable[[Mongo], Awaitable[Any]], server: str = "mongo") -> Any:
    """Return an opener of rigs for an adapter that lives in MongoDB."""

    @asynccontextmanager
    async def open_rig(folder: Path) -> AsyncGenerator[Rig]:
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(fresh_mongo(server))
            proxy, proxied_url = await stack.enter_async_context(proxied(url))
            stores: list[Any] = []
            for place, limit in ((url, 10.0), (url, 10.0), (proxied_url, IMPATIENCE_S)):
                # Indexes are looked for in their own time: a busy server takes longer than the impatient one waits.
                mongo = await stack.enter_async_context(open_mongodb(place, 10.0))
                stores.append(await open_store(mongo))
                mongo.timeout_s = limit
            yield Rig(stores[0], stores[1], stores[2], Clock(), proxy.silent)

    return open_rig
