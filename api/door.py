"""What every request passes: its id, Host and Origin, its body's size, its deadline, the log line, the last resort."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.deadline import Deadline
from api.encoders.failures import failure_of
from api.errors import Problem, out_of_time, problem_of
from api.metrics import Metrics
from api.security import refuse_strangers
from api.settings import Settings
from memory.ids import new_id

logger = logging.getLogger("multidb.access")
REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
UPLOADS = ("/api/v1/documents",)


class Door:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        """Stand before an application."""
        self._app = app
        self._settings = settings
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, and make sure that it gets an answer."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        passage = _Passage(scope, send)
        with self._metrics.telemetry.request(scope["method"], passage.headers) as answered:
            try:
                refuse_strangers(self._settings, scope["method"], passage.headers)
                limited = self._limited(scope, passage, receive)
                passage.deadline = self._deadline(scope, receive, passage)
                await passage.deadline.keep(self._app(scope, limited, passage.send))
            except asyncio.CancelledError:
                # A server that stops lets nobody wait any longer; it would say so with a bare 500.
                await self._explain(Problem("stopping"), passage, (scope, receive))
                raise
            except Exception as error:  # noqa: BLE001 - the door of HTTP: whatever went wrong, the client gets a problem
                await self._explain(error, passage, (scope, receive))
            finally:
                answered(_route(scope), passage.status)
                self._note(scope, passage)

    def _deadline(self, scope: Scope, receive: Receive, passage: _Passage) -> Deadline:
        settings, upload = self._settings, scope["method"] == "POST" and scope["path"] in UPLOADS
        limit_s = settings.upload_timeout_s if upload else settings.request_timeout_s

        async def tell() -> None:
            late = Problem("request_timeout") if passage.is_reading else out_of_time(limit_s)
            logger.warning("a request took too long", extra={"request_id": passage.request_id, "route": _route(scope)})
            await failure_of(scope["path"], late, passage.request_id)(scope, receive, passage.answer)

        deadline = Deadline(limit_s, tell)
        scope["state"]["deadline"] = deadline
        return deadline

    async def _explain(self, error: Exception, passage: _Passage, call: tuple[Scope, Receive]) -> None:
        problem = problem_of(error)
        if problem.status_code >= 500:
            logger.error("a request failed", exc_info=error, extra={"request_id": passage.request_id})
        if not passage.status:
            await failure_of(call[0]["path"], problem, passage.request_id)(*call, passage.send)

    def _limited(self, scope: Scope, passage: _Passage, receive: Receive) -> Callable[[], Awaitable[Message]]:
        """Count the body while it comes; a length that is announced too large is refused before any of it."""
        upload = scope["path"] in UPLOADS
        limit = self._settings.max_upload_bytes if upload else self._settings.max_body_bytes
        announced = passage.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            raise Problem("payload_too_large", f"at most {limit} bytes are taken here", limit_bytes=limit)
        taken, complete = 0, False

        async def counted() -> Message:
            nonlocal taken, complete
            passage.is_reading = not complete
            message = await (receive() if complete else self._in_time(receive))
            passage.is_reading, complete = False, not message.get("more_body", False)
            taken += len(message.get("body", b""))
            if taken > limit:
                raise Problem("payload_too_large", f"at most {limit} bytes are taken here", limit_bytes=limit)
            return message

        return counted

    async def _in_time(self, receive: Receive) -> Message:
        """Wait for a piece of the body, but not for ever: a trickle must not hold a request open."""
        try:
            async with asyncio.timeout(self._settings.stall_s):
                return await receive()
        except TimeoutError as error:
            raise Problem("request_timeout") from error

    def _note(self, scope: Scope, passage: _Passage) -> None:
        route = _route(scope)
        seconds = time.perf_counter() - passage.began
        self._metrics.requests.labels(scope["method"], route, str(passage.status)).inc()
        if not passage.streamed:
            self._metrics.request_seconds.labels(route).observe(seconds)
        logger.info(
            "request",
            extra={
                "request_id": passage.request_id,
                "method": scope["method"],
                "route": route,
                "status": passage.status,
                "duration_ms": round(seconds * 1000, 1),
            },
        )


def _route(scope: Scope) -> str:
    """The route's pattern, which holds no ids."""
    return getattr(scope.get("route"), "path", "none")


class _Passage:
    """One request on its way through the door."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.headers = Headers(scope=scope)
        given = self.headers.get("x-request-id", "")
        self.request_id = given if REQUEST_ID.fullmatch(given) else new_id()
        scope.setdefault("state", {})["request_id"] = self.request_id
        self.began = time.perf_counter()
        self.status = 0
        self.streamed = False
        self.is_reading = False
        self.deadline: Deadline | None = None
        self._send = send

    async def send(self, message: Message) -> None:
        """Pass the application's answer on, unless the client was told already that it comes too late."""
        if self.deadline is not None:
            if self.deadline.is_over:
                return
            self.deadline.lift()
        await self.answer(message)

    async def answer(self, message: Message) -> None:
        """Send, with the request's id and headers that no answer may lack."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self.request_id
            headers.setdefault("X-Content-Type-Options", "nosniff")
            self.streamed = headers.get("content-type", "").startswith("text/event-stream")
        await self._send(message)
