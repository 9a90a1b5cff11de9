"""Runs a suite: measures its parts, judges its gates, compares with the stored baseline, writes what was found."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, cast

from api.terminal import note
from evals.gates import Verdict, check
from evals.house import Tell
from evals.suite import InvalidSuite, Part, Suite
from evals.tables import figure
from evals.targets import Measured, run_part
from memory.ids import digest

Figures = Mapping[str, Mapping[str, float | None]]


@dataclass(frozen=True, slots=True)
class PartRun:
    """A part, what it gave, what became of its gates. before: the stored baseline's figures of it."""

    part: Part
    measured: Measured
    verdicts: Sequence[Verdict]
    before: Figures


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """A whole run of a suite."""

    suite: Suite
    at: datetime
    seconds: float
    parts: Sequence[PartRun]

    @property
    def is_kept(self) -> bool:
        """Whether every gate is."""
        return all(verdict.is_kept for part in self.parts for verdict in part.verdicts)

    def as_object(self) -> dict[str, Any]:
        """What is printed with --json and kept beside the report."""
        return {
            "suite": self.suite.name,
            "at": self.at.isoformat(timespec="seconds"),
            "seconds": round(self.seconds, 1),
            "kept": self.is_kept,
            "parts": {run.part.name: _part_object(run) for run in self.parts},
        }


async def run_suite(suite: Suite, only: Sequence[str], home: Path | None, tell: Tell) -> SuiteRun:
    """Measure every part, or those that are named; home: where embedded documents are kept between runs.

    Raises:
        InvalidSuite: a named part is not there.
    """
    known = [part.name for part in suite.parts]
    if unknown := sorted(set(only) - set(known)):
        raise InvalidSuite(f"{suite.name} has no part {unknown[0]!r}; it has {', '.join(known)}")
    baseline = load_baseline(suite)
    started, runs = monotonic(), list[PartRun]()
    with tempfile.TemporaryDirectory() as scratch:
        for part in suite.parts:
            if only and part.name not in only:
                continue
            note(f"{suite.name}: {part.name}")
            measured = await run_part(part, (home or Path(scratch)) / digest(str(part.data)), tell)
            before = baseline.get(part.name, {})
            runs.append(PartRun(part, measured, check(part.gates, measured.metrics, before), before))
    return SuiteRun(suite, datetime.now(UTC), monotonic() - started, runs)


def load_baseline(suite: Suite) -> Mapping[str, Figures]:
    """The figures that were kept with the suite; none if none were."""
    if not suite.baseline.is_file():
        return {}
    return cast("Mapping[str, Figures]", json.loads(suite.baseline.read_text(encoding="utf-8")))


def save_baseline(run: SuiteRun) -> None:
    """Keep a run's figures as what later runs are compared with; times are left out: they are the machine's."""
    kept = {
        part.part.name: {
            name: metric.as_object() for name, metric in part.measured.metrics.items() if "latency" not in name
        }
        for part in run.parts
    }
    merged = {**load_baseline(run.suite), **kept}
    run.suite.baseline.write_text(json.dumps(merged, indent=1) + "\n", encoding="utf-8")


def write_results(run: SuiteRun, folder: Path, report: str) -> Path:
    """Write the run as JSON and the report; return the report's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{run.suite.name}.json").write_text(json.dumps(run.as_object(), indent=1) + "\n", encoding="utf-8")
    path = folder / f"{run.suite.name}.html"
    path.write_text(report, encoding="utf-8")
    return path


def suite_table(run: SuiteRun) -> str:
    """The run as a person reads it in a terminal."""
    lines = [f"{run.suite.title}: {run.seconds:.0f} s"]
    for part in run.parts:
        lines.append(f"\n{part.part.name} (n = {part.measured.n})")
        for name, metric in part.measured.metrics.items():
            before = part.before.get(name, {}).get("value")
            change = "" if before is None else f"  before {before:.3f}"
            lines.append(f"  {name:<26} {figure(metric.as_object()):<24}{change}".rstrip())
        lines += [f"  {'kept' if one.is_kept else 'FELL'}  {one.told}" for one in part.verdicts]
    return "\n".join([*lines, "", "every gate is kept" if run.is_kept else "A GATE FELL"])


def _part_object(run: PartRun) -> dict[str, Any]:
    return {
        "target": run.part.target,
        "n": run.measured.n,
        "metrics": {name: metric.as_object() for name, metric in run.measured.metrics.items()},
        "gates": [{"metric": one.gate.metric, "kept": one.is_kept, "told": one.told} for one in run.verdicts],
        "worst": [{"question": one.question, "gold": one.gold, "got": one.got} for one in run.measured.worst],
    }
