"""The Protocols between the house and its technologies. A port's docstring is the contract its suite tests.

Every store method takes the `Scope` first and filters by it inside the query. An id of another tenant, or of
another user where a thing belongs to a user, behaves exactly like an absent one: `NotFound`. Every call ends
within the adapter's time limit, with `StoreUnavailable` if the backend did not answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from memory.document_ports import DocumentStore as DocumentStore
from memory.document_ports import PassageRows as PassageRows
from memory.document_ports import Vectors as Vectors
from memory.records import (
    AnswerEntry,
    AuditEntry,
    Feedback,
    Filters,
    FilterValue,
    Hit,
    IndexStatus,
    Lag,
    Page,
    Plan,
    Quota,
    Reservation,
    Scope,
    SearchMode,
    SearchWeights,
    Thread,
    Turn,
    User,
)
from memory.run_ports import Cache as Cache
from memory.run_ports import RateLimits as RateLimits
from memory.run_ports import RunLog as RunLog
from memory.span_ports import SpanReader as SpanReader


class Embedder(Protocol):
    """Text to unit vectors. Same text, same vector, whatever else is in the batch (within 1e-3 for int8)."""

    @property
    def name(self) -> str:
        """Name, revision and dimension in one string, e.g. `all-MiniLM-L6-v2@53aa5117/int8/384`."""
        ...

    @property
    def dimension(self) -> int:
        """Length of its vectors."""
        ...

    @property
    def max_tokens(self) -> int:
        """Tokens beyond this are not read."""
        ...

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, untruncated, special tokens left out. Synchronous and cheap (microseconds)."""
        ...

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim) float32, in the order given; an empty sequence gives (0, dim)."""
        ...

    async def embed_query(self, text: str) -> Vectors:
        """(dim,) float32. Repeated queries come from a cache."""
        ...


class TurnStore(Protocol):
    """Append-only turns of threads. A thread belongs to one user and comes to be with its first turn.

    Order is by turn_id. Appending the same turn again is a no-op, whatever its created_at; another content under a
    taken id is a Conflict. An acknowledged turn survives kill -9. Text is kept as it came: empty, NUL, 1 MB, any
    script.
    """

    async def append(self, scope: Scope, turn: Turn) -> None:
        """Keep a turn durably; the thread is made (titled by the text's beginning) if it is new.

        Raises:
            NotFound: the thread is another user's.
            Conflict: the turn_id holds other content.
        """
        ...

    async def recent(self, scope: Scope, thread_id: str, limit: int) -> Sequence[Turn]:
        """Return the newest turns, oldest first; an unknown thread has none."""
        ...

    async def page(self, scope: Scope, thread_id: str, after: str | None, limit: int) -> Page[Turn]:
        """Return turns oldest first, from a cursor; no gap and no repeat while others append.

        Raises:
            NotFound: no such thread of this user.
        """
        ...

    async def threads(self, scope: Scope, query: str, after: str | None, limit: int) -> Page[Thread]:
        """List the user's threads, newest first; `query` matches titles and turn texts, case-insensitively."""
        ...

    async def rename(self, scope: Scope, thread_id: str, title: str) -> Thread:
        """Give a thread a title."""
        ...

    async def delete_thread(self, scope: Scope, thread_id: str) -> None:
        """Forget a thread and its turns; NotFound if there is none."""
        ...

    async def lag(self) -> Lag:
        """What of the acknowledged turns waits in an outbox; nothing where there is none."""
        ...


class AnswerStore(Protocol):
    """Curated questions and answers of a tenant. Hits are idempotent events, never counters."""

    async def put(self, scope: Scope, entry: AnswerEntry, expected_revision: int) -> AnswerEntry:
        """Add (expected_revision 0) or edit an entry; the stored entry's revision is expected + 1.

        Repeating the very same put returns the stored entry.

        Raises:
            Conflict: somebody else edited in between.
        """
        ...

    async def get(self, scope: Scope, entry_id: str) -> AnswerEntry:
        """Return an entry or raise NotFound."""
        ...

    async def page(self, scope: Scope, category: str | None, after: str | None, limit: int) -> Page[AnswerEntry]:
        """List entries by entry_id, of one category or all."""
        ...

    async def categories(self, scope: Scope) -> Mapping[str, int]:
        """Return each category and how many entries it has, by name."""
        ...

    async def record_hit(self, scope: Scope, entry_id: str, event_id: str) -> None:
        """Note that an entry was used; the same event_id counts once."""
        ...

    async def hits(self, scope: Scope, entry_id: str) -> int:
        """How many distinct hit events the entry has."""
        ...

    async def delete(self, scope: Scope, entry_id: str) -> None:
        """Forget an entry and its hits; NotFound if there is none."""
        ...


class Accounts(Protocol):
    """Tenants, users and plans. The local tenant and user exist from the first start."""

    async def user(self, scope: Scope) -> User:
        """Return the scope's user; a user seen first is made on the tenant's default plan."""
        ...

    async def assign_plan(self, scope: Scope, user_id: str, plan: Plan) -> User:
        """Put a user of the scope's tenant on a plan.

        Raises:
            AccessDenied: the scope is not an operator's.
        """
        ...

    async def users(self, scope: Scope, after: str | None, limit: int) -> Page[User]:
        """List the tenant's users by user_id (operators only)."""
        ...

    async def forget_user(self, scope: Scope) -> None:
        """Forget the scope's user and their plans, also one who was never seen. Seen again, they are made anew."""
        ...


class QuotaLedger(Protocol):
    """Money-like rules for tokens: used + reserved never passes the plan's limit, under any concurrency.

    Every key is used once: reserving again with the same key returns the first reservation, settling or
    releasing again changes nothing. settle charges at most what was reserved. The ledger is append-only.
    """

    async def reserve(self, scope: Scope, key: str, tokens: int) -> Reservation:
        """Hold tokens in the current period.

        Raises:
            QuotaExceeded: used + reserved + tokens would pass the limit.
            Conflict: the key holds another amount.
        """
        ...

    async def settle(self, scope: Scope, key: str, tokens: int) -> Reservation:
        """Charge what was really used, at most what was held, and free the rest. NotFound: no such key."""
        ...

    async def release(self, scope: Scope, key: str) -> Reservation:
        """Free a reservation that came to nothing; a settled one stays settled."""
        ...

    async def usage(self, scope: Scope) -> Quota:
        """Where the user stands now."""
        ...

    async def pseudonymise(self, scope: Scope, pseudonym: str) -> None:
        """Keep what the scope's user was charged under a new name, which begins with `erased-`; the user stands anew.

        pseudonym: nobody else's. Again, with the same or another, it moves what came in between.
        """
        ...


class AuditLog(Protocol):
    """Append-only, hash-chained record of who did what. Entries cannot be changed or removed."""

    async def append(self, scope: Scope, action: str, target: str, detail: str = "") -> AuditEntry:
        """Add an entry to the tenant's chain."""
        ...

    async def page(self, scope: Scope, after: int, limit: int) -> Sequence[AuditEntry]:
        """Entries of the tenant with a sequence above `after`, in order (operators only)."""
        ...

    async def verify(self, scope: Scope) -> int | None:
        """Return the sequence of the first broken link of the tenant's chain, or None if it is whole."""
        ...

    async def forget_actor(self, scope: Scope) -> None:
        """Forget who the scope's user is: their entries stay, under a pseudonym that leads to nobody."""
        ...


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """One search. vector: the query's embedding (dim,), None when only the lexical side is asked."""

    text: str
    vector: Vectors | None = None
    filters: Filters = field(default_factory=dict[str, FilterValue])
    weights: SearchWeights = SearchWeights()
    mode: SearchMode = "hybrid"
    top_k: int = 10


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits best first. term_weights: stem of each query word -> its inverse document frequency."""

    hits: tuple[Hit, ...]
    term_weights: Mapping[str, float]


class PassageIndex(Protocol):
    """Dense and lexical search over a document store's passages; derived, can be thrown away and rebuilt.

    Tenant, access and filters are part of the query, before ranking: what a tenant finds, and its scores, are
    bit-identical with and without other tenants' data. A passage the store no longer has is never shown.
    """

    async def search(self, scope: Scope, query: SearchQuery) -> SearchResult:
        """Return the best passages.

        Raises:
            DimensionMismatch: the query's vector does not fit the index.
            InvalidInput: top_k is not 1 to 200, or a filter is of no known kind.
        """
        ...

    async def catch_up(self) -> IndexStatus:
        """Apply the store's changes up to now."""
        ...

    async def status(self) -> IndexStatus:
        """How far the index is."""
        ...

    async def rebuild(self) -> IndexStatus:
        """Throw everything derived away and make it again from the store."""
        ...

    async def switch(
        self, embedder: Embedder, documents: DocumentStore, commit: Callable[[], Awaitable[bool]]
    ) -> IndexStatus:
        """Build an index of another embedder beside this one, and take its place once it is complete.

        documents: the same store, giving that embedder's vectors in `rows`. commit: awaited when everything is
        applied; False if the store has changed since, then the rest is applied and commit awaited again. Until it
        says True, and if anything raises, searches find what they found before. Searches whose vector may still be
        the former embedder's are embedded again, from their text.
        """
        ...


class FeedbackStore(Protocol):
    """Ratings of answers, one per (turn, user), and the review list made of them."""

    async def put(self, scope: Scope, feedback: Feedback) -> None:
        """Keep a rating, replacing the user's former one of that turn."""
        ...

    async def of_thread(self, scope: Scope, thread_id: str) -> Sequence[Feedback]:
        """The user's ratings in a thread, by turn_id."""
        ...

    async def page(
        self, scope: Scope, rating: Literal["up", "down"] | None, after: str | None, limit: int
    ) -> Page[Feedback]:
        """The tenant's ratings, newest turn first (operators only)."""
        ...

    async def delete_thread(self, scope: Scope, thread_id: str) -> None:
        """Forget the user's ratings of a thread."""
        ...
