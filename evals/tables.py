"""The figures of an evaluation as a person reads them in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from evals.statistics import share_of

if TYPE_CHECKING:
    from evals.asking import Given


def figure(metric: Mapping[str, Any]) -> str:
    """A figure with its interval; a dash where the data cannot give it."""
    if metric["value"] is None:
        return "-"
    digits = 1 if abs(metric["value"]) >= 10 else 3
    bounds = [f"{metric[name]:.{digits}f}" if metric[name] is not None else "-" for name in ("low", "high")]
    return f"{metric['value']:.{digits}f} [{bounds[0]}, {bounds[1]}]"


def metric_lines(metrics: Mapping[str, Mapping[str, Any]]) -> str:
    """One figure a line."""
    return "\n".join(f"{name:<26} {figure(metric)}" for name, metric in metrics.items())


def card_lines(found: Mapping[str, Any], why: Mapping[str, int]) -> str:
    """A judge's report card, with the reasons for what is unscored."""
    lines = [f"{found['n']} judged, {found['unscored']} unscored"]
    lines += [f"  {count} x {reason}" for reason, count in why.items()]
    return "\n".join([*lines, metric_lines(found["metrics"])])


def injection_lines(found: Mapping[str, Any]) -> str:
    """Shares of runs, each with the interval of its size."""
    n = found["runs"]
    shares = [*found["changed"].items(), *((name, found[name]) for name in ("utility", "utility_clean"))]
    lines = [f"{n} runs", *(f"{name:<26} {_part(value, n)}" for name, value in shares)]
    for kind, shown in found.get("sources", {}).items():
        lines.append(f"{kind} sources: {shown['runs']} runs")
        lines += [f"  {name:<24} {_part(shown[name], shown['runs'])}" for name in ("planted_alone", "both", "useful")]
    return "\n".join(lines)


def _part(share: float, n: int) -> str:
    return figure(share_of(round(share * n), n).as_object())


def retrieval_table(found: Mapping[str, Any]) -> str:
    """Systems side by side, and how ours stands to the best of the others."""
    systems = found["systems"]
    lines = [f"{found['queries']} questions", f"{'':<16}" + "".join(f"{system:<22}" for system in systems)]
    lines += [
        f"{name:<16}" + "".join(f"{figure(of[name]):<22}" for of in systems.values()).rstrip()
        for name in systems["ours"]
    ]
    lines.append("\nours minus the best baseline, by question")
    gains = found["differences"].items()
    return "\n".join([*lines, *(f"{name:<16}{figure(gain):<22} {gain['baseline']}" for name, gain in gains)])


def answer_rows(given: Sequence[Given], scored: Sequence[Mapping[str, float]]) -> Iterator[dict[str, Any]]:
    """Each question with what was answered and its figures."""
    for one, row in zip(given, scored, strict=True):
        yield {
            "id": one.question.id,
            "question": one.question.text,
            "gold": list(one.question.answers),
            "answer": one.answer.text,
            "short_answer": one.answer.short_answer,
            "abstained": one.answer.abstained,
            "quotes": one.quotes,
            **{name: value for name, value in row.items() if name != "abstained"},
        }
