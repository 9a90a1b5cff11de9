"""Who may ask what, and from where: Host, Origin, tokens, tenants, roles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import memory.stores
from api.http import create_app
from api.settings import Settings
from memory.errors import InvalidInput
from memory.identity import server_audience
from tests.api.rigging import LOCAL_URL, SECRET, token
from tests.support.small_stores import SmallEmbedder


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "evil.example:8000", "a@127.0.0.1", "[::1"]
)
def test_foreign_host_is_refused(client: TestClient, host: str) -> None:
    reply = client.get("/api/v1/me", headers={"Host": host})

    assert (reply.status_code, reply.json()["code"]) == (421, "host_refused")


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "localhost", "[::1]:8000"])
def test_own_host_is_served(client: TestClient, host: str) -> None:
    assert client.get("/api/v1/me", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_post_from_another_site_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    reply = client.post("/api/v1/chat/message", json={"message": "Hello?"}, headers=headers)

    assert (reply.status_code, reply.json()["code"]) == (403, "origin_refused")


def test_own_origin_is_served(client: TestClient) -> None:
    reply = client.post("/api/v1/chat/message", json={"message": "Hello?"}, headers={"Origin": LOCAL_URL})

    assert reply.status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer nonsense",
        "Bearer ",
        "Basic YTpi",
        "Bearer " + "x" * 9_000,
        token("t", "u", "reader", secret="another secret of at least 32 bytes!")["Authorization"],
        token("t", "u", "reader", audience=server_audience("vector_search"))["Authorization"],
    ],
)
def test_token_that_is_not_ours_is_refused_even_on_loopback(client: TestClient, authorization: str) -> None:
    reply = client.get("/api/v1/me", headers={"Authorization": authorization})

    assert (reply.status_code, reply.json()["code"]) == (401, "unauthenticated")


def test_token_acts_for_its_own_user(client: TestClient) -> None:
    me = client.get("/api/v1/me", headers=token("acme", "ann", "reader")).json()

    assert (me["tenant_id"], me["user_id"], me["roles"]) == ("acme", "ann", ["reader"])


def test_tenants_see_nothing_of_each_other(client: TestClient) -> None:
    ann, bob = token("acme", "ann", "editor"), token("bolt", "bob", "editor")
    kept = client.post(
        "/api/v1/documents", files={"files": ("plan.md", b"# Plan\n\nThe secret plan is a boat.")}, headers=ann
    )
    document_id = kept.json()["files"][0]["document_ids"][0]
    reply = client.post("/api/v1/chat/message", json={"message": "What is the plan?"}, headers=ann).json()
    session, run = reply["session_id"], reply["run_id"]

    for method, path, body in (
        ("GET", f"/api/v1/documents/{document_id}", None),
        ("GET", f"/api/v1/documents/{document_id}/text", None),
        ("DELETE", f"/api/v1/documents/{document_id}", None),
        ("GET", f"/api/v1/runs/{run}", None),
        ("GET", f"/api/v1/runs/{run}/events", None),
        ("POST", f"/api/v1/runs/{run}/cancel", None),
        ("GET", f"/api/v1/chat/history/{session}", None),
        ("PATCH", f"/api/v1/chat/sessions/{session}", {"title": "Mine now"}),
        ("DELETE", f"/api/v1/chat/sessions/{session}", None),
        (
            "POST",
            "/api/v1/chat/feedback",
            {"session_id": session, "turn_id": reply["answer_turn_id"], "rating": "up"},
        ),
    ):
        answer = client.request(method, path, json=body, headers=bob)
        absent = client.request(
            method, path.replace(document_id, "0" * 32).replace(run, "x").replace(session, "y"), json=body, headers=bob
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
        assert answer.status_code == absent.status_code
    assert client.post("/api/v1/search", json={"query": "secret plan boat"}, headers=bob).json()["passages"] == []
    assert client.get("/api/v1/documents", headers=bob).json()["documents"] == []
    assert client.get("/api/v1/chat/sessions", headers=bob).json()["sessions"] == []
    assert client.get(f"/api/v1/documents/{document_id}", headers=ann).status_code == 200


def test_session_id_of_another_user_cannot_be_written_to(client: TestClient) -> None:
    ann, bob = token("acme", "ann", "reader"), token("acme", "bob", "reader")
    session = client.post("/api/v1/chat/message", json={"message": "Mine?"}, headers=ann).json()["session_id"]

    reply = client.post("/api/v1/chat/message", json={"message": "Yours?", "session_id": session}, headers=bob)
    history = client.get(f"/api/v1/chat/history/{session}", headers=ann).json()["turns"]

    assert reply.status_code in (200, 404)
    assert [turn["text"] for turn in history if turn["role"] == "user"] == ["Mine?"]
    assert client.get("/api/v1/me", headers=bob).json()["reserved_tokens"] == 0


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/api/v1/documents"), ("DELETE", "/api/v1/documents/x"), ("GET", "/metrics")]
)
def test_reader_may_not_change_documents_or_read_metrics(client: TestClient, method: str, path: str) -> None:
    reply = client.request(method, path, headers=token("acme", "ann", "reader"))

    assert (reply.status_code, reply.json()["code"]) == (403, "forbidden")


def test_mcp_endpoint_wants_a_token_of_its_own(client: TestClient) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = {"Accept": "application/json, text/event-stream"}

    own = token("acme", "ann", "reader", audience=server_audience("vector_search"))
    assert client.post("/mcp/vector_search", json=call, headers=headers).status_code == 401
    assert client.post("/mcp/user_quota", json=call, headers=headers | own).status_code == 401
    listed = client.post("/mcp/vector_search", json=call, headers=headers | own)
    assert "search" in {tool["name"] for tool in listed.json()["result"]["tools"]}


def test_bound_beyond_loopback_it_refuses_to_start_without_a_secret(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        create_app(Settings(home=tmp_path, host="0.0.0.0"))
    with pytest.raises(InvalidInput):
        create_app(Settings(home=tmp_path, host="0.0.0.0", secret="short"))


def test_bound_beyond_loopback_nobody_is_signed_in_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def small(*_: Any) -> SmallEmbedder:
        return SmallEmbedder()

    monkeypatch.setattr(memory.stores, "_open_embedder", small)
    settings = Settings(home=tmp_path, host="0.0.0.0", secret=SECRET)
    with TestClient(create_app(settings), base_url="http://chat.example") as client:
        assert client.get("/api/v1/me").status_code == 401
        assert client.get("/metrics").status_code == 401
        assert "parts" not in client.get("/health/ready").json()
        assert "parts" not in client.get("/health/ready", headers=token("t", "u", "reader")).json()
        assert "parts" in client.get("/health/ready", headers=token("t", "u", "operator")).json()
        assert client.get("/metrics", headers=token("t", "u", "operator")).status_code == 200
        assert client.get("/api/v1/me", headers=token("t", "u", "reader")).status_code == 200
