"""Typed calls of the `user_quota` server."""

from __future__ import annotations

from pydantic import TypeAdapter

from memory.records import Scope
from tools.calls import Allowance
from tools.link import Link

_allowance = TypeAdapter(Allowance)


async def allowance(link: Link, scope: Scope) -> Allowance:
    """Return what the user has left and what a run of each effort costs."""
    return await link.call(scope, "allowance", {}, _allowance)
