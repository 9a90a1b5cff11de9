"""The embedder that is used now: everyone holds this one, and another can take its place while all goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from memory.errors import EmbedderMismatch
from memory.ports import Embedder, Vectors


class SwitchingEmbedder:
    """An Embedder that hands on to the one in use; a call that has begun ends with the embedder it began with."""

    def __init__(self, embedder: Embedder, opener: Callable[[str], Awaitable[Embedder]]) -> None:
        """Use an embedder. opener: opens another by its spec and keeps it open as long as the stores are."""
        self._embedder = embedder
        self._opener = opener
        self._opened: dict[str, Embedder] = {}

    @property
    def name(self) -> str:
        """Name, revision and dimension of the one in use."""
        return self._embedder.name

    @property
    def dimension(self) -> int:
        """Length of its vectors."""
        return self._embedder.dimension

    @property
    def max_tokens(self) -> int:
        """Tokens beyond this are not read."""
        return self._embedder.max_tokens

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, untruncated, special tokens left out."""
        return self._embedder.count_tokens(text)

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim) float32, in the order given."""
        return await self._embedder.embed_passages(texts)

    async def embed_query(self, text: str) -> Vectors:
        """(dim,) float32."""
        return await self._embedder.embed_query(text)

    async def open(self, spec: str) -> Embedder:
        """Open another embedder, once; raises ModelUnavailable or InvalidInput if there is no such one."""
        if spec not in self._opened:
            self._opened[spec] = await self._opener(spec)
        return self._opened[spec]

    def use(self, embedder: Embedder) -> None:
        """Hand on to another embedder from now on."""
        self._embedder = embedder


class AbsentEmbedder:
    """Stands for the embedder of a store when another one is opened: it can be named, not used."""

    max_tokens = 256

    def __init__(self, name: str, dimension: int, present: Embedder) -> None:
        """Name it; present: the one that is there."""
        self.name, self.dimension = name, dimension
        self._present = present

    def count_tokens(self, text: str) -> int:
        """Tokens as the embedder that is there counts them."""
        return self._present.count_tokens(text)

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Refuse."""
        raise self._mismatch()

    async def embed_query(self, text: str) -> Vectors:
        """Refuse."""
        raise self._mismatch()

    def _mismatch(self) -> EmbedderMismatch:
        return mismatch(self.name, self._present.name)


def mismatch(kept: str, opened: str) -> EmbedderMismatch:
    """Say that the documents and the configured embedder do not go together, and what to do."""
    return EmbedderMismatch(
        f"the documents were embedded by {kept}, not {opened}; leave MULTIDB_EMBEDDER unset, or embed them all again"
        " with `multidb documents reembed`"
    )
