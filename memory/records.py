"""The data that crosses rooms: frozen, standard library only, no behaviour beyond small derived values.

Offsets count Unicode code points of the stored document text. Times are aware UTC datetimes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Literal, TypeVar

from memory.document_records import Change as Change
from memory.document_records import DocumentSummary as DocumentSummary
from memory.document_records import Kept as Kept

Role = Literal["reader", "editor", "operator", "system"]
Effort = Literal["quick", "standard", "deep"]
READ_BY_OCR = ("read_by", "ocr")
"""The field of a passage whose words were read in a picture."""

PassageKind = Literal["text", "table", "record", "code", "answer"]
VerdictLabel = Literal["pending", "supported", "unsupported", "contradicted", "unjudged"]
TurnRole = Literal["user", "assistant"]
TurnStatus = Literal["complete", "partial", "failed", "cancelled"]
RunStatus = Literal["running", "completed", "failed", "cancelled"]
SearchMode = Literal["hybrid", "dense", "lexical"]

Scalar = str | int | float | bool
Metadata = Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Range:
    """A numeric filter; a bound of None is open. Both bounds are inclusive."""

    gte: float | None = None
    lte: float | None = None


FilterValue = Scalar | Sequence[Scalar] | Range
Filters = Mapping[str, FilterValue]
"""Metadata key -> value, any of several values, or a Range; all must hold.

Reserved keys address the document itself: source, collection, document_id, kind, language, media_type.
"""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a listing; `next` is an opaque cursor, None on the last page.

    complete: False where a store was away and items may be missing.
    """

    items: tuple[T, ...]
    next: str | None = None
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Lag:
    """What was acknowledged and has not reached its store yet; it is kept elsewhere meanwhile.

    oldest_s: how long the oldest of it has waited. refused: what the store will never take; it stays where it is.
    away: the store does not answer just now. outbox: there is one, so that answers go on without the store.
    """

    waiting: int = 0
    oldest_s: float = 0.0
    refused: int = 0
    away: bool = False
    outbox: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """On whose behalf something is done. Always from authentication, never from a caller's data.

    `system` in roles marks the process itself (index follower, run recovery); no token can carry it.
    """

    tenant_id: str
    user_id: str
    groups: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ("reader",)


SYSTEM = Scope(tenant_id="", user_id="system", roles=("system",))
LOCAL = Scope(tenant_id="local", user_id="local", roles=("reader", "editor", "operator"))
"""Whoever sits at the machine that holds the data folder."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a user may spend: quota_tokens per period (None: metered but unlimited)."""

    name: str
    quota_tokens: int | None
    period: Literal["day", "month"] = "month"


@dataclass(frozen=True, slots=True)
class User:
    """A person of a tenant and the plan that meters them."""

    tenant_id: str
    user_id: str
    plan: Plan
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Quota:
    """Where a user stands in the current period. remaining_tokens is None when the plan is unlimited."""

    plan: Plan
    used_tokens: int
    reserved_tokens: int
    remaining_tokens: int | None
    resets_at: datetime


@dataclass(frozen=True, slots=True)
class Reservation:
    """Tokens held for a run until they are settled or released. `key` is the idempotency key."""

    key: str
    tokens: int
    state: Literal["reserved", "settled", "released"]
    settled_tokens: int = 0


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One link of the audit chain; `digest` covers this entry and the digest before it."""

    sequence: int
    at: datetime
    actor: str
    action: str
    target: str
    detail: str
    digest: str


@dataclass(frozen=True, slots=True)
class Access:
    """Who in the tenant may read a document: the owner and these groups, or everyone if neither is set."""

    owner: str | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A kept document: the text that offsets point into, and who may read it.

    document_id: from (tenant, source). version_id: from the content. source: a path or URL, with `#<id>`
    for a line of a JSONL file. title: what a person would call it. language: ISO 639-1, or "" if unknown.
    """

    document_id: str
    version_id: str
    source: str
    title: str
    text: str
    media_type: str
    language: str = ""
    collection: str = "default"
    access: Access = Access()
    metadata: Metadata = field(default_factory=dict[str, Scalar])
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrievable stretch of a document version: `text` is exactly document.text[start:end].

    context: title, heading path and table header that are embedded and searched with the text but are not
    part of it. ordinal: position among the version's passages, from 0. page and row count from 1.
    fields: the typed values of a record (a row of a table file) that filters may ask for beside the document's
    metadata; `read_by` is `ocr` where the words were read in a picture.
    """

    passage_id: str
    document_id: str
    version_id: str
    ordinal: int
    start: int
    end: int
    text: str
    kind: PassageKind = "text"
    heading: tuple[str, ...] = ()
    context: str = ""
    page: int | None = None
    row: int | None = None
    language: str = ""
    fields: tuple[tuple[str, Scalar], ...] = ()

    @property
    def is_ocr(self) -> bool:
        """Whether its words were read in a picture, so that some may be wrong."""
        return READ_BY_OCR in self.fields


@dataclass(frozen=True, slots=True)
class SearchWeights:
    """How much each side counts when ranks are fused; only the proportion matters."""

    dense: float = 1.0
    lexical: float = 1.0


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that a search found, with where it stood in each ranking (from 1, None: not in it).

    score: the fused score, higher is better, comparable within one search only.
    dense_score: cosine similarity in [-1, 1], None for a passage that only the lexical side found.
    lexical_score: BM25, None likewise. metadata is the document's.
    """

    passage: Passage
    source: str
    title: str
    score: float
    fused_rank: int
    dense_rank: int | None = None
    lexical_rank: int | None = None
    dense_score: float | None = None
    lexical_score: float | None = None
    metadata: Metadata = field(default_factory=dict[str, Scalar])


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """How an index stands to its store: `behind` changes are not searchable yet."""

    sequence: int
    behind: int
    passages: int
    embedder: str


@dataclass(frozen=True, slots=True)
class AnswerEntry:
    """A curated question and answer. `revision` grows by one with each edit, from 1."""

    entry_id: str
    category: str
    question: str
    answer: str
    revision: int
    updated_by: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Citation:
    """The words of a source that stand behind a claim; it keeps the quote, so it outlives its source.

    is_ocr: the words were read in a picture, so that some may be wrong.
    """

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
    is_ocr: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an answer and what it rests on. `id` is unique within its run."""

    id: str
    text: str
    citations: tuple[Citation, ...] = ()
    verdict: VerdictLabel = "pending"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a run says in the end. text holds the claims that stand; confidence is in [0, 1].

    abstained: the sources do not say; text then tells what was looked for, and claims are empty or struck.
    """

    text: str
    short_answer: str
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    confidence: float
    abstained: bool
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation of one user. HTTP calls its id `session_id`."""

    thread_id: str
    title: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """One part of a conversation: what a user asked, or what was answered.

    turn_id: uuid7, greater than every id before it in the thread: it is the order, never a clock.
    parent_turn_id: the turn this one follows or answers; siblings are edits or retries, told apart by attempt.
    """

    turn_id: str
    thread_id: str
    role: TurnRole
    text: str
    status: TurnStatus
    created_at: datetime
    run_id: str
    parent_turn_id: str | None = None
    attempt: int = 1
    short_answer: str = ""
    abstained: bool = False
    confidence: float = 0.0
    citations: tuple[Citation, ...] = ()
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True)
class Feedback:
    """One user's rating of one answer; rating again replaces it."""

    turn_id: str
    thread_id: str
    run_id: str
    rating: Literal["up", "down"]
    comment: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Everything a run needs to be started again by another process; never a token.

    context: the graph's Context as JSON text. versions: model, prompts, embedder, corpus as they were.
    user_turn_id and answer_turn_id are minted at admission, so that a re-run writes the same turns.
    fingerprint: hash of the request, to tell a repeat from a misuse of its idempotency key.
    """

    run_id: str
    scope: Scope
    thread_id: str
    user_turn_id: str
    answer_turn_id: str
    message: str
    context: str
    versions: Mapping[str, str]
    reserved_tokens: int
    status: RunStatus
    created_at: datetime
    parent_turn_id: str | None = None
    attempt: int = 1
    idempotency_key: str | None = None
    fingerprint: str = ""
    result: str = ""


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One stored event of a run: `seq` grows by one from 1; `data` is the event as UTF-8 JSON."""

    seq: int
    type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to act on a thread. `token` only grows: a later holder's is larger (fencing)."""

    thread_id: str
    holder: str
    token: int
