"""How good answers are: `multidb eval answers --data DIR|FILE`. docs/evals.md describes files and figures."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from evals.asking import Given, Manner, ask_all
from evals.card import Rated
from evals.fitting import Floats
from evals.house import House, Tell, fill, folder_of, open_house
from evals.journal import Journal
from evals.judge import Likeness, weigh_response
from evals.scoring import exact_match, f1, holds
from evals.sets import EvalSet, InvalidSet, Question
from evals.statistics import Metric, bootstrap, calibration_error, mean, quantile, separation
from graphs.nodes.responder import NOTE

WRONGLY_REFUSED = 0.10
"""Share of answerable questions that the held-out threshold may refuse."""
Row = dict[str, float]
"""Figures of one answer; a figure that the question has no gold for is left out."""


async def measure(found: EvalSet, manner: Manner, home: Path | None, tell: Tell) -> tuple[list[Given], list[Row]]:
    """Ask every question and score each answer.

    Raises:
        InvalidSet: there are no questions.
    """
    if not found.questions:
        raise InvalidSet("there is no question in this set")
    folder = folder_of(found, home)
    async with open_house(folder) as house:
        await fill(house, found, folder, tell)
        journal = Journal(folder, "answers", repr(manner), found.mark)
        given = await ask_all(house, found, manner, tell, journal)
        scored = await score_all(house, found, given)
        journal.finish()
        return given, scored


def as_object(given: Sequence[Given], rows: Sequence[Row], seed: int = 0) -> dict[str, Any]:
    """The documented object of `eval answers --json`."""
    metrics = {name: metric.as_object() for name, metric in metrics_of(given, rows, seed).items()}
    return {"n": len(rows), "metrics": metrics}


async def score_all(house: House, found: EvalSet, given: Sequence[Given]) -> list[Row]:
    """Score each answer."""
    likeness = Likeness(house.stores.embedder)
    return [{**score(one, found.name_of), **await _supported(one, likeness)} for one in given]


def score(given: Given, name_of: Callable[[str], str]) -> Row:
    """Score one answer on everything that needs no judge."""
    question, answer = given.question, given.answer
    is_answerable = answerable(question)
    row: Row = {"confidence": answer.confidence, "latency_ms": given.latency_ms, "tokens": float(given.tokens)}
    row["abstained"] = float(answer.abstained)
    if is_answerable is not None:
        row["answerable"] = float(is_answerable)
        row["found"] = float(is_answerable and _is_found(given, name_of))
    if answer.citations:
        row["offsets_exact"] = fmean(
            given.stored.get(one.document_id, "")[one.start : one.end] == one.quote for one in answer.citations
        )
    if is_answerable and question.answers:
        row |= _against_gold(given)
    if is_answerable and question.gains:
        row |= _citations(given, name_of)
    return row


def _is_found(given: Given, name_of: Callable[[str], str]) -> bool:
    """Whether a document that answers was found; where nobody says which do, one was."""
    gold = given.question.gains
    return not gold or any(name_of(source) in gold for source in given.sources)


def _against_gold(given: Given) -> Row:
    gold, answer = given.question.answers, given.answer
    return {
        "em": 0.0 if answer.abstained else exact_match(answer.short_answer, gold),
        "f1": 0.0 if answer.abstained else f1(answer.short_answer, gold),
        "answer_f1": 0.0 if answer.abstained else f1(answer.text, gold),
        "gold_in_quote": float(holds(given.quotes, gold)),
    }


def _citations(given: Given, name_of: Callable[[str], str]) -> Row:
    """Precision of an answer that cites, recall of every one; names are those that gold uses."""
    gold = {name for name, grade in given.question.gains.items() if grade > 0}
    cited = [name_of(citation.source) for citation in given.answer.citations]
    row = {"citation_recall": len(gold & set(cited)) / len(gold)}
    if cited:
        row["citation_precision"] = fmean(name in gold for name in cited)
    return row


async def _supported(given: Given, likeness: Likeness) -> Row:
    """The share of an answer's sentences that the passages it cites support, weighed anew; none where it refused.

    What an answer says of itself, as which word it read otherwise, is no sentence about the sources.
    """
    if given.answer.abstained:
        return {}
    titles = [citation.title for citation in given.answer.citations]
    heard = "\n".join([*(said.text for said in given.question.before), given.question.text, *titles])
    said, _, _ = given.answer.text.partition(NOTE)
    weighed = await weigh_response(Rated(said, given.texts, heard, float("nan")), likeness)
    return {"supported": fmean(one.label == "supported" for one in weighed)} if weighed else {}


def answerable(question: Question) -> bool | None:
    """Whether the sources answer it; where nobody said, gold says yes, and without gold it is unknown."""
    if question.answerable is not None:
        return question.answerable
    return True if question.answers or question.gains else None


MEANS = (
    "em",
    "f1",
    "answer_f1",
    "gold_in_quote",
    "citation_precision",
    "citation_recall",
    "offsets_exact",
    "supported",
)


def metrics_of(given: Sequence[Given], rows: Sequence[Row], seed: int = 0) -> dict[str, Metric]:
    """Return every figure; NaN where no question has what it needs."""
    metrics = {name: mean([row[name] for row in rows if name in row], seed) for name in MEANS}
    metrics |= refusal_metrics(rows, seed)
    latency = [one.latency_ms for one in given]
    metrics["latency_p50_ms"] = quantile(latency, 0.5, seed)
    metrics["latency_p95_ms"] = quantile(latency, 0.95, seed)
    metrics["tokens"] = mean([row["tokens"] for row in rows], seed)
    return metrics


def refusal_metrics(rows: Sequence[Mapping[str, float]], seed: int) -> dict[str, Metric]:
    """How well refusing goes with `answerable`.

    `held_out_*`: refusing below a confidence that is chosen on one half so that a tenth of its answerable questions are
    refused, measured on the other half; each half once, so that less hangs on how they were drawn.
    """
    told = [row for row in rows if "answerable" in row]
    kinds = {kind: [row for row in told if row["answerable"] == kind] for kind in (0.0, 1.0)}
    refused = [row for row in told if row["abstained"]]
    confidence, labels = (np.array([row[name] for row in told]) for name in ("confidence", "answerable"))
    held_out = _held_out(told, seed)
    return {
        "refusal_recall": mean([row["abstained"] for row in kinds[0.0]], seed),
        "refusal_precision": mean([1.0 - row["answerable"] for row in refused], seed) if kinds[0.0] else mean([]),
        "wrong_refusals": mean([row["abstained"] for row in kinds[1.0]], seed),
        "refusal_auroc": _auroc(confidence, labels, seed),
        "calibration_error": _calibration(told, seed),
        "held_out_refusal_recall": mean(held_out[0.0], seed),
        "held_out_wrong_refusals": mean(held_out[1.0], seed) if held_out[0.0] else mean([]),
    }


def _auroc(confidence: Floats, labels: Floats, seed: int) -> Metric:
    if not len(labels):
        return mean([])
    return bootstrap(separation, confidence, labels, seed)


def _calibration(told: Sequence[Mapping[str, float]], seed: int) -> Metric:
    """How far confidence lies from the share of questions to which something that answers was found."""
    rows = [row for row in told if "found" in row]
    if not rows:
        return mean([])
    confidence, found = (np.array([row[name] for row in rows]) for name in ("confidence", "found"))
    return bootstrap(calibration_error, confidence, found, seed)


def _held_out(told: Sequence[Mapping[str, float]], seed: int) -> dict[float, list[float]]:
    """Whether each question is refused by what was chosen on the half it is not in, by `answerable`.

    Nothing where one of the halves has nothing to choose the bound on.
    """
    rows = list(told)
    random.Random(seed).shuffle(rows)
    halves = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    refused: dict[float, list[float]] = {0.0: [], 1.0: []}
    for chosen_on, measured_on in (halves, halves[::-1]):
        sure = [row["confidence"] for row in chosen_on if row["answerable"]]
        if not sure:
            return {0.0: [], 1.0: []}
        threshold = float(np.quantile(sure, WRONGLY_REFUSED))
        for row in measured_on:
            refused[row["answerable"]].append(float(row["confidence"] < threshold))
    return refused
