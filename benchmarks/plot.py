"""Draws docs/speed.svg and writes benchmarks/results/README.md from the rows in benchmarks/results/*.json.

`python -m benchmarks.plot`. A bar shows how far a figure is from its goal, on a logarithmic scale: right of the line
it is better, left of it worse.
"""

from __future__ import annotations

import json
import math
from html import escape

from benchmarks.machine import RESULTS, ROOT

WIDTH, LEFT, RIGHT, LINE, TOP = 1060, 480, 880, 26, 76
REACH = 10.0
"""The scale ends where a figure is this many times better or worse than its goal."""
STYLE = """
    .bg{fill:#fbfaf7}.name{fill:#1f2633}.note{fill:#4a5362;font-size:12px}.title{font-weight:600;font-size:16px}
    .met{fill:#2e7d4f}.missed{fill:#b3541e}.goal{stroke:#1f2633;stroke-width:1.5}.grid{stroke:#d9d5c9}
    @media (prefers-color-scheme: dark){.bg{fill:#15181e}.name{fill:#eef1f6}.note{fill:#b4bdcb}.met{fill:#5fb384}
    .missed{fill:#e08a4f}.goal{stroke:#eef1f6}.grid{stroke:#333a46}}
"""


def results():
    """Return what each benchmark kept, by name, of those that have rows."""
    found = [json.loads(path.read_text("utf-8")) for path in sorted(RESULTS.glob("*.json"))]
    return [one for one in found if one.get("rows")]


def advantage(row):
    """Return how many times better than its goal a figure is; less than 1 is worse."""
    relation, _, bound = row["goal"].partition(" ")
    times = float(bound) / row["ratio"] if relation == "<=" else row["ratio"] / float(bound)
    return min(max(times, 1 / REACH), REACH)


def drawn(rows):
    """Return the picture of rows that have a goal and a ratio."""
    height = TOP + LINE * len(rows) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t d" '
        'font-family="system-ui, sans-serif" font-size="13">',
        '<title id="t">Measured speed beside its goals</title>',
        f'<desc id="d">{sum(row["met"] for row in rows)} of {len(rows)} figures reach their goal.</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="bg" width="{WIDTH}" height="{height}" rx="12"/>',
        '<text class="name title" x="24" y="32">Measured speed beside its goals</text>',
        '<text class="note" x="24" y="52">figure; what it is measured against</text>',
        *(_scale(times, height) for times in (0.1, 0.3, 1, 3, 10)),
        *(_bar(row, TOP + LINE * at) for at, row in enumerate(rows)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def table(found):
    """Return the page of figures."""
    lines = ["# Figures", "", "Written by `python -m benchmarks.plot` from the files beside it.", ""]
    for one in found:
        machine = one["machine"]
        where = f"{machine['cores']} cores, {machine['cpu']}, load {machine['load_1m']}"
        lines += [
            f"## {one['benchmark']}",
            "",
            f"`{machine.get('command', '')}`, {where}, commit {machine.get('commit', '?')}, {machine['at']}",
            "",
            "| figure; measured against | value | it has | ratio | goal | |",
            "|---|---|---|---|---|---|",
            *(_line(row) for row in one["rows"]),
            "",
        ]
    return "\n".join(lines)


def _line(row):
    outcome = {True: "met", False: "missed", None: ""}[row["met"]]
    said = row.get("not_measured") and f"not measured: {row['not_measured']}"
    outcome = said or ": ".join(part for part in (outcome, row.get("cause", "")) if part)
    cells = (row["figure"], f"{row['value']} {row['unit']}", row["baseline"], row["ratio"], row["goal"], outcome)
    return "| " + " | ".join("" if cell is None else str(cell).replace("|", "\\|") for cell in cells) + " |"


def _x(times):
    return LEFT + (RIGHT - LEFT) * (math.log10(times) + 1) / 2


def _scale(times, height):
    name = "goal" if times == 1 else f"{times} x"
    kind = "goal" if times == 1 else "grid"
    x = _x(times)
    return (
        f'<line class="{kind}" x1="{x:.0f}" y1="{TOP - 8}" x2="{x:.0f}" y2="{height - 22}"/>'
        f'<text class="note" x="{x:.0f}" y="{TOP - 14}" text-anchor="middle">{name}</text>'
    )


def _bar(row, y):
    goal, end = _x(1), _x(advantage(row))
    x, width = min(goal, end), max(abs(end - goal), 2)
    kind = "met" if row["met"] else "missed"
    return (
        f'<text class="name" x="24" y="{y + 13}">{escape(row["figure"])}</text>'
        f'<rect class="{kind}" x="{x:.0f}" y="{y}" width="{width:.0f}" height="18" rx="3"/>'
        f'<text class="note" x="{RIGHT + 14}" y="{y + 13}">{row["ratio"]:g} ({escape(row["goal"])}), {kind}</text>'
    )


def main():
    """Write both."""
    found = results()
    rows = [row for one in found for row in one["rows"] if row["goal"] and row["ratio"] is not None]
    (ROOT / "docs/speed.svg").write_text(drawn(rows), "utf-8")
    (RESULTS / "README.md").write_text(table(found), "utf-8")
    print(f"docs/speed.svg, benchmarks/results/README.md: {sum(row['met'] for row in rows)} of {len(rows)} goals met")


if __name__ == "__main__":
    main()
