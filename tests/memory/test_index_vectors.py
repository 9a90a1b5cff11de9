"""Many vectors are found through codes nearly as well as exactly, and the codes outlive a restart."""

from __future__ import annotations

import numpy as np
import pytest

from memory.index.vectors import EXACT_ROWS, VectorFile, widened

DIMENSION = 128


def clustered(count, dimension=DIMENSION):
    random = np.random.default_rng(11)
    rows = random.standard_normal((200, dimension))[random.integers(0, 200, count)]
    rows = rows + 0.5 * random.standard_normal((count, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def recall(file, vectors, mask=None):
    """Return the share of the exact ten nearest that are found, over 50 queries."""
    found = []
    for query in vectors[:: len(vectors) // 50]:
        scores = vectors @ query if mask is None else np.where(mask, vectors @ query, -2)
        nearest = set(np.argsort(-scores)[:10].tolist())
        found.append(len(nearest & set(file.nearest(query, 10, len(vectors), mask).rows.tolist())) / 10)
    return np.mean(found)


def filled(path, vectors, have=0):
    file = VectorFile(path / "vectors.f16", vectors.shape[1])
    if len(vectors) > have:
        file.append(have, vectors[have:])
    file.load(len(vectors))
    return file


def test_half_precision_is_widened_exactly():
    halves = np.concatenate(
        [np.float16([0, -0.0, 1, -1, 6e-8, -6e-8, 65504]), clustered(100).astype(np.float16).ravel()]
    )
    assert widened(halves).tobytes() == halves.astype(np.float32).tobytes()


def test_few_rows_are_found_exactly(tmp_path):
    vectors = clustered(1_000)
    assert recall(filled(tmp_path, vectors), vectors) > 0.99


@pytest.mark.parametrize("dimension", [100, 257, 512])
def test_vectors_of_any_embedder_are_found_exactly_and_through_codes(tmp_path, dimension):
    vectors = clustered(EXACT_ROWS + 100, dimension)
    few = filled(tmp_path, vectors[:1_000])
    assert recall(few, vectors[:1_000]) > 0.99
    assert recall(filled(tmp_path, vectors, have=1_000), vectors) > 0.97


def test_many_rows_are_found_through_codes_and_again_after_a_restart(tmp_path):
    vectors = clustered(EXACT_ROWS + 2_000)
    file = filled(tmp_path, vectors)
    assert recall(file, vectors) > 0.97
    file.save()
    assert list(tmp_path.glob("codes-*.faiss"))
    assert recall(filled(tmp_path, vectors, have=len(vectors)), vectors) > 0.97


def test_codes_are_trained_again_when_a_shard_has_grown(tmp_path):
    vectors = clustered(4 * EXACT_ROWS + 500)
    file = filled(tmp_path, vectors[: EXACT_ROWS + 1])
    first = [path.name for path in tmp_path.glob("codes-*")]
    file.append(EXACT_ROWS + 1, vectors[EXACT_ROWS + 1 :])
    file.load(len(vectors))
    assert [path.name for path in tmp_path.glob("codes-*")] != first
    assert recall(file, vectors) > 0.97


def test_a_filter_costs_no_recall(tmp_path):
    vectors = clustered(EXACT_ROWS + 6_000)
    file = filled(tmp_path, vectors)
    for share in (0.5, 0.05):
        mask = np.random.default_rng(2).random(len(vectors)) < share
        assert recall(file, vectors, mask) > 0.97
