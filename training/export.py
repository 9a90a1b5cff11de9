"""Writes a trained reader as the ONNX file that is shipped: `python -m training.export FOLDER FILE [--exact]`.

FOLDER holds `reader.safetensors` of `training.run --cool`. FILE gets int8 weights (about 23 MB), with `--exact` those
that were trained (90 MB, for comparisons); FILE.sha256 beside it is its digest. Needs no torch.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

from safetensors.numpy import load_file

from memory.embeddings.bert import Shape, build_reader

SHAPE = Shape(layers=6, heads=12, width=384)


def export(weights: Path, file: Path, *, exact: bool = False) -> str:
    """Write a reader's file with its digest; return the digest."""
    model = build_reader(load_file(weights), SHAPE, exact=exact)
    digest = hashlib.sha256(model).hexdigest()
    file.write_bytes(model)
    file.with_suffix(".sha256").write_text(f"{digest}  {file.name}\n", encoding="ascii")
    return digest


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
