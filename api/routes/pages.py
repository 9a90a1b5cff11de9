"""The chat page at `/`: the files of `web/`, as they are."""

from __future__ import annotations

import os
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

WEB = Path(__file__).resolve().parents[2] / "web"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Kept, but asked about each time: the files name no version, so an ETag tells whether they are still the same.
    "Cache-Control": "no-cache",
}

router = APIRouter(include_in_schema=False)


class _Files(StaticFiles):
    """Files with an ETag, and the headers that keep a page to itself."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(HEADERS)
        return response


files = _Files(directory=WEB)


@router.api_route("/", methods=["GET", "HEAD"])
async def get_page(request: Request) -> Response:
    """The page."""
    return await files.get_response("index.html", request.scope)


@router.api_route("/web/{path:path}", methods=["GET", "HEAD"])
async def get_file(path: str, request: Request) -> Response:
    """A script, a style sheet or an image of the page."""
    return await files.get_response(path, request.scope)
