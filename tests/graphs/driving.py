"""Runs the graph as `api.runs` does, and keeps what it streamed."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from graphs.context import Context
from graphs.deps import Deps
from graphs.graph import Graph, build_graph
from graphs.models import Models
from graphs.reading import Reader
from graphs.state import State
from memory.records import Answer, Effort, Scope
from tests.support.fake_tools import FakeTools, WordReader

SCOPE = Scope("tenant", "user")


@dataclass(slots=True)
class Ran:
    """What a run streamed, in order, and the state it ended in."""

    parts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    state: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def answer(self) -> Answer:
        return self.state["answer"]

    def types(self) -> list[str]:
        return [part["type"] for part in self.parts]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [part for part in self.parts if part["type"] == kind]


def context(effort: Effort = "standard", **chosen: Any) -> Context:
    return Context(run_id="run", thread_id="thread", scope=SCOPE, effort=effort, **chosen)


def graph_of(tools: FakeTools, models: Models | None = None, reader: Reader | None = None) -> Graph:
    return build_graph(Deps(tools, models or Models(), reader or WordReader()))


async def ask(graph: Graph, question: str, within: Context | None = None, **known: Any) -> Ran:
    """Run the graph to its end."""
    ran = Ran()
    stream = graph.astream(
        State(question=question, **known),
        context=within or context(),
        stream_mode=["custom", "values"],
        version="v2",
    )
    async with aclosing(stream) as parts:  # type: ignore[type-var]
        async for part in parts:
            if part["type"] == "custom":
                ran.parts.append(part["data"])
            else:
                ran.state = as_dict(part["data"])
    return ran


def as_dict(values: Any) -> dict[str, Any]:
    """State values, whether LangGraph hands them out as a dict or as the dataclass."""
    if isinstance(values, dict):
        return dict(values)
    return {name: getattr(values, name) for name in values.__dataclass_fields__}
