"""What HTTP takes and gives, as types; pydantic at the edge only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from api.events import CitationModel, ClaimModel
from memory.records import Effort, FilterValue, Range, RunStatus, SearchMode, TurnRole, TurnStatus

MAX_MESSAGE = 20_000
MAX_ID = 128
MAX_FILTERS = 20

Id = Annotated[StrictStr, Field(min_length=1, max_length=MAX_ID, pattern=r"^[A-Za-z0-9._:-]+$")]
ScalarIn = StrictBool | StrictInt | StrictFloat | Annotated[StrictStr, Field(max_length=1000)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


def _example(**fields: Any) -> ConfigDict:
    """An example for OpenAPI; pydantic merges it with what the class inherits."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


_CITATION = {
    "passage_id": "p1",
    "document_id": "d1",
    "version_id": "v1",
    "source": "shop/returns.md",
    "title": "Returns",
    "start": 120,
    "end": 156,
    "quote": "Lamps may be returned within 30 days.",
    "page": None,
    "row": None,
    "is_ocr": False,
}
_CLAIM = {
    "id": "r1c1",
    "text": "Lamps may be returned within 30 days.",
    "citations": [_CITATION],
    "verdict": "supported",
    "reason": "",
}


class RangeIn(_In):
    """A numeric filter; both bounds are inclusive, either may be left out."""

    gte: StrictInt | StrictFloat | None = None
    lte: StrictInt | StrictFloat | None = None


FiltersIn = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=MAX_ID)],
        ScalarIn | Annotated[list[ScalarIn], Field(min_length=1, max_length=100)] | RangeIn,
    ],
    Field(max_length=MAX_FILTERS),
]


def filters_of(given: Mapping[str, Any]) -> dict[str, FilterValue]:
    """The filters as the stores know them."""
    return {
        key: Range(value.gte, value.lte)
        if isinstance(value, RangeIn)
        else (tuple(value) if isinstance(value, list) else value)  # pyright: ignore[reportUnknownArgumentType]  validated above
        for key, value in given.items()
    }


class MessageIn(_In):
    """A message. parent_turn_id: the turn it follows, to edit or retry; null begins anew, absent goes on."""

    model_config = _example(message="How long may I return a lamp?", effort="standard", filters={"kind": "policy"})

    message: Annotated[StrictStr, Field(min_length=1, max_length=MAX_MESSAGE)]
    session_id: Id | None = None
    effort: Effort = "standard"
    filters: FiltersIn = Field(default_factory=dict)
    parent_turn_id: Id | None = None


class AnswerOut(_Out):
    """A finished answer: what `multidb ask --json` prints, and the session. `code` says why a run failed."""

    model_config = _example(
        run_id="r1",
        session_id="s1",
        turn_id="t1",
        answer_turn_id="t2",
        status="completed",
        answer=_CLAIM["text"],
        short_answer="30 days",
        abstained=False,
        confidence=0.93,
        citations=[_CITATION],
        claims=[_CLAIM],
        suggestions=[],
        used_tokens=812,
        cached=False,
    )

    run_id: str
    session_id: str
    turn_id: str
    answer_turn_id: str
    status: RunStatus
    answer: str
    short_answer: str
    abstained: bool
    confidence: float
    citations: tuple[CitationModel, ...]
    claims: tuple[ClaimModel, ...]
    suggestions: tuple[str, ...] = ()
    used_tokens: int = 0
    cached: bool = Field(False, description="The answer was made before, and nothing it rests on has changed.")
    code: str | None = None
    message: str | None = None


class RunOut(_Out):
    """A run. `result` is there once it has ended."""

    run_id: str
    session_id: str
    turn_id: str
    answer_turn_id: str
    status: RunStatus
    effort: Effort
    created_at: datetime
    attempt: int
    parent_turn_id: str | None
    versions: Mapping[str, str]
    result: AnswerOut | None


class TurnOut(_Out):
    """One part of a conversation. rating: the caller's, of an answer."""

    turn_id: str
    role: TurnRole
    text: str
    citations: tuple[CitationModel, ...]
    status: TurnStatus
    created_at: datetime
    run_id: str
    parent_turn_id: str | None
    attempt: int
    short_answer: str
    abstained: bool
    confidence: float
    claims: tuple[ClaimModel, ...]
    rating: Literal["up", "down"] | None = None


class HistoryOut(_Out):
    """Turns, oldest first. `next` goes into `after` for the following page; null on the last."""

    model_config = _example(
        turns=[
            {
                "turn_id": "t1",
                "role": "user",
                "text": "How long may I return a lamp?",
                "citations": [],
                "status": "complete",
                "created_at": "2026-01-01T12:00:00Z",
                "run_id": "r1",
            }
        ],
        next=None,
    )

    turns: tuple[TurnOut, ...]
    next: str | None
    may_be_incomplete: bool = False
    """The store of conversations or of ratings is away: only turns that wait for it are shown, or no ratings."""


class SessionOut(_Out):
    """A conversation in the list."""

    session_id: str
    title: str
    created_at: datetime
    updated_at: datetime


class SessionsOut(_Out):
    """Conversations, newest first."""

    sessions: tuple[SessionOut, ...]
    next: str | None


class RenameIn(_In):
    """A conversation's new title."""

    model_config = _example(title="Returning a lamp")

    title: Annotated[StrictStr, Field(min_length=1, max_length=200)]


class FeedbackIn(_In):
    """A rating of an answer; rating again replaces it. turn_id is the answer's."""

    model_config = _example(session_id="s1", turn_id="t2", rating="up", comment="Just what I needed")

    session_id: Id
    turn_id: Id
    rating: Literal["up", "down"]
    comment: Annotated[StrictStr, Field(max_length=2000)] = ""


class FeedbackOut(_Out):
    """The rating as it is kept."""

    session_id: str
    turn_id: str
    rating: Literal["up", "down"]
    comment: str


class DocumentOut(_Out):
    """A document in the list. versions: how many are kept. brought: the one that its source brought last."""

    document_id: str
    version_id: str
    source: str
    title: str
    media_type: str
    collection: str
    characters: int
    passages: int
    updated_at: datetime
    versions: int
    brought: str


class DocumentsOut(_Out):
    """Documents, by source."""

    documents: tuple[DocumentOut, ...]
    next: str | None


class DocumentTextOut(_Out):
    """A document with the text that citations' offsets point into."""

    document_id: str
    version_id: str
    source: str
    title: str
    media_type: str
    collection: str
    text: str


class UploadedDocumentOut(_Out):
    """What became of one document of a file. alias: its content is known already under another source."""

    document_id: str
    version_id: str
    source: str
    title: str
    outcome: Literal["kept", "unchanged", "alias"]


class RefusedOut(_Out):
    """A file, or a part of one (`name#part`), that did not become a document."""

    path: str
    reason: str


class UploadedOut(_Out):
    """What became of one file: its documents, and what was refused of it. status refused: no document at all.

    pruned: parts that were forgotten because the file no longer holds them.
    """

    name: str
    status: Literal["kept", "unchanged", "refused"]
    document_ids: tuple[str, ...] = ()
    reason: str = ""
    documents: tuple[UploadedDocumentOut, ...] = ()
    refused: tuple[RefusedOut, ...] = ()
    pruned: int = 0


class UploadOut(_Out):
    """What became of an upload, in the order sent. kept (aliases too) and unchanged count documents."""

    model_config = _example(
        files=[{"name": "returns.md", "status": "kept", "document_ids": ["d1"], "reason": ""}], kept=1, unchanged=0
    )

    files: tuple[UploadedOut, ...]
    kept: int
    unchanged: int


class SearchIn(_In):
    """A search over the passages that the caller may read."""

    model_config = _example(query="return a lamp", top_k=5, filters={"price": {"gte": 10, "lte": 20}})

    query: Annotated[StrictStr, Field(min_length=1, max_length=MAX_MESSAGE)]
    top_k: Annotated[StrictInt, Field(ge=1, le=200)] = 10
    filters: FiltersIn = Field(default_factory=dict)
    mode: SearchMode = "hybrid"


class FoundOut(_Out):
    """A passage that was found."""

    document_id: str
    source: str
    title: str
    start: int
    end: int
    text: str
    score: float


class SearchOut(_Out):
    """Passages, best first."""

    passages: tuple[FoundOut, ...]


class MeOut(_Out):
    """Who the caller is, and what is left of the quota; null: unlimited. prices: the most a run may cost."""

    tenant_id: str
    user_id: str
    roles: tuple[str, ...]
    plan: str
    used_tokens: int
    reserved_tokens: int
    remaining_tokens: int | None
    resets_at: datetime
    prices: Mapping[str, int]


class ProblemOut(BaseModel):
    """RFC 9457; `code` is stable and listed in docs/api.md."""

    model_config = _example(
        type="urn:multidb:problem:not_found",
        title="There is no such thing",
        status=404,
        detail="there is no such run",
        code="not_found",
        request_id="01K",
    )

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
