"""Traces for operators: OpenTelemetry and LangSmith, both off unless a setting turns them on.

What is off imports nothing and posts nothing. Spans carry names, ids and figures, never what a user or a source says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from api.settings import Settings
from memory.errors import InvalidInput
from memory.records import RunRecord

if TYPE_CHECKING:
    from tools.calls import Tools

Answered = Callable[[str, int], None]
"""Told the route and the status of a request once they are known."""


class Telemetry:
    """Traces nothing; `api.tracing.Tracing` is the other one."""

    def request(self, method: str, headers: Mapping[str, str]) -> AbstractContextManager[Answered]:
        """A span around one HTTP request."""
        return nullcontext(lambda route, status: None)

    def run(self, record: RunRecord) -> AbstractContextManager[None]:
        """A span around one attempt at a run's answer."""
        return nullcontext()

    def callbacks(self) -> Sequence[Any]:
        """LangChain callbacks that make a span of each node."""
        return ()

    def traced(self, tools: Tools) -> Tools:
        """The same tools, each call in a span."""
        return tools

    def close(self) -> None:
        """Send what is left; blocking."""


def telemetry_of(settings: Settings) -> Telemetry:
    """Return what traces, as the settings want it.

    Raises:
        InvalidInput: it is wanted but the `telemetry` extra is not installed.
    """
    if not settings.telemetry:
        return Telemetry()
    try:
        from api.tracing import open_tracing
    except ImportError as error:
        raise InvalidInput("MULTIDB_TELEMETRY needs the extra: pip install '.[telemetry]'") from error
    return open_tracing(settings.telemetry_endpoint)


def langsmith_tracing(settings: Settings) -> AbstractContextManager[None]:
    """Within this block LangChain traces if the setting says so; a stray LANGSMITH_TRACING does not decide."""
    from langsmith.run_helpers import tracing_context  # pyright: ignore[reportUnknownVariableType]  partly typed

    return tracing_context(enabled=settings.langsmith)
