"""Requests that are wrong in some way, and what right ones get: one server for the whole module."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.commands.answers import answer_json
from api.errors import KINDS
from api.events import AnswerCompleted
from api.logging import LineFormatter, set_up_logging

WRONG: list[tuple[str, str, str, Any]] = [
    ("POST", "/api/v1/chat/message", field, value)
    for field, values in {
        "message": (None, 7, "", ["x"], {"$gt": ""}, "x" * 20_001, "\ud800"),
        "session_id": (7, "", ["x"], "a b", "x" * 129, "../etc"),
        "effort": (1, "enormous", None, ["quick"]),
        "filters": ("x", 7, ["x"], {"k": None}, {"k": {"$gt": ""}}, {"k": []}, {"": "x"}, {"k": {"gte": "a"}}),
        "parent_turn_id": (7, "", ["x"], {"a": 1}),
        "tenant_id": ("other",),
        "user_id": ("other",),
    }.items()
    for value in values
] + [
    *(("POST", "/api/v1/search", "query", value) for value in (None, 7, "", ["x"])),
    *(("POST", "/api/v1/search", "top_k", value) for value in (0, 201, "10", 1.5, True, None)),
    *(("POST", "/api/v1/search", "mode", value) for value in ("fuzzy", 1)),
    *(("POST", "/api/v1/chat/feedback", "rating", value) for value in ("good", 1, None)),
    *(("POST", "/api/v1/chat/feedback", "comment", value) for value in (7, "x" * 2001)),
    *(("POST", "/api/v1/chat/feedback", "turn_id", value) for value in (7, "", None)),
    *(("PATCH", "/api/v1/chat/sessions/s", "title", value) for value in (7, "", None, "x" * 201)),
]
VALID: dict[str, dict[str, Any]] = {
    "/api/v1/chat/message": {"message": "How tall is it?"},
    "/api/v1/search": {"query": "tall"},
    "/api/v1/chat/feedback": {"session_id": "s", "turn_id": "t", "rating": "up"},
    "/api/v1/chat/sessions/s": {"title": "t"},
}


@pytest.mark.parametrize(("method", "path", "field", "value"), WRONG)
def test_wrong_type_is_a_problem_that_names_the_field(
    client: TestClient, method: str, path: str, field: str, value: Any
) -> None:
    body = json.dumps({**VALID[path], field: value})

    reply = client.request(method, path, content=body, headers={"Content-Type": "application/json"})

    assert (reply.status_code, reply.json()["code"]) == (422, "invalid_request")
    assert reply.headers["content-type"] == "application/problem+json"
    assert all(one["field"].split(".")[0] == field for one in reply.json()["fields"])


@pytest.mark.parametrize("path", ["/api/v1/chat/message", "/api/v1/search", "/api/v1/chat/feedback"])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"{" * 5_000])
def test_body_that_is_no_object_is_a_problem(client: TestClient, path: str, body: bytes) -> None:
    reply = client.post(path, content=body, headers={"Content-Type": "application/json"})

    assert reply.status_code in (400, 422)
    assert reply.json()["code"] in ("malformed_json", "invalid_request")


@pytest.mark.parametrize(
    "call",
    [
        ("GET", "/api/v1/documents?limit=0", "limit"),
        ("GET", "/api/v1/documents?limit=x", "limit"),
        ("GET", "/api/v1/chat/sessions?limit=201", "limit"),
        ("GET", "/api/v1/chat/sessions?after=nonsense", ""),
        ("GET", "/api/v1/runs/r/events?after=-1", "after"),
    ],
)
def test_wrong_query_parameter_is_a_problem(client: TestClient, call: tuple[str, str, str]) -> None:
    reply = client.request(call[0], call[1])

    assert (reply.status_code, reply.json()["code"]) == (422, "invalid_request")
    assert call[2] in str(reply.json().get("fields", ""))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/runs/none"),
        ("GET", "/api/v1/runs/none/events"),
        ("POST", "/api/v1/runs/none/cancel"),
        ("GET", "/api/v1/chat/history/none"),
        ("DELETE", "/api/v1/chat/sessions/none"),
        ("GET", "/api/v1/documents/none"),
        ("GET", "/api/v1/documents/none/text"),
        ("DELETE", "/api/v1/documents/none"),
        ("GET", "/nowhere"),
    ],
)
def test_absent_things_are_not_found(client: TestClient, method: str, path: str) -> None:
    reply = client.request(method, path)

    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")


def test_wrong_method_is_a_problem(client: TestClient) -> None:
    reply = client.put("/api/v1/chat/message")

    assert (reply.status_code, reply.json()["code"]) == (405, "method_not_allowed")


def test_announced_oversized_body_is_refused_unread(client: TestClient) -> None:
    reply = client.post("/api/v1/chat/message", json={"message": "x" * 110_000})

    assert (reply.status_code, reply.json()["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize("path", ["/api/v1/chat/message", "/api/v1/documents"])
def test_unannounced_oversized_body_is_cut_at_the_limit(client: TestClient, path: str) -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
        yield head
        for _ in range(10_000):
            taken += 1_000
            yield b"x" * 1_000

    kind = "multipart/form-data; boundary=b" if path.endswith("documents") else "application/json"
    reply = client.post(path, content=endless(), headers={"Content-Type": kind})

    assert (reply.status_code, reply.json()["code"]) == (413, "payload_too_large")


def test_upload_that_is_not_multipart_is_415(client: TestClient) -> None:
    reply = client.post("/api/v1/documents", content=b"hello", headers={"Content-Type": "text/plain"})

    assert (reply.status_code, reply.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=b", b"nothing of the kind"),
        ("multipart/form-data; boundary=b", b"--b\r\nbroken header\r\n\r\nx\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\ny\r\n--b--\r\n'),
        ("multipart/form-data; boundary=b", b""),
    ],
)
def test_malformed_upload_is_a_problem(client: TestClient, kind: str, body: bytes) -> None:
    reply = client.post("/api/v1/documents", content=body, headers={"Content-Type": kind})

    assert (reply.status_code, reply.json()["code"]) == (422, "malformed_upload")


def test_file_that_cannot_become_a_document_is_refused_with_a_reason(client: TestClient) -> None:
    reply = client.post(
        "/api/v1/documents", files={"files": ("a.pdf", b"%PDF-1.7 and then nothing", "application/pdf")}
    )

    assert (reply.status_code, reply.json()["code"]) == (422, "document_refused")
    assert reply.json()["detail"]


def test_upload_tells_for_each_file_what_became_of_it(client: TestClient) -> None:
    files = [
        ("files", ("good.md", io.BytesIO(b"# Good\n\nThis file is good."), "text/markdown")),
        ("files", ("bad.docx", io.BytesIO(b"PK nonsense"), "application/zip")),
    ]

    reply = client.post("/api/v1/documents", files=files, data={"collection": "shelf"})
    good, bad = reply.json()["files"]

    assert (reply.status_code, reply.json()["kept"]) == (201, 1)
    assert (good["status"], bad["status"]) == ("kept", "refused")
    assert bad["reason"]
    assert client.get(f"/api/v1/documents/{good['document_ids'][0]}").json()["collection"] == "shelf"
    again = client.post(
        "/api/v1/documents",
        files={"files": ("good.md", b"# Good\n\nThis file is good.", "text/markdown")},
        data={"collection": "shelf"},
    )
    assert (again.json()["kept"], again.json()["unchanged"]) == (0, 1)


def test_document_is_listed_found_and_forgotten(client: TestClient) -> None:
    text = b"# Ferry\n\nThe ferry leaves at seven in the morning."
    kept = client.post("/api/v1/documents", files={"files": ("ferry.md", text)}).json()
    document_id = kept["files"][0]["document_ids"][0]

    listed = client.get("/api/v1/documents", params={"prefix": "ferry"}).json()["documents"]
    found = client.post("/api/v1/search", json={"query": "ferry leaves morning"}).json()["passages"]
    assert [one["document_id"] for one in listed] == [document_id]
    assert document_id in {one["document_id"] for one in found}

    assert client.delete(f"/api/v1/documents/{document_id}").status_code == 204
    assert client.get(f"/api/v1/documents/{document_id}").status_code == 404
    found = client.post("/api/v1/search", json={"query": "ferry leaves morning"}).json()["passages"]
    assert document_id not in {one["document_id"] for one in found}


def test_json_reply_holds_every_field_that_ask_prints_with_the_same_value(client: TestClient) -> None:
    reply = client.post("/api/v1/chat/message", json={"message": "How tall is it?"}).json()
    events = client.get(f"/api/v1/runs/{reply['run_id']}/events").text
    completed = next(line for line in events.splitlines() if '"type":"answer.completed"' in line)
    printed = answer_json(reply["run_id"], AnswerCompleted.model_validate_json(completed.removeprefix("data: ")))

    claims = [{name: value for name, value in claim.items() if name != "reason"} for claim in reply["claims"]]
    assert {**reply, "claims": claims} == {**reply, **json.loads(json.dumps(printed))}
    assert set(printed) == {"run_id", "answer", "short_answer", "abstained", "confidence", "citations", "claims"}
    assert reply["session_id"]


def test_history_has_the_documented_shape(client: TestClient) -> None:
    session = client.post("/api/v1/chat/message", json={"message": "How tall is it?"}).json()["session_id"]

    history = client.get(f"/api/v1/chat/history/{session}").json()

    assert set(history) == {"turns", "next", "may_be_incomplete"}
    for turn in history["turns"]:
        assert {"turn_id", "role", "text", "citations", "status", "created_at"} <= set(turn)


def test_session_is_listed_searched_renamed_and_forgotten(client: TestClient) -> None:
    reply = client.post("/api/v1/chat/message", json={"message": "A question about zebras?"}).json()
    session, run = reply["session_id"], reply["run_id"]

    found = client.get("/api/v1/chat/sessions", params={"q": "ZEBRAS"}).json()["sessions"]
    assert [one["session_id"] for one in found] == [session]
    assert client.patch(f"/api/v1/chat/sessions/{session}", json={"title": "Stripes"}).json()["title"] == "Stripes"
    first = client.get(f"/api/v1/chat/history/{session}", params={"limit": 1}).json()
    rest = client.get(f"/api/v1/chat/history/{session}", params={"after": first["next"]}).json()
    assert [turn["role"] for turn in first["turns"] + rest["turns"]] == ["user", "assistant"]

    assert client.delete(f"/api/v1/chat/sessions/{session}").status_code == 204
    for path in (f"/api/v1/chat/history/{session}", f"/api/v1/runs/{run}", f"/api/v1/runs/{run}/events"):
        assert client.get(path).status_code == 404
    assert client.get("/api/v1/chat/sessions", params={"q": "zebras"}).json()["sessions"] == []


def test_feedback_rates_an_answer_and_nothing_else(client: TestClient) -> None:
    reply = client.post("/api/v1/chat/message", json={"message": "How tall?"}).json()
    rating = {"session_id": reply["session_id"], "turn_id": reply["answer_turn_id"], "rating": "up", "comment": "Good"}

    assert client.post("/api/v1/chat/feedback", json=rating).status_code == 201
    assert client.post("/api/v1/chat/feedback", json={**rating, "turn_id": reply["turn_id"]}).status_code == 404


def test_request_id_is_taken_over_or_made(client: TestClient) -> None:
    assert client.get("/health/live", headers={"X-Request-ID": "mine-1"}).headers["x-request-id"] == "mine-1"
    made = client.get("/health/live", headers={"X-Request-ID": "bad id\t"}).headers["x-request-id"]
    assert made != "bad id\t"
    assert client.get("/nowhere").json()["request_id"]


def test_ready_names_every_part(client: TestClient) -> None:
    parts = client.get("/health/ready").json()["parts"]

    stores = {"turns", "answers", "accounts", "ledger", "audit", "documents", "index", "feedback", "runs", "cache"}
    assert stores | {"checkpoints", "embedder"} | {"mcp:vector_search", "mcp:knowledge_base", "mcp:user_quota"} <= set(
        parts
    )


def test_ready_names_each_file_and_whether_it_is_needed(client: TestClient) -> None:
    ready = client.get("/health/ready").json()

    assert ready["status"] == "ready"
    chat = ready["stores"]["sqlite:chat.db"]
    assert (chat["circuit"], chat["needed"]) == ("closed", True)
    assert {"turns", "ledger", "runs"} <= set(chat["ports"])


def test_metrics_show_what_store_calls_came_to(client: TestClient) -> None:
    client.post("/api/v1/chat/message", json={"message": "How tall?"})

    text = client.get("/metrics").text

    seconds = dict(re.findall(r'multidb_store_seconds_(\w+)\{(?:le="\+Inf",)?store="sqlite:chat.db"\} (\S+)', text))
    assert 0 < float(seconds["count"]) == float(seconds["bucket"])
    assert float(seconds["sum"]) > 0
    assert 'multidb_store_failures_total{kind="timeout",store="sqlite:chat.db"} 0.0' in text


def test_metrics_count_runs(client: TestClient) -> None:
    client.post("/api/v1/chat/message", json={"message": "How tall?"})

    text = client.get("/metrics").text

    assert 'multidb_runs_total{effort="standard",status="completed"}' in text
    assert "multidb_http_requests_total" in text


def test_openapi_has_examples_and_every_route(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()

    assert "/api/v1/chat/message" in document["paths"]
    for name in (
        "MessageIn",
        "SearchIn",
        "FeedbackIn",
        "RenameIn",
        "AnswerOut",
        "HistoryOut",
        "UploadOut",
        "ProblemOut",
    ):
        assert document["components"]["schemas"][name]["examples"], name
    assert "text/event-stream" in document["paths"]["/api/v1/chat/message"]["post"]["responses"]["200"]["content"]


def test_log_lines_carry_no_words_of_users(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    canary = "canarybird"

    client.post("/api/v1/chat/message", json={"message": f"Where is the {canary}?"})
    client.get("/api/v1/chat/sessions", params={"q": canary})
    client.post("/api/v1/search", json={"query": canary})
    client.post("/api/v1/chat/message", json={"message": 7, canary: canary})

    formatter = LineFormatter("{levelname}{name}{message}", style="{", timestamp=True)
    ours = [
        record for record in caplog.records if record.name.startswith(("api", "memory", "multidb", "graphs", "tools"))
    ]
    assert ours
    assert canary not in "\n".join(formatter.format(record) for record in ours)


def test_logged_exception_names_its_type_and_place_but_not_its_words() -> None:
    formatter = LineFormatter("{message}", style="{")
    try:
        raise ValueError("the words of a user")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, __file__, 1, "failed", (), (ValueError, error, error.__traceback__)
        )

    line = formatter.format(record)

    assert "builtins.ValueError" in line
    assert "words of a user" not in line


def test_codes_are_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")

    assert [code for code in KINDS if f"`{code}`" not in text] == []


def test_logging_can_be_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    set_up_logging("WARNING")

    assert root.level == logging.WARNING
    root.handlers.clear()
    root.setLevel(logging.WARNING)
