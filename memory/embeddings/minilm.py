"""The default embedder: all-MiniLM-L6-v2, 384 dimensions, on ONNX Runtime with int8 weights; no torch, no network.

Texts are encoded one by one. The int8 products take one scale from everything they are given at once, so a batch
would let its texts change each other's vectors (docs/decisions/embedder.md has the figures).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from memory.embeddings.queries import Queries
from memory.embeddings.runtime import readable, session_of, tokenizer_of
from memory.embeddings.weights import BUILD, WEIGHTS_SHA256, ModelFiles, default_model_dir, load_files
from memory.embeddings.worker import Worker
from memory.ports import Vectors

DIMENSION = 384
MAX_TOKENS = 256
MAX_CHARACTERS = 64 * MAX_TOKENS
"""More than any 256 tokens of real text: what lies beyond need not even be cut into tokens."""
THREADS = 2
"""One-thread runs side by side: a single text is too small a product to be worth dividing."""
GROUP = 2
"""Passages a thread encodes before a waiting query gets its turn."""


class _Parts(NamedTuple):
    session: Any
    tokenizer: Any


class MiniLM:
    """An Embedder. Made by `open_minilm`."""

    def __init__(self, parts: _Parts, worker: Worker, build: str = BUILD) -> None:
        """Take an open session, the threads that use it, and which build of the model it is."""
        self._session, self._tokenizer = parts
        self._build = build
        self._worker = worker
        self._queries = Queries(self._embed_query)

    @property
    def name(self) -> str:
        """Name, revision, build and dimension."""
        return f"all-MiniLM-L6-v2@{WEIGHTS_SHA256[:8]}/{self._build}/{DIMENSION}"

    @property
    def dimension(self) -> int:
        """Length of its vectors."""
        return DIMENSION

    @property
    def max_tokens(self) -> int:
        """Tokens beyond this are not read; two of them mark the beginning and the end."""
        return MAX_TOKENS

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, untruncated, without the two marks."""
        return len(self._tokenizer.encode(readable(text), add_special_tokens=False).ids)

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), 384) float32 in the order given; a query waits for at most one group of these."""
        groups = [texts[at : at + GROUP] for at in range(0, len(texts), GROUP)]
        parts = await asyncio.gather(*(self._worker.run(partial(self.encode, group), first=False) for group in groups))
        return np.concatenate([np.empty((0, DIMENSION), np.float32), *parts])

    async def embed_query(self, text: str) -> Vectors:
        """(384,) float32; the last 1,024 queries come from a cache."""
        return await self._queries.vector(text)

    async def _embed_query(self, text: str) -> Vectors:
        return (await self._worker.run(partial(self.encode, [text]), first=True))[0]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Encode in the calling thread; blocks."""
        return np.stack([self._encode_one(text) for text in texts])

    def _encode_one(self, text: str) -> Vectors:
        ids = self._tokenizer.encode(readable(text[:MAX_CHARACTERS])).ids
        if len(ids) > MAX_TOKENS:
            ids = [*ids[: MAX_TOKENS - 1], ids[-1]]
        tokens = np.array([ids], np.int64)
        (embedding,) = self._session.run(None, {"input_ids": tokens, "attention_mask": np.ones_like(tokens)})
        return cast(Vectors, embedding[0])


@asynccontextmanager
async def open_minilm(model_dir: Path | None = None, build: str = BUILD) -> AsyncGenerator[MiniLM]:
    """Open the embedder; the ONNX file is built on first use and kept in model_dir (None: the user's cache).

    Raises:
        ModelUnavailable: weights missing or damaged; the message says what to do.
    """
    parts = await asyncio.to_thread(_opened, await load_files(model_dir or default_model_dir(), build))
    worker = Worker("embed", THREADS)
    try:
        yield MiniLM(parts, worker, build)
    finally:
        await asyncio.to_thread(worker.close)


def _opened(files: ModelFiles) -> _Parts:
    return _Parts(session_of(files.encoder), tokenizer_of(files.tokenizer))
