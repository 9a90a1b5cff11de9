"""The default model with its weights as they are: `minilm-fp32`."""

from __future__ import annotations

import numpy as np

from memory.embeddings.minilm import open_minilm
from memory.embeddings.weights import EXACT_BUILD

TEXTS = ["A night at the north pier costs 28 euros.", "Bread bakes for 40 minutes.", "Café — naïve 東京"]


async def test_exact_weights_give_nearly_the_vectors_of_the_default_under_another_name(tmp_path):
    async with open_minilm() as default, open_minilm(tmp_path, EXACT_BUILD) as exact:
        assert exact.name == default.name.replace("int8", "fp32")
        theirs, ours = await default.embed_passages(TEXTS), await exact.embed_passages(TEXTS)
        cosines = np.sum(theirs * ours, axis=1)
        assert cosines.min() > 0.97
        assert not np.array_equal(theirs, ours)
        assert np.allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-4)
