"""A target for ingestion: the real document store, a small embedder that can fail or wait, an index that counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from memory.documents.sqlite import open_documents
from memory.errors import StoreUnavailable
from memory.ports import DocumentStore, Vectors
from memory.records import SYSTEM, Document, Passage, Scope
from memory.sentences import words
from memory.sqlite import open_database

SCOPE = Scope("shop", "ines", roles=("editor",))


@dataclass
class CountingEmbedder:
    """Vectors that say nothing. `calls` are the texts of each call; `gate` holds calls back while it is clear."""

    name: str = "counting/4"
    dimension: int = 4
    max_tokens: int = 64
    calls: list[list[str]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    called: asyncio.Event = field(default_factory=asyncio.Event)
    fails: bool = False

    def count_tokens(self, text: str) -> int:
        return len(words(text))

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.called.set()
        await self.gate.wait()
        if self.fails:
            raise StoreUnavailable("the embedder is away")
        self.calls.append(list(texts))
        return np.tile(np.array([1, 0, 0, 0], np.float32), (len(texts), 1))

    async def embed_query(self, text: str) -> Vectors:
        return np.array([1, 0, 0, 0], np.float32)


@dataclass
class CountingIndex:
    """Counts how often it was told to catch up."""

    caught_up: int = 0

    async def catch_up(self) -> None:
        self.caught_up += 1


@dataclass
class Rig:
    documents: DocumentStore
    embedder: CountingEmbedder
    index: CountingIndex

    async def sources(self) -> list[str]:
        page = await self.documents.page(SCOPE, "", None, 500)
        return [item.source for item in page.items]

    async def passages(self, document: Document) -> Sequence[Passage]:
        rows = await self.documents.rows(SYSTEM, document.document_id, document.version_id)
        assert rows is not None
        return rows.passages


@asynccontextmanager
async def open_rig(folder: Path) -> AsyncGenerator[Rig]:
    async with open_database(folder / "documents.db") as database:
        embedder = CountingEmbedder()
        embedder.gate.set()
        yield Rig(await open_documents(database), embedder, CountingIndex())
