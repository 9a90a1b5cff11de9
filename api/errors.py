"""What a client is told when something cannot be done: RFC 9457 problems with stable codes.

The codes are the contract (docs/api.md lists them); titles and details are for people and may change.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response

from memory import errors as memory

Code = Literal[
    "invalid_request",
    "malformed_json",
    "malformed_upload",
    "unauthenticated",
    "forbidden",
    "origin_refused",
    "host_refused",
    "not_found",
    "method_not_allowed",
    "request_timeout",
    "thread_busy",
    "conflict",
    "idempotency_key_reused",
    "events_expired",
    "payload_too_large",
    "unsupported_media_type",
    "document_refused",
    "quota_exceeded",
    "rate_limited",
    "overloaded",
    "stopping",
    "store_unavailable",
    "tools_unavailable",
    "model_unavailable",
    "timeout",
    "deadline_exceeded",
    "recovery_exhausted",
    "internal",
]


class Kind(NamedTuple):
    """How a code is answered."""

    status: int
    title: str


KINDS: Mapping[Code, Kind] = {
    "invalid_request": Kind(422, "A field is missing or wrong"),
    "malformed_json": Kind(400, "The body is not JSON"),
    "malformed_upload": Kind(422, "The upload is not well-formed multipart/form-data"),
    "unauthenticated": Kind(401, "A valid token is needed"),
    "forbidden": Kind(403, "The token's roles do not allow this"),
    "origin_refused": Kind(403, "Requests from this origin are refused"),
    "host_refused": Kind(421, "This host name is not served here"),
    "not_found": Kind(404, "There is no such thing"),
    "method_not_allowed": Kind(405, "The method is not allowed here"),
    "request_timeout": Kind(408, "The body did not arrive in time"),
    "thread_busy": Kind(409, "The session is still answering another message"),
    "conflict": Kind(409, "The request contradicts what is stored"),
    "idempotency_key_reused": Kind(422, "The Idempotency-Key belongs to another request"),
    "events_expired": Kind(410, "The run's events are gone; its result stays"),
    "payload_too_large": Kind(413, "The body is too large"),
    "unsupported_media_type": Kind(415, "The body is of another media type than this takes"),
    "document_refused": Kind(422, "The file cannot become a document"),
    "quota_exceeded": Kind(429, "The quota is used up"),
    "rate_limited": Kind(429, "Too many requests in a minute"),
    "overloaded": Kind(503, "Too many requests at once"),
    "stopping": Kind(503, "The server is stopping"),
    "store_unavailable": Kind(503, "A store does not answer"),
    "tools_unavailable": Kind(503, "A tool server does not answer"),
    "model_unavailable": Kind(503, "The model does not answer"),
    "timeout": Kind(504, "The run took too long"),
    "deadline_exceeded": Kind(504, "There was no answer within the time limit"),
    "recovery_exhausted": Kind(500, "The run could not be recovered"),
    "internal": Kind(500, "Something went wrong on our side"),
}
RETRY_AFTER_S: Mapping[Code, int] = {
    **{"overloaded": 1, "stopping": 2, "store_unavailable": 1, "thread_busy": 1, "deadline_exceeded": 1}
}


class Problem(HTTPException):
    """A refusal with a stable code; `extra` are further members of the problem document."""

    def __init__(self, code: Code, detail: str = "", **extra: object) -> None:
        """Name the code and say for a person what to do about it."""
        super().__init__(KINDS[code].status, detail or KINDS[code].title)
        self.code: Code = code
        self.extra = extra


STORE_CODES: Mapping[type[Exception], Code] = {
    memory.NotFound: "not_found",
    memory.EventsExpired: "events_expired",
    memory.Conflict: "conflict",
    memory.AccessDenied: "forbidden",
    memory.InvalidInput: "invalid_request",
    memory.LeaseLost: "thread_busy",
    memory.InvalidToken: "unauthenticated",
    memory.Refused: "document_refused",
    memory.StoreError: "store_unavailable",
    memory.ModelUnavailable: "model_unavailable",
}
"""In the order asked; a subclass stands before its base."""
STATUS_CODES: Mapping[int, Code] = {404: "not_found", 405: "method_not_allowed", 415: "unsupported_media_type"}


def problem_of(error: Exception) -> Problem:
    """Return what the client is told about an error that reached the door."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, memory.QuotaExceeded):
        return quota_problem(error)
    if isinstance(error, HTTPException):
        return Problem(STATUS_CODES.get(error.status_code, "invalid_request"), str(error.detail))
    code: Code | None = next((code for kind, code in STORE_CODES.items() if isinstance(error, kind)), None)
    if code is None:
        return Problem("internal")
    # A backend's own words may name hosts and files; they belong into the log.
    return Problem(code) if KINDS[code].status >= 500 else Problem(code, str(error))


def out_of_time(limit_s: float) -> Problem:
    """Say that a request was given up; its effects, if it has any, may still come to be."""
    detail = f"no answer within {limit_s:g} s; what was begun may still be done: look, or repeat it"
    return Problem("deadline_exceeded", detail)


def quota_problem(error: memory.QuotaExceeded) -> Problem:
    """Say what is left and when the period ends."""
    return Problem(
        "quota_exceeded", str(error), remaining=error.remaining_tokens, resets_at=error.resets_at.isoformat()
    )


def document_of(problem: Problem, request_id: str) -> dict[str, Any]:
    """The problem document, RFC 9457 with `code` and `request_id`."""
    return {
        "type": f"urn:multidb:problem:{problem.code}",
        "title": KINDS[problem.code].title,
        "status": problem.status_code,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": request_id,
        **problem.extra,
    }


def headers_of(problem: Problem) -> dict[str, str]:
    """What an HTTP answer says beside its body."""
    headers = {"Cache-Control": "no-store"}
    if (retry := _retry_after_s(problem)) is not None:
        headers["Retry-After"] = str(retry)
    if problem.code == "unauthenticated":
        headers["WWW-Authenticate"] = 'Bearer realm="multidb"'
    return headers


def response_of(problem: Problem, request_id: str) -> Response:
    """The problem as an HTTP answer."""
    body = orjson.dumps(document_of(problem, request_id), default=str)
    return Response(body, problem.status_code, headers_of(problem), media_type="application/problem+json")


def _retry_after_s(problem: Problem) -> int | None:
    if problem.code == "quota_exceeded" and "resets_at" in problem.extra:
        left = datetime.fromisoformat(str(problem.extra["resets_at"])) - datetime.now(UTC)
        return max(1, math.ceil(left.total_seconds()))
    if problem.code == "rate_limited":
        return int(str(problem.extra["retry_after_s"]))
    return RETRY_AFTER_S.get(problem.code)
