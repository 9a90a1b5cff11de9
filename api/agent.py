"""The agent, open: MCP servers, the tools that call them, models, the graph. Importing this module takes seconds.

LangGraph, LangSmith and the MCP SDK are more than half of a start; `api.wiring` imports this beside the first requests.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mcp.server.mcpserver import MCPServer
from starlette.routing import Router
from starlette.types import ASGIApp

from api.secret import load_secret_of
from api.settings import Settings
from api.telemetry import Telemetry
from graphs.context import LIMITS
from graphs.deps import Deps
from graphs.graph import Graph, build_graph
from graphs.models import ModelSettings, open_models
from graphs.reader.extractive import ExtractiveReader
from mcp_servers import build_servers, signed_by
from mcp_servers.http import http_routes, run_sessions
from memory.identity import mint, server_audience, verify
from memory.records import Effort, Scope
from memory.stores import Stores, open_span_reader
from tools.connect import ConnectedTools, open_tools


@dataclass(frozen=True, slots=True)
class Agent:
    """What stands between stores and answers. mcp: serves this process's MCP servers at /mcp/<name>."""

    tools: ConnectedTools
    deps: Deps
    graph: Graph
    mcp: ASGIApp


@asynccontextmanager
async def open_agent(settings: Settings, stores: Stores, telemetry: Telemetry | None = None) -> AsyncGenerator[Agent]:
    """Open what answers need beyond the stores.

    Raises:
        InvalidInput: a setting cannot be.
    """
    secret = load_secret_of(settings)

    def sign(scope: Scope, server: str) -> str:
        return mint(scope, server_audience(server), secret)

    def check(token: str, server: str) -> Scope:
        return verify(token, server_audience(server), secret)

    prices: dict[Effort, int] = {effort: limits.tokens for effort, limits in LIMITS.items()}
    servers = build_servers(stores, signed_by(check), prices)
    hosts, origins = settings.allowed_hosts, settings.allowed_origins
    mcp = Router(http_routes(servers, check, allowed_hosts=hosts, allowed_origins=origins))
    async with (
        open_tools(_targets(settings, servers), sign, timeout_s=settings.mcp_timeout_s) as tools,
        open_models(_models(settings)) as models,
        open_span_reader(settings) as spans,
        run_sessions(servers.values()),
    ):
        deps = Deps((telemetry or Telemetry()).traced(tools), models, ExtractiveReader(spans))
        yield Agent(tools, deps, build_graph(deps, stores.checkpointer if settings.resumes else None), mcp)


def _models(settings: Settings) -> ModelSettings:
    return ModelSettings(
        synthesizer=settings.model_synthesizer,
        judge=settings.model_judge,
        fallbacks=settings.model_fallbacks,
        base_url=settings.model_base_url,
        api_key=settings.model_api_key.get_secret_value(),
        timeout_s=settings.model_timeout_s,
    )


def _targets(settings: Settings, servers: Mapping[str, MCPServer]) -> Mapping[str, MCPServer | str]:
    urls = {
        "vector_search": settings.mcp_vector_search_url,
        "knowledge_base": settings.mcp_knowledge_base_url,
        "user_quota": settings.mcp_user_quota_url,
    }
    return {name: urls[name] or server for name, server in servers.items() if name not in settings.mcp_off}
