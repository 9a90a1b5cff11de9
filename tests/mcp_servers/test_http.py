"""The HTTP door: who gets in, from where, and what the reference client can do over it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from starlette.applications import Starlette

from mcp_servers import SERVERS, build_servers, signed_by
from mcp_servers.http import http_routes, run_sessions
from memory.identity import API_AUDIENCE, mint, server_audience
from memory.records import Scope
from tests.support.mcp_http import HttpProcess
from tests.support.mcp_process import ANN, BOB, EVE, PRICES, SECRET, believe, filled, sign

DISCOVER: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
HEADERS = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
URL = "/mcp/vector_search"


@asynccontextmanager
async def mounted(base_url: str = "http://127.0.0.1:8000", **options: Any) -> AsyncGenerator[httpx.AsyncClient]:
    """The servers as routes of another application, whose lifespan runs their sessions."""
    servers = build_servers(await filled(), signed_by(believe), PRICES)
    app = Starlette(routes=http_routes(servers, believe, **options))
    transport = httpx.ASGITransport(app)
    async with (
        run_sessions(servers.values()),
        httpx.AsyncClient(transport=transport, base_url=base_url, headers=HEADERS) as client,
    ):
        yield client


def bearer(scope: Scope = ANN, audience: str | None = None, secret: bytes = SECRET, ttl_s: int = 300) -> dict[str, str]:
    token = mint(scope, audience or server_audience("vector_search"), secret, ttl_s)
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": f"Basic {sign(ANN, 'vector_search')}"},
        bearer(secret=b"x" * 32),
        bearer(ttl_s=-10),
        bearer(audience=API_AUDIENCE),
        bearer(audience=server_audience("knowledge_base")),
    ],
    ids=["none", "nonsense", "basic", "forged", "expired", "for the API", "for another server"],
)
async def test_without_a_token_for_this_server_the_answer_is_401(headers: dict[str, str]) -> None:
    async with mounted() as http:
        response = await http.post(URL, json=DISCOVER, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_a_signed_caller_gets_in_and_the_path_needs_no_redirect() -> None:
    async with mounted() as http:
        response = await http.post(URL, json=DISCOVER, headers=bearer())
    assert response.status_code == 200
    assert {tool["name"] for tool in response.json()["result"]["tools"]} == {"search", "read_around", "similarities"}


async def test_a_scope_written_into_meta_counts_for_nothing_over_http() -> None:
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {
            "name": "search",
            "arguments": {"query": "ship"},
            "_meta": {"multidb/scope": sign(EVE, "vector_search")},
        },
    }
    async with mounted() as http:
        response = await http.post(URL, json=call, headers=bearer(BOB))
    text = json.dumps(response.json())
    assert "shipping" in text
    assert "secrets" not in text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example"])
async def test_a_foreign_host_is_misdirected(host: str) -> None:
    async with mounted() as http:
        assert (await http.post(URL, json=DISCOVER, headers={**bearer(), "Host": host})).status_code == 421


async def test_an_allowed_host_reaches_it_with_and_without_a_port() -> None:
    async with mounted(allowed_hosts=["chat.example"]) as http:
        for host in ("chat.example", "chat.example:8443", "localhost:1"):
            assert (await http.post(URL, json=DISCOVER, headers={**bearer(), "Host": host})).status_code == 200


async def test_a_page_of_another_origin_is_refused() -> None:
    async with mounted() as http:
        headers = {**bearer(), "Origin": "https://evil.example"}
        assert (await http.post(URL, json=DISCOVER, headers=headers)).status_code == 403


async def test_the_reference_client_uses_every_server_of_another_process() -> None:
    asked = {"vector_search": ("search", {"query": "ship"}), "knowledge_base": ("list_categories", {})}
    async with HttpProcess() as process:
        for name in SERVERS:
            headers = {"Authorization": f"Bearer {sign(ANN, name)}"}
            async with httpx2.AsyncClient(headers=headers, verify=False) as http:
                transport = streamable_http_client(process.targets()[name], http_client=http)
                async with Client(transport) as client:
                    assert (await client.list_tools()).tools
                    tool, arguments = asked.get(name, ("allowance", {}))
                    assert not (await client.call_tool(tool, arguments)).is_error
