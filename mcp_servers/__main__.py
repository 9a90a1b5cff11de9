"""`python -m mcp_servers NAME`: one server over stdio, or with --http over streamable HTTP."""

from __future__ import annotations

import argparse
import asyncio
import sys

from mcp_servers import SERVERS
from mcp_servers.serving import serve_http, serve_stdio
from mcp_servers.settings import ServerSettings
from memory.errors import ModelUnavailable, StoreError
from memory.identity import GRANTABLE
from memory.records import LOCAL, Role, Scope


def main() -> int:
    """Serve until the client leaves or we are stopped; 1 and a reason on stderr if that is not possible."""
    options = _parser().parse_args()
    try:
        asyncio.run(_serve(options, ServerSettings()))
    except (StoreError, ModelUnavailable) as error:
        print(f"{options.name}: {error}", file=sys.stderr)  # noqa: T201 (stdout belongs to the protocol)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


async def _serve(options: argparse.Namespace, settings: ServerSettings) -> None:
    if options.http:
        await serve_http(options.name, settings, options.host, options.port)
        return
    roles: tuple[Role, ...] = tuple(options.role or LOCAL.roles)
    await serve_stdio(options.name, settings, Scope(options.tenant, options.user, tuple(options.group), roles))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mcp_servers", description=__doc__)
    parser.add_argument("name", choices=sorted(SERVERS))
    parser.add_argument("--http", action="store_true", help="serve HTTP to callers with a signed token")
    parser.add_argument("--host", default="127.0.0.1", help="address for --http")
    parser.add_argument("--port", type=int, default=8100, help="port for --http; 0 takes a free one")
    parser.add_argument("--tenant", default=LOCAL.tenant_id, help="over stdio: act in this tenant")
    parser.add_argument("--user", default=LOCAL.user_id, help="over stdio: act as this user")
    parser.add_argument("--group", action="append", default=[], help="over stdio: a group of the user")
    parser.add_argument("--role", action="append", choices=sorted(GRANTABLE), help="over stdio: a role of the user")
    return parser


if __name__ == "__main__":
    sys.exit(main())
