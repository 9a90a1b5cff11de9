"""Vectors of texts that were compared before: the sentences of a passage that is often found are embedded once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from memory.ports import Embedder, Vectors

KEPT = 8192
"""Texts whose vectors are kept: 12 MB at 384 dimensions."""


class Compared:
    """Embeds texts for comparing, and keeps the vectors of the latest.

    Each tenant has entries of its own: nobody learns from an answer's speed what another tenant's documents say.
    """

    def __init__(self, embedder: Embedder, kept: int = KEPT) -> None:
        """Use an open embedder; kept: texts."""
        self._embedder = embedder
        self._kept = kept
        self._vectors: OrderedDict[tuple[str, str, str], Vectors] = OrderedDict()

    async def cosines(self, tenant_id: str, query: str, texts: Sequence[str]) -> list[float]:
        """Cosine of each text to the query in [-1, 1], in the order of the texts.

        Raises:
            ModelUnavailable: the embedder cannot embed.
        """
        while True:
            name = self._embedder.name
            vector = await self._embedder.embed_query(query)
            vectors = await self._embed(name, tenant_id, texts)
            if self._embedder.name == name:  # otherwise another embedder took over in between
                return [float(each @ vector) for each in vectors]

    async def _embed(self, name: str, tenant_id: str, texts: Sequence[str]) -> list[Vectors]:
        keys = [(name, tenant_id, text) for text in texts]
        found = {key: self._vectors[key] for key in keys if key in self._vectors}
        fresh = [key for key in dict.fromkeys(keys) if key not in found]
        if fresh:
            vectors = await self._embedder.embed_passages([text for _, _, text in fresh])
            # Copies: a row would keep the whole array that it is a view of.
            found |= {key: np.array(vector) for key, vector in zip(fresh, vectors, strict=True)}
        self._keep(found)
        return [found[key] for key in keys]

    def _keep(self, used: dict[tuple[str, str, str], Vectors]) -> None:
        for key, vector in used.items():
            self._vectors[key] = vector
            self._vectors.move_to_end(key)
        while len(self._vectors) > self._kept:
            self._vectors.popitem(last=False)
