"""Text generation with transformers; imported only when a local model is configured (the `models` extra)."""

# transformers and torch are optional, so that their types cannot be known here.
# pyright: basic, reportMissingImports=false

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    StoppingCriteria,
    StoppingCriteriaList,
    TextIteratorStreamer,
)

from graphs.local_model import Counts, Generate


class _StopWhen(StoppingCriteria):
    """Ends a generation once a flag says so."""

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        self._should_stop = should_stop

    def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
        return torch.full((input_ids.shape[0],), self._should_stop(), dtype=torch.bool, device=input_ids.device)


def load(name: str, max_new_tokens: int) -> Generate:
    """Load weights and tokenizer; on a GPU if there is one.

    Raises:
        OSError: there is no such model.
    """
    tokenizer = AutoTokenizer.from_pretrained(name)
    model = AutoModelForCausalLM.from_pretrained(name)
    model.to("cuda" if torch.cuda.is_available() else "cpu").eval()

    def generate(messages: list[dict[str, str]], say: Callable[[str], None], should_stop: Callable[[], bool]) -> Counts:
        inputs = tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
        ).to(model.device)
        streamer = TextIteratorStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
        outcome: list[Any] = []
        stopping = StoppingCriteriaList([_StopWhen(should_stop)])
        options = {"streamer": streamer, "max_new_tokens": max_new_tokens, "do_sample": False}
        thread = Thread(
            target=_run, args=(model, {**inputs, **options, "stopping_criteria": stopping}, streamer, outcome)
        )
        thread.start()
        for piece in streamer:
            say(piece)
        thread.join()
        if isinstance(outcome[0], BaseException):
            raise outcome[0]
        read = int(inputs["input_ids"].shape[1])
        return Counts(read, int(outcome[0].shape[1]) - read)

    return generate


def _run(model: Any, options: dict[str, Any], streamer: Any, outcome: list[Any]) -> None:
    """Generate in this thread; an error ends the stream, so that the reader of it does not wait forever."""
    try:
        with torch.inference_mode():
            outcome.append(model.generate(**options))
    except (RuntimeError, ValueError) as error:
        outcome.append(error)
        streamer.end()
