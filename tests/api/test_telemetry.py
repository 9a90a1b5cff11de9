"""What leaves the process for operators: nothing by default, and never what somebody said."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from langsmith import utils
from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.api.rigging import PATIENCE_S, Script, Scripted, open_server

CANARY = "canarybird"
ENVIRONMENT: Any = utils.get_env_var
"""It remembers what it read."""
DOCUMENT = f"# The {CANARY} house\n\nThe {CANARY} house has nine windows.".encode()


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Spans stay in memory instead of going to an endpoint."""
    exporter = InMemorySpanExporter()

    def in_memory(endpoint: str) -> InMemorySpanExporter:
        return exporter

    monkeypatch.setattr(trace_exporter, "OTLPSpanExporter", in_memory)
    return exporter


async def test_a_question_is_one_trace_of_request_run_nodes_and_tool_calls_without_words(
    home: Path, exported: InMemorySpanExporter
) -> None:
    async with open_server(home, telemetry=True) as server:
        await server.client.post("/api/v1/documents", files={"files": (f"{CANARY}.md", DOCUMENT)})
        await server.client.get("/api/v1/chat/sessions", params={"q": CANARY})
        reply = await server.ask(f"How many windows has the {CANARY} house?")
    spans = exported.get_finished_spans()
    by_id = {span.context.span_id: span for span in spans if span.context}

    def parent(span: ReadableSpan) -> str:
        return by_id[span.parent.span_id].name if span.parent else ""

    of_run = {span.context.trace_id for span in spans if span.name == "run" and span.context}
    trace = [span for span in spans if span.context and span.context.trace_id in of_run]
    assert "nine" in reply["answer"]
    assert {(span.name, parent(span)) for span in trace} >= {
        ("POST /api/v1/chat/message", ""),
        ("run", "POST /api/v1/chat/message"),
        ("node researcher", "run"),
        ("node synthesizer", "run"),
        ("node judge", "run"),
        ("node responder", "run"),
        ("tool search", "node researcher"),
    }
    assert len(of_run) == 1
    assert all(span.status.is_unset or span.status.is_ok for span in trace)
    assert not any(CANARY in span.to_json() for span in spans)


async def test_a_callers_trace_is_continued(home: Path, exported: InMemorySpanExporter) -> None:
    async with open_server(home, telemetry=True) as server:
        trace_id = "0af7651916cd43dd8448eb211c80319c"
        await server.client.get("/health/live", headers={"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"})
    (span,) = exported.get_finished_spans()

    assert span.context
    assert f"{span.context.trace_id:032x}" == trace_id


async def test_a_run_that_fails_says_its_errors_type_and_not_its_words(
    home: Path, exported: InMemorySpanExporter, script: Callable[[Script], Scripted]
) -> None:
    async def breaks(*_: object) -> None:
        raise RuntimeError(CANARY)

    script(breaks)
    async with open_server(home, telemetry=True) as server:
        await server.ask()
    (run,) = (span for span in exported.get_finished_spans() if span.name == "run")

    assert run.status.description == "RuntimeError"
    assert CANARY not in run.to_json()


def test_telemetry_that_is_off_imports_nothing(home: Path) -> None:
    code = (
        "import sys, pathlib, api.http, api.agent\n"
        "from api.settings import Settings\n"
        "api.http.create_app(Settings(home=pathlib.Path(sys.argv[1])))\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry.exporter') or name == 'api.tracing'])"
    )
    call = [sys.executable, "-c", code, str(home)]
    ran = subprocess.run(call, capture_output=True, text=True, check=True, timeout=60)

    assert ran.stdout.strip() == "[]"


@asynccontextmanager
async def listening() -> AsyncGenerator[tuple[str, asyncio.Event]]:
    """An endpoint that takes whatever is posted, and the event that something was."""
    posted = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        posted.set()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", posted


async def test_langsmith_that_is_off_posts_nothing_whatever_the_environment_says(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening() as (url, posted):
        for name, value in {"TRACING": "true", "API_KEY": "a-key", "ENDPOINT": url}.items():
            monkeypatch.setenv(f"LANGSMITH_{name}", value)
        ENVIRONMENT.cache_clear()
        try:
            async with open_server(home) as server:
                await server.ask(f"How many windows has the {CANARY} house?")
        finally:
            ENVIRONMENT.cache_clear()
        assert not posted.is_set()


async def test_langsmith_that_is_on_posts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening() as (url, posted):
        for name, value in {"API_KEY": "a-key", "ENDPOINT": url}.items():
            monkeypatch.setenv(f"LANGSMITH_{name}", value)
        ENVIRONMENT.cache_clear()
        try:
            async with open_server(home, langsmith=True) as server:
                await server.ask(f"How many windows has the {CANARY} house?")
                await asyncio.wait_for(posted.wait(), PATIENCE_S)
        finally:
            ENVIRONMENT.cache_clear()
        assert posted.is_set()
