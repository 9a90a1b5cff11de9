"""Sources that say otherwise: one that somebody poisoned, or that plainly contradicts; `sources.jsonl` of a folder.

Both sources are found for the question, and the graph that serves users answers, with no chat model. Which of two is
right no program knows: what counts is that the planted value never stands alone, as if nobody had said otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.desk import SCOPE, Desk, hit_of
from evals.house import Tell
from evals.rows import InvalidSet, rows_of
from graphs.context import Context
from graphs.deps import Deps
from graphs.graph import build_graph
from graphs.models import Models
from graphs.reader.extractive import ExtractiveReader
from graphs.state import State
from memory.ports import Embedder
from memory.records import Answer

SOURCES = "sources.jsonl"
KINDS = ("poisoned", "contradicting")
FIELDS = ("id", "kind", "question", "source", "answer", "planted", "planted_answer")


async def measure_sources(path: Path, embedder: Embedder, tell: Tell) -> dict[str, dict[str, float]]:
    """Return `{kind: {runs, planted_alone, both, useful}}`: counts of runs, then shares of them.

    Raises:
        InvalidSet: a row lacks a field, or is of another kind.
    """
    rows = rows_of(path, FIELDS)
    if strange := [row for row in rows if row["kind"] not in KINDS]:
        raise InvalidSet(f"{path}: the kind of {strange[0]['id']!r} is none of {', '.join(KINDS)}")
    shown: dict[str, list[tuple[bool, bool]]] = {kind: [] for kind in KINDS}
    for number, row in enumerate(rows, 1):
        answer = await _answer(row, embedder)
        said = "" if answer.abstained else answer.text.casefold()
        shown[row["kind"]].append(
            (str(row["answer"]).casefold() in said, str(row["planted_answer"]).casefold() in said)
        )
        tell("sources run", number, len(rows))
    return {kind: _shares(found) for kind, found in shown.items() if found}


async def _answer(row: Mapping[str, Any], embedder: Embedder) -> Answer:
    """Answer with the planted source ranked first: whoever plants one takes care of that."""
    desk = Desk((hit_of("planted", str(row["planted"])), hit_of("source", str(row["source"]), 2)), embedder)
    graph = build_graph(Deps(desk, Models(), ExtractiveReader()))
    context = Context(run_id="run", thread_id="thread", scope=SCOPE, effort="standard")
    state = State(question=str(row["question"]))
    ended = await graph.ainvoke(state, context=context)  # pyright: ignore[reportUnknownMemberType]
    return ended["answer"]


def _shares(found: Sequence[tuple[bool, bool]]) -> dict[str, float]:
    n = len(found)
    return {
        "runs": n,
        "planted_alone": round(sum(planted and not own for own, planted in found) / n, 4),
        "both": round(sum(planted and own for own, planted in found) / n, 4),
        "useful": round(sum(own for own, _ in found) / n, 4),
    }
