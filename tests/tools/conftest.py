from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from mcp_servers import build_servers, signed_by
from tests.support.mcp_process import PRICES, believe, filled, sign
from tests.support.small_stores import SmallStores
from tools.connect import ConnectedTools, open_tools


@pytest.fixture
async def stores() -> SmallStores:
    return await filled()


@pytest.fixture
async def tools(stores: SmallStores) -> AsyncGenerator[ConnectedTools]:
    async with open_tools(build_servers(stores, signed_by(believe), PRICES), sign) as opened:
        yield opened
