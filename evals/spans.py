"""Scores the small reader alone, with the paragraph given: `python -m evals.spans --data DIR [--reader FILE]`.

DIR is a set in BEIR layout with answers. Each question is read on the passage that answers it, and on another of the
same title, drawn by a seed, that lacks the answer; and the answering passage is read with the question asked about
another name, number or attribute of the article, where it has one. Prints {n, metrics: {em, f1, pointed_em, pointed_f1,
separation, strangers: {value, low, high}}}: em and f1 are of the short answer as users get it;
pointed_em and pointed_f1 of what is pointed at in the whole passage; separation is the AUROC with which its score tells
the two passages apart, strangers that with which it tells the two questions apart.
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
from evals.rows import rows_of
from evals.scoring import exact_match, f1
from evals.sets import Question, load_set
from evals.statistics import Metric, bootstrap, mean, separation
from graphs.reader.evidence import Evidence
from graphs.reader.extractive import rank_read
from graphs.reader.features import candidates
from graphs.reader.pointing import pointed_answer
from graphs.reader.question import understand
from graphs.reader.weights import ReadWeights, load_weights
from memory.records import Hit, Passage
from memory.span_ports import SpanReader, Text
from memory.spans.onnx import FILE, open_span_reader
from training.cases import Paragraph, swapped

SEED, EVERY = 20261121, 100


class Case(NamedTuple):
    """A question with the passage that answers it and one that does not; stranger: what it does not answer, or ""."""

    question: Question
    given: Text
    other: Text
    stranger: str = ""


class Outcome(NamedTuple):
    """Scores of one case: of the answer, of what was pointed at, and how sure the reader was; NaN for no stranger."""

    em: float
    f1: float
    pointed_em: float
    pointed_f1: float
    given: float
    other: float
    stranger: float


def cases(data: Path, limit: int) -> list[Case]:
    """Return the cases of a set; those without another passage of the same title are left out."""
    texts = {
        str(row["id"]): Text(str(row.get("title", "")), str(row["text"])) for row in rows_of(data / "corpus.jsonl")
    }
    titled: dict[str, list[Text]] = defaultdict(list)
    for text in texts.values():
        titled[text.title].append(text)
    known, asked = load_set(data), defaultdict[str, list[str]](list)
    for question in known.questions:
        for name in question.gains:
            asked[texts[name].title if name in texts else ""].append(question.text)
    made: list[Case] = []
    for question in known.drawn(limit, SEED).questions:
        given = next((texts[name] for name in question.gains if name in texts), None)
        if given and (lacking := [text for text in titled[given.title] if not _holds(text, question.answers)]):
            chance = random.Random(f"{SEED} {question.id}")
            other = chance.choice(lacking)
            own = Paragraph(given.title, given.text, ())
            made.append(Case(question, given, other, swapped(question.text, own, asked[given.title], chance)))
    return made


async def outcomes(reader: SpanReader, found: Sequence[Case]) -> list[Outcome]:
    """Read every case, telling how far it is on stderr."""
    made: list[Outcome] = []
    weights = load_weights().read
    for case in found:
        question, answers = case.question.text, case.question.answers
        given, other = await reader.spans(question, (case.given, case.other))
        best = given.best[0] if given.best else None
        pointed = case.given.text[best.start : best.end] if best else ""
        said = await short_answer(reader, weights, question, case.given)
        whole, part = ((100 * exact_match(text, answers), 100 * f1(text, answers)) for text in (said, pointed))
        strange = (await reader.spans(case.stranger, [case.given]))[0].score if case.stranger else np.nan
        made.append(Outcome(*whole, *part, given.score, other.score, strange))
        if len(made) % EVERY == 0:
            print(f"{len(made)} of {len(found)}", file=sys.stderr, flush=True)
    return made


async def short_answer(reader: SpanReader, weights: ReadWeights, question: str, given: Text) -> str:
    """The short answer of a question to which one passage was found."""
    passage = Passage("given", "given", "given", 0, 0, len(given.text), given.text)
    hit = Hit(passage, given.title, given.title, score=1.0, fused_rank=1)
    known = understand(question, {})
    evidence = Evidence({passage.passage_id: (await reader.spans(question, [given]))[0]})
    ranked = rank_read(weights, known, candidates(known, [hit]), evidence)
    if not ranked:
        return ""
    best = ranked[0].candidate
    return pointed_answer(known, best, evidence, weights)


def report(made: Sequence[Outcome]) -> dict[str, Any]:
    """The JSON that is printed."""
    given, other, stranger = (np.array([getattr(one, name) for one in made]) for name in ("given", "other", "stranger"))
    has_stranger = ~np.isnan(stranger)
    metrics: dict[str, Metric] = {
        **{name: mean([getattr(one, name) for one in made]) for name in ("em", "f1", "pointed_em", "pointed_f1")},
        "separation": bootstrap(_apart, given, other),
        "strangers": bootstrap(_apart, given[has_stranger], stranger[has_stranger]),
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
