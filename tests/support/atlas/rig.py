"""The index inside MongoDB behind a contract server, for the suites of PassageIndex."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from memory.documents.sqlite import open_documents
from memory.sqlite import open_database
from tests.support.atlas.server import Atlas, contract_server
from tests.support.servers import fresh_mongo

Reopen = Callable[..., AbstractAsyncContextManager[Any]]


@asynccontextmanager
async def on_atlas(folder: Path, embedder: Any, version: str = "8.2.0") -> AsyncGenerator[tuple[Atlas, Any, Reopen]]:
    """Yield the contract server, a document store, and what opens an index of it by name."""
    from memory.index.atlas import migrate, open_home, open_index

    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        atlas, url = await enter(contract_server(await enter(fresh_mongo()), version))
        documents = await open_documents(await enter(open_database(folder / "store.db")))

        @asynccontextmanager
        async def reopen(name: str = "index", by: Any = None) -> AsyncGenerator[Any]:
            async with open_home(url, name=name) as home:
                await migrate(home, by or embedder)
                async with open_index(home, documents, by or embedder) as index:
                    yield index

        reopen.url = url  # type: ignore[attr-defined]
        yield atlas, documents, reopen
