"""Builds an encoder: `python -m memory.embeddings.build WEIGHTS FILE BUILD`, for whoever opens the embedder first.

A process of its own, so that the server never holds what a build takes. What is wrong is the last line of stderr.
"""

from __future__ import annotations

import sys
from pathlib import Path

from memory.embeddings.weights import build
from memory.errors import ModelUnavailable

if __name__ == "__main__":
    try:
        build(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    except ModelUnavailable as error:
        sys.exit(str(error))
