"""The way of the driver's answers from its thread into the event loop: those that come together wake the loop once.

To wake it costs a system call in which the driver's thread gives the interpreter away and must wait for it again; with
many calls at once that is most of what a small read costs.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
Answer = asyncio.Future[list[Row]]


@dataclass(slots=True)
class _Call:
    """A statement under way. page: the one that is waited for; what comes of another is late."""

    session: Any
    statement: Any
    timeout_s: float
    answer: Answer
    page: int = 0
    found: list[Row] = field(default_factory=list[Row])


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
        call = _Call(session, statement, timeout_s, self._loop.create_future())
        self._ask(call, None)
        return await call.answer

    def _ask(self, call: _Call, after: bytes | None) -> None:
        """Send a statement for the page after a place. A request for each: a second node's answer may come late."""
        response = call.session.execute_async(call.statement, timeout=call.timeout_s, paging_state=after)
        arguments = (response, call, call.page)
        response.add_callbacks(self._page, self._fail, callback_args=arguments, errback_args=arguments[1:])

    def _page(self, rows: list[Row] | None, response: Any, call: _Call, page: int) -> None:
        if call.page != page:
            return  # the other node's answer was quicker
        call.page += 1
        call.found.extend(rows or ())
        if response.has_more_pages:
            self._ask(call, response._paging_state)
        else:
            self._bring(call.answer.set_result, call.answer, call.found)

    def _fail(self, error: Exception, call: _Call, page: int) -> None:
        if call.page == page:
            call.page += 1
            self._bring(call.answer.set_exception, call.answer, error)

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
