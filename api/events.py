"""The events of a run: one versioned union. Every encoder is a pure function of it; `docs/events.md` documents it.

`seq` grows by one from 1 within a run. Offsets count Unicode code points of the stored document text.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from memory.records import Effort, VerdictLabel

VERSION = 1


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    seq: int = Field(ge=1, description="Place in the run, from 1, without a gap.")


class CitationModel(BaseModel):
    """The words of a source behind a claim."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)

    passage_id: str
    document_id: str
    version_id: str
    source: str
    title: str
    start: int
    end: int
    quote: str
    page: int | None = None
    row: int | None = None
    is_ocr: bool = Field(False, description="The words were read in a picture, so that some may be wrong.")


class ClaimModel(BaseModel):
    """One sentence of the answer and its verdict."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)

    id: str
    text: str
    citations: tuple[CitationModel, ...] = ()
    verdict: VerdictLabel = "pending"
    reason: str = ""


class SourceModel(BaseModel):
    """A source that will be read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    passage_id: str
    document_id: str
    source: str
    title: str
    page: int | None = None
    row: int | None = None


class RunStarted(_Event):
    """The message is accepted and durable; from here on nothing of it is lost."""

    type: Literal["run.started"] = "run.started"
    version: int = VERSION
    run_id: str
    session_id: str
    turn_id: str
    answer_turn_id: str
    effort: Effort


class AnswerRestarted(_Event):
    """Forget the claims streamed so far: the run was resumed and writes its answer anew."""

    type: Literal["answer.restarted"] = "answer.restarted"
    reason: str


class StageChanged(_Event):
    """What the run does now."""

    type: Literal["stage.changed"] = "stage.changed"
    stage: Literal["researching", "reading", "writing", "judging"]
    round: int


class QuerySearched(_Event):
    """What was looked for; `condensed` when a follow-up was rewritten to stand alone."""

    type: Literal["query.searched"] = "query.searched"
    query: str
    condensed: bool
    found: int


class SourcesFound(_Event):
    """The sources that will be read, best first."""

    type: Literal["sources.found"] = "sources.found"
    sources: tuple[SourceModel, ...]


class AnswerDelta(_Event):
    """A piece of a claim's text; claims come in order, pieces of one claim append."""

    type: Literal["answer.delta"] = "answer.delta"
    claim_id: str
    text: str


class ClaimSupported(_Event):
    """The judge let a claim stand."""

    type: Literal["claim.supported"] = "claim.supported"
    claim_id: str
    citations: tuple[CitationModel, ...]


class ClaimRetracted(_Event):
    """The judge struck a claim; it is not part of the answer."""

    type: Literal["claim.retracted"] = "claim.retracted"
    claim_id: str
    verdict: VerdictLabel
    reason: str


class AnswerCached(_Event):
    """The answer that follows was made before, when it says; nothing that it rests on has changed since."""

    type: Literal["answer.cached"] = "answer.cached"
    answered_at: datetime


class ClarificationRequested(_Event):
    """The question could mean several things; the answer asks back."""

    type: Literal["clarification.requested"] = "clarification.requested"
    question: str
    options: tuple[str, ...]


class AnswerCompleted(_Event):
    """The answer as it is stored: only claims that stand are in `text`."""

    type: Literal["answer.completed"] = "answer.completed"
    text: str
    short_answer: str
    claims: tuple[ClaimModel, ...]
    citations: tuple[CitationModel, ...]
    confidence: float
    abstained: bool
    suggestions: tuple[str, ...] = ()


class UsageSettled(_Event):
    """What the run cost; remaining_tokens is null on an unlimited plan."""

    type: Literal["usage.settled"] = "usage.settled"
    used_tokens: int
    remaining_tokens: int | None


class DegradedEvent(_Event):
    """A part was gone; the run went on without it."""

    type: Literal["degraded"] = "degraded"
    part: str
    reason: str


class RunCompleted(_Event):
    """The run's last event when all went well."""

    type: Literal["run.completed"] = "run.completed"


class RunFailed(_Event):
    """The run's last event when it could not go on; `code` is a stable problem code."""

    type: Literal["run.failed"] = "run.failed"
    code: str
    message: str


class RunCancelled(_Event):
    """The run's last event when somebody stopped it; the partial answer is kept."""

    type: Literal["run.cancelled"] = "run.cancelled"


Event = Annotated[
    RunStarted
    | AnswerRestarted
    | StageChanged
    | QuerySearched
    | SourcesFound
    | AnswerCached
    | AnswerDelta
    | ClaimSupported
    | ClaimRetracted
    | ClarificationRequested
    | AnswerCompleted
    | UsageSettled
    | DegradedEvent
    | RunCompleted
    | RunFailed
    | RunCancelled,
    Field(discriminator="type"),
]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)
TERMINAL = frozenset({"run.completed", "run.failed", "run.cancelled"})
