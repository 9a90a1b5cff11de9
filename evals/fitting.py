"""Fitting the reader's few weights: a conditional logit for ranking and a ridge logistic regression, numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Logistic(NamedTuple):
    """weights: (k,), in the units of the features."""

    weights: Floats
    bias: float


def fit_ranking(groups: Sequence[tuple[Floats, Floats]], ridge: float = 1e-3, steps: int = 400) -> Floats:
    """Return weights (k,) under which the right rows of each group win a softmax over the group.

    Args:
        groups: features (n, k) and labels (n,) of one question each; a group without a positive label is left out.
        ridge: penalty on the squared weights of standardised features.
        steps: of Adam, with the whole data in each.
    """
    kept = [(features, labels / labels.sum()) for features, labels in groups if labels.sum() > 0]
    stacked = np.vstack([features for features, _ in kept])
    mean, scale = stacked.mean(0), stacked.std(0) + 1e-9
    longest = max(len(features) for features, _ in kept)
    rows = np.zeros((len(kept), longest, stacked.shape[1]))
    wanted, mask = np.zeros((len(kept), longest)), np.full((len(kept), longest), -1e9)
    for at, (features, labels) in enumerate(kept):
        rows[at, : len(features)] = (features - mean) / scale
        wanted[at, : len(labels)] = labels
        mask[at, : len(labels)] = 0.0
    return _adam(rows, wanted, mask, ridge, steps) / scale


def fit_logistic(features: Floats, labels: Floats, weights: Floats, ridge: float = 3.0) -> Logistic:
    """Return a logistic regression by Newton's method; weights (n,) say how much each row counts."""
    mean, scale = features.mean(0), features.std(0) + 1e-9
    rows = np.column_stack([(features - mean) / scale, np.ones(len(features))])
    penalty = np.eye(rows.shape[1]) * ridge
    penalty[-1, -1] = 0.0
    solution = np.zeros(rows.shape[1])
    for _ in range(40):
        chance = 1.0 / (1.0 + np.exp(-rows @ solution))
        slope = rows.T @ (weights * (chance - labels)) + penalty @ solution
        curve = (rows * (weights * chance * (1 - chance))[:, None]).T @ rows + penalty
        solution -= np.linalg.solve(curve, slope)
    fitted = solution[:-1] / scale
    return Logistic(fitted, float(solution[-1] - fitted @ mean))


def auroc(scores: Floats, labels: Floats) -> float:
    """Probability that a positive row scores above a negative one; ties count half."""
    positive, negative = scores[labels == 1], scores[labels == 0]
    above = (positive[:, None] > negative[None, :]).mean()
    return float(above + 0.5 * (positive[:, None] == negative[None, :]).mean())


def _adam(rows: Floats, wanted: Floats, mask: Floats, ridge: float, steps: int) -> Floats:
    """Minimise the cross entropy of the softmax; rows are standardised."""
    weights, mean, square = (np.zeros(rows.shape[2]) for _ in range(3))
    for step in range(1, steps + 1):
        logits = rows @ weights + mask
        chances = np.exp(logits - logits.max(1, keepdims=True))
        chances /= chances.sum(1, keepdims=True)
        slope = ((chances - wanted)[:, :, None] * rows).sum((0, 1)) / len(rows) + ridge * weights
        mean = 0.9 * mean + 0.1 * slope
        square = 0.99 * square + 0.01 * slope**2
        weights -= 0.1 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    return weights
