"""The reader's few weights: how they are kept, and the logistic functions over them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import exp
from pathlib import Path

from graphs.reader.features import ANSWER_FEATURES, SENTENCE_FEATURES

WEIGHTS_FILE = Path(__file__).with_name("weights.json")
"""Written by `python -m evals.calibrate --data DIR`; its `origin` says when, on what, and from which seed."""


@dataclass(frozen=True, slots=True)
class Weights:
    """sentence, answer: feature -> weight. bias: of the answer. origin: how they came to be."""

    sentence: Mapping[str, float]
    answer: Mapping[str, float]
    bias: float
    origin: str

    def score(self, features: Sequence[float]) -> float:
        """How much speaks for a sentence, given its features; comparable within one question."""
        return sum(self.sentence[name] * value for name, value in zip(SENTENCE_FEATURES, features, strict=True))

    def answerable(self, features: Sequence[float]) -> float:
        """Probability in [0, 1] that what was found answers the question, given the answer's features."""
        raw = sum(self.answer[name] * value for name, value in zip(ANSWER_FEATURES, features, strict=True))
        return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, raw + self.bias))))


def load_weights(path: Path = WEIGHTS_FILE) -> Weights:
    """Read weights from a file of `save_weights`."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return Weights(data["sentence"], data["answer"], data["bias"], data["origin"])


def save_weights(weights: Weights, path: Path = WEIGHTS_FILE) -> None:
    """Write weights as JSON that a diff can show."""
    path.write_text(json.dumps(asdict(weights), indent=2) + "\n", encoding="utf-8")
