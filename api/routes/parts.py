"""What routes reach, as dependencies."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query, Request

from api.schemas import MAX_ID
from api.streaming import Streams
from api.wiring import App


# Both are async for speed alone: FastAPI calls a plain function in a thread.
async def _parts(request: Request) -> App:
    return request.app.state.parts


async def _streams(request: Request) -> Streams:
    return request.app.state.streams


Parts = Annotated[App, Depends(_parts)]
OpenStreams = Annotated[Streams, Depends(_streams)]
PathId = Annotated[str, Path(min_length=1, max_length=MAX_ID)]
After = Annotated[str | None, Query(max_length=2000, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=200)]
