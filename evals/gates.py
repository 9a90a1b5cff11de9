"""Whether figures keep to their gates: bounds are compared with the ends of intervals, never with points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from evals.statistics import Metric
from evals.suite import Gate


class Verdict(NamedTuple):
    """What became of a gate, and the sentence that says so."""

    gate: Gate
    is_kept: bool
    told: str


def check(
    gates: Sequence[Gate], metrics: Mapping[str, Metric], baseline: Mapping[str, Mapping[str, float | None]]
) -> list[Verdict]:
    """Judge every bound of every gate; a figure that is missing or undefined keeps none."""
    return [verdict for gate in gates for verdict in _verdicts(gate, metrics.get(gate.metric), baseline)]


def _verdicts(gate: Gate, metric: Metric | None, baseline: Mapping[str, Mapping[str, float | None]]) -> list[Verdict]:
    if metric is None or metric.value != metric.value:
        return [Verdict(gate, False, f"{gate.metric} was not measured")]
    found: list[Verdict] = []
    if gate.low is not None:
        found.append(_at_least(gate, metric, gate.low, "its gate"))
    if gate.high is not None:
        told = f"{gate.metric}: upper bound {metric.high:.3f}, at most {gate.high:.3f}"
        found.append(Verdict(gate, metric.high <= gate.high, told))
    before = baseline.get(gate.metric, {}).get("low")
    if gate.drop is not None and before is not None:
        found.append(_at_least(gate, metric, before - gate.drop, f"{gate.drop:.3f} below the baseline"))
    return found


def _at_least(gate: Gate, metric: Metric, bound: float, what: str) -> Verdict:
    told = f"{gate.metric}: lower bound {metric.low:.3f}, at least {bound:.3f} ({what})"
    # Figures are kept with four places: what was rounded up is no fall.
    return Verdict(gate, metric.low >= bound - 5e-5, told)
