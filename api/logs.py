"""The log of a server: one JSON object a line on stderr, without message text; traces only when they are asked for."""

from __future__ import annotations

import logging
import sys

from pythonjsonlogger.json import JsonFormatter

QUIET = ("uvicorn.error", "httpx", "httpx2", "mcp", "watchfiles")
"""Loggers of libraries that tell too much below WARNING."""


def configure_logs(level: str) -> None:
    """Send every logger to stderr as JSON.

    Raises:
        ValueError: no such level.
    """
    handler = logging.StreamHandler(sys.stderr)
    form = "%(asctime)s %(levelname)s %(name)s %(message)s"
    names = {"asctime": "at", "levelname": "level", "name": "logger"}
    handler.setFormatter(JsonFormatter(form, rename_fields=names))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
