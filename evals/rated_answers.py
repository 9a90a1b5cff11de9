"""A judging model as a scorer of answers, in suites: `judge = { model = …, rubric = … }` of a part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from evals.asking import Given
from evals.grading import open_grader
from evals.house import Tell
from evals.judges import Judged, judge_all, repeat_agreement
from evals.recorded import Item
from evals.rubric import InvalidRubric
from evals.statistics import Metric, mean
from evals.wanted import Wanted


class Scored(NamedTuple):
    """Figures named `judge.RUBRIC…`, and of each answer its own, None where it was not judged."""

    metrics: Mapping[str, Metric]
    scores: Sequence[Mapping[str, float] | None]


async def score_answers(wanted: Wanted, given: Sequence[Given], seed: int, tell: Tell) -> Scored:
    """Judge every answer that is no refusal by a pointwise rubric, and some of them twice.

    Raises:
        InvalidRubric: it compares two responses.
    """
    answered = [one for one in given if not one.answer.abstained]
    threads = [one.question.thread for one in answered]
    async with open_grader(wanted) as grader:
        if grader.rubric.kind != "pointwise":
            raise InvalidRubric(f"{wanted.rubric}: answers are scored by a pointwise rubric")
        items = [_item(one) for one in answered]
        verdicts = await judge_all(grader, items, "answers judged", tell)
        same = await repeat_agreement(grader, Judged(items, verdicts, threads), wanted.repeats, seed, tell)
        name = f"judge.{grader.rubric.name}"
    known = {one.question.id: verdict.score for one, verdict in zip(answered, verdicts, strict=True)}
    metrics = {
        name: mean([verdict.score for verdict in verdicts if verdict.score is not None], seed),
        f"{name}.unscored": mean([float(verdict.score is None) for verdict in verdicts], seed),
        f"{name}.repeat_agreement": same,
    }
    scores = [known.get(one.question.id) for one in given]
    return Scored(metrics, [None if score is None else {name: score} for score in scores])


def _item(one: Given) -> Item:
    said = [*(f"{turn.role}: {turn.text}" for turn in one.question.before), f"user: {one.question.text}"]
    return Item("\n".join(said), one.texts, (one.answer.text,))
