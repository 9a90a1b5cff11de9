"""Agreement of two raters, and how far a figure can be trusted. numpy only."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evals.fitting import Floats

RESAMPLES = 1_000


class Metric(NamedTuple):
    """A figure with its 95 % percentile bootstrap interval; NaN where the data cannot give it."""

    value: float
    low: float
    high: float

    def as_object(self) -> dict[str, float | None]:
        """The figure for JSON, which knows no NaN."""
        return {name: None if np.isnan(value) else round(value, 4) for name, value in self._asdict().items()}


Statistic = Callable[[Floats, Floats], float]
"""(ours, theirs), each (n,) -> a figure, NaN where it is not defined."""


def bootstrap(
    statistic: Statistic, ours: Floats, theirs: Floats, seed: int = 0, groups: Sequence[Hashable] = ()
) -> Metric:
    """Compute a statistic and its interval over resampled rows.

    Args:
        statistic: of ours and theirs.
        ours: (n,).
        theirs: (n,).
        seed: of the draw.
        groups: (n,) what each row belongs to, if rows that belong together are drawn together. Of a single group
            nothing is known about others: the interval is NaN.

    Source: Efron, Annals of Statistics 1979 (percentile method); Field and Welsh, JRSS B 2007 (whole clusters).
    """
    if len(set(groups)) == 1:
        return Metric(statistic(ours, theirs), float("nan"), float("nan"))
    values = np.array([statistic(ours[pick], theirs[pick]) for pick in _picks(len(ours), seed, groups)])
    values = values[~np.isnan(values)]
    value = statistic(ours, theirs)
    if not len(values) or np.isnan(value):
        return Metric(value, float("nan"), float("nan"))
    low, high = np.quantile(values, [0.025, 0.975])
    return Metric(value, float(low), float(high))


def _picks(n: int, seed: int, groups: Sequence[Hashable]) -> Iterator[NDArray[np.intp]]:
    """The rows of each resample."""
    draw = np.random.default_rng(seed)
    if not groups:
        yield from (draw.integers(0, n, n) for _ in range(RESAMPLES))
        return
    members: dict[Hashable, list[int]] = {}
    for place, group in enumerate(groups):
        members.setdefault(group, []).append(place)
    rows: list[NDArray[np.intp]] = [np.array(places) for places in members.values()]
    for _ in range(RESAMPLES):
        chosen: list[int] = draw.integers(0, len(rows), len(rows)).tolist()
        yield np.concatenate([rows[group] for group in chosen])


def mean(values: Sequence[float], seed: int = 0) -> Metric:
    """The mean of some values with its interval; NaN of none. One seed and length draw the same rows: paired."""
    if not len(values):
        return Metric(float("nan"), float("nan"), float("nan"))
    given = np.asarray(values, dtype=float)
    picks = np.random.default_rng(seed).integers(0, len(given), (RESAMPLES, len(given)))
    low, high = np.quantile(given[picks].mean(axis=1), [0.025, 0.975])
    return Metric(float(given.mean()), float(low), float(high))


def share_of(hits: int, n: int) -> Metric:
    """A share with its interval, which has a width where nothing, or everything, was hit; NaN of none.

    Source: Wilson, JASA 1927.
    """
    if not n:
        return mean([])
    share, z = hits / n, 1.96
    middle, spread = share + z * z / (2 * n), z * ((share * (1 - share) + z * z / (4 * n)) / n) ** 0.5
    scale = 1 + z * z / n
    return Metric(share, max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale))


def quantile(values: Sequence[float], share: float, seed: int = 0) -> Metric:
    """A quantile of some values with its interval; NaN of none."""
    given = np.asarray(values, dtype=float)
    if not len(given):
        return Metric(float("nan"), float("nan"), float("nan"))
    return bootstrap(lambda ours, _: float(np.quantile(ours, share)), given, given, seed)


def spearman(ours: Floats, theirs: Floats) -> float:
    """Correlation of ranks; ties share their mean rank. NaN if one side does not vary."""
    first, second = _ranks(ours), _ranks(theirs)
    if first.std() == 0 or second.std() == 0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])


def kappa(ours: Floats, theirs: Floats) -> float:
    """Cohen's kappa of two yes/no ratings (0 or 1); NaN if chance alone already agrees wholly."""
    agreed = float((ours == theirs).mean())
    yes, other = float(ours.mean()), float(theirs.mean())
    by_chance = yes * other + (1 - yes) * (1 - other)
    return float("nan") if by_chance == 1 else (agreed - by_chance) / (1 - by_chance)


def separation(scores: Floats, labels: Floats) -> float:
    """AUROC by ranks; NaN unless both labels occur.

    Source: Hanley and McNeil, Radiology 1982.
    """
    positive = labels.sum()
    if not 0 < positive < len(labels):
        return float("nan")
    above = _ranks(scores)[labels == 1].sum() - positive * (positive + 1) / 2
    return float(above / (positive * (len(labels) - positive)))


def share(values: Floats, chosen: Floats) -> float:
    """The mean of the chosen values (1, the others 0); NaN if none is chosen."""
    return float((values * chosen).sum() / chosen.sum()) if chosen.sum() else float("nan")


class Bin(NamedTuple):
    """Answers of similar confidence: how many, their mean confidence, and how many of them were right."""

    n: int
    confidence: float
    right: float


def reliability(confidence: Floats, right: Floats, bins: int = 10) -> list[Bin]:
    """Group answers by confidence, (n,) each in [0, 1]; empty bins are left out."""
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    chosen = [places == place for place in range(bins)]
    return [
        Bin(int(pick.sum()), float(confidence[pick].mean()), float(right[pick].mean())) for pick in chosen if pick.any()
    ]


def calibration_error(confidence: Floats, right: Floats) -> float:
    """Mean distance of confidence and share of right answers over ten bins, by their size.

    Source: Naeini, Cooper and Hauskrecht, AAAI 2015 (expected calibration error).
    """
    return sum(one.n * abs(one.confidence - one.right) for one in reliability(confidence, right)) / len(confidence)


def _ranks(values: Floats) -> Floats:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]
