"""Opens the runs of a process; drops events that expire and takes up runs that it lost sight of."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from api.runs.engine import Engine
from api.runs.runs import Runs
from memory.errors import StoreError
from memory.records import SYSTEM

logger = logging.getLogger(__name__)
SWEEP_S = 30.0


@asynccontextmanager
async def open_runs(engine: Engine) -> AsyncGenerator[Runs]:
    """Open the runs of this process and take up unfinished ones; on leaving, stop them gracefully."""
    runs = Runs(engine)
    await runs.recover()
    sweeping = asyncio.create_task(keep_house(engine, runs))
    try:
        yield runs
    finally:
        sweeping.cancel()
        await runs.stop(engine.settings.shutdown_grace_s)


async def keep_house(engine: Engine, runs: Runs, every_s: float = SWEEP_S) -> None:
    """Sweep until cancelled."""
    while True:
        await asyncio.sleep(every_s)
        try:
            await sweep(engine, runs)
        except StoreError as error:
            logger.warning("sweeping failed, it will be tried again", extra={"error": type(error).__name__})


async def sweep(engine: Engine, runs: Runs) -> None:
    """Drop events past their time, and take up runs whose admission a store's failure cut short.

    Raises:
        StoreError: a store refused.
    """
    kept_for = timedelta(hours=engine.settings.event_retention_h)
    await engine.stores.runs.expire(SYSTEM, datetime.now(UTC) - kept_for)
    await runs.recover()
