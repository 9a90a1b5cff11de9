"""What every adapter of the accounts starts from: the clock, and the person at the machine itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from memory.records import Plan

LOCAL_TENANT = LOCAL_USER = "local"
LOCAL_PLAN = Plan("local", None)

Clock = Callable[[], datetime]


def now() -> datetime:
    """Return this moment, aware, in UTC."""
    return datetime.now(UTC)
