"""What the memory room raises.

StoreError
├── StoreUnavailable      the backend did not answer in time; trying later may work
├── StoreCorrupt          what was read cannot be what was written
├── FolderLocked          another process owns the data folder
├── NotFound              absent, deleted, or another tenant's or user's: callers cannot tell which
├── Conflict              the write contradicts what is there (same id, other content; a taken revision)
│   └── EventsExpired     a run's events are gone; its result stays
├── LeaseLost             the thread is leased to somebody else
├── QuotaExceeded         the reservation would pass the plan's limit
├── DimensionMismatch     a vector does not fit the index
├── EmbedderMismatch      an index was made by another embedder
├── AccessDenied          the scope lacks the role
└── InvalidInput          the caller's value cannot be stored or searched; says which and why
IngestError
└── Refused               a file cannot become a document; `reason` is for a person
ModelUnavailable          the embedder's weights are missing or damaged
InvalidToken              a signed scope that is forged, expired or meant for another audience
"""

from __future__ import annotations

from datetime import datetime


class StoreError(Exception):
    """Base of what a store raises."""


class StoreUnavailable(StoreError):
    """The backend did not answer within its time limit."""


class StoreCorrupt(StoreError):
    """Stored bytes do not decode or do not match their checksum."""


class FolderLocked(StoreError):
    """Another process owns the data folder; the message names it."""


class NotFound(StoreError):
    """Nothing of that id that this scope may see."""


class Conflict(StoreError):
    """The write contradicts what is stored."""


class EventsExpired(Conflict):
    """The events asked for are gone; the run's record has its result."""


class LeaseLost(StoreError):
    """Somebody else holds the thread."""


class QuotaExceeded(StoreError):
    """The plan's limit would be passed."""

    def __init__(self, message: str, *, remaining_tokens: int, resets_at: datetime) -> None:
        """Keep what the client needs to decide when to come back."""
        super().__init__(message)
        self.remaining_tokens = remaining_tokens
        self.resets_at = resets_at


class DimensionMismatch(StoreError):
    """A vector's length is not the index's."""


class EmbedderMismatch(StoreError):
    """The index was made by another embedder than the configured one."""


class AccessDenied(StoreError):
    """The scope lacks the role this needs."""


class InvalidInput(StoreError):
    """A value that cannot be stored or searched."""


class IngestError(Exception):
    """Base of what ingestion raises."""


class Refused(IngestError):
    """A file that cannot become a document."""

    def __init__(self, reason: str) -> None:
        """Keep the reason as a person should read it."""
        super().__init__(reason)
        self.reason = reason


class ModelUnavailable(Exception):
    """A model cannot be used: the embedder's weights are missing or damaged, or a chat model gives nothing."""


class InvalidToken(Exception):
    """A signed scope that must not be believed."""
