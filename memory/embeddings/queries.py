"""The vectors of the queries that one embedder was asked for last."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from memory.ports import Vectors

KEPT = 1024


class Queries:
    """A cache of one embedder's query vectors, bounded; it goes with its embedder, so that no revision meets another's.

    A query that is asked for twice at once is embedded once.
    """

    def __init__(self, embed: Callable[[str], Awaitable[Vectors]]) -> None:
        """Take what embeds a query that is not known."""
        self._embed = embed
        self._vectors: OrderedDict[str, Vectors] = OrderedDict()
        self._pending: dict[str, asyncio.Task[Vectors]] = {}

    async def vector(self, text: str) -> Vectors:
        """(dim,) float32, read-only."""
        if (known := self._vectors.get(text)) is not None:
            self._vectors.move_to_end(text)
            return known
        if (pending := self._pending.get(text)) is None:
            pending = self._pending[text] = asyncio.create_task(self._embedded(text))
            pending.add_done_callback(lambda _: self._pending.pop(text))
        return await asyncio.shield(pending)

    async def _embedded(self, text: str) -> Vectors:
        vector = await self._embed(text)
        vector.flags.writeable = False
        self._vectors[text] = vector
        if len(self._vectors) > KEPT:
            self._vectors.popitem(last=False)
        return vector
