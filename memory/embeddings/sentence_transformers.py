"""Any sentence-transformers model (Stella, mpnet…) through langchain-huggingface: the `models` extra, with torch.

A model's own prompt for queries is used where it has one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from memory.embeddings.queries import Queries
from memory.embeddings.worker import Worker
from memory.errors import ModelUnavailable
from memory.ports import Vectors

QUERY_PROMPTS = ("query", "s2p_query")
"""What model cards call the prompt for searching passages."""
GROUP = 16
"""Passages in one batch; a waiting query goes before the next."""


class _Loaded(NamedTuple):
    embeddings: Any
    dimension: int


class SentenceTransformers:
    """An Embedder. Made by `open_sentence_transformers`."""

    def __init__(self, model: str, loaded: _Loaded, worker: Worker) -> None:
        """Take a loaded HuggingFaceEmbeddings and the thread that uses it."""
        self._embeddings, self._dimension = loaded
        self._client: Any = self._embeddings._client
        self._worker = worker
        self._model = model
        self._queries = Queries(self._embed_query)

    @property
    def name(self) -> str:
        """Model and dimension."""
        return f"{self._model}/{self._dimension}"

    @property
    def dimension(self) -> int:
        """Length of its vectors."""
        return self._dimension

    @property
    def max_tokens(self) -> int:
        """Tokens beyond this are not read."""
        return int(self._client.max_seq_length or 512)

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, untruncated, without special ones."""
        return len(self._client.tokenizer(text, add_special_tokens=False, truncation=False)["input_ids"])

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim) float32 in the order given; batches hold texts of similar length."""
        vectors = np.empty((len(texts), self._dimension), np.float32)
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        for start in range(0, len(order), GROUP):
            group = order[start : start + GROUP]
            work = partial(self._embeddings.embed_documents, [texts[at] for at in group])
            vectors[group] = _unit(await self._worker.run(work, first=False))
        return vectors

    async def embed_query(self, text: str) -> Vectors:
        """(dim,) float32; the last queries come from a cache."""
        return await self._queries.vector(text)

    async def _embed_query(self, text: str) -> Vectors:
        work = partial(self._embeddings.embed_query, text)
        return _unit(await self._worker.run(work, first=True))


@asynccontextmanager
async def open_sentence_transformers(model: str) -> AsyncGenerator[SentenceTransformers]:
    """Open a model by its hub name or folder; a hub name is fetched by Hugging Face's own client on first use.

    Raises:
        ModelUnavailable: the `models` extra is not installed, or the model cannot be loaded.
    """
    loaded = await asyncio.to_thread(_load, model)
    worker = Worker("embed")
    try:
        yield SentenceTransformers(model, loaded, worker)
    finally:
        await asyncio.to_thread(worker.close)


def _load(model: str) -> _Loaded:
    # Imported here: the default install has neither this nor torch.
    try:
        library: Any = import_module("langchain_huggingface")
    except ImportError as error:
        raise ModelUnavailable(f"{model!r} needs the `models` extra: pip install '.[models]'") from error
    try:
        embeddings = library.HuggingFaceEmbeddings(model_name=model)
        known = [name for name in QUERY_PROMPTS if name in (embeddings._client.prompts or {})]
        embeddings.query_encode_kwargs = {"prompt_name": known[0]} if known else {}
        return _Loaded(embeddings, len(embeddings.embed_query("dimension")))
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        raise ModelUnavailable(f"the model {model!r} cannot be loaded: {error}") from error


def _unit(vectors: Any) -> Vectors:
    raw = np.asarray(vectors, np.float32)
    return raw / np.maximum(np.linalg.norm(raw, axis=-1, keepdims=True), 1e-12)
