"""Conversations: list, search, read, rename, delete. HTTP says session where the house says thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from api.routes.parts import After, Limit, Parts, PathId
from api.schemas import HistoryOut, RenameIn, SessionOut, SessionsOut, TurnOut
from api.security import Caller
from api.wiring import App
from memory.errors import StoreUnavailable
from memory.records import Scope, Thread

Rating = Literal["up", "down"]
router = APIRouter(prefix="/api/v1/chat", tags=["chat"])


@router.get("/history/{session_id}")
async def get_history(
    session_id: PathId, caller: Caller, parts: Parts, after: After = None, limit: Limit = 50
) -> HistoryOut:
    """The turns of a conversation, oldest first, with the caller's ratings where these can be read."""
    page = await parts.stores.turns.page(caller, session_id, after, limit)
    ratings = await _ratings(parts, caller, session_id) if page.complete else None
    turns = (TurnOut.model_validate(turn) for turn in page.items)
    rated = tuple(turn.model_copy(update={"rating": (ratings or {}).get(turn.turn_id)}) for turn in turns)
    return HistoryOut(turns=rated, next=page.next, may_be_incomplete=ratings is None)


@router.get("/sessions")
async def list_sessions(
    caller: Caller,
    parts: Parts,
    q: Annotated[str, Query(max_length=200, description="Words in titles or turns.")] = "",
    after: After = None,
    limit: Limit = 50,
) -> SessionsOut:
    """The caller's conversations, newest first."""
    page = await parts.stores.turns.threads(caller, q, after, limit)
    return SessionsOut(sessions=tuple(map(_session, page.items)), next=page.next)


@router.patch("/sessions/{session_id}")
async def rename_session(session_id: PathId, body: RenameIn, caller: Caller, parts: Parts) -> SessionOut:
    """Give a conversation a title."""
    return _session(await parts.stores.turns.rename(caller, session_id, body.title))


@router.delete("/sessions/{session_id}", status_code=204)
async def delete_session(session_id: PathId, caller: Caller, parts: Parts) -> None:
    """Forget a conversation: its turns, runs, events, checkpoints, ratings and cached values."""
    await parts.runs.forget_thread(caller, session_id)


async def _ratings(parts: App, caller: Scope, session_id: str) -> Mapping[str, Rating] | None:
    """Rating by turn; None while their store is away: a conversation can be read without them."""
    try:
        return {one.turn_id: one.rating for one in await parts.stores.feedback.of_thread(caller, session_id)}
    except StoreUnavailable:
        return None


def _session(thread: Thread) -> SessionOut:
    return SessionOut(
        session_id=thread.thread_id, title=thread.title, created_at=thread.created_at, updated_at=thread.updated_at
    )
