"""Settings of a deployment for tests: every port that has a server's adapter on a server, the others in files to share.

What `tests.services.environment.PORTS` names is what runs on servers: an adapter that joins it there is used here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

from memory.settings import StoreSettings
from memory.stores import migrate_stores
from tests.services.environment import PORTS
from tests.support import servers
from tests.support.atlas.server import contract_server

FRESH: Mapping[str, Callable[[], AbstractAsyncContextManager[str]]] = {
    "redis": servers.fresh_redis,
    "postgres": servers.fresh_postgres,
    "cassandra": servers.fresh_cassandra,
    "mongo": servers.fresh_mongo,
}
SHARED_FILES = {"turns": "chat.db", "answers": "chat.db", "accounts": "chat.db", "documents": "documents.db"}
"""Port without a server's adapter -> the file that several processes can use at once."""


@asynccontextmanager
async def on_servers(folder: Path) -> AsyncGenerator[dict[str, object]]:
    """Yield the URL of each port: a fresh database on the server that it is run on, or a shared file in a folder."""
    files = {f"{port}_url": f"sqlite:///{folder / file}" for port, file in SHARED_FILES.items()}
    async with AsyncExitStack() as stack:
        urls = {name: await stack.enter_async_context(FRESH[name]()) for name in sorted(set(PORTS.values()))}
        yield {**files, **{f"{port}_url": urls[name] for port, name in PORTS.items()}}


@asynccontextmanager
async def on_atlas(folder: Path) -> AsyncGenerator[dict[str, object]]:
    """The same with documents and search in one MongoDB that has Atlas' search: a contract server before a wire server.

    Its search indexes are made as an operator makes them, by the work of `multidb migrate`.
    """
    async with on_servers(folder) as urls, contract_server(str(urls["documents_url"])) as (atlas, url):
        urls = {**urls, "documents_url": url, "index_url": url}
        await migrate_stores(StoreSettings.model_validate({"home": folder / "migrating", **urls}))
        yield urls
        assert atlas.asked, "nobody searched inside the database"
