"""JSON log lines on stderr from an allow-list of fields. What users write or read never gets into one."""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType
from typing import Any

from pythonjsonlogger.json import JsonFormatter

FIELDS = ("request_id", "run_id", "method", "route", "status", "duration_ms", "error", "part", "count", "url")
_Exception = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class LineFormatter(JsonFormatter):
    """One JSON object a line; an exception is its type and where it was raised, never its message."""

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Keep what the list allows."""
        super().add_fields(log_data, record, message_dict)
        allowed = {"timestamp", "level", "name", "message", "exc_info", *FIELDS}
        for field in set(log_data) - allowed:
            del log_data[field]

    def formatException(self, ei: _Exception) -> str:
        """Name the chain of exceptions and their frames; a message may quote what a user wrote."""
        lines: list[str] = []
        error = ei[1]
        while error is not None:
            lines += [f"{type(error).__module__}.{type(error).__qualname__}"]
            lines += [f"  {f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
            error = error.__cause__ or error.__context__
        return "\n".join(lines)


def set_up_logging(level: str) -> None:
    """Send every logger of the process through one handler; uvicorn's access log is ours instead."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        LineFormatter("{levelname}{name}{message}", style="{", timestamp=True, rename_fields={"levelname": "level"})
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for quiet in ("httpx", "httpcore", "mcp", "uvicorn.access", "uvicorn.error", "multipart", "python_multipart"):
        logging.getLogger(quiet).setLevel(logging.WARNING)
