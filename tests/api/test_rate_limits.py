"""Requests a minute: of a user, of an address, and while the store that counts them is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import api.limits
from api.limits import LocalWindows, network_of
from memory.errors import StoreUnavailable
from tests.api.rigging import SECRET, Served, open_server, token

ANN, BOB, NAMESAKE = (token(tenant, user) for tenant, user in (("acme", "ann"), ("acme", "bob"), ("globex", "ann")))


@asynccontextmanager
async def limited(home: Path, **settings: Any) -> AsyncGenerator[Served]:
    async with open_server(home, secret=SECRET, **settings) as server:
        yield server


async def me(server: Served, headers: dict[str, str] | None = None) -> httpx.Response:
    return await server.client.get("/api/v1/me", headers=headers)


async def statuses(server: Served, times: int, headers: dict[str, str] | None = None) -> list[int]:
    return sorted([reply.status_code for reply in await asyncio.gather(*(me(server, headers) for _ in range(times)))])


async def test_a_user_is_granted_exactly_the_limit_and_no_other_user_notices(home: Path) -> None:
    async with limited(home, requests_per_user=3) as server:
        assert await statuses(server, 8, ANN) == [200] * 3 + [429] * 5
        assert await statuses(server, 3, BOB) == [200] * 3
        assert await statuses(server, 3, NAMESAKE) == [200] * 3


async def test_a_refusal_is_a_problem_that_says_when_to_come_again(home: Path) -> None:
    async with limited(home, requests_per_user=1) as server:
        await me(server, ANN)
        refused = await me(server, ANN)

    body = refused.json()
    assert (refused.status_code, body["code"]) == (429, "rate_limited")
    assert refused.headers["content-type"] == "application/problem+json"
    assert 1 <= int(refused.headers["retry-after"]) == body["retry_after_s"] <= 60


async def test_clients_of_openai_get_their_shape_and_may_try_again(home: Path) -> None:
    async with limited(home, requests_per_user=1) as server:
        await server.client.get("/v1/models", headers=ANN)
        refused = await server.client.get("/v1/models", headers=ANN)

    error = refused.json()["error"]
    assert (refused.status_code, error["type"], error["code"]) == (429, "requests", "rate_limit_exceeded")
    assert int(refused.headers["retry-after"]) >= 1
    assert "x-should-retry" not in refused.headers


async def test_an_address_is_counted_before_its_tokens_are_read(home: Path) -> None:
    async with limited(home, requests_per_address=3) as server:
        guesses = [await me(server, {"Authorization": f"Bearer guess-{n}"}) for n in range(5)]
        tool = await server.client.post("/mcp/user_quota", headers=ANN, json={})

        assert [guess.status_code for guess in guesses] == [401, 401, 401, 429, 429]
        assert tool.status_code == 429
        assert (await server.client.get("/health/live")).status_code == 200


async def test_without_a_limit_nothing_is_counted(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def asked(*_: Any) -> float:
        raise AssertionError("nobody set a limit")

    monkeypatch.setattr(type(served.parts.stores.limits), "take", asked)

    assert await statuses(served, 3) == [200] * 3


@pytest.mark.parametrize("away", ["refuses", "hangs"])
async def test_while_the_store_is_away_a_stricter_limit_holds_here(
    home: Path, monkeypatch: pytest.MonkeyPatch, away: str
) -> None:
    async def take(*_: Any) -> float:
        if away == "hangs":
            await asyncio.Event().wait()
        raise StoreUnavailable("the windows are away")

    monkeypatch.setattr(api.limits, "AWAY_S", 60.0)
    async with limited(home, requests_per_user=8) as server:
        sound = type(server.parts.stores.limits).take
        monkeypatch.setattr(type(server.parts.stores.limits), "take", take)
        assert await statuses(server, 10, ANN) == [200] * 2 + [429] * 8
        assert await statuses(server, 2, BOB) == [200] * 2

        monkeypatch.setattr(type(server.parts.stores.limits), "take", sound)
        monkeypatch.setattr(server.api.state.gate, "_away_until", 0.0)
        assert await statuses(server, 8, ANN) == [200] * 8


def test_windows_here_are_of_those_that_asked_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.limits, "MOST_KNOWN", 2)
    windows = LocalWindows()

    assert [windows.take((who,), 1) == 0 for who in ("a", "a", "b", "c", "b", "a")] == [
        True, False, True, True, False, True
    ]  # fmt: skip


def test_addresses_of_one_ipv6_network_are_one() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:2") != network_of("2001:db8:0:1::1")
    assert network_of("192.0.2.1") != network_of("192.0.2.2")
    assert network_of("a socket") == "a socket"
