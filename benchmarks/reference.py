"""sentence-transformers as a server of one process: texts in, seconds and vectors out.

`PYTHON benchmarks/reference.py FOLDER`, with a Python that has sentence-transformers. Each line of stdin is a JSON list
of texts; each line of stdout says how long encoding them took, and the vectors.
"""

from __future__ import annotations

import json
import sys
import time

from sentence_transformers import SentenceTransformer


def main():
    """Answer until the input ends."""
    model = SentenceTransformer(sys.argv[1], device="cpu")
    model.encode(["warm up"])
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        vectors = model.encode(json.loads(line), batch_size=8, normalize_embeddings=True)
        print(json.dumps({"seconds": time.perf_counter() - began, "vectors": vectors.tolist()}), flush=True)


if __name__ == "__main__":
    main()
