"""A reader small enough for tests: one layer with random weights, and the same maths in numpy."""

from __future__ import annotations

import hashlib
from math import erf
from pathlib import Path

import numpy as np

from memory.embeddings.bert import Shape, build_reader

WIDTH, INNER, WORDS, PLACES = 24, 48, 30522, 512
SHAPE = Shape(layers=1, heads=2, width=WIDTH)


def tiny_weights(seed: int = 7) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)

    def some(*shape: int) -> np.ndarray:
        return random.normal(0, 0.3, shape).astype(np.float32)

    layer = "encoder.layer.0"
    sizes = {f"{layer}.attention.self.{part}": (WIDTH, WIDTH) for part in ("query", "key", "value")}
    sizes |= {
        f"{layer}.attention.output.dense": (WIDTH, WIDTH),
        f"{layer}.intermediate.dense": (INNER, WIDTH),
        f"{layer}.output.dense": (WIDTH, INNER),
        "span": (2, WIDTH),
    }
    found = {f"{name}.weight": some(*size) for name, size in sizes.items()}
    found |= {f"{name}.bias": some(size[0]) for name, size in sizes.items()}
    for norm in ("embeddings", f"{layer}.attention.output", f"{layer}.output"):
        found[f"{norm}.LayerNorm.weight"], found[f"{norm}.LayerNorm.bias"] = 1 + some(WIDTH), some(WIDTH)
    for name, count in (("word", WORDS), ("position", PLACES), ("token_type", 2)):
        found[f"embeddings.{name}_embeddings.weight"] = some(count, WIDTH)
    return found


def scores_by_hand(weights: dict[str, np.ndarray], ids: list[int]) -> np.ndarray:
    """(tokens, 2): what the model gives for one text, in plain numpy."""

    def linear(value: np.ndarray, name: str) -> np.ndarray:
        return value @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def normal(value: np.ndarray, name: str) -> np.ndarray:
        centred = value - value.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return scaled * weights[f"{name}.LayerNorm.weight"] + weights[f"{name}.LayerNorm.bias"]

    def split(value: np.ndarray) -> np.ndarray:
        return value.reshape(len(ids), SHAPE.heads, -1).transpose(1, 0, 2)

    layer, part = "encoder.layer.0", "embeddings"
    value = weights[f"{part}.word_embeddings.weight"][ids] + weights[f"{part}.position_embeddings.weight"][: len(ids)]
    value = normal(value + weights[f"{part}.token_type_embeddings.weight"][0], part)
    query, key, content = (split(linear(value, f"{layer}.attention.self.{name}")) for name in ("query", "key", "value"))
    likeness = query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1])
    share = np.exp(likeness - likeness.max(-1, keepdims=True))
    attended = (share / share.sum(-1, keepdims=True) @ content).transpose(1, 0, 2).reshape(len(ids), WIDTH)
    middle = normal(value + linear(attended, f"{layer}.attention.output.dense"), f"{layer}.attention.output")
    wide = linear(middle, f"{layer}.intermediate.dense")
    gelu = wide * 0.5 * (1 + np.vectorize(erf)(wide / np.sqrt(2)))
    return linear(normal(middle + linear(gelu, f"{layer}.output.dense"), f"{layer}.output"), "span")


def write_tiny_reader(folder: Path, *, exact: bool = False) -> Path:
    """A reader's file with its digest, as `training.export` writes it."""
    file = folder / "tiny.onnx"
    model = build_reader(tiny_weights(), SHAPE, exact=exact)
    file.write_bytes(model)
    file.with_suffix(".sha256").write_text(f"{hashlib.sha256(model).hexdigest()}  tiny.onnx\n", encoding="ascii")
    return file
