"""Learns on whose behalf a tool is called. Never from a tool's arguments, so never from a model."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, cast

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from starlette.requests import Request

from memory.errors import InvalidToken
from memory.identity import SCOPE_META
from memory.records import Role, Scope

Verify = Callable[[str, str], Scope]
"""(token, server) -> the scope it signs for that server; raises InvalidToken."""

Caller = Callable[[Context, str], Scope]
"""(context of a call, server) -> on whose behalf; raises ToolError."""


BELIEVED_S = 5.0
"""For how long a verified token is not verified again: a run makes several calls at once with one token, and each
verification costs about 0.1 ms. A token is believed at most this long after it has expired."""
MAX_BELIEVED = 1024


def signed_by(verify: Verify, clock: Callable[[], float] = time.monotonic) -> Caller:
    """Believe the signed scope of each call: its bearer token over HTTP, else its `_meta`."""
    believed: dict[tuple[str, str], tuple[Scope, float]] = {}

    def scope(ctx: Context, server: str) -> Scope:
        try:
            token = _token(ctx)
            kept = believed.get((token, server))
            if kept is not None and clock() < kept[1]:
                return kept[0]
            verified = verify(token, server)
        except InvalidToken as error:
            raise ToolError(f"{error}; sign a fresh scope for {server!r} and call again") from error
        if len(believed) >= MAX_BELIEVED:
            believed.clear()
        believed[token, server] = verified, clock() + BELIEVED_S
        return verified

    return scope


def launched_as(scope: Scope) -> Caller:
    """Act for whoever launched the process: right for stdio, where nobody else can call."""

    def launched(_ctx: Context, _server: str) -> Scope:
        return scope

    return launched


def require(scope: Scope, role: Role, action: str) -> None:
    """Refuse a scope without a role.

    Raises:
        ToolError: it lacks the role; says which.
    """
    if role not in scope.roles:
        raise ToolError(f"{action} needs the role {role!r}, which this user does not have; ask an operator for it")


def _token(ctx: Context) -> str:
    request: object = ctx.request_context.request
    if isinstance(request, Request):
        # Whoever calls over HTTP can write any `_meta`; only what the door has checked counts.
        user: object = request.scope.get("user")
        token: object = user.access_token.token if isinstance(user, AuthenticatedUser) else None
    else:
        token = cast(Mapping[str, Any], ctx.request_context.meta or {}).get(SCOPE_META)
    if not isinstance(token, str):
        raise InvalidToken("the call carries no signed scope")
    return token
