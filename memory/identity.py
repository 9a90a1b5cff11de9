"""Mints and verifies the signed, short-lived scope that every MCP call and every HTTP caller carries.

A token is a JWT signed with HS256 by the deployment's secret; `aud` names the one door it opens: the API, or one
MCP server. `system` is no role that a token can carry.
"""

from __future__ import annotations

import time
from typing import Any, cast, get_args

from memory.errors import InvalidToken
from memory.records import Role, Scope

ALGORITHM = "HS256"
ISSUER = "multidb"
API_AUDIENCE = "multidb-api"
SCOPE_META = "multidb/scope"
"""Key of the token in the `_meta` of an MCP call that stays in the process; over HTTP it is the bearer token."""
MIN_SECRET_BYTES = 32
MAX_TOKEN_BYTES = 8192
GRANTABLE: frozenset[str] = frozenset(get_args(Role)) - {"system"}


def server_audience(server: str) -> str:
    """Return the audience of one MCP server's tokens."""
    return f"multidb-mcp:{server}"


def mint(scope: Scope, audience: str, secret: bytes, ttl_s: int = 300) -> str:
    """Sign a scope for one audience, valid for ttl_s seconds from now.

    Raises:
        InvalidToken: the scope carries a role that no token may grant, or names nobody.
    """
    if not scope.tenant_id or not scope.user_id or not set(scope.roles) <= GRANTABLE:
        raise InvalidToken(f"a token needs a tenant, a user and roles out of {sorted(GRANTABLE)}")
    import jwt  # here and below: it brings `cryptography`, which costs a start a twentieth of its time

    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": audience,
        "sub": scope.user_id,
        "tenant": scope.tenant_id,
        "groups": list(scope.groups),
        "roles": list(scope.roles),
        "iat": now,
        "exp": now + ttl_s,
    }
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def verify(token: str, audience: str, secret: bytes) -> Scope:
    """Return the scope that a token signs for this audience.

    Raises:
        InvalidToken: forged, expired, not yet valid, for another audience, or malformed.
    """
    if len(token) > MAX_TOKEN_BYTES:
        raise InvalidToken("the token is too long")
    import jwt

    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            audience=audience,
            issuer=ISSUER,
            options={"require": ["exp", "iat", "aud", "iss", "sub"]},
        )
    except (jwt.InvalidTokenError, ValueError) as error:
        raise InvalidToken(f"the token is not valid here: {error}") from error
    return _scope(claims)


def _scope(claims: dict[str, Any]) -> Scope:
    tenant, user = claims.get("tenant"), claims.get("sub")
    groups, roles = _strings(claims.get("groups")), _strings(claims.get("roles"))
    if not isinstance(tenant, str) or not isinstance(user, str) or not tenant or not user:
        raise InvalidToken("the token names no tenant or no user")
    if not set(roles) <= GRANTABLE:
        raise InvalidToken("the token carries a role that no token may grant")
    return Scope(tenant, user, groups, cast(tuple[Role, ...], roles))


def _strings(value: object) -> tuple[str, ...]:
    items = cast(list[object], value) if isinstance(value, list) else None
    if items is None or not all(isinstance(item, str) for item in items):
        raise InvalidToken("groups and roles must be lists of strings")
    return tuple(cast(list[str], items))
