"""The embedder of all documents: look at it, replace it. For who operates the machine, since it is every tenant's."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StrictStr

from api.errors import Problem
from api.routes.parts import Parts
from api.security import Caller, require
from memory.records import LOCAL, Scope

router = APIRouter()


class ReembedIn(BaseModel):
    """Which embedder: minilm, or hf:MODEL."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"embedder": "minilm"}]})

    embedder: Annotated[StrictStr, Field(min_length=1, max_length=300)]


class ReembeddingOut(BaseModel):
    """How far it is, in passages. embedder: the one in use; spec: the one asked for last."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    state: Literal["idle", "running", "done", "failed"]
    embedder: str
    spec: str
    done: int
    total: int
    reason: str


@router.get("/reembedding")
async def get_reembedding(caller: Caller, parts: Parts) -> ReembeddingOut:
    """How far embedding everything again is. Operators of the machine's own tenant only."""
    _require_machine(caller)
    return ReembeddingOut.model_validate(parts.reembedder.state)


@router.post("/reembedding", status_code=202)
async def start_reembedding(body: ReembedIn, caller: Caller, parts: Parts) -> ReembeddingOut:
    """Embed everything with another embedder and switch to it, or go on with that."""
    _require_machine(caller)
    started = parts.reembedder.start(body.embedder)
    await parts.stores.audit.append(caller, "documents.reembed", body.embedder)
    return ReembeddingOut.model_validate(started)


def _require_machine(caller: Scope) -> None:
    require(caller, "operator")
    if caller.tenant_id != LOCAL.tenant_id:
        raise Problem("forbidden", "the embedder is every tenant's; only the machine's own operator replaces it")
