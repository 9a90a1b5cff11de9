"""The servers over streamable HTTP, stateless, JSON replies: as routes for another application, or as one of their own.

Every request needs a bearer token signed for that server: without one the answer is 401, before anything is read.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend, RequireAuthMiddleware
from mcp.server.auth.provider import AccessToken
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp

from mcp_servers.callers import Verify
from memory.errors import InvalidToken

PREFIX = "/mcp"
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


class ScopeVerifier:
    """MCP's TokenVerifier over our signed scopes, for one server."""

    def __init__(self, server: str, verify: Verify) -> None:
        """Verify tokens of one server."""
        self._server = server
        self._verify = verify

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the token if its scope is signed for this server, else None."""
        try:
            scope = self._verify(token, self._server)
        except InvalidToken:
            return None
        return AccessToken(token=token, client_id=scope.tenant_id, scopes=list(scope.roles), subject=scope.user_id)


def http_app(
    server: MCPServer, verify: Verify, *, allowed_hosts: Sequence[str] = (), allowed_origins: Sequence[str] = ()
) -> ASGIApp:
    """Return the ASGI endpoint of one server; it answers at whatever path it is given.

    Whoever mounts it runs `run_sessions([server])` for as long as it serves: a mounted application gets no lifespan.

    Args:
        server: from `build_server`, with a caller of `signed_by(verify)`.
        verify: believes a token for a server, or raises InvalidToken.
        allowed_hosts: Host names beyond loopback, as behind a proxy: `chat.example` or `chat.example:8443`;
            others get 421.
        allowed_origins: Origins that browsers may call from; others get 403.
    """
    server.streamable_http_app(
        json_response=True, stateless_http=True, transport_security=_security(allowed_hosts, allowed_origins)
    )
    door = RequireAuthMiddleware(server.session_manager.handle_request, required_scopes=[])
    backend = BearerAuthBackend(ScopeVerifier(server.name, verify))
    return AuthenticationMiddleware(AuthContextMiddleware(door), backend=backend)


def http_routes(
    servers: Mapping[str, MCPServer],
    verify: Verify,
    *,
    allowed_hosts: Sequence[str] = (),
    allowed_origins: Sequence[str] = (),
) -> list[Route]:
    """Return a route `/mcp/<name>` for each server, to be added to an application beside `run_sessions`."""
    return [
        Route(
            f"{PREFIX}/{name}",
            endpoint=http_app(server, verify, allowed_hosts=allowed_hosts, allowed_origins=allowed_origins),
        )
        for name, server in servers.items()
    ]


@asynccontextmanager
async def run_sessions(servers: Iterable[MCPServer]) -> AsyncGenerator[None]:
    """Run what the endpoints of these servers need, from the parent's lifespan; once per `http_app`."""
    async with AsyncExitStack() as stack:
        for server in servers:
            await stack.enter_async_context(server.session_manager.run())
        yield


def standalone_app(servers: Mapping[str, MCPServer], verify: Verify, *, allowed_hosts: Sequence[str] = ()) -> Starlette:
    """Return an application of these servers alone."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        async with run_sessions(servers.values()):
            yield

    return Starlette(routes=http_routes(servers, verify, allowed_hosts=allowed_hosts), lifespan=lifespan)


def _security(hosts: Sequence[str], origins: Sequence[str]) -> TransportSecuritySettings:
    # A name allows any port; the guard compares a name without a port exactly, so both forms are given.
    names = [*(f"[{name}]" if ":" in name else name for name in LOOPBACK_HOSTS), *hosts]
    return TransportSecuritySettings(
        allowed_hosts=[form for name in names for form in (name, f"{name}:*")],
        allowed_origins=["http://127.0.0.1:*", "http://localhost:*", "http://[::1]:*", *origins],
    )
