"""How much better than the best baseline ours is over several sets: `multidb eval gains FILE…`.

Each file holds the figures of every question of one set, as `multidb eval retrieval --scores FILE` writes them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evals.fitting import Floats
from evals.retrieval import BASELINES, SYSTEMS, Ranked
from evals.rows import InvalidSet
from evals.statistics import RESAMPLES, Metric
from memory.ids import digest

NDCG = "ndcg@10"


@dataclass(frozen=True, slots=True)
class Row:
    """One set. gains: ours less the baseline that is best on average, question by question, (n,)."""

    name: str
    ids: tuple[str, ...]
    baseline: str
    ours: float
    gains: Floats

    def resampled(self, seed: int) -> Floats:
        """The mean gain of each resample, (RESAMPLES,). Rows of the same questions draw the same ones."""
        draw = np.random.default_rng([seed, int(digest(*self.ids)[:12], 16)])
        return self.gains[draw.integers(0, len(self.gains), (RESAMPLES, len(self.gains)))].mean(axis=1)


def write_scores(path: Path, results: Mapping[str, Ranked]) -> None:
    """Write each question's figures by each system, a line each."""
    questions = results["ours"].questions
    lines = [
        {"id": question.id, "scores": {system: results[system].scores[at] for system in SYSTEMS}}
        for at, question in enumerate(questions)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def read_row(path: Path, figure: str) -> Row:
    """Read one set's file.

    Raises:
        InvalidSet: it is not what `--scores` writes, or knows no such figure.
    """
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        columns = {name: np.array([line["scores"][name][figure] for line in lines], float) for name in SYSTEMS}
        ids = tuple(str(line["id"]) for line in lines)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidSet(f"{path}: no scores of {figure} as `eval retrieval --scores` writes them: {error}") from error
    if not lines:
        raise InvalidSet(f"{path}: it holds no question")
    baseline = max(BASELINES, key=lambda name: float(columns[name].mean()))
    return Row(path.stem, ids, baseline, float(columns["ours"].mean()), columns["ours"] - columns[baseline])


def as_object(rows: Sequence[Row], seed: int = 0) -> dict[str, Any]:
    """The documented object of `eval gains --json`; every set counts alike, however many questions it has.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993 (stratified resampling).
    """
    drawn = [row.resampled(seed) for row in rows]
    shown = {
        row.name: {"queries": len(row.ids), "baseline": row.baseline, "ours": round(row.ours, 4)}
        | _metric(float(row.gains.mean()), means).as_object()
        for row, means in zip(rows, drawn, strict=True)
    }
    value = float(np.mean([row.gains.mean() for row in rows]))
    return {"rows": shown, "mean": _metric(value, np.mean(drawn, axis=0)).as_object()}


def table(found: Mapping[str, Any], figure: str) -> str:
    """The object as a person reads it."""
    width = max(len(name) for name in (*found["rows"], "mean of the sets"))
    lines = [f"{figure}: ours less the best baseline"]
    for name, row in found["rows"].items():
        told = f"ours {row['ours']:.3f}, {row['queries']} questions, best baseline {row['baseline']}"
        lines.append(f"{name:<{width}}  {_signed(row)}  {told}")
    return "\n".join([*lines, f"{'mean of the sets':<{width}}  {_signed(found['mean'])}"])


def _metric(value: float, means: Floats) -> Metric:
    low, high = np.quantile(means, [0.025, 0.975])
    return Metric(value, float(low), float(high))


def _signed(metric: Mapping[str, Any]) -> str:
    return f"{metric['value']:+.4f} [{metric['low']:+.4f}, {metric['high']:+.4f}]"
