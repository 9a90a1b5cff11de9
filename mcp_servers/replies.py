"""How every tool answers: structured content with its JSON as text, and errors that a model can act on."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Final, ParamSpec

import orjson
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import BaseModel

from memory.errors import ModelUnavailable, StoreError, StoreUnavailable

P = ParamSpec("P")

UNAVAILABLE_META: Final = {"multidb/error": "unavailable"}
"""Marks an error reply that is not the caller's fault: `tools` counts it against the server."""

READS: Final = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
WRITES: Final = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
DELETES: Final = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
)


def reply(value: BaseModel) -> CallToolResult:
    """Return a value as structured content, and as JSON text for clients that read only text."""
    content = value.model_dump(mode="json")
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
