"""Who is asking, and from where: tokens, the local user, Host and Origin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from api.errors import Problem
from api.secret import is_loopback
from api.settings import Settings
from memory.errors import InvalidToken
from memory.identity import API_AUDIENCE, verify
from memory.records import LOCAL, Role, Scope

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LOCAL_KEY = "local"
"""What a client sends that cannot send nothing, to a loopback server."""


def refuse_strangers(settings: Settings, method: str, headers: Mapping[str, str]) -> None:
    """Check Host (against DNS rebinding) and Origin (against posts from other sites).

    Raises:
        Problem: host_refused or origin_refused.
    """
    host = headers.get("host", "")
    if not _host_is_ours(settings, host):
        raise Problem("host_refused", "name the host in MULTIDB_ALLOWED_HOSTS if it is yours")
    origin = headers.get("origin")
    if origin is not None and not _origin_is_ours(settings, origin, host):
        raise Problem("origin_refused", "name the origin in MULTIDB_ALLOWED_ORIGINS if it is yours")
    # Browsers that send no Origin with a form post still say where it comes from.
    if method not in SAFE and origin is None and headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        raise Problem("origin_refused")


def identify(settings: Settings, secret: bytes, authorization: str | None) -> Scope:
    """Return on whose behalf a request acts: its token's scope, else the local user on a loopback server.

    Raises:
        Problem: unauthenticated.
    """
    if authorization is None:
        if is_loopback(settings.host):
            return LOCAL
        raise Problem("unauthenticated", "send Authorization: Bearer TOKEN; `multidb token` signs one")
    kind, _, token = authorization.partition(" ")
    if token.strip() == LOCAL_KEY and is_loopback(settings.host):
        return LOCAL
    if kind.lower() != "bearer":
        raise Problem("unauthenticated", "only Bearer tokens are understood")
    try:
        return verify(token.strip(), API_AUDIENCE, secret)
    except InvalidToken as error:
        raise Problem("unauthenticated", f"{error}; {_way_out(settings)}") from error


def _way_out(settings: Settings) -> str:
    here = f"the key of this machine's own user is {LOCAL_KEY!r}; " if is_loopback(settings.host) else ""
    return f"{here}`multidb token` signs one"


async def scope_of(request: Request) -> Scope:
    """Dependency of every route that serves a person; counts the request.

    Raises:
        Problem: unauthenticated or rate_limited.
    """
    state = request.app.state
    await state.gate.admit_address(request.client.host if request.client else "")
    scope = identify(state.settings, state.secret, request.headers.get("authorization"))
    await state.gate.admit_user(scope)
    return scope


def require(scope: Scope, role: Role) -> None:
    """Pass if the scope has the role.

    Raises:
        Problem: forbidden.
    """
    if role not in scope.roles:
        raise Problem("forbidden", f"this needs the {role} role")


Caller = Annotated[Scope, Depends(scope_of)]


def _host_is_ours(settings: Settings, host: str) -> bool:
    name = _name_of(host)
    if is_loopback(settings.host):
        return is_loopback(name) or name in settings.allowed_hosts
    return bool(name) and (not settings.allowed_hosts or name in settings.allowed_hosts or name == settings.host)


def _name_of(host: str) -> str:
    """The name in a Host header, "" for one that is not well-formed."""
    if set(host) & set("/\\@?#% "):
        return ""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _origin_is_ours(settings: Settings, origin: str, host: str) -> bool:
    if origin in settings.allowed_origins:
        return True
    return origin in (f"http://{host}", f"https://{host}")
