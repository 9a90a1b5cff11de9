"""The agent's whole topology.

start ──► researcher ──► synthesizer ──► judge ──► responder ──► end
  │         │ ▲                            │           ▲
  │         │ └──── what is missing ───────┘           │
  │         └────── could mean several things ─────────┤
  └──────────────── small talk ────────────────────────┘
"""

# LangGraph leaves type parameters of its own signatures open; what is built here is typed by `Graph`.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from graphs.context import Context
from graphs.deps import Deps
from graphs.nodes.judge import judge
from graphs.nodes.researcher import researcher
from graphs.nodes.responder import responder
from graphs.nodes.synthesizer import synthesizer
from graphs.routing import after_judge, after_researcher, at_start
from graphs.state import State, Update

Graph = CompiledStateGraph[State, Context, State, State]
Node = Callable[..., Awaitable[Update]]
"""(state, runtime) -> what it changes."""


def build_graph(deps: Deps, checkpointer: BaseCheckpointSaver[Any] | None = None) -> Graph:
    """Draw the graph and bind its nodes to what the process opened.

    Args:
        deps: what nodes reach beyond their state.
        checkpointer: where the state of runs is kept after each step; None keeps none.
    """
    graph = StateGraph(State, context_schema=Context)
    draw(graph, nodes_of(deps))
    return graph.compile(checkpointer=checkpointer, name="multidb")


def nodes_of(deps: Deps) -> Mapping[str, Node]:
    """The nodes by name, each bound to what it reaches."""
    return {
        "researcher": partial(researcher, deps=deps),
        "synthesizer": partial(synthesizer, deps=deps),
        "judge": partial(judge, deps=deps),
        "responder": partial(responder, deps=deps),
    }


def draw(graph: StateGraph[Any, Any, Any, Any], nodes: Mapping[str, Node], start: str = START, end: str = END) -> None:
    """Draw the nodes and their arrows between two points of a graph; what a node does stands in its metadata."""
    for name, node in nodes.items():
        graph.add_node(name, node, metadata={"description": inspect.getdoc(getattr(node, "func", node))})
    graph.add_conditional_edges(start, Choice(at_start), ["researcher", "responder"])
    graph.add_conditional_edges("researcher", Choice(after_researcher), ["synthesizer", "responder"])
    graph.add_edge("synthesizer", "judge")
    graph.add_conditional_edges("judge", Choice(after_judge), ["researcher", "responder"])
    graph.add_edge("responder", end)


class Choice(Runnable[State, str]):
    """Which arrow to take, by a pure function of state, in place: LangGraph would call a plain function in a thread."""

    def __init__(self, choose: Callable[[State], str]) -> None:
        """Choose by a function, under its name."""
        self.name = choose.__name__
        self._choose = choose

    def invoke(self, input: State, config: RunnableConfig | None = None, **_: Any) -> str:
        """Name the next node."""
        return self._choose(input)

    async def ainvoke(self, input: State, config: RunnableConfig | None = None, **_: Any) -> str:
        """Name the next node."""
        return self._choose(input)
