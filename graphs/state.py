"""What a run has learned so far; checkpointed after each step. Every field has a default, none holds a live object."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal, TypedDict, cast

from pydantic import ConfigDict

from memory.records import Answer, AnswerEntry, Claim, Hit, Turn

Outcome = Literal["", "accept", "research", "abstain"]


@dataclass(frozen=True, slots=True)
class Degraded:
    """A part that was gone during the run, and what that meant."""

    part: str
    reason: str


@dataclass(frozen=True, slots=True)
class Respelled:
    """A word of the question as it was typed, and as it is read."""

    typed: str
    read: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge made of a draft. missing: words or questions that the sources left open."""

    outcome: Outcome = ""
    confidence: float = 0.0
    missing: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One of several questions that a message asks.

    hits: what its own search found, best first, as many as are read. answerable, short_answer: of its own reading.
    claim_ids: claims of the draft that answer it; none while, or because, nothing does.
    """

    question: str
    hits: tuple[Hit, ...] = ()
    answerable: float = 0.0
    short_answer: str = ""
    claim_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """The run's knowledge, from the question to the answer."""

    __pydantic_config__ = ConfigDict(use_attribute_docstrings=True)

    question: str = ""
    """The user's message, as it came."""
    history: tuple[Turn, ...] = ()
    """Recent turns of the thread, oldest first, from the TurnStore."""
    query: str = ""
    """The question made to stand alone; equals `question` unless it depends on the conversation, or was mistyped."""
    respelled: tuple[Respelled, ...] = ()
    """Words of the question that were read as others, since nothing knows them as they were typed."""
    searched: tuple[str, ...] = ()
    """Every query text sent to `vector_search`, in order."""
    hits: tuple[Hit, ...] = ()
    """Passages found so far, best first, without repeats."""
    table: tuple[Hit, ...] = ()
    """All passages of the table that a question over its rows is answered from, in reading order; else empty."""
    parts: tuple[Part, ...] = ()
    """The questions that the message asks, in order, if it asks several; empty otherwise."""
    entries: tuple[AnswerEntry, ...] = ()
    """Curated answers that the knowledge base offered."""
    curated: str = ""
    """Passage id of a curated answer to this very question, always the first of `hits`; "" if there is none."""
    term_weights: dict[str, float] = field(default_factory=dict[str, float])
    """Stem of each query word -> inverse document frequency, from the index."""
    round: int = 0
    """Research rounds done."""
    fresh: int = 0
    """Passages that the latest round found and no round before it."""
    options: tuple[str, ...] = ()
    """What the question could be about, if it has to be asked back; empty otherwise."""
    draft: tuple[Claim, ...] = ()
    """The synthesizer's claims, in reading order."""
    short_answer: str = ""
    """The shortest span that answers, if one was found."""
    answerable: float = 0.0
    """Probability in [0, 1] that the hits answer the question, from the reader or the model."""
    verdict: Verdict = Verdict()
    """The judge's latest verdict on the draft."""
    answer: Answer | None = None
    """The finished answer; None until the run ends."""
    used_tokens: int = 0
    """Tokens read and written so far, for settling the reservation."""
    degraded: tuple[Degraded, ...] = ()
    """Parts that were gone."""

    def __post_init__(self) -> None:
        """Give tuples back that a checkpoint returned as lists: msgpack knows one kind of sequence only.

        A state is made a dozen times a run, and nearly always of values that no checkpoint held.
        """
        if not any(isinstance(getattr(self, name), list) for name in _SEQUENCES) and not isinstance(
            cast(object, self.verdict.missing), list
        ):
            return
        for known in fields(self):
            value = getattr(self, known.name)
            if isinstance(value, list) or is_dataclass(value):
                object.__setattr__(self, known.name, _restored(value))


_SEQUENCES = ("history", "searched", "hits", "table", "parts", "entries", "options", "draft", "degraded", "respelled")


def _restored(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_restored(item) for item in cast("Iterable[Any]", value))
    if not is_dataclass(value) or isinstance(value, type):
        return value
    held = {known.name: getattr(value, known.name) for known in fields(value)}
    changed = {name: _restored(item) for name, item in held.items() if isinstance(item, list) or is_dataclass(item)}
    return replace(value, **changed) if changed else value


class Update(TypedDict, total=False):
    """What a node returns: the fields it changes."""

    query: str
    respelled: tuple[Respelled, ...]
    searched: tuple[str, ...]
    hits: tuple[Hit, ...]
    table: tuple[Hit, ...]
    parts: tuple[Part, ...]
    entries: tuple[AnswerEntry, ...]
    curated: str
    term_weights: dict[str, float]
    round: int
    fresh: int
    options: tuple[str, ...]
    draft: tuple[Claim, ...]
    short_answer: str
    answerable: float
    verdict: Verdict
    answer: Answer | None
    used_tokens: int
    degraded: tuple[Degraded, ...]
