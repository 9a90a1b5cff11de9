"""Evaluations post nothing unless a setting and a key say so; then a suite's run arrives whole."""

from __future__ import annotations

import json
from collections.abc import Generator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from langsmith import utils
from typer.testing import CliRunner

from evals.__main__ import app
from evals.upload import upload
from tests.evals.test_sets import write
from tests.evals.test_suites import made_run

ENVIRONMENT: Any = utils.get_env_var
"""It remembers what it read."""
ECHOED = ("name", "dataset_id", "reference_dataset_id", "inputs")


class Endpoint(ThreadingHTTPServer):
    """Stands in for LangSmith: notes what is posted and answers with what its client wants."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.posted: list[tuple[str, dict[str, Any]]] = []


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
        assert isinstance(self.server, Endpoint)
        self.server.posted.append((self.path, body))
        now = datetime.now(UTC).isoformat()
        made = {"id": str(uuid4()), "created_at": now, "start_time": now, "tenant_id": str(uuid4())}
        answer = json.dumps({**made, **{name: body[name] for name in ECHOED if name in body}})
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Generator[Endpoint]:
    server = Endpoint()
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("LANGSMITH_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("LANGSMITH_API_KEY", "a-key")
    ENVIRONMENT.cache_clear()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)
    ENVIRONMENT.cache_clear()


def test_an_evaluation_posts_nothing_whatever_the_environment_says(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    rows = write(tmp_path / "rows.jsonl", {"text": "When?", "answers": ["May"], "contexts": ["It ends in May."]})
    assert CliRunner().invoke(app, ["answers", "--data", str(rows), "--json"]).exit_code == 0
    upload(made_run(tmp_path, low=0.1))
    assert endpoint.posted == []


def test_the_setting_without_a_key_posts_nothing(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MULTIDB_LANGSMITH", "true")
    monkeypatch.delenv("LANGSMITH_API_KEY")
    ENVIRONMENT.cache_clear()
    upload(made_run(tmp_path, low=0.1))
    assert endpoint.posted == []


def test_with_setting_and_key_dataset_experiment_and_scores_arrive(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MULTIDB_LANGSMITH", "true")
    upload(made_run(tmp_path, low=0.1))
    posted = dict(endpoint.posted)
    assert {"/datasets", "/sessions", "/examples", "/runs", "/feedback"} <= set(posted)
    assert posted["/examples"]["inputs"] == {"question": "Who <b>?"}
    assert posted["/runs"]["outputs"] == {"answer": "an answer"}
    assert posted["/sessions"]["reference_dataset_id"] == posted["/examples"]["dataset_id"]
    assert (posted["/feedback"]["key"], posted["/feedback"]["score"]) == ("em", 0.0)
    assert posted["/feedback"]["run_id"] == posted["/runs"]["id"]
