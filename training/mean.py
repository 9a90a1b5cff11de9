"""Writes the mean of two trained readers: `python -m training.mean FOLDER OTHER OUT [--share S]`.

FOLDER and OTHER hold a `reader.safetensors` each, OTHER's trained on from FOLDER's: between such weights lie readers
that keep what both have learned. OUT gets (1 - S) of the first and S of the second. Needs no torch.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

NAME = "reader.safetensors"


def mean_of(first: Path, second: Path, share: float) -> dict[str, NDArray[np.float32]]:
    """Return (1 - share) of the first weights and share of the second; ValueError if they are not of one model."""
    mine, theirs = load_file(first), load_file(second)
    if {name: value.shape for name, value in mine.items()} != {name: value.shape for name, value in theirs.items()}:
        raise ValueError(f"{first} and {second} are not of one model")
    return {name: ((1 - share) * value + share * theirs[name]).astype(np.float32) for name, value in mine.items()}


def main() -> None:
    """Write the mean."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--share", type=float, default=0.7, help="of OTHER, from 0 to 1")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    save_file(mean_of(given.folder / NAME, given.other / NAME, given.share), given.out / NAME)


if __name__ == "__main__":
    main()
