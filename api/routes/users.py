"""`DELETE /api/v1/me`, `DELETE /api/v1/users/{user_id}`: forget a person."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from api.routes.parts import Parts, PathId
from api.runs.erasure import erase_user
from api.security import Caller, require
from api.wiring import App
from memory.records import Scope

router = APIRouter(prefix="/api/v1", tags=["account"])


class ErasedOut(BaseModel):
    """What was forgotten. pseudonym: what the ledger and the audit call the user from now on."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    pseudonym: str
    conversations: int
    documents: int


@router.delete("/me")
async def erase_me(request: Request, caller: Caller, parts: Parts) -> ErasedOut:
    """Forget everything of the caller; tokens stay valid, and whoever uses one begins anew. Repeat it if it fails."""
    return await _erased(request, parts, caller, caller.user_id)


@router.delete("/users/{user_id}")
async def erase_other(user_id: PathId, request: Request, caller: Caller, parts: Parts) -> ErasedOut:
    """Forget everything of a user of the caller's tenant, also of one who was never seen. Operators only."""
    require(caller, "operator")
    return await _erased(request, parts, caller, user_id)


async def _erased(request: Request, parts: App, caller: Scope, user_id: str) -> ErasedOut:
    request.state.deadline.lift()  # as long as there are conversations; each call of a store has its limit
    return ErasedOut.model_validate(await erase_user(parts.runs, parts.stores, caller, user_id))
