"""The agent's whole topology.

start ──► researcher ──► synthesizer ──► judge ──► responder ──► end
  │           ▲                            │           ▲
  │           └──── what is missing ───────┘           │
  └──────────────── small talk ────────────────────────┘
"""

# LangGraph leaves type parameters of its own signatures open; what is built here is typed by `Graph`.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from functools import partial
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from graphs.context import Context
from graphs.deps import Deps
from graphs.nodes.judge import judge
from graphs.nodes.researcher import researcher
from graphs.nodes.responder import responder
from graphs.nodes.synthesizer import synthesizer
from graphs.routing import after_judge, at_start
from graphs.state import State

Graph = CompiledStateGraph[State, Context, State, State]


def build_graph(deps: Deps, checkpointer: BaseCheckpointSaver[Any] | None = None) -> Graph:
    """Draw the graph and bind its nodes to what the process opened.

    Args:
        deps: what nodes reach beyond their state.
        checkpointer: where the state of runs is kept after each step; None keeps none.
    """
    graph = StateGraph(State, context_schema=Context)
    graph.add_node("researcher", partial(researcher, deps=deps))
    graph.add_node("synthesizer", partial(synthesizer, deps=deps))
    graph.add_node("judge", partial(judge, deps=deps))
    graph.add_node("responder", responder)
    graph.add_conditional_edges(START, at_start, ["researcher", "responder"])
    graph.add_edge("researcher", "synthesizer")
    graph.add_edge("synthesizer", "judge")
    graph.add_conditional_edges("judge", after_judge, ["researcher", "responder"])
    graph.add_edge("responder", END)
    return graph.compile(checkpointer=checkpointer, name="multidb")
