"""A local Hugging Face model as a chat model: generates in a thread, streams, and stops when nobody listens.

Needs the `models` extra (torch, transformers); without it `hf:NAME` is refused with the way out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from threading import Event
from typing import Any, NamedTuple

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field

from graphs.models import ModelFailed

MAX_NEW_TOKENS = 512
_ROLES = {"system": "system", "human": "user", "ai": "assistant"}


class Counts(NamedTuple):
    """Tokens of one generation."""

    read: int
    written: int


Generate = Callable[[list[dict[str, str]], Callable[[str], None], Callable[[], bool]], Counts]
"""(messages, say, should_stop) -> counts. Blocks; calls `say` with each piece of text; ends soon after should_stop."""


class LocalChatModel(BaseChatModel):
    """Streams what `generate` says out of a thread. One generation at a time: the weights are shared."""

    name_: str = Field(default="local", exclude=True)
    generate_text: Generate = Field(exclude=True)
    turn: asyncio.Lock = Field(default_factory=asyncio.Lock, exclude=True)

    @property
    def _llm_type(self) -> str:
        return "multidb-local"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        texts: list[str] = []
        counts = self.generate_text(_as_dicts(messages), texts.append, lambda: False)
        message = AIMessage("".join(texts), usage_metadata=_usage(counts))
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        async with self.turn:
            async for message in self._pieces(_as_dicts(messages)):
                chunk = ChatGenerationChunk(message=message)
                if run_manager and message.text:
                    await run_manager.on_llm_new_token(str(message.text), chunk=chunk)
                yield chunk

    async def _pieces(self, messages: list[dict[str, str]]) -> AsyncIterator[AIMessageChunk]:
        """Run the generation in a thread and hand its pieces over as they come; stops it when left early."""
        loop, pieces, stopped = asyncio.get_running_loop(), asyncio.Queue[str | None](), Event()

        def put(piece: str | None) -> None:
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

        def work() -> Counts:
            try:
                return self.generate_text(messages, put, stopped.is_set)
            finally:
                put(None)

        task = asyncio.create_task(asyncio.to_thread(work))
        try:
            while (piece := await pieces.get()) is not None:
                yield AIMessageChunk(content=piece)
            yield AIMessageChunk(content="", usage_metadata=_usage(await task), chunk_position="last")
        finally:
            stopped.set()
            await asyncio.wait([task])


def open_local_model(name: str) -> BaseChatModel:
    """Load a model by its hub name or folder.

    Raises:
        ModelFailed: the `models` extra is not installed, or there is no such model.
    """
    try:
        from graphs.local_generation import load
    except ImportError as error:
        raise ModelFailed("a local model needs the `models` extra: install multidb-chatbot[models]") from error
    try:
        return LocalChatModel(name_=name, generate_text=load(name, MAX_NEW_TOKENS))
    except (OSError, ValueError) as error:
        raise ModelFailed(f"the local model {name!r} cannot be loaded: {error}") from error


def _as_dicts(messages: Sequence[BaseMessage]) -> list[dict[str, str]]:
    return [{"role": _ROLES.get(message.type, "user"), "content": str(message.text)} for message in messages]


def _usage(counts: Counts) -> Any:
    return {"input_tokens": counts.read, "output_tokens": counts.written, "total_tokens": sum(counts)}
