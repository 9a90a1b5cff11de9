"""Traces for operators: OpenTelemetry and LangSmith, both off unless a setting turns them on."""

from __future__ import annotations

from contextlib import AbstractContextManager

from fastapi import FastAPI

from api.settings import Settings
from memory.errors import InvalidInput


def langsmith_tracing(settings: Settings) -> AbstractContextManager[None]:
    """Within this block LangChain traces if the setting says so; a stray LANGSMITH_TRACING does not decide."""
    from langsmith.run_helpers import tracing_context  # pyright: ignore[reportUnknownVariableType]  partly typed

    return tracing_context(enabled=settings.langsmith)


def set_up_telemetry(settings: Settings, api: FastAPI) -> None:
    """Trace every request to the OTLP endpoint, if that is wanted; attributes carry routes, never bodies.

    Raises:
        InvalidInput: it is wanted but the `telemetry` extra is not installed.
    """
    if not settings.telemetry:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise InvalidInput("MULTIDB_TELEMETRY needs the extra: pip install 'opentelemetry-sdk' ...") from error
    provider = TracerProvider(resource=Resource.create({"service.name": "multidb"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.telemetry_endpoint)))
    FastAPIInstrumentor.instrument_app(api, tracer_provider=provider, excluded_urls="/health,/metrics")
