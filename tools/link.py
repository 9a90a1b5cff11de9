"""Calls the tools of one server: signed, within a time limit, over a small pool, behind a circuit breaker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from mcp.client.client import Client
from mcp.server.mcpserver import MCPServer
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, CallToolRequest, CallToolRequestParams, CallToolResult, TextContent
from pydantic import TypeAdapter, ValidationError

from memory.errors import InvalidToken
from memory.identity import SCOPE_META
from memory.records import Scope
from tools.breaker import Breaker, State
from tools.errors import ToolRefused, ToolUnavailable
from tools.session import BEARER, LOST, Session, in_process, over_http

T = TypeVar("T")
Sign = Callable[[Scope, str], str]
"""(scope, server) -> a token for that server that is valid for two minutes or more."""

TOKEN_REUSE_S = 60.0
MAX_TOKENS = 1024
ATTEMPTS = 2


class _Lost(Exception):
    """The call may not have reached the server, or its answer was lost on the way."""


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """How a server stands, for readiness: clients open, and its circuit."""

    open_clients: int
    circuit: State


class Link:
    """The way to one server. Its tools must be safe to call twice: a lost call is made once more."""

    def __init__(self, server: str, sessions: Sequence[Session], sign: Sign, *, timeout_s: float, http: bool) -> None:
        """Use sessions that somebody else keeps open."""
        self.server = server
        self._sessions = sessions
        self._sign = sign
        self._timeout_s = timeout_s
        self._http = http
        self._breaker = Breaker()
        self._tokens: dict[Scope, tuple[str, float]] = {}

    @property
    def status(self) -> LinkStatus:
        """How the server stands now; asks nobody."""
        return LinkStatus(sum(session.is_open for session in self._sessions), self._breaker.state)

    async def call(self, scope: Scope, tool: str, arguments: dict[str, Any], adapter: TypeAdapter[T]) -> T:
        """Return a tool's structured result, parsed.

        Raises:
            ToolUnavailable: no usable answer within the time limit, or the circuit is open.
            ToolRefused: the server will not do this.
        """
        if not self._breaker.admit():
            raise ToolUnavailable(self.server, "does not answer; its circuit is open, so it was not asked")
        try:
            async with asyncio.timeout(self._timeout_s):
                result = await self._ask(scope, tool, arguments)
            parsed = adapter.validate_python(self._content(tool, result))
        except ToolRefused:
            self._breaker.succeeded()
            raise
        except (TimeoutError, _Lost, ToolUnavailable, ValidationError) as error:
            self._breaker.failed()
            raise self._unavailable(error) from error
        except BaseException:
            self._breaker.abandoned()
            raise
        self._breaker.succeeded()
        return parsed

    async def _ask(self, scope: Scope, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        token = self._token(scope)
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._once(token, tool, arguments)
            except _Lost:
                continue
        return await self._once(token, tool, arguments)

    async def _once(self, token: str, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        session = min(self._sessions, key=lambda session: (not session.is_open, session.in_flight))
        session.in_flight += 1
        try:
            result = await self._send(await session.client(), token, tool, arguments)
        except MCPError as error:
            if error.error.code == INVALID_PARAMS:
                raise ToolRefused(self.server, error.error.message) from error
            raise _Lost(error.error.message) from error
        except LOST as error:
            raise _Lost(str(error) or type(error).__name__) from error
        finally:
            session.in_flight -= 1
        session.answered()
        return result

    async def _send(self, client: Client, token: str, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        # Not client.call_tool: it checks the answer against the JSON schema, in Python, before we parse it anyway.
        params = CallToolRequestParams(
            name=tool, arguments=arguments, _meta=None if self._http else {SCOPE_META: token}
        )
        if not self._http:
            return await client.session.send_request(CallToolRequest(params=params), CallToolResult)
        reset = BEARER.set(token)
        try:
            return await client.session.send_request(CallToolRequest(params=params), CallToolResult)
        finally:
            BEARER.reset(reset)

    def _content(self, tool: str, result: CallToolResult) -> object:
        if not result.is_error:
            return result.structured_content
        text = " ".join(block.text for block in result.content if isinstance(block, TextContent))
        # The SDK masks a crash of the server as this bare text; a refusal says more.
        crashed = text == f"Error executing tool {tool}"
        if crashed or (result.meta or {}).get("multidb/error") == "unavailable":
            raise ToolUnavailable(self.server, text)
        raise ToolRefused(self.server, text)

    def _unavailable(self, error: Exception) -> ToolUnavailable:
        if isinstance(error, ToolUnavailable):
            return error
        if isinstance(error, TimeoutError):
            return ToolUnavailable(self.server, f"did not answer within {self._timeout_s} s")
        if isinstance(error, ValidationError):
            return ToolUnavailable(self.server, f"answered in a form that we do not know: {error}")
        return ToolUnavailable(self.server, f"the connection was lost: {error}")

    def _token(self, scope: Scope) -> str:
        kept = self._tokens.get(scope)
        if kept is not None and kept[1] > time.monotonic():
            return kept[0]
        if len(self._tokens) >= MAX_TOKENS:
            self._tokens.clear()
        try:
            token = self._sign(scope, self.server)
        except InvalidToken as error:
            raise ToolRefused(self.server, str(error)) from error
        self._tokens[scope] = (token, time.monotonic() + TOKEN_REUSE_S)
        return token


@asynccontextmanager
async def open_link(
    server: str, target: MCPServer | str, sign: Sign, *, timeout_s: float, pool: int
) -> AsyncGenerator[Link]:
    """Keep clients of one server open: one in process, `pool` over HTTP."""
    http = isinstance(target, str)
    opener = over_http(target, timeout_s) if isinstance(target, str) else in_process(target)
    sessions = [Session(opener) for _ in range(pool if http else 1)]
    async with AsyncExitStack() as stack:
        for session in sessions:
            stack.push_async_callback(session.close, asyncio.create_task(session.own(), name=f"mcp:{server}"))
        yield Link(server, sessions, sign, timeout_s=timeout_s, http=http)
