"""A finished answer in the shape of OpenAI's chat completions, whole or as a stream of chunks.

A chunk that was sent cannot be taken back, so nothing is sent before the judge has let the answer stand.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from api.encoders.failures import error_of
from api.errors import Problem
from memory.records import RunEvent

DONE = b"data: [DONE]\n\n"


@dataclass(slots=True)
class Completion:
    """What every part of one completion repeats.

    documents_url: where citations point to, ends in a slash. limit: tokens that the text may take; it ends after the
    last claim that fits, since half a sentence has passed no judge.
    """

    run_id: str
    session_id: str
    model: str
    documents_url: str
    tells_usage: bool = False
    limit: int | None = None
    created: int = field(default_factory=lambda: int(time.time()))
    _answer: dict[str, Any] = field(default_factory=dict[str, Any])

    def whole(self, reply: Mapping[str, Any]) -> dict[str, Any]:
        """The reply to a request that does not stream. reply: see `api.runs.close.reply_of`."""
        text = self._fitting(reply["answer"], reply["claims"])
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {
            "index": 0,
            "message": {**message, "annotations": self._annotations(text, reply["claims"])},
            "logprobs": None,
            "finish_reason": "stop" if text == reply["answer"] else "length",
        }
        return {**self._head("chat.completion"), "choices": [choice], "usage": usage(reply)}

    def frames(self, events: Sequence[RunEvent]) -> bytes:
        """What a stream sends for some events of the run: nothing until the answer stands."""
        return b"".join(self._frame(event) for event in events)

    def _frame(self, event: RunEvent) -> bytes:
        match event.type:
            case "answer.completed":
                self._answer = orjson.loads(event.data)
                return b"".join(map(_data, self._chunks()))
            case "usage.settled" if self.tells_usage and self._answer:
                used = {"answer": self._answer["text"], **orjson.loads(event.data)}
                return _data({**self._head("chat.completion.chunk"), "choices": [], "usage": usage(used)})
            case "run.failed":
                failed = orjson.loads(event.data)
                return _data(error_of(Problem(failed["code"], failed["message"]))) + DONE
            case "run.completed" | "run.cancelled":
                return DONE
            case _:
                return b""

    def _chunks(self) -> Iterator[dict[str, Any]]:
        claims = self._answer["claims"]
        text = self._fitting(self._answer["text"], claims)
        yield self._chunk({"role": "assistant", "content": ""})
        for start, end in _pieces(text, claims):
            yield self._chunk({"content": text[start:end]})
        yield self._chunk({"annotations": self._annotations(text, claims)})
        yield self._chunk({}, "stop" if text == self._answer["text"] else "length")

    def _fitting(self, text: str, claims: Sequence[Mapping[str, Any]]) -> str:
        if self.limit is None or tokens_of(text) <= self.limit:
            return text
        ends = [end for _, end in _pieces(text, claims) if tokens_of(text[:end]) <= self.limit]
        return text[: ends[-1]] if ends else ""

    def _chunk(self, delta: Mapping[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return {**self._head("chat.completion.chunk"), "choices": [choice]}

    def _head(self, kind: str) -> dict[str, Any]:
        head = {"id": f"chatcmpl-{self.run_id}", "object": kind, "created": self.created, "model": self.model}
        return {**head, "session_id": self.session_id}

    def _annotations(self, text: str, claims: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [
            self._annotation(citation, start, start + len(claim["text"]))
            for claim in claims
            if claim["verdict"] == "supported" and (start := text.find(claim["text"])) >= 0
            for citation in claim["citations"]
        ]

    def _annotation(self, citation: Mapping[str, Any], start: int, end: int) -> dict[str, Any]:
        where = f"{citation['document_id']}/text#char={citation['start']},{citation['end']}"
        told = {name: citation[name] for name in ("source", "quote", "document_id", "version_id")}
        place = {"start_index": start, "end_index": end, "title": citation["title"]}
        return {"type": "url_citation", "url_citation": {**place, "url": self.documents_url + where, **told}}


def tokens_of(text: str) -> int:
    """Estimated: four characters a token."""
    return (len(text) + 3) // 4


def usage(reply: Mapping[str, Any]) -> dict[str, int]:
    """What a run cost in all; how much of it was the answer is estimated from its length."""
    total = int(reply["used_tokens"])
    written = min(total, tokens_of(reply["answer"]))
    return {"prompt_tokens": total - written, "completion_tokens": written, "total_tokens": total}


def _pieces(text: str, claims: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, int]]:
    """Cut an answer after each of its claims."""
    at = 0
    for claim in claims:
        found = text.find(claim["text"], at)
        if found >= 0:
            end = found + len(claim["text"])
            yield at, end
            at = end
    if at < len(text):
        yield at, len(text)


def _data(content: Mapping[str, Any]) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(content)
