"""Graph checkpoints in SQLite: LangGraph's own saver, made durable and strict. BaseCheckpointSaver is the port."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Sequence
from contextlib import aclosing, asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any, cast

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from memory.checkpoints.types import open_serializer, whole_writes
from memory.errors import StoreUnavailable


@asynccontextmanager
async def open_checkpoints(path: Path, timeout_s: float = 10.0) -> AsyncGenerator[SqliteSaver]:
    """Open (or make) the file; an acknowledged checkpoint survives a power cut.

    Raises:
        StoreUnavailable: the file cannot be opened.
    """
    try:
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(f"cannot make the folder {path.parent}: {error.strerror}") from error
    with _told():
        # Tried first: where aiosqlite cannot connect, its thread still reports to a loop that may be closed by then.
        await asyncio.to_thread(_try_to_open, path)
        connection = await aiosqlite.connect(path, timeout=timeout_s)
    try:
        saver = SqliteSaver(connection, serde=open_serializer())
        with _told():
            await saver.setup()
            await connection.execute("PRAGMA synchronous = FULL")
            await connection.execute("PRAGMA secure_delete = ON")
        yield saver
    finally:
        await connection.close()


class SqliteSaver(AsyncSqliteSaver):
    """The saver, with failures told as ours: they must never look like an empty conversation."""

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return a checkpoint, the newest without a checkpoint_id."""
        with _told():
            return await super().aget_tuple(config)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keep a checkpoint durably."""
        with _told():
            return await super().aput(config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Keep a task's writes durably; of one that failed, only how."""
        with _told():
            await super().aput_writes(config, whole_writes(writes), task_id, task_path)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Yield checkpoints, newest first."""
        found = super().alist(config, filter=filter, before=before, limit=limit)
        async with aclosing(cast(AsyncGenerator[CheckpointTuple], found)):
            while (item := await _next(found)) is not None:
                yield item

    async def adelete_thread(self, thread_id: str) -> None:
        """Forget a thread's checkpoints."""
        with _told():
            await super().adelete_thread(thread_id)


def _try_to_open(path: Path) -> None:
    with closing(sqlite3.connect(path)):
        pass


async def _next(found: AsyncIterator[CheckpointTuple]) -> CheckpointTuple | None:
    with _told():
        return await anext(found, None)


@contextmanager
def _told() -> Generator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreUnavailable(f"the checkpoints cannot be read or written: {error}") from error
