"""Scores the small reader alone, with the paragraph given: `python -m evals.spans --data DIR [--reader FILE]`.

DIR is a set in BEIR layout with answers. Each question is read on the passage that answers it, and on another of the
same title, drawn by a seed, that lacks the answer. Prints {n, metrics: {em, f1, separation: {value, low, high}}};
separation is the AUROC with which its score tells the two apart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from evals.fitting import Floats
from evals.scoring import exact_match, f1
from evals.sets import Question, load_set, rows_of
from evals.statistics import Metric, bootstrap, mean, separation
from memory.span_ports import SpanReader, Text
from memory.spans.onnx import FILE, open_span_reader

SEED, EVERY = 20261121, 100


class Case(NamedTuple):
    """A question with the passage that answers it and one that does not."""

    question: Question
    given: Text
    other: Text


class Outcome(NamedTuple):
    """Scores of one case: of the answer, and of the reader's certainty on either passage."""

    em: float
    f1: float
    given: float
    other: float


def cases(data: Path, limit: int) -> list[Case]:
    """Return the cases of a set; those without another passage of the same title are left out."""
    texts = {
        str(row["id"]): Text(str(row.get("title", "")), str(row["text"])) for row in rows_of(data / "corpus.jsonl")
    }
    titled: dict[str, list[Text]] = defaultdict(list)
    for text in texts.values():
        titled[text.title].append(text)
    made: list[Case] = []
    for question in load_set(data).drawn(limit, SEED).questions:
        given = next((texts[name] for name in question.gains if name in texts), None)
        if given and (lacking := [text for text in titled[given.title] if not _holds(text, question.answers)]):
            made.append(Case(question, given, random.Random(f"{SEED} {question.id}").choice(lacking)))
    return made


async def outcomes(reader: SpanReader, found: Sequence[Case]) -> list[Outcome]:
    """Read every case, telling how far it is on stderr."""
    made: list[Outcome] = []
    for case in found:
        given, other = await reader.spans(case.question.text, (case.given, case.other))
        best = given.best[0] if given.best else None
        said = case.given.text[best.start : best.end] if best else ""
        answers = case.question.answers
        made.append(Outcome(100 * exact_match(said, answers), 100 * f1(said, answers), given.score, other.score))
        if len(made) % EVERY == 0:
            print(f"{len(made)} of {len(found)}", file=sys.stderr, flush=True)
    return made


def report(made: Sequence[Outcome]) -> dict[str, Any]:
    """The JSON that is printed."""
    given, other = (np.array([getattr(one, name) for one in made]) for name in ("given", "other"))
    metrics: dict[str, Metric] = {
        "em": mean([one.em for one in made]),
        "f1": mean([one.f1 for one in made]),
        "separation": bootstrap(_apart, given, other),
    }
    return {"n": len(made), "metrics": {name: metric.as_object() for name, metric in metrics.items()}}


def _apart(given: Floats, other: Floats) -> float:
    return separation(np.concatenate([given, other]), np.repeat([1.0, 0.0], len(given)))


def _holds(text: Text, answers: Sequence[str]) -> bool:
    return any(answer.casefold() in text.text.casefold() for answer in answers)


async def _main(given: argparse.Namespace) -> None:
    async with open_span_reader(given.reader) as reader:
        print(json.dumps(report(await outcomes(reader, cases(given.data, given.limit)))))


def main() -> None:
    """Score a reader's file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--reader", type=Path, default=FILE)
    parser.add_argument("--limit", type=int, default=0, help="questions, drawn at random; 0 for all")
    asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()
