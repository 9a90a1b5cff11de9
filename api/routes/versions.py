"""Versions of a document: list them, go back to one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StrictStr

from api.routes.parts import Parts, PathId
from api.schemas import MAX_ID
from api.security import Caller, require

router = APIRouter()


class VersionOut(BaseModel):
    """A kept version. number: counts what the source has brought. updated_at: when it did."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    number: int
    version_id: str
    title: str
    characters: int
    passages: int
    updated_at: datetime
    is_current: bool


class VersionsOut(BaseModel):
    """What is kept of a document: the current version, then the latest set aside first."""

    model_config = ConfigDict(frozen=True)

    document_id: str
    versions: tuple[VersionOut, ...]


class RollbackIn(BaseModel):
    """Which version is to be current. Named, so that a request that is repeated does nothing more."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"version_id": "v1"}]})

    version_id: Annotated[StrictStr, Field(min_length=1, max_length=MAX_ID)]


class RollbackOut(BaseModel):
    """What a rollback did; unchanged: the version was current already."""

    model_config = ConfigDict(frozen=True)

    document_id: str
    version_id: str
    outcome: Literal["rolled_back", "unchanged"]


@router.get("/{document_id}/versions")
async def list_versions(document_id: PathId, caller: Caller, parts: Parts) -> VersionsOut:
    """The versions of a document that are kept."""
    found = await parts.stores.documents.versions(caller, document_id)
    return VersionsOut(document_id=document_id, versions=tuple(VersionOut.model_validate(one) for one in found))


@router.post("/{document_id}/rollback")
async def roll_back(document_id: PathId, body: RollbackIn, caller: Caller, parts: Parts) -> RollbackOut:
    """Make a kept version the current one, until the source brings another. Editors only."""
    require(caller, "editor")
    kept = await parts.stores.documents.rollback(caller, document_id, body.version_id)
    if kept.outcome != "unchanged":
        await parts.stores.index.catch_up()
        await parts.stores.audit.append(caller, "document.rollback", document_id, body.version_id)
    outcome = "unchanged" if kept.outcome == "unchanged" else "rolled_back"
    return RollbackOut(document_id=document_id, version_id=kept.version_id, outcome=outcome)
