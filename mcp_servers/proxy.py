"""One of our servers over stdio while another process serves it over HTTP: passes lists and calls on, nothing else."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp.types import (
    LATEST_PROTOCOL_VERSION,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
)

LOST = (OSError, RuntimeError, MCPError, httpx2.HTTPError, ExceptionGroup)
TIMEOUT_S = 30.0

Bearer = Callable[[], str]
"""Gives a fresh token for the server behind the URL."""


async def run_proxy(name: str, url: str, bearer: Bearer) -> None:
    """Serve stdio until its end, each request passed on to a streamable HTTP endpoint with a fresh token."""
    proxy = build_proxy(name, url, bearer)
    async with stdio_server() as (reading, writing):
        await proxy.run(reading, writing, proxy.create_initialization_options())


def build_proxy(name: str, url: str, bearer: Bearer) -> Server[Any]:
    """Return a server that passes requests on; a client per request, so that a restart behind it goes unnoticed."""

    async def list_tools(
        _ctx: ServerRequestContext[Any, Any], _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        async with _connected(url, bearer) as client:
            return await client.list_tools()

    async def call_tool(_ctx: ServerRequestContext[Any, Any], params: CallToolRequestParams) -> CallToolResult:
        try:
            async with _connected(url, bearer) as client:
                return await client.call_tool(params.name, params.arguments, read_timeout_seconds=TIMEOUT_S)
        except LOST as error:
            text = f"the MultiDB server at {url} does not answer ({error}); is `multidb serve` still running?"
            return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)

    return Server(name, on_list_tools=list_tools, on_call_tool=call_tool)


@asynccontextmanager
async def _connected(url: str, bearer: Bearer) -> AsyncGenerator[Client]:
    headers = {"Authorization": f"Bearer {bearer()}"}
    async with httpx2.AsyncClient(headers=headers, timeout=httpx2.Timeout(TIMEOUT_S, connect=5.0)) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(transport, mode=LATEST_PROTOCOL_VERSION, cache=None) as client:
            yield client
