"""Settings of a deployment for tests: every port that has a server's adapter on a server, the others in files to share.

What `tests.services.environment.PORTS` names is what runs on servers: an adapter that joins it there is used here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

from tests.services.environment import PORTS
from tests.support import servers

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
