"""What operators see while a server is away: its circuit, whether that is fatal, and that it heals by itself."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio

from tests.faults.house import QUIET, STORE_S, House, open_house

RED, AMBER = (503, "not ready"), (200, "degraded")
HEALS_S = 3.0
SLACK_S = 0.1 if QUIET else 2.0
"""For a machine that does other things meanwhile."""
SERVERS = [
    ("postgres", "postgres", RED),
    ("redis", "redis", AMBER),
    ("cassandra", "cassandra", AMBER),
    ("mongo", "mongodb", AMBER),
]
FOLLOWERS = {"mongodb": {"index", "mcp:vector_search"}}
"""Parts that cannot be had without a server although they are not on it."""

pytestmark = [pytest.mark.services, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[House]:
    async with open_house(tmp_path_factory.mktemp("readiness")) as house:
        yield house


async def readiness(house: House) -> tuple[tuple[int, str], dict[str, Any]]:
    reply = await house.served.client.get("/health/ready")
    return (reply.status_code, reply.json()["status"]), reply.json()


async def until(house: House, expected: tuple[int, str], circuit: tuple[str, str], limit_s: float) -> dict[str, Any]:
    """Look until readiness and a circuit are as expected."""
    name, state = circuit
    began = time.monotonic()
    while True:
        seen, body = await readiness(house)
        if seen == expected and body["stores"][name]["circuit"] == state:
            return body
        assert time.monotonic() - began < limit_s, body
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(("proxy", "store", "expected"), SERVERS)
async def test_readiness_names_what_is_away_and_whether_that_is_fatal(
    house: House, proxy: str, store: str, expected: tuple[int, str]
) -> None:
    await until(house, (200, "ready"), (store, "closed"), 10.0)
    with house.proxies[proxy].down():
        away = await until(house, expected, (store, "open"), 6 * STORE_S + SLACK_S)
        assert away["stores"][store]["needed"] is (expected == RED)
        down = {name for name, part in away["parts"].items() if part["status"] == "down"}
        assert down <= {*away["stores"][store]["ports"], *FOLLOWERS.get(store, ())}
        assert (await house.served.client.get("/health/live")).status_code == 200
        text = (await house.served.client.get("/metrics")).text
        assert f'multidb_store_circuit{{state="closed",store="{store}"}} 0.0' in text
        failures = re.findall(rf'multidb_store_failures_total{{kind="\w+",store="{store}"}} (\S+)', text)
        assert sum(map(float, failures)) >= 1
    await until(house, (200, "ready"), (store, "closed"), HEALS_S + SLACK_S)
