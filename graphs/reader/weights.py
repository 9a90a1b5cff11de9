"""The reader's few weights: how they are kept, and the logistic functions over them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import exp
from pathlib import Path

from graphs.reader.edges import SPAN_FEATURES
from graphs.reader.evidence import READ_ANSWER_FEATURES, READ_SENTENCE_FEATURES
from graphs.reader.features import ANSWER_FEATURES, SENTENCE_FEATURES

WEIGHTS_FILE = Path(__file__).with_name("weights.json")
"""Written by `python -m evals.calibrate --data DIR`; its `origin` says on what, and from which seed."""


@dataclass(frozen=True, slots=True)
class Weights:
    """sentence, answer: feature -> weight. bias: of the answer. origin: how they came to be."""

    sentence: Mapping[str, float]
    answer: Mapping[str, float]
    bias: float
    origin: str

    def score(self, features: Sequence[float]) -> float:
        """How much speaks for a sentence, given its features; comparable within one question."""
        return dot(self.sentence, SENTENCE_FEATURES, features)

    def answerable(self, features: Sequence[float]) -> float:
        """Probability in [0, 1] that what was found answers the question, given the answer's features."""
        return logistic(dot(self.answer, ANSWER_FEATURES, features) + self.bias)


@dataclass(frozen=True, slots=True)
class ReadWeights:
    """The same where the small reader has read, and span: feature -> weight of a short answer.

    confident: the score from which a span is the short answer. reader: name of the reader that they go with.
    """

    sentence: Mapping[str, float]
    answer: Mapping[str, float]
    bias: float
    span: Mapping[str, float]
    confident: float
    reader: str
    origin: str

    def score(self, features: Sequence[float]) -> float:
        """How much speaks for a sentence, given its features; comparable within one question."""
        return dot(self.sentence, READ_SENTENCE_FEATURES, features)

    def answerable(self, features: Sequence[float]) -> float:
        """Probability in [0, 1] that what was found answers the question, given the answer's features."""
        return logistic(dot(self.answer, READ_ANSWER_FEATURES, features) + self.bias)

    def cut(self, features: Sequence[float]) -> float:
        """How much speaks for a span as the short answer; comparable within one sentence."""
        return dot(self.span, SPAN_FEATURES, features)


@dataclass(frozen=True, slots=True)
class AllWeights:
    """plain: where sentences alone are compared. read: where the small reader has read too."""

    plain: Weights
    read: ReadWeights


def dot(weights: Mapping[str, float], names: Sequence[str], features: Sequence[float]) -> float:
    """Sum of the features, weighted by name."""
    return sum(weights[name] * value for name, value in zip(names, features, strict=True))


def logistic(raw: float) -> float:
    """Probability of log odds."""
    return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, raw))))


def load_weights(path: Path = WEIGHTS_FILE) -> AllWeights:
    """Read weights from a file of `save_weights`."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return AllWeights(Weights(**data["plain"]), ReadWeights(**data["read"]))


def save_weights(weights: AllWeights, path: Path = WEIGHTS_FILE) -> None:
    """Write weights as JSON that a diff can show."""
    path.write_text(json.dumps(asdict(weights), indent=2) + "\n", encoding="utf-8")
