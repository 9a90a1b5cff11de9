"""OpenTelemetry spans: request, run, node, tool call, each inside the one before. Imported only when wanted."""

from __future__ import annotations

import inspect
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackHandler
from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from api.runs.message import effort_of
from api.telemetry import Answered, Telemetry
from memory.records import RunRecord
from tools.calls import Tools


def open_tracing(endpoint: str) -> Tracing:
    """Send spans in batches to an OTLP/HTTP endpoint."""
    provider = TracerProvider(resource=Resource.create({"service.name": "multidb"}))
    provider.add_span_processor(BatchSpanProcessor(trace_exporter.OTLPSpanExporter(endpoint=endpoint)))
    return Tracing(provider)


class Tracing(Telemetry):
    """Traces everything there is a span for."""

    def __init__(self, provider: TracerProvider) -> None:
        """Use a provider; `close` ends it."""
        self._provider = provider
        self._tracer = provider.get_tracer("multidb")

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str]) -> Generator[Answered]:
        """A span around one HTTP request; it continues the trace that the caller names in `traceparent`."""
        parent = TraceContextTextMapPropagator().extract(headers)
        with _span(self._tracer, method, parent, kind=SpanKind.SERVER) as span:

            def answered(route: str, status: int) -> None:
                span.update_name(f"{method} {route}")
                span.set_attributes(
                    {"http.request.method": method, "http.route": route, "http.response.status_code": status}
                )
                if status >= 500:
                    span.set_status(Status(StatusCode.ERROR))

            yield answered

    @contextmanager
    def run(self, record: RunRecord) -> Generator[None]:
        """A span around one attempt at a run's answer."""
        with _span(self._tracer, "run") as span:
            span.set_attributes({"multidb.run_id": record.run_id, "multidb.effort": effort_of(record)})
            yield

    def callbacks(self) -> Sequence[Any]:
        """LangChain callbacks that make a span of each node."""
        return (_Nodes(self._tracer),)

    def traced(self, tools: Tools) -> Tools:
        """The same tools, each call in a span."""
        return cast(Tools, _Traced(tools, self._tracer))

    def close(self) -> None:
        """Send what is left; blocking."""
        self._provider.shutdown()


@contextmanager
def _span(
    tracer: Tracer, name: str, parent: context.Context | None = None, kind: SpanKind = SpanKind.INTERNAL
) -> Generator[Span]:
    """A span that tells the type of what went wrong, not its words."""
    with tracer.start_as_current_span(
        name, parent, kind, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except BaseException as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


class _Traced:
    """Stands before tools; whatever they can do, it does in a span."""

    def __init__(self, tools: Tools, tracer: Tracer) -> None:
        self._tools = tools
        self._tracer = tracer

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._tools, name)
        if not inspect.iscoroutinefunction(call):
            return call

        async def traced(*given: Any, **named: Any) -> Any:
            with _span(self._tracer, f"tool {name}"):
                return await call(*given, **named)

        return traced


class _Nodes(AsyncCallbackHandler):
    """A span for each node. Inline, so that the node's own task sees the span as the current one."""

    run_inline = True

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._open: dict[UUID, Span] = {}

    async def on_chain_start(self, serialized: dict[str, Any], inputs: Any, *, run_id: UUID, **given: Any) -> None:
        metadata: dict[str, Any] = given.get("metadata") or {}
        node = metadata.get("langgraph_node")
        if node is None or given.get("name") != node:
            return
        span = self._tracer.start_span(f"node {node}")
        self._open[run_id] = span
        # Never detached: the task that runs this node ends with it.
        context.attach(trace.set_span_in_context(span))

    async def on_chain_end(self, outputs: Any, *, run_id: UUID, **given: Any) -> None:
        if span := self._open.pop(run_id, None):
            span.end()

    async def on_chain_error(self, error: BaseException, *, run_id: UUID, **given: Any) -> None:
        if span := self._open.pop(run_id, None):
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            span.end()
