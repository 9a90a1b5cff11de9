"""Writes a trained reader as the ONNX file that is shipped: `python -m training.export FOLDER FILE [--exact]`.

FOLDER holds `reader.safetensors` of `training.run --cool`. FILE gets int8 weights, with `--exact` those that were
trained (four times as large, for comparisons); FILE.sha256 beside it is its digest. Needs no torch.

`exported` goes the other way: training can go on from a file that was shipped, where its state is gone.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from safetensors.numpy import load_file

from memory.embeddings.bert import Shape, build_reader

HEADS = 12


def export(weights: Path, file: Path, *, exact: bool = False) -> str:
    """Write a reader's file with its digest; return the digest."""
    kept = load_file(weights)
    layers = len({name.split(".")[2] for name in kept if name.startswith("encoder.layer.")})
    width = kept["span.weight"].shape[1]
    model = build_reader(kept, Shape(layers, HEADS, width), exact=exact)
    digest = hashlib.sha256(model).hexdigest()
    file.write_bytes(model)
    file.with_suffix(".sha256").write_text(f"{digest}  {file.name}\n", encoding="ascii")
    return digest


_PARTS = {
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "dense",
    "intermediate.dense": "wide",
    "output.dense": "narrow",
}
_NORMS = {"attention.output.LayerNorm": "middle", "output.LayerNorm": "out"}


def exported(file: Path) -> dict[str, NDArray[np.float32]]:
    """Return the weights of an exported file under the names that `export` reads, as int8 rounded them.

    Of the token types only the first is in a file; the second, which no text has, is zeros.
    """
    kept = {part.name: numpy_helper.to_array(part) for part in onnx.load(file).graph.initializer}
    words, types = kept["words"], kept["type"]
    found = {
        "embeddings.word_embeddings.weight": words * kept["words_scale"] if "words_scale" in kept else words,
        "embeddings.position_embeddings.weight": kept["positions"],
        "embeddings.token_type_embeddings.weight": np.stack([types, np.zeros_like(types)]),
        "embeddings.LayerNorm.weight": kept["embedded.gain"],
        "embeddings.LayerNorm.bias": kept["embedded.bias"],
        "span.weight": kept["span.weight"].T,
        "span.bias": kept["span.bias"],
    }
    for number in range(len({name.split(".")[0] for name in kept if name.startswith("layer")})):
        layer, own = f"encoder.layer.{number}", f"layer{number}"
        for name, short in _PARTS.items():
            weight = kept[f"{own}.{short}.weight"]
            scale = kept.get(f"{own}.{short}.scale", np.ones(1, np.float32))
            found[f"{layer}.{name}.weight"] = (weight * scale).T
            found[f"{layer}.{name}.bias"] = kept[f"{own}.{short}.bias"]
        for name, short in _NORMS.items():
            found[f"{layer}.{name}.weight"] = kept[f"{own}.{short}.gain"]
            found[f"{layer}.{name}.bias"] = kept[f"{own}.{short}.bias"]
    return {name: np.ascontiguousarray(value, np.float32) for name, value in found.items()}


def main() -> None:
    """Export, and tell what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--exact", action="store_true")
    given = parser.parse_args()
    digest = export(given.folder / "reader.safetensors", given.file, exact=given.exact)
    print(f"{given.file}: {given.file.stat().st_size / 1e6:.1f} MB, sha256 {digest}")


if __name__ == "__main__":
    main()
