"""`multidb token`: a signed token for the HTTP API."""

from __future__ import annotations

from typing import cast

from api.commands import load_settings
from api.terminal import usage
from memory.identity import API_AUDIENCE, GRANTABLE, mint
from memory.records import Role, Scope


def sign_token(tenant: str, user: str, roles: tuple[str, ...], groups: tuple[str, ...], hours: float) -> str:
    """Return a token that lets its bearer act as this user for some hours.

    Whoever can read the data folder's secret can sign for any tenant: the command is the operator's.
    """
    from api.secret import load_secret_of

    if unknown := sorted(set(roles) - GRANTABLE):
        usage(f"{unknown[0]!r} is no role; roles are {', '.join(sorted(GRANTABLE))}")
    if not tenant.strip() or not user.strip():
        usage("--tenant and --user must not be empty")
    scope = Scope(tenant, user, groups, cast(tuple[Role, ...], roles))
    return mint(scope, API_AUDIENCE, load_secret_of(load_settings()), round(hours * 3600))
