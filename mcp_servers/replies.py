"""How every tool answers: structured content with its JSON as text, and errors that a model can act on."""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable
from typing import Final, ParamSpec

import orjson
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import BaseModel

from memory.errors import ModelUnavailable, StoreError, StoreUnavailable

P = ParamSpec("P")

VERSION: Final = "1"
"""Of the tools' arguments and results; grows when a client would notice."""

UNAVAILABLE_META: Final = {"multidb/error": "unavailable"}
"""Marks an error reply that is not the caller's fault: `tools` counts it against the server."""

READS: Final = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
WRITES: Final = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
DELETES: Final = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
)


def tool(function: Callable[..., Awaitable[CallToolResult]], title: str, annotations: ToolAnnotations) -> Tool:
    """Return a tool with the output schema of its return annotation."""
    made = Tool.from_function(function, title=title, annotations=annotations, structured_output=True)
    # What `reply` dumps from a typed model needs no second validation on its way out: 0.1 ms for 24 hits.
    made.fn_metadata.output_model = None
    return made


def server(name: str, title: str, instructions: str, tools: list[Tool]) -> MCPServer:
    """Return a server of these tools, and leave the process's logging as it was."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    made = MCPServer(name, title=title, instructions=instructions, version=VERSION, tools=tools)
    # MCPServer gives the root logger a handler of its own, so that the application's would come second or not at all.
    root.setLevel(level)
    root.handlers[:] = handlers
    return made


def reply(value: BaseModel) -> CallToolResult:
    """Return a value as structured content, and as JSON text for clients that read only text.

    Fields at their default are left out, as the output schema allows: a hit has many, and each costs the model
    tokens and us time.
    """
    content = value.model_dump(mode="json", exclude_defaults=True)
    text = orjson.dumps(content).decode()
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=content)


def answering(tool: Callable[P, Awaitable[CallToolResult]]) -> Callable[P, Awaitable[CallToolResult]]:
    """Turn what stores raise into replies: the caller's mistakes by their own words, outages marked as such."""

    @functools.wraps(tool)
    async def answer(*args: P.args, **kwargs: P.kwargs) -> CallToolResult:
        try:
            return await tool(*args, **kwargs)
        except (StoreUnavailable, ModelUnavailable) as error:
            text = TextContent(type="text", text=f"{error}; nothing was changed, try again in a moment")
            return CallToolResult(content=[text], is_error=True, _meta=dict(UNAVAILABLE_META))
        except StoreError as error:
            raise ToolError(str(error)) from error

    return answer
