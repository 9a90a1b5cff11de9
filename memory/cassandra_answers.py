"""The way of the driver's answers from its thread into the event loop: those that come together wake the loop once.

To wake it costs a system call in which the driver's thread gives the interpreter away and must wait for it again; with
many calls at once that is most of what a small read costs.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

Row = dict[str, Any]
Answer = asyncio.Future[list[Row]]


class Answers:
    """Runs statements of one session, and hands out what they answer in the event loop that asked."""

    def __init__(self) -> None:
        """Belong to the event loop that asks first."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._arrived: deque[tuple[Callable[[Any], None], Answer, Any]] = deque()
        self._woken = False

    async def of(self, session: Any, statement: Any, timeout_s: float) -> list[Row]:
        """Return every row of a statement's answer, page after page.

        Raises:
            Exception: whatever the driver says.
        """
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        answer: Answer = self._loop.create_future()
        response = session.execute_async(statement, timeout=timeout_s)
        found: list[Row] = []
        response.add_callbacks(self._page, self._fail, callback_args=(response, answer, found), errback_args=(answer,))
        return await answer

    def _page(self, rows: list[Row] | None, response: Any, answer: Answer, found: list[Row]) -> None:
        found.extend(rows or ())
        if response.has_more_pages:
            response.start_fetching_next_page()
        else:
            self._bring(answer.set_result, answer, found)

    def _fail(self, error: Exception, answer: Answer) -> None:
        self._bring(answer.set_exception, answer, error)

    def _bring(self, settle: Callable[[Any], None], answer: Answer, value: Any) -> None:
        """Be called in the driver's thread."""
        self._arrived.append((settle, answer, value))
        # The loop takes note of the call before it looks: whatever comes later wakes it again.
        if not self._woken and self._loop is not None:
            self._woken = True
            # The loop may be gone when the driver is done.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._hand_out)

    def _hand_out(self) -> None:
        self._woken = False
        while self._arrived:
            settle, answer, value = self._arrived.popleft()
            if not answer.done():
                settle(value)
