"""Which shape an error has: OpenAI's under /v1, a problem document (RFC 9457) everywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from api.errors import KINDS, Code, Problem, headers_of, response_of

THEIRS = "/v1/"
CODES: Mapping[Code, str] = {
    "unauthenticated": "invalid_api_key",
    "quota_exceeded": "insufficient_quota",
    "rate_limited": "rate_limit_exceeded",
}
"""Where their clients look for a code of theirs."""
STATUSES = {422: 400}
"""Their clients raise BadRequestError for whatever is wrong with a request."""
TYPES = {401: "authentication_error", 403: "permission_error", 429: "insufficient_quota"}
PASSING: Mapping[Code, str] = {"rate_limited": "requests"}
"""Types of what has gone by itself when it is asked again, where the status alone does not tell."""


def failure_of(path: str, problem: Problem, request_id: str) -> Response:
    """The answer to a request that failed, as the clients of its path read it."""
    if not path.startswith(THEIRS):
        return response_of(problem, request_id)
    headers = headers_of(problem)
    if problem.code == "quota_exceeded":
        # Their clients repeat a 429 by themselves; a quota does not come back within seconds.
        headers["X-Should-Retry"] = "false"
    status = STATUSES.get(problem.status_code, problem.status_code)
    return JSONResponse(error_of(problem), status, headers)


def error_of(problem: Problem) -> dict[str, Any]:
    """A problem as their clients read it."""
    status = KINDS[problem.code].status
    by_status = TYPES.get(status, "invalid_request_error") if status < 500 else "server_error"
    kind = PASSING.get(problem.code, by_status)
    code = str(problem.extra.get("openai_code") or CODES.get(problem.code, problem.code))
    return {"error": {"message": problem.detail, "type": kind, "param": problem.extra.get("param"), "code": code}}
