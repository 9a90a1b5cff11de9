"""Tells an upload at work as lines of JSON: how far it is, then what became of it.

Lines are repeated while nothing happens, so that no reader takes long work for a broken connection. Only the newest
progress is kept for a reader that is slow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from api.errors import document_of, problem_of
from api.schemas import UploadOut
from api.settings import Settings
from api.streaming import left

MEDIA_TYPE = "application/x-ndjson"


class UploadProgress(BaseModel):
    """Which file of how many is being read; page of pages where it has some, else 0."""

    model_config = ConfigDict(frozen=True)

    type: Literal["progress"] = "progress"
    name: str
    file: int
    files: int
    page: int = 0
    pages: int = 0


Tell = Callable[[UploadProgress], None]


class UploadStream(Response):
    """An ASGI response that does the work while it is sent; a reader that leaves ends the work."""

    media_type = MEDIA_TYPE

    def __init__(self, work: Callable[[Tell], Awaitable[UploadOut]], held: AsyncExitStack, settings: Settings) -> None:
        """Do this work; `held` is what it needs, and is given back however it ends."""
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._work = work
        self._held = held
        self._settings = settings
        self._newest = b""
        self._changed = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Work and tell; a reader that takes nothing for stall_s is one that has left."""

        async def write(message: Message) -> None:
            async with asyncio.timeout(self._settings.stall_s):
                await send(message)

        try:
            working = await self._told(receive, write)
            if not working.cancelled():
                await _end(working, scope["state"]["request_id"], write)
        except TimeoutError:
            return

    async def _told(self, receive: Receive, write: Send) -> asyncio.Future[UploadOut]:
        async with self._held:
            working, leaving = asyncio.ensure_future(self._work(self._tell)), asyncio.create_task(left(receive))
            for task in (working, leaving):
                task.add_done_callback(lambda _: self._changed.set())
            try:
                await write({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                finished = False
                while not (finished or leaving.done()):
                    await self._wait()
                    finished = working.done()  # looked at before writing: the newest is never left out
                    if self._newest:
                        await write({"type": "http.response.body", "body": self._newest, "more_body": True})
            finally:
                working.cancel()
                leaving.cancel()
                await asyncio.wait((working, leaving))
        return working

    def _tell(self, progress: UploadProgress) -> None:
        self._newest = progress.model_dump_json().encode() + b"\n"
        self._changed.set()

    async def _wait(self) -> None:
        """Return when there is something new to tell, or the old is to be told again."""
        try:
            async with asyncio.timeout(self._settings.heartbeat_s):
                await self._changed.wait()
        except TimeoutError:
            return
        self._changed.clear()


async def _end(working: asyncio.Future[UploadOut], request_id: str, write: Send) -> None:
    """Send the last line; raise what is a fault of ours, for the door to note."""
    error = working.exception()
    if error is not None and not isinstance(error, Exception):
        raise error
    problem = None if error is None else problem_of(error)
    last = {**document_of(problem, request_id), "type": "problem"} if problem else _done(working.result())
    await write({"type": "http.response.body", "body": orjson.dumps(last, default=str) + b"\n", "more_body": False})
    if error is not None and problem is not None and problem.code == "internal":
        raise error


def _done(result: UploadOut) -> dict[str, Any]:
    return {"type": "done", **result.model_dump(mode="json")}
