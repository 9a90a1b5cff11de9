"""How good answers are, end to end: `python -m evals.quality --data DIR`.

Ingests third-party sets with `multidb ingest` into a folder of its own, asks with `multidb ask --json --input`, and
scores what was printed. Nothing here knows how answers are made.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from evals.beir import Sample, draw, load_samples
from evals.scoring import exact_match, f1, holds, interval
from memory.errors import StoreError
from memory.records import LOCAL
from memory.settings import StoreSettings
from memory.stores import open_stores

ANSWERED_SET = "squad1_train60"
REFUSED_SET = "clapnq_dev"
REFUSED_EACH = 100
MOST_CITATIONS = 3
MOST_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class Figure:
    """A share with its 95 % interval and what it has to reach; goal is None for what is only reported."""

    name: str
    value: float
    n: int
    goal: float | None = None
    at_most: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the goal is reached."""
        if self.goal is None:
            return True
        return self.value <= self.goal if self.at_most else self.value >= self.goal

    def line(self) -> str:
        """The figure as a person reads it."""
        low, high = interval(self.value * self.n, self.n)
        goal = "" if self.goal is None else f"  goal {'<=' if self.at_most else '>='} {self.goal:.2f}"
        missed = "" if self.is_met else "  MISSED"
        return f"{self.name:<32} {self.value:.3f} [{low:.3f}, {high:.3f}] n={self.n}{goal}{missed}"


def measure(data: Path, questions: int, seed: int, home: Path) -> list[Figure]:
    """Return every figure; takes minutes, most of them embedding."""
    answered, _ = draw(load_samples(data / ANSWERED_SET), questions, seed)
    rows = _answers(data / ANSWERED_SET, answered, home / ANSWERED_SET)
    figures = answer_figures(answered, rows)
    figures.append(Figure("offsets reproduce quotes", _exact_offsets(rows, home / ANSWERED_SET), len(rows), 1.0))
    refused = _refusal_sample(load_samples(data / REFUSED_SET), seed)
    return figures + refusal_figures(refused, _answers(data / REFUSED_SET, refused, home / REFUSED_SET))


def answer_figures(samples: Sequence[Sample], rows: Sequence[dict[str, Any]]) -> list[Figure]:
    """Score answers whose right passage and gold answer are known."""
    n = len(rows)
    pairs = list(zip(samples, rows, strict=True))

    def share(test: Callable[[Sample, dict[str, Any]], float]) -> float:
        return fmean(test(sample, row) for sample, row in pairs)

    return [
        Figure("right passage cited", share(lambda s, row: any(_is_right(s, c) for c in row["citations"])), n, 0.85),
        Figure("gold answer in a quote", share(lambda s, row: holds(_quotes(row), s.answers)), n, 0.65),
        Figure("citations within the limits", share(lambda s, row: _is_within_limits(row)), n, 1.0),
        Figure("citation precision", share(_precision), n),
        Figure("citations per answer / 3", share(lambda s, row: len(row["citations"]) / MOST_CITATIONS), n),
        Figure("abstained", share(lambda s, row: row["abstained"]), n),
        Figure("short answer exact match", share(lambda s, row: exact_match(row["short_answer"], s.answers)), n),
        Figure("short answer F1", share(lambda s, row: f1(row["short_answer"], s.answers)), n),
    ]


def refusal_figures(samples: Sequence[Sample], rows: Sequence[dict[str, Any]]) -> list[Figure]:
    """Score how often answerable and unanswerable questions are refused."""
    by_kind = {
        kind: [float(row["abstained"]) for sample, row in zip(samples, rows, strict=True) if sample.answerable == kind]
        for kind in (True, False)
    }
    return [
        Figure("refused, unanswerable", fmean(by_kind[False]), len(by_kind[False]), 0.40),
        Figure("refused, answerable", fmean(by_kind[True]), len(by_kind[True]), 0.15, at_most=True),
    ]


def _refusal_sample(samples: list[Sample], seed: int) -> list[Sample]:
    """As many answerable as unanswerable questions; the threshold was chosen on the others (`evals.calibrate`)."""
    kinds = ([sample for sample in samples if sample.answerable == kind] for kind in (True, False))
    return [sample for kind in kinds for sample in draw(kind, REFUSED_EACH, seed)[0]]


def _answers(folder: Path, samples: Sequence[Sample], home: Path) -> list[dict[str, Any]]:
    """Ingest a set and ask its questions through the command, one JSON object each."""
    _multidb(home, "ingest", str(folder / "corpus.jsonl"), "--json")
    home.mkdir(parents=True, exist_ok=True)
    questions = home / "questions.txt"
    questions.write_text("".join(f"{sample.text}\n" for sample in samples), encoding="utf-8")
    printed = _multidb(home, "ask", "--json", "--input", str(questions))
    return [json.loads(line) for line in printed.splitlines() if line.strip()]


def _multidb(home: Path, *arguments: str) -> str:
    """Run the command on a data folder of its own."""
    environment = {**os.environ, "MULTIDB_HOME": str(home)}
    command = [sys.executable, "-m", "api.cli", *arguments]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def _exact_offsets(rows: Sequence[dict[str, Any]], home: Path) -> float:
    """The share of answers all of whose citations are found at their offsets in the stored text."""
    return asyncio.run(_check_offsets(rows, home))


async def _check_offsets(rows: Sequence[dict[str, Any]], home: Path) -> float:
    async with open_stores(StoreSettings(home=home)) as stores:
        exact: list[bool] = []
        for row in rows:
            texts = [await _text(stores.documents, citation) for citation in row["citations"]]
            exact.append(
                all(text[c["start"] : c["end"]] == c["quote"] for text, c in zip(texts, row["citations"], strict=True))
            )
        return fmean(exact)


async def _text(documents: Any, citation: dict[str, Any]) -> str:
    """The stored text that a citation points into, "" if it is gone."""
    try:
        return (await documents.get(LOCAL, citation["document_id"])).text
    except StoreError:
        return ""


def _is_right(sample: Sample, citation: dict[str, Any]) -> bool:
    return str(citation["source"]).endswith(f"#{sample.document}")


def _quotes(row: dict[str, Any]) -> list[str]:
    return [citation["quote"] for citation in row["citations"]]


def _precision(sample: Sample, row: dict[str, Any]) -> float:
    right = [_is_right(sample, citation) for citation in row["citations"]]
    return fmean(right) if right else 0.0


def _is_within_limits(row: dict[str, Any]) -> bool:
    return len(row["citations"]) <= MOST_CITATIONS and all(len(quote) <= MOST_CHARACTERS for quote in _quotes(row))


def main() -> None:
    """Print the figures; exit 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds squad1_train60 and clapnq_dev")
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--home", type=Path, help="keep the data folders here, so that a second run starts faster")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        figures = measure(options.data, options.questions, options.seed, options.home or Path(scratch))
    print(f"seed {options.seed}")
    print("\n".join(figure.line() for figure in figures))
    sys.exit(0 if all(figure.is_met for figure in figures) else 1)


if __name__ == "__main__":
    main()
