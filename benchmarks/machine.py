"""What every benchmark says beside its figures, and where they are kept."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
ROOT = Path(__file__).resolve().parents[1]


def facts():
    """Return the machine, how busy it is, the code's commit, the command, and when this was."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "load_1m": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "commit": _commit(),
        "command": _command(),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def row(figure, value, unit, baseline, goal, cause="", ratio=None):
    """Return one figure beside its baseline and its goal.

    goal: `<= 0.5` or `>= 5`, of the ratio; "" for none. ratio: value to baseline unless given. cause: why a goal is
    missed, "" where it is met.
    """
    if ratio is None:
        ratio = value / baseline if baseline else None
    met = meets(ratio, goal)
    found = {"figure": figure, "value": value, "unit": unit, "baseline": baseline}
    found |= {"ratio": None if ratio is None else round(ratio, 3), "goal": goal, "met": met}
    return found | ({"cause": cause} if cause and met is False else {})


def meets(ratio, goal):
    """Return whether a ratio reaches a goal; None where there is no goal or no ratio."""
    if not goal or ratio is None:
        return None
    relation, _, bound = goal.partition(" ")
    return ratio <= float(bound) if relation == "<=" else ratio >= float(bound)


def report(name, figures):
    """Print one benchmark's figures as a line of JSON, and keep them as results/NAME.json."""
    whole = {"benchmark": name, **figures, "machine": facts()}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(whole), flush=True)


def own_passages(count):
    """Return texts of this project's own documents, about 110 words each; from the second round on with a number."""
    words = [word for path in sorted(ROOT.glob("docs/**/*.md")) for word in path.read_text("utf-8").split()]
    pieces = [" ".join(words[at : at + 110]) for at in range(0, len(words) - 110, 110)]
    return [f"{pieces[n % len(pieces)]} {n // len(pieces) or ''}".strip() for n in range(count)]


def _commit():
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return found.stdout.strip() or "unknown"


def _command():
    module = Path(sys.argv[0]).stem
    return " ".join(["python", "-m", f"benchmarks.{module}", *sys.argv[1:]])


def _cpu():
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())
