"""The windows that plans count in: UTC days and calendar months. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, NamedTuple


class Window(NamedTuple):
    """A half-open stretch of time [start, end)."""

    start: datetime
    end: datetime


def window_of(at: datetime, period: Literal["day", "month"]) -> Window:
    """Return the period that a moment (aware, UTC) lies in."""
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "day":
        return Window(day, day + timedelta(days=1))
    first = day.replace(day=1)
    # The 28th plus four days is in the next month, whatever the month.
    return Window(first, (first.replace(day=28) + timedelta(days=4)).replace(day=1))
