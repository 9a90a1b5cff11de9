"""`multidb token`: a signed token for the HTTP API, or for one of its MCP servers."""

from __future__ import annotations

from api.commands import load_settings
from api.terminal import usage
from memory.identity import API_AUDIENCE, GRANTABLE, mint, server_audience
from memory.records import Scope


def sign_token(scope: Scope, hours: float, server: str | None = None) -> str:
    """Return a token that lets its bearer act in this scope for some hours, at the API or at one MCP server.

    Whoever can read the data folder's secret can sign for any tenant: the command is the operator's.
    """
    from api.secret import load_secret_of

    if unknown := sorted(set(scope.roles) - GRANTABLE):
        usage(f"{unknown[0]!r} is no role; roles are {', '.join(sorted(GRANTABLE))}")
    if not scope.tenant_id.strip() or not scope.user_id.strip():
        usage("--tenant and --user must not be empty")
    audience = API_AUDIENCE if server is None else server_audience(server)
    return mint(scope, audience, load_secret_of(load_settings()), round(hours * 3600))
