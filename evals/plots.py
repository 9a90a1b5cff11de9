"""Plots as inline SVG: intervals of figures beside their baseline, and how right an answer is at its confidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from evals.statistics import Metric, reliability

ROW, LABEL, WIDTH, SIDE = 18, 160, 440, 260
"""Units of the drawing; narrow enough that a phone shows the whole of it, with labels that can be read."""


def interval_plot(metrics: Mapping[str, Metric], before: Mapping[str, float], fell: frozenset[str]) -> str:
    """A line for each figure within [-1, 1]: its interval, its value as a dot, the baseline's value as a tick."""
    shown = {name: one for name, one in metrics.items() if one.value == one.value and abs(one.high) <= 1.0 >= -one.low}
    if not shown:
        return ""
    least = min(0.0, *(one.low for one in shown.values()))
    rows = [
        _interval(place, name, one, before.get(name), name in fell, least)
        for place, (name, one) in enumerate(shown.items())
    ]
    bottom = ROW * len(shown)
    marks = [_mark(value, bottom, least) for value in (-1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0) if value >= least]
    height = bottom + 20
    return (
        f'<div class="wide"><svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Figures with 95 % intervals">'
        f"{''.join(marks)}{''.join(rows)}</svg></div>"
    )


def _x(value: float, least: float) -> float:
    return LABEL + (value - least) / (1.0 - least) * (WIDTH - LABEL - 14)


def _mark(value: float, bottom: int, least: float) -> str:
    x = _x(value, least)
    return (
        f'<line class="grid" x1="{x:.1f}" y1="0" x2="{x:.1f}" y2="{bottom}"/>'
        f'<text class="axis" x="{x:.1f}" y="{bottom + 13}" text-anchor="middle">{value:g}</text>'
    )


def _interval(place: int, name: str, one: Metric, before: float | None, has_fallen: bool, least: float) -> str:
    y = ROW * place + ROW / 2
    kind = "fell" if has_fallen else "value"
    low, value, high = (_x(bound, least) for bound in (one.low, one.value, one.high))
    tick = ""
    if before is not None:
        at = _x(before, least)
        tick = f'<line class="before" x1="{at:.1f}" y1="{y - 6}" x2="{at:.1f}" y2="{y + 6}"/>'
    return (
        f"<g><title>{escape(name)}: {one.value:.3f} [{one.low:.3f}, {one.high:.3f}]</title>"
        f'<text x="{LABEL - 8}" y="{y + 3}" text-anchor="end">{escape(name)}</text>'
        f'<line class="{kind}" x1="{low:.1f}" y1="{y}" x2="{high:.1f}" y2="{y}"/>{tick}'
        f'<circle class="{kind}" cx="{value:.1f}" cy="{y}" r="3"/></g>'
    )


def reliability_plot(points: Sequence[tuple[float, float]]) -> str:
    """A dot for each tenth of confidence, as large as it is frequent; on the diagonal, confidence is what it says."""
    if not points:
        return ""
    confidence, right = np.array(points, dtype=float).T
    inner = SIDE - 40

    def at(x: float, y: float) -> tuple[float, float]:
        return 32 + x * inner, 8 + (1 - y) * inner

    dots = [_dot(*at(one.confidence, one.right), one.n, len(points)) for one in reliability(confidence, right)]
    (left, bottom), (far, top) = at(0, 0), at(1, 1)
    axes = "".join(
        f'<text class="axis" x="{at(value, 0)[0]:.0f}" y="{bottom + 14:.0f}" text-anchor="middle">{value:g}</text>'
        f'<text class="axis" x="{left - 6:.0f}" y="{at(0, value)[1] + 4:.0f}" text-anchor="end">{value:g}</text>'
        for value in (0.0, 0.5, 1.0)
    )
    return (
        f'<svg class="square" viewBox="0 0 {SIDE} {SIDE}" role="img" aria-label="Reliability of the confidence">'
        f'<rect class="frame" x="{left}" y="{top}" width="{inner}" height="{inner}"/>'
        f'<line class="before" x1="{left}" y1="{bottom}" x2="{far}" y2="{top}"/>{axes}{"".join(dots)}</svg>'
    )


def _dot(x: float, y: float, n: int, total: int) -> str:
    radius = 3 + 12 * (n / total) ** 0.5
    return f'<circle class="bin" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"><title>{n} answers</title></circle>'
