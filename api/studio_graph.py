"""The same graph for LangGraph Studio: opened by `langgraph dev`, which brings its own checkpointer."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from api.agent import open_agent
from api.settings import Settings
from graphs.graph import Graph, build_graph
from memory.stores import open_stores


@asynccontextmanager
async def open_studio_graph() -> AsyncGenerator[Graph]:
    """Open stores, tools and models for as long as Studio uses the graph.

    Raises:
        FolderLocked: a server holds the data folder.
    """
    settings = Settings()
    async with open_stores(settings, command="langgraph dev") as stores, open_agent(settings, stores) as agent:
        yield build_graph(agent.deps)
