"""On whose behalf a call is made: verified once, believed for a moment, never longer."""

from __future__ import annotations

import pytest
from mcp import Client

from mcp_servers import build_servers, signed_by
from mcp_servers.callers import BELIEVED_S
from memory.errors import InvalidToken
from memory.identity import SCOPE_META
from memory.records import Scope
from tests.support.mcp_process import ANN, filled


@pytest.fixture
def door() -> Door:
    return Door()


class Door:
    """A verifier that counts, and can stop believing; and a clock."""

    def __init__(self) -> None:
        self.asked = 0
        self.closed = False
        self.now = 10.0

    def verify(self, token: str, server: str) -> Scope:
        self.asked += 1
        if self.closed or token != "good":
            raise InvalidToken("the token has expired")
        return ANN

    async def allowed(self, meta: dict[str, object] | None, times: int = 1) -> list[bool]:
        servers = build_servers(await filled(), signed_by(self.verify, lambda: self.now), {})
        async with Client(servers["user_quota"]) as client:
            results = []
            for _ in range(times):
                results.append(not (await client.call_tool("allowance", meta=meta)).is_error)
                self.now += BELIEVED_S / 2
                self.closed = True
            return results


async def test_a_verified_token_is_believed_for_a_moment_only(door: Door) -> None:
    assert await door.allowed({SCOPE_META: "good"}, times=4) == [True, True, False, False]
    assert door.asked == 3


@pytest.mark.parametrize("meta", [None, {}, {SCOPE_META: "bad"}, {SCOPE_META: 7}, {SCOPE_META: None}])
async def test_a_call_without_a_good_token_is_refused(door: Door, meta: dict[str, object] | None) -> None:
    assert await door.allowed(meta) == [False]
