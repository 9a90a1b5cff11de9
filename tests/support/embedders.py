"""Small embedders of several names and dimensions, and the shared one that switches between them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np

from memory.embeddings.switching import SwitchingEmbedder


@dataclass
class Hashing:
    """Adds a vector for each word: texts with the same words are near. texts: what it was given."""

    name: str
    dimension: int
    max_tokens: int = 256
    texts: list[str] = field(default_factory=list)

    def count_tokens(self, text):
        return len(text.split())

    async def embed_passages(self, texts):
        self.texts += texts
        vectors = [self._vector(text) for text in texts]
        return np.stack(vectors) if vectors else np.zeros((0, self.dimension), np.float32)

    async def embed_query(self, text):
        return self._vector(text)

    def _vector(self, text):
        vector = np.full(self.dimension, 1e-6, np.float32)
        for word in text.lower().replace(".", " ").replace("?", " ").split():
            seed = int(hashlib.sha256(f"{self.name} {word}".encode()).hexdigest()[:8], 16)
            vector += np.random.default_rng(seed).standard_normal(self.dimension).astype(np.float32)
        return vector / np.linalg.norm(vector)


def shared(first, *others):
    """The embedder that stores share, using the first; the others are opened by the beginning of their names."""
    specs = {one.name.partition("/")[0]: one for one in (first, *others)}

    async def opened(spec):
        return specs[spec]

    return SwitchingEmbedder(first, opened)
