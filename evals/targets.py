"""Runs the parts of a suite: each target gives figures, cases to read, and points of a reliability diagram."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from evals import answers, isolation
from evals.asking import Given, Manner, ask_all
from evals.house import House, Tell, fill, folder_of, open_house
from evals.injection import Draw
from evals.injection import measure as measure_injection
from evals.judge import Choice
from evals.judge import measure as measure_judge
from evals.literal import GUESS, Literal
from evals.rated_answers import score_answers
from evals.retrieval import SYSTEMS, Options, Ranked, differences
from evals.retrieval import measure as measure_retrieval
from evals.sets import EvalSet, load_set
from evals.statistics import Metric, mean, share_of
from evals.suite import Part, Target
from graphs.graph import build_graph
from graphs.models import Models, NamedModel

WORST = 8


@dataclass(frozen=True, slots=True)
class Case:
    """One question and what came of it. score: the lower, the worse; told: what figures do not say."""

    question: str
    gold: str
    got: str
    score: float
    figures: Mapping[str, float] = field(default_factory=dict[str, float])
    told: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a part gave. points: (confidence, 1 if something that answers was found)."""

    n: int
    metrics: Mapping[str, Metric]
    cases: Sequence[Case] = ()
    points: Sequence[tuple[float, float]] = ()

    @property
    def worst(self) -> Sequence[Case]:
        """Some that went wrong, the worst first."""
        return sorted((case for case in self.cases if case.score < 1), key=lambda case: case.score)[:WORST]


async def run_part(part: Part, home: Path, tell: Tell) -> Measured:
    """Measure one part; of its figures those that it names are kept, and those its gates need.

    home: holds the embedded documents, for parts of the same data.
    """
    measured = await _TARGETS[part.target](part, home, tell)
    if not part.scorers:
        return measured
    kept = {*part.scorers, *(gate.metric for gate in part.gates)}
    return replace(measured, metrics={name: one for name, one in measured.metrics.items() if name in kept})


def _set_of(part: Part) -> EvalSet:
    return load_set(part.data, part.questions)


async def _retrieval(part: Part, home: Path, tell: Tell) -> Measured:
    found = _set_of(part)
    results = await measure_retrieval(found, Options(part.effort, part.limit, part.seed), home, tell)
    metrics = {f"{name}.{key}": one for name in SYSTEMS for key, one in results[name].metrics(part.seed).items()}
    metrics |= {f"difference.{key}": one for key, (one, _) in differences(results, part.seed).items()}
    return Measured(len(results["ours"].scores), metrics, _found(results["ours"]))


def _found(ours: Ranked) -> list[Case]:
    rows = zip(ours.questions, ours.tops, ours.scores, strict=True)
    return [
        Case(question.text, ", ".join(question.gains), ", ".join(dict.fromkeys(names)), row["ndcg@10"], row)
        for question, names, row in rows
    ]


async def _answers(part: Part, home: Path, tell: Tell) -> Measured:
    found = _set_of(part).drawn(part.limit, part.seed)
    given, rows = await answers.measure(found, Manner(part.effort), home, tell)
    return await _judged(part, given, _answered(given, rows, answers.metrics_of(given, rows, part.seed)), tell)


async def _written(part: Part, home: Path, tell: Tell) -> Measured:
    """Answers that a chat model writes which takes its prompt at its word."""
    found = _set_of(part).drawn(part.limit, part.seed)
    folder = folder_of(found, home)
    async with open_house(folder) as house:
        await fill(house, found, folder, tell)
        models = Models(synthesizer=(NamedModel("scripted:literal", Literal()),))
        graph = build_graph(replace(house.agent.deps, models=models))
        written = House(house.stores, replace(house.agent, graph=graph))
        given = await ask_all(written, found, Manner(part.effort), tell)
        rows = await answers.score_all(written, found, given)
    metrics = answers.metrics_of(given, rows, part.seed)
    drafted = [claim for one in given for claim in one.answer.claims]
    metrics["cited"] = mean([float(bool(claim.citations)) for claim in drafted])
    answerable = [claim for one in given if one.question.answerable is not False for claim in one.answer.claims]
    metrics["stands"] = mean([float(claim.verdict == "supported") for claim in answerable])
    metrics["guesses_shown"] = mean([float(GUESS in one.answer.text) for one in given])
    return await _judged(part, given, _answered(given, rows, metrics), tell)


async def _judged(part: Part, given: Sequence[Given], measured: Measured, tell: Tell) -> Measured:
    """Add what the part's judging model makes of the answers that were given, if it names one."""
    if part.judge is None:
        return measured
    scored = await score_answers(part.judge, given, part.seed, tell)
    pairs = zip(measured.cases, scored.scores, strict=True)
    cases = [case if score is None else replace(case, figures={**case.figures, **score}) for case, score in pairs]
    return replace(measured, metrics={**measured.metrics, **scored.metrics}, cases=cases)


def _answered(given: Sequence[Given], rows: Sequence[answers.Row], metrics: Mapping[str, Metric]) -> Measured:
    cases = [
        Case(
            one.question.text,
            " | ".join(one.question.answers) or "(no answer)",
            one.answer.text,
            _good(row),
            row,
        )
        for one, row in zip(given, rows, strict=True)
    ]
    points = [(row["confidence"], row["found"]) for row in rows if "found" in row]
    return Measured(len(rows), metrics, cases, points)


def _good(row: Mapping[str, float]) -> float:
    """How good one answer is, as far as its figures tell: refusing rightly is 1, wrongly or not at all 0."""
    if row.get("answerable") == 0.0:
        return row["abstained"]
    return (row.get("gold_in_quote", row.get("citation_recall", 0.0)) + row.get("f1", 0.0)) / 2


async def _isolation(part: Part, home: Path, tell: Tell) -> Measured:
    apart = await isolation.measure(part, _set_of(part), tell)
    cases = [
        Case(one.question, "nothing of another tenant", ", ".join(one.leaked) or "(nothing)", 0.0, told=_told(one))
        for one in apart
        if one.leaked or one.changed
    ]
    return Measured(len(apart), isolation.metrics_of(apart), cases)


def _told(one: isolation.Apart) -> str:
    return "what it found changed when another tenant brought documents" if one.changed else "it saw another's"


async def _judge(part: Part, home: Path, tell: Tell) -> Measured:
    wanted = part.judge if part.judge and part.judge.is_model else None
    card = await measure_judge(part.data, Choice(wanted, part.limit, part.seed, home), tell)
    return Measured(card.n, card.metrics(part.seed))


async def _injection(part: Part, home: Path, tell: Tell) -> Measured:
    found = await measure_injection(part.data, Draw(part.limit, part.seed, home), tell)
    n = found["runs"]
    shares = {**{f"changed.{name}": share for name, share in found["changed"].items()}}
    shares |= {name: found[name] for name in ("utility", "utility_clean")}
    metrics = {name: share_of(round(share * n), n) for name, share in shares.items()}
    for kind, shown in found.get("sources", {}).items():
        few = shown["runs"]
        metrics |= {f"{kind}.{name}": share_of(round(one * few), few) for name, one in shown.items() if name != "runs"}
    return Measured(n, metrics)


_TARGETS: Mapping[Target, Callable[[Part, Path, Tell], Awaitable[Measured]]] = {
    "retrieval": _retrieval,
    "answers": _answers,
    "written": _written,
    "isolation": _isolation,
    "judge": _judge,
    "injection": _injection,
}
