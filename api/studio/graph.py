"""The agent's graph for Studio: every step inside an ordinary run of this machine's own user.

start ──► admit ──► the agent, as `graphs.graph` draws it ──► close ──► end

`admit` reserves and keeps the question's turn, `close` charges and keeps the answer's. A person may stop between any
two steps, edit the state, or go back and fork. Each step therefore asks first whether the run that its state names is
still under way; if it has ended, or if the question was edited, what follows is another attempt, admitted like any.
"""

# LangGraph leaves type parameters of its own signatures open; what is built here is typed by `StudioGraph`.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from dataclasses import fields
from functools import partial
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.errors import GraphBubbleUp
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from api.errors import Problem
from api.runs.hosted import Hosted
from api.runs.message import context_of
from api.studio.conversation import Conversations
from api.studio.state import Question, Reply, StudioContext, StudioState, quotes_of, revived
from graphs.graph import Node, draw
from graphs.state import Update

StudioGraph = CompiledStateGraph[StudioState, StudioContext, Question, Reply]


def build_studio_graph(
    nodes: Mapping[str, Node], conversations: Conversations, checkpointer: BaseCheckpointSaver[Any] | None = None
) -> StudioGraph:
    """Draw the agent's nodes between an admission and a close; `langgraph dev` brings a checkpointer of its own."""
    graph = StateGraph(StudioState, context_schema=StudioContext, input_schema=Question, output_schema=Reply)
    for name, node in (("admit", admit), ("close", close)):
        described = {"description": inspect.getdoc(node)}
        graph.add_node(name, partial(node, conversations=conversations), metadata=described)
    graph.add_edge(START, "admit")
    within = {name: _within_a_run(node, conversations) for name, node in nodes.items()}
    draw(graph, within, start="admit", end="close")
    graph.add_edge("close", END)
    return graph.compile(checkpointer=checkpointer, name="multidb")


async def admit(state: StudioState, runtime: Runtime[StudioContext], *, conversations: Conversations) -> dict[str, Any]:
    """Accept the question: reserve what it may cost, keep its turn; forget what the thread's last run had learned."""
    hosted = await conversations.ask(revived(state), runtime)
    blank = StudioState()
    forgotten = {known.name: getattr(blank, known.name) for known in fields(blank) if known.name != "question"}
    return {**forgotten, **_name_of(hosted), "history": tuple(await conversations.history(hosted))}


async def close(state: StudioState, runtime: Runtime[StudioContext], *, conversations: Conversations) -> dict[str, Any]:
    """End the run: charge what its steps used, keep the answer's turn, let the thread go."""
    state = revived(state)
    if state.answer is None:
        raise Problem("invalid_request", "the state holds no answer to end with; go on from an earlier step")
    hosted = await conversations.under_way(state, runtime)
    await conversations.runs.complete(hosted.record.run_id, state.answer)
    charged = min(hosted.used_tokens, hosted.record.reserved_tokens)
    return {
        **_name_of(hosted),
        "reply": state.answer.text,
        "quotes": quotes_of(state.answer),
        "charged_tokens": charged,
    }


def _within_a_run(node: Node, conversations: Conversations) -> Node:
    """Let a node act in its run's own context, whatever Studio was given; count what it uses, end what it breaks."""

    async def step(state: StudioState, runtime: Runtime[StudioContext]) -> Any:
        state = revived(state)
        hosted = await conversations.under_way(state, runtime)
        run_id = hosted.record.run_id
        try:
            update = await node(state, runtime.override(context=context_of(hosted.record)))  # pyright: ignore[reportArgumentType] - the agent has a context of its own
        except GraphBubbleUp:
            raise  # a pause asked for from inside
        except asyncio.CancelledError:
            await conversations.runs.cancel(run_id)
            raise
        except BaseException as error:
            await conversations.runs.fail(run_id, error)
            raise
        _learn(hosted, state, update)
        return update if run_id == state.run_id else {**update, **_name_of(hosted)}

    step.__doc__ = inspect.getdoc(getattr(node, "func", node))
    return step


def _learn(hosted: Hosted, state: StudioState, update: Update) -> None:
    """Note what a step used, and what the run has to say so far."""
    hosted.used_tokens += max(0, update.get("used_tokens", 0) - state.used_tokens)
    draft = update.get("draft", state.draft)
    hosted.text = " ".join(claim.text.strip() for claim in draft if claim.verdict in ("pending", "supported"))


def _name_of(hosted: Hosted) -> dict[str, str]:
    return {"run_id": hosted.record.run_id, "session_id": hosted.record.thread_id}
