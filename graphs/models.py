"""Chat models by role. The default, `extractive`, needs none and imports nothing heavy.

A spec is what `init_chat_model` takes (`openai:gpt-…`, `anthropic:claude-…`), optionally with an endpoint of its own
behind an at sign (`openai:llama3@http://127.0.0.1:11434/v1` for Ollama, vLLM or LM Studio), or `hf:NAME` for a local
Hugging Face model through the `models` extra. No model is ever given a tool.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from memory.errors import ModelUnavailable

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk

logger = logging.getLogger(__name__)

Role = Literal["synthesizer", "judge"]
Message = tuple[Literal["system", "human"], str]
NO_MODEL = frozenset({"", "extractive", "deterministic", "none"})
LOCAL_PREFIX = "hf:"


class ModelFailed(ModelUnavailable):
    """A model gave no (further) usable text; the message names it and what happened, never what was said to it."""


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Seconds a model may take: to its first token, between two tokens, and for everything it says."""

    first_s: float = 30.0
    between_s: float = 15.0
    total_s: float = 120.0


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Which models a deployment uses.

    synthesizer, judge: specs; "extractive" and "deterministic" use none. fallbacks: specs that stand in for the
    synthesizer, in order. base_url: endpoint of specs that name none, "" is the provider's own. api_key: for
    base_url; a provider's own key comes from the provider's own variable. timeout_s: everything one call may take.
    """

    synthesizer: str = "extractive"
    judge: str = "deterministic"
    fallbacks: tuple[str, ...] = ()
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    timeout_s: float = 120.0
    first_token_s: float = 30.0
    between_tokens_s: float = 15.0


class NamedModel(NamedTuple):
    """A model and the spec it was opened by."""

    spec: str
    model: BaseChatModel


class Piece(NamedTuple):
    """What a model said just now; tokens: input and output so far, 0 while it has not told."""

    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Models:
    """The models that the process opened. synthesizer is tried in order; a missing judge leaves it to the rules."""

    synthesizer: tuple[NamedModel, ...] = ()
    judge: tuple[NamedModel, ...] = ()
    limits: TimeLimits = TimeLimits()

    def chain(self, role: Role, override: str = "") -> tuple[NamedModel, ...]:
        """Return the models of a role in the order to try; none when no model is to be used.

        Args:
            role: whose.
            override: a run's own choice: no model, or one that is open already. A run can open nothing new, so
                that no caller can point the process at an endpoint; an unknown spec keeps the deployment's choice.
        """
        configured = self.synthesizer if role == "synthesizer" else self.judge
        if not override:
            return configured
        if override in NO_MODEL:
            return ()
        chosen = [named for named in (*self.synthesizer, *self.judge) if named.spec == override][:1]
        return (*chosen, *(named for named in configured if named.spec != override))


@asynccontextmanager
async def open_models(settings: ModelSettings) -> AsyncGenerator[Models]:
    """Open every configured model; nothing of LangChain's model packages is imported when there is none.

    Raises:
        ModelFailed: a spec names a provider that is not installed or is not understood.
    """
    specs = [spec for spec in (settings.synthesizer, *settings.fallbacks, settings.judge) if spec not in NO_MODEL]
    opened = {spec: NamedModel(spec, _open(spec, settings)) for spec in dict.fromkeys(specs)}
    writing = [opened[spec] for spec in (settings.synthesizer, *settings.fallbacks) if spec in opened]
    models = Models(
        synthesizer=tuple(writing) if settings.synthesizer in opened else (),
        judge=(opened[settings.judge],) if settings.judge in opened else (),
        limits=TimeLimits(settings.first_token_s, settings.between_tokens_s, settings.timeout_s),
    )
    try:
        yield models
    finally:
        for named in opened.values():
            await _close(named.model)


async def speak(named: NamedModel, messages: Sequence[Message], limits: TimeLimits) -> AsyncGenerator[Piece]:
    """Stream what a model says to messages; only its text, whatever else it tries. Close it to stop the model.

    Raises:
        ModelFailed: it failed, was too slow, or ended without a word.
    """
    clock = asyncio.get_running_loop().time
    deadline, wait, said = clock() + limits.total_s, limits.first_s, False
    stream = cast("AsyncGenerator[AIMessageChunk]", named.model.astream(list(messages), config={"tags": ["nostream"]}))
    async with aclosing(stream):
        while (chunk := await _next(named, stream, min(deadline, clock() + wait))) is not None:
            usage = chunk.usage_metadata
            if chunk.text:
                said, wait = True, limits.between_s
            yield Piece(str(chunk.text), usage["total_tokens"] if usage else 0)
    if not said:
        raise ModelFailed(f"{named.spec} ended without a word")


async def say(named: NamedModel, messages: Sequence[Message], limits: TimeLimits) -> Piece:
    """Return everything a model says to messages.

    Raises:
        ModelFailed: see `speak`.
    """
    texts: list[str] = []
    tokens = 0
    async with aclosing(speak(named, messages, limits)) as pieces:
        async for piece in pieces:
            texts.append(piece.text)
            tokens = max(tokens, piece.tokens)
    return Piece("".join(texts), tokens)


async def _next(named: NamedModel, stream: AsyncGenerator[AIMessageChunk], deadline: float) -> AIMessageChunk | None:
    """The next chunk before a deadline; None at the end."""
    try:
        async with asyncio.timeout_at(deadline):
            return await anext(stream, None)
    except TimeoutError as error:
        raise ModelFailed(f"{named.spec} did not answer in time") from error
    except Exception as error:  # A door: each provider's package has errors of its own, with no common ancestor.
        kind = type(error).__name__
        logger.warning("model %s failed: %s", named.spec, kind)
        raise ModelFailed(f"{named.spec} failed ({kind})") from error


def _open(spec: str, settings: ModelSettings) -> BaseChatModel:
    """Open one model; imports its provider's package."""
    name, _, endpoint = spec.partition("@http")
    if name.startswith(LOCAL_PREFIX):
        from graphs.local_model import open_local_model

        return open_local_model(name.removeprefix(LOCAL_PREFIX))
    from langchain.chat_models import init_chat_model

    base_url = f"http{endpoint}" if endpoint else settings.base_url
    try:
        return cast("BaseChatModel", init_chat_model(name, **_options(name, base_url, settings)))
    except (ImportError, ValueError) as error:
        why = str(error).strip().split("\n", 1)[0]
        raise ModelFailed(f"the model {name!r} cannot be opened: {why}") from error


def _options(name: str, base_url: str, settings: ModelSettings) -> Mapping[str, Any]:
    """What a provider's class is made with. A provider's own key never goes to an endpoint that is not its own."""
    api_key = settings.api_key
    options: dict[str, Any] = {}
    if base_url:
        options |= {"base_url": base_url, "api_key": api_key or "none"}
    elif api_key:
        options["api_key"] = api_key
    if name.startswith("openai:"):
        import httpx

        # We fall back instead of retrying behind the user's back, and want to know what a call cost. Its own limit
        # between chunks is asyncio.wait_for, which before Python 3.12 can swallow a cancellation; `speak` has ours.
        options |= {"max_retries": 0, "stream_usage": True, "stream_chunk_timeout": None}
        # LangChain shares one HTTP client by address and time limit, so that closing ours would close everybody's;
        # a time limit that cannot be hashed gets a client of its own.
        options["timeout"] = httpx.Timeout(settings.timeout_s)
    return options


async def _close(model: BaseChatModel) -> None:
    """Give back a model's connections, where its class keeps an asynchronous client under this name."""
    client = getattr(model, "root_async_client", None)
    if client is not None:
        await client.close()
