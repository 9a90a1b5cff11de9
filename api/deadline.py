"""The time limit of a whole request: its answer begins in time, whatever hangs below.

Every call of a store, a tool or a model has a limit of its own, but a request makes many of them one after another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


class Deadline:
    """The limit of one request. An answer that begins lifts it, and so does who has a limit of another kind."""

    def __init__(self, limit_s: float, tell: Callable[[], Awaitable[None]]) -> None:
        """Take the limit. tell: answers the client in the request's place, when it has passed."""
        self.is_over = False
        self._tell = tell
        self._limit = asyncio.timeout(None)
        self._telling: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(limit_s, self._pass)

    async def keep(self, work: Awaitable[None]) -> None:
        """Do a request's work; once the limit has passed the client is told and the work is cancelled.

        The client does not wait for what the work does while it is given up: that may ask the very server that hangs.
        """
        try:
            async with self._limit:
                await work
        except TimeoutError:
            if not self.is_over:
                raise
        finally:
            self.lift()
            if self._telling is not None:
                await self._telling

    def lift(self) -> None:
        """Let the request take its time from here on."""
        self._timer.cancel()

    def _pass(self) -> None:
        self.is_over = True
        self._telling = asyncio.ensure_future(self._tell())
        self._limit.reschedule(asyncio.get_running_loop().time())
