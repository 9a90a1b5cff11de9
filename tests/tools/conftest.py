from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from mcp_servers import build_servers, signed_by
from memory.identity import mint, server_audience, verify
from memory.records import Scope
from tests.support.small_stores import SmallStores, put_text, small_stores
from tools.connect import ConnectedTools, open_tools

SECRET = b"s" * 32
ANN = Scope("acme", "ann", ("staff",), ("reader", "editor"))
BOB = Scope("acme", "bob")
EVE = Scope("evil", "eve", roles=("reader", "editor"))


def sign(scope: Scope, server: str) -> str:
    return mint(scope, server_audience(server), SECRET)


def believe(token: str, server: str) -> Scope:
    return verify(token, server_audience(server), SECRET)


@pytest.fixture
async def stores() -> SmallStores:
    kept = small_stores()
    await put_text(kept, ANN, "shipping", "We ship within two days.", "Returns take a week.", "Gifts are wrapped.")
    await put_text(kept, EVE, "secrets", "We ship nothing within two days.")
    return kept


@pytest.fixture
async def tools(stores: SmallStores) -> AsyncGenerator[ConnectedTools]:
    servers = build_servers(stores, signed_by(believe), {"quick": 2000, "standard": 6000})
    async with open_tools(servers, sign) as opened:
        yield opened
