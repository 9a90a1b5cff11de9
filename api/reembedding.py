"""Embedding everything again while the server serves: one at a time, in the background, looked at by polling."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Literal

from memory.errors import Conflict, InvalidInput, ModelUnavailable, StoreError
from memory.reembed import reembed
from memory.stores import Stores

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reembedding:
    """How far it is, in passages. spec: "" if none was asked for. embedder: the one in use."""

    state: Literal["idle", "running", "done", "failed"]
    embedder: str
    spec: str = ""
    done: int = 0
    total: int = 0
    reason: str = ""


class Reembedder:
    """Runs it. Made by `open_reembedder`."""

    def __init__(self, stores: Stores) -> None:
        """Work on stores that somebody else closes."""
        self._stores = stores
        self._state = Reembedding("idle", stores.embedder.name)
        self._task: asyncio.Task[None] | None = None

    @property
    def state(self) -> Reembedding:
        """How far it is."""
        return replace(self._state, embedder=self._stores.embedder.name)

    def start(self, spec: str) -> Reembedding:
        """Begin, or go on; while it runs, asking for the same again only looks.

        Raises:
            Conflict: another embedder's is running.
        """
        if self._task is None or self._task.done():
            self._state = Reembedding("running", self._stores.embedder.name, spec)
            self._task = asyncio.create_task(self._run(spec))
        elif self._state.spec != spec:
            raise Conflict(f"everything is being embedded with {self._state.spec!r} now; wait until that is done")
        return self.state

    async def close(self) -> None:
        """Stop; what was embedded stays for the next time."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, spec: str) -> None:
        try:
            await reembed(self._stores, spec, self._tell)
        except (StoreError, ModelUnavailable) as error:
            if not isinstance(error, InvalidInput | ModelUnavailable):
                logger.exception("embedding everything again failed")
            self._state = replace(self._state, state="failed", reason=str(error))
        else:
            self._state = replace(self._state, state="done")

    def _tell(self, done: int, total: int) -> None:
        self._state = replace(self._state, done=done, total=total)


@asynccontextmanager
async def open_reembedder(stores: Stores) -> AsyncGenerator[Reembedder]:
    """Open it; it does nothing by itself."""
    reembedder = Reembedder(stores)
    try:
        yield reembedder
    finally:
        await reembedder.close()
