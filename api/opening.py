"""Opens a part in the background, for a server that takes questions before everything is imported."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Generic, Literal, TypeVar

T = TypeVar("T")


class Opening(Generic[T]):
    """A part that is open, or will be soon."""

    def __init__(self) -> None:
        """Know of no part yet."""
        self._part: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    async def get(self) -> T:
        """Wait for the part; raises whatever kept it from opening."""
        return await asyncio.shield(self._part)

    @property
    def state(self) -> Literal["starting", "up", "down"]:
        """Whether the part is open; `down` if something kept it from opening."""
        if not self._part.done():
            return "starting"
        return "up" if self._part.exception() is None else "down"

    async def hold(self, opened: Callable[[], AbstractAsyncContextManager[T]], ending: asyncio.Event) -> None:
        """Open the part, keep it until `ending`, close it; all in the calling task, as cancel scopes want it."""
        try:
            async with opened() as part:
                self._part.set_result(part)
                await ending.wait()
        except BaseException as error:  # A door of a background task: whoever asks for the part gets the error.
            if self._part.done():
                raise
            self._part.set_exception(error)
            self._part.exception()  # told to whoever asks for the part, not to the garbage collector


@asynccontextmanager
async def opening(opened: Callable[[], AbstractAsyncContextManager[T]]) -> AsyncGenerator[Opening[T]]:
    """Begin to open a part; on leaving it is closed, after it has opened."""
    part, ending = Opening[T](), asyncio.Event()
    holding = asyncio.create_task(part.hold(opened, ending))
    try:
        yield part
    finally:
        ending.set()
        await holding
