"""A run of a suite as one HTML page that needs nothing beside itself: no script, no font, no network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from evals.plots import interval_plot, reliability_plot
from evals.running import PartRun, SuiteRun
from evals.statistics import calibration_error, reliability
from evals.tables import figure
from evals.targets import Case

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #d5dae1; --page: #fff; --card: #f6f7f9;
  --good: #0b6b53; --bad: #b3261e; --blue: #1f5fbf; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --soft: #a2acba; --line: #38414e; --page: #14181e;
  --card: #1c222a; --good: #5fd0ac; --bad: #ff8a80; --blue: #86b4ff; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 0 auto;
  max-width: 60rem; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; } p { margin: .25rem 0; }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
.soft { color: var(--soft); } .good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); }
.wide { overflow-x: auto; }
svg { width: 100%; max-width: 42rem; height: auto; margin: .75rem 0; display: block; }
svg text { font-size: 9px; fill: var(--ink); } @media (max-width: 36rem) { svg text { font-size: 12px; } }
svg.square { max-width: 17rem; } svg.square text { font-size: 12px; } svg text.axis { fill: var(--soft); }
.grid { stroke: var(--line); } .frame { fill: none; stroke: var(--line); }
line.value, circle.value { stroke: var(--blue); fill: var(--blue); } line.fell, circle.fell { stroke: var(--bad);
  fill: var(--bad); } line.value, line.fell { stroke-width: 2; } .before { stroke: var(--soft); stroke-width: 1.5;
  stroke-dasharray: 3 2; } .bin { fill: var(--blue); fill-opacity: .65; }
details { background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .5rem .75rem;
  margin: .4rem 0; } summary { cursor: pointer; } dt { color: var(--soft); font-size: .85rem; margin-top: .4rem; }
dd { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
"""


def report_page(run: SuiteRun) -> str:
    """Return the page."""
    told = '<span class="good">every gate is kept</span>' if run.is_kept else '<span class="bad">a gate fell</span>'
    title = escape(run.suite.title)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main><h1>{title}</h1>"
        f'<p class="soft">Suite {escape(run.suite.name)}, {run.at:%Y-%m-%d %H:%M} UTC, {run.seconds:.0f} s</p>'
        f"<p>{told}. Intervals are 95 % bootstrap over questions; gates are compared with their ends.</p>"
        f"{''.join(_part(part) for part in run.parts)}</main></body></html>\n"
    )


def _part(run: PartRun) -> str:
    fell = frozenset(one.gate.metric for one in run.verdicts if not one.is_kept)
    before = {name: value for name, one in run.before.items() if (value := one.get("value")) is not None}
    plot = interval_plot(run.measured.metrics, before, fell)
    ticks = "; dashed ticks: the stored baseline" if before else ""
    legend = f'<p class="soft">Dots: the figures; lines: their 95 % intervals{ticks}.</p>' if plot else ""
    return (
        f"<section><h2>{escape(run.part.name)}</h2>"
        f'<p class="soft">{escape(run.part.target)}, n = {run.measured.n}, effort {escape(run.part.effort)}</p>'
        f"{_gates(run)}{plot}{legend}{_table(run, before)}{_reliability(run)}{_cases(run.measured.worst)}</section>"
    )


def _gates(run: PartRun) -> str:
    words = {True: '<span class="good">kept</span>', False: '<span class="bad">fell</span>'}
    return "".join(f"<p>{words[one.is_kept]} {escape(one.told)}</p>" for one in run.verdicts)


def _table(run: PartRun, before: dict[str, float]) -> str:
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{figure(one.as_object())}</td><td>{_before(before.get(name))}</td></tr>"
        for name, one in run.measured.metrics.items()
    )
    head = '<tr><th scope="col">figure</th><th scope="col">value and interval</th><th scope="col">baseline</th></tr>'
    return (
        f'<details><summary>All figures</summary><div class="wide"><table><thead>{head}</thead>'
        f"<tbody>{rows}</tbody></table></div></details>"
    )


def _before(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _reliability(run: PartRun) -> str:
    if not (plot := reliability_plot(run.measured.points)):
        return ""
    confidence, found = np.array(run.measured.points, dtype=float).T
    rows = "".join(
        f"<tr><td>{one.n}</td><td>{one.confidence:.2f}</td><td>{one.right:.2f}</td></tr>"
        for one in reliability(confidence, found)
    )
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("answers", "mean confidence", "share found"))
    return (
        f"<h3>Reliability of the confidence</h3>{plot}"
        '<p class="soft">Across: the answer\'s confidence. Up: the share of questions to which something that answers'
        " was found. A larger dot stands for more answers; on the dashed line, confidence is what it says.</p>"
        f"<p>Expected calibration error {calibration_error(confidence, found):.3f} over {len(found)} answers.</p>"
        f"<details><summary>By tenths of confidence</summary><table><thead><tr>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table></details>"
    )


def _cases(cases: Sequence[Case]) -> str:
    if not cases:
        return ""
    shown = "".join(
        f"<details{' open' if place == 0 else ''}><summary>{escape(case.question)}</summary><dl>"
        f"<dt>gold</dt><dd>{escape(case.gold)}</dd><dt>got</dt><dd>{escape(case.got)}</dd>"
        f"<dt>figures</dt><dd>{escape(case.told or _figures(case))}</dd></dl></details>"
        for place, case in enumerate(cases)
    )
    return f"<h3>Worst cases</h3>{shown}"


def _figures(case: Case) -> str:
    shown = (f"{name} {value:.2f}" for name, value in case.figures.items() if not name.startswith("latency"))
    return ", ".join(shown)
