"""`POST /api/v1/chat/feedback`: rate an answer."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter

from api.errors import Problem
from api.routes.parts import Parts
from api.schemas import FeedbackIn, FeedbackOut
from api.security import Caller
from memory.records import Feedback

router = APIRouter(prefix="/api/v1/chat", tags=["chat"])


@router.post("/feedback", status_code=201)
async def post_feedback(body: FeedbackIn, caller: Caller, parts: Parts) -> FeedbackOut:
    """Keep a rating; another one of the same answer replaces it."""
    runs = await parts.stores.runs.of_thread(caller, body.session_id)
    run = next((run for run in runs if run.answer_turn_id == body.turn_id), None)
    if run is None:
        raise Problem("not_found", "this session has no such answer; turn_id is the answer's, not the question's")
    rating = Feedback(body.turn_id, body.session_id, run.run_id, body.rating, body.comment, datetime.now(UTC))
    await parts.stores.feedback.put(caller, rating)
    return FeedbackOut.model_validate(body.model_dump())
