"""What a client of OpenAI's protocol asks, and what of it is understood.

A parameter that only tunes a model changes nothing here and is accepted. One that promises a client something that
it would not get (a tool call, JSON, several answers) is refused, so that nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from api.errors import Problem
from api.runs.message import Message, Said
from api.schemas import MAX_MESSAGE, FiltersIn, Id, filters_of
from memory.records import Effort

MODELS: Mapping[str, Effort] = {"multidb-quick": "quick", "multidb-standard": "standard", "multidb-deep": "deep"}
MAX_BEFORE = 20
"""Messages before the last that are read; what they refer to is decided from far fewer."""
MAX_SAID = 4_000
"""Characters of each of them."""


class _Given(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class PartIn(_Given):
    """A piece of a message; only text is understood."""

    type: StrictStr
    text: StrictStr = ""


class ChatMessageIn(_Given):
    """One message of the conversation as the client tells it."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: StrictStr | list[PartIn] | None = None

    @property
    def text(self) -> str:
        """Its text."""
        return self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content or ())


class StreamOptionsIn(_Given):
    """include_usage: a last chunk tells what it cost."""

    include_usage: bool = False


class FormatIn(_Given):
    """The form of the answer; only text is written."""

    type: StrictStr = "text"


class CompletionIn(_Given):
    """A request for a completion. session_id and filters are ours: `extra_body` of their clients."""

    model: StrictStr
    messages: Annotated[list[ChatMessageIn], Field(min_length=1, max_length=1000)]
    stream: bool = False
    stream_options: StreamOptionsIn | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    n: int | None = None
    logprobs: bool | None = None
    modalities: list[StrictStr] | None = None
    response_format: FormatIn | None = None
    tool_choice: StrictStr | dict[str, Any] | None = None
    function_call: StrictStr | dict[str, Any] | None = None
    session_id: Id | None = None
    filters: FiltersIn = Field(default_factory=dict)

    @property
    def limit(self) -> int | None:
        """Tokens that the answer may take, None for as many as it needs."""
        return self.max_completion_tokens or self.max_tokens


def message_of(asked: CompletionIn, idempotency_key: str | None) -> Message:
    """The question of a request.

    Raises:
        Problem: not_found for a model that is none, invalid_request for what cannot be answered as asked.
    """
    if asked.model not in MODELS:
        raise no_model(asked.model)
    _refuse_promises(asked)
    _refuse_pictures(asked)
    last = asked.messages[-1]
    if last.role != "user":
        raise Problem("invalid_request", "the last message must be a user's", param="messages")
    if not last.text.strip():
        raise Problem("invalid_request", "the last message is empty", param="messages")
    if len(last.text) > MAX_MESSAGE:
        detail = f"the last message has {len(last.text):,} characters; at most {MAX_MESSAGE:,} are taken"
        raise Problem("invalid_request", detail, param="messages", openai_code="string_above_max_length")
    return Message(
        last.text,
        asked.session_id,
        MODELS[asked.model],
        filters_of(asked.filters),
        idempotency_key=idempotency_key,
        before=_before(asked) if asked.session_id is None else (),
    )


def no_model(name: str) -> Problem:
    """A model that is not served."""
    detail = f"there is no model {name[:100]!r}; there are {', '.join(MODELS)}"
    return Problem("not_found", detail, param="model", openai_code="model_not_found")


def _before(asked: CompletionIn) -> tuple[Said, ...]:
    """What was said before the question; a system's message is no part of a conversation with the sources."""
    said = tuple(
        Said("user" if message.role == "user" else "assistant", message.text[:MAX_SAID])
        for message in asked.messages[:-1]
        if message.role in ("user", "assistant") and message.text.strip()
    )
    return said[-MAX_BEFORE:]


def _refuse_promises(asked: CompletionIn) -> None:
    form = asked.response_format
    refused = {
        "n": ("one answer is given", asked.n not in (None, 1)),
        "logprobs": ("probabilities are not told", bool(asked.logprobs)),
        "modalities": ("answers are text", asked.modalities not in (None, ["text"])),
        "response_format": ("answers are sentences with citations", form is not None and form.type != "text"),
        "tool_choice": ("no tool of a client is called", _forces(asked.tool_choice)),
        "function_call": ("no function of a client is called", _forces(asked.function_call)),
    }
    for param, (reason, asked_for) in refused.items():
        if asked_for:
            raise Problem("invalid_request", reason, param=param, openai_code="unsupported_value")


def _forces(choice: str | dict[str, Any] | None) -> bool:
    return choice not in (None, "auto", "none")


def _refuse_pictures(asked: CompletionIn) -> None:
    """Only in the question: pictures further up were somebody else's to look at."""
    content = asked.messages[-1].content
    for part in content if isinstance(content, list) else ():
        if part.type != "text":
            detail = f"only text is read, not {part.type[:40]!r}"
            raise Problem("invalid_request", detail, param="messages", openai_code="unsupported_value")
