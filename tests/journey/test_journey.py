"""The whole journey of a user, by the same test on files, on servers, and with the search inside MongoDB.

Real processes, HTTP only. Atlas itself was never there: tests/support/atlas says what stands in for it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from tests.chaos.conftest import ORRIN
from tests.chaos.drive import PATIENCE_S, Message, Server, Zygote, check, history, open_zygote, see_through, send, usage
from tests.services.process import free_port
from tests.support.deployment import on_atlas, on_servers

SECRET = "the secret of this journey, long enough"
QUOTA_TOKENS = 3_000


DEPLOYMENTS = {"servers": on_servers, "atlas": on_atlas}


@pytest.fixture(params=["embedded", *(pytest.param(name, marks=pytest.mark.services) for name in DEPLOYMENTS)])
async def app(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Zygote]:
    async with AsyncExitStack() as stack:
        settings: dict[str, object] = {"secret": SECRET, "default_quota_tokens": QUOTA_TOKENS}
        if request.param in DEPLOYMENTS:
            settings |= await stack.enter_async_context(DEPLOYMENTS[request.param](tmp_path))
        yield await stack.enter_async_context(open_zygote(tmp_path / "home", free_port(), settings))


async def ask(app: Zygote, server: Server, message: Message) -> Server:
    """Send a message and see it answered once, whole, and on record."""
    server = await see_through(app, message, server)
    await check(server, message)
    return server


@pytest.mark.timeout(300)
async def test_a_user_brings_a_document_asks_rates_pays_and_survives_a_crash(app: Zygote) -> None:
    server = await app.start()
    assert server.ready, app.home.with_name("home.log").read_text(encoding="utf-8")
    async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE_S) as client:
        kept = await client.post("/api/v1/documents", files={"files": ("orrin.md", ORRIN.encode(), "text/markdown")})
        assert kept.status_code == 201, kept.text

        first = Message("Who built the lighthouse of Orrin?")
        server = await ask(app, server, first)
        answer = first.event("answer.completed")
        assert "Mathilde Aubert" in answer["text"]
        assert all(one["quote"] in ORRIN for one in answer["citations"])
        assert answer["citations"]

        # Killed in the middle of a follow-up, and started again on the same stores.
        await server.kill()
        server = await app.start(crash="after:turns.append#1")
        follow_up = Message("How tall is it?", first.session_id)
        await send(server, follow_up)
        await server.gone()
        server = await ask(app, server, follow_up)
        assert "41 metres" in follow_up.event("answer.completed")["text"]

        turns = await history(client, str(first.session_id))
        assert [turn["role"] for turn in turns] == ["user", "assistant"] * 2
        sessions = (await client.get("/api/v1/chat/sessions")).json()["sessions"]
        assert [one["session_id"] for one in sessions] == [first.session_id]

        rating = {"session_id": first.session_id, "turn_id": turns[1]["turn_id"], "rating": "up"}
        assert (await client.post("/api/v1/chat/feedback", json=rating)).status_code == 201
        rated = await history(client, str(first.session_id))
        assert [turn.get("rating") for turn in rated] == [None, "up", None, None]

        before = await usage(server)
        assert before["reserved_tokens"] == 0
        while before["remaining_tokens"] >= 2_000:
            another = Message("When does the ferry to Orrin leave?")
            server = await ask(app, server, another)
            before = await usage(server)
        body = {"message": "What does a ticket cost?", "effort": "quick"}
        refused = await client.post("/api/v1/chat/message", json=body)
        assert (refused.status_code, refused.json()["code"]) == (429, "quota_exceeded")
        assert await usage(server) == before
    await server.kill()
