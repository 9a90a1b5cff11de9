"""Empty document stores for what is built over one: the embedded one, and one on a server."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from memory.documents import mongodb, sqlite
from memory.mongodb import open_mongodb
from memory.ports import DocumentStore
from memory.sqlite import open_database
from tests.support.servers import fresh_mongo


@asynccontextmanager
async def sqlite_documents(folder: Path) -> AsyncGenerator[DocumentStore]:
    async with open_database(folder / "store.db") as database:
        yield await sqlite.open_documents(database)


@asynccontextmanager
async def mongo_documents(folder: Path) -> AsyncGenerator[DocumentStore]:
    async with fresh_mongo() as url, open_mongodb(url) as mongo:
        yield await mongodb.open_documents(mongo)
