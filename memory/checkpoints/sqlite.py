"""Graph checkpoints in SQLite: LangGraph's own saver, made durable and strict. BaseCheckpointSaver is the port."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiosqlite
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from memory.checkpoints.types import open_serializer
from memory.errors import StoreUnavailable


@asynccontextmanager
async def open_checkpoints(path: Path, timeout_s: float = 10.0) -> AsyncGenerator[AsyncSqliteSaver]:
    """Open (or make) the file; an acknowledged checkpoint survives a power cut.

    Raises:
        StoreUnavailable: the file cannot be opened.
    """
    async with AsyncExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = await stack.enter_async_context(aiosqlite.connect(path, timeout=timeout_s))
            await connection.execute("PRAGMA journal_mode = WAL")
            await connection.execute("PRAGMA synchronous = FULL")
            saver = AsyncSqliteSaver(connection, serde=open_serializer())
            await saver.setup()
        except (OSError, sqlite3.OperationalError, sqlite3.DatabaseError) as error:
            raise StoreUnavailable(f"checkpoints at {path} cannot be used: {error}") from error
        yield saver
