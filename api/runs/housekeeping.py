"""Opens the runs of a process; drops expired events, takes up runs left behind, heeds requests to stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from api.runs.engine import Engine
from api.runs.runs import Runs
from memory.errors import StoreError
from memory.records import SYSTEM

logger = logging.getLogger(__name__)
SWEEP_S = 30.0
RECOVER_S = 1.0
"""How long a run whose process died waits at most, once its lease has run out."""
HEED_S = 0.25
"""How long a run goes on at most after another process was asked to stop it."""


@asynccontextmanager
async def open_runs(engine: Engine) -> AsyncGenerator[Runs]:
    """Open the runs of this process and take up unfinished ones; on leaving, stop them gracefully."""
    runs = Runs(engine)
    await runs.recover()
    chores = {SWEEP_S: lambda: sweep(engine), RECOVER_S: runs.recover, HEED_S: runs.heed_stop_requests}
    tasks = [asyncio.create_task(keep_house(chore, every_s)) for every_s, chore in chores.items()]
    for task in tasks:
        task.add_done_callback(_tell)
    try:
        yield runs
    finally:
        for task in tasks:
            task.cancel()
        await runs.stop(engine.settings.shutdown_grace_s)


async def keep_house(chore: Callable[[], Awaitable[object]], every_s: float) -> None:
    """Do a chore again and again until cancelled."""
    while True:
        await asyncio.sleep(every_s)
        try:
            await chore()
        except StoreError as error:
            logger.warning("a chore failed, it will be done again", extra={"error": type(error).__name__})


def _tell(task: asyncio.Task[None]) -> None:
    """Say that a chore ended which never should."""
    if not task.cancelled():
        logger.error("a chore ended", exc_info=task.exception())


async def sweep(engine: Engine) -> None:
    """Drop events past their time.

    Raises:
        StoreError: a store refused.
    """
    kept_for = timedelta(hours=engine.settings.event_retention_h)
    await engine.stores.runs.expire(SYSTEM, datetime.now(UTC) - kept_for)
