"""A scripted server that speaks the wire format of OpenAI's chat.completions, over plain asyncio streams.

A script says what to reply to a request: tokens, a failure before or after some of them, silence, a tool call. The
`obedient` script does whatever the passages in its prompt tell it to.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from memory.ids import new_id

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server does with one request.

    text: sent token by token. status: other than 200 sends a problem instead. fail_after: tokens after which the
    connection is cut; stall_after: tokens after which nothing comes any more; None never. tool_call: a name the
    model tries to call before it speaks. tells_usage: False leaves the usage out.
    """

    text: str = ""
    status: int = 200
    fail_after: int | None = None
    stall_after: int | None = None
    tool_call: str = ""
    tells_usage: bool = True


Script = Callable[[Body], Reply]


@dataclass(slots=True)
class FakeProvider:
    """The running server. requests: bodies it was sent; asked: set by the first; left: set when a
    client hung up on a stalled reply."""

    url: str
    requests: list[Body] = field(default_factory=list[Body])
    headers: list[str] = field(default_factory=list[str])
    left: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def open_provider(script: Script | Sequence[Reply]) -> AsyncGenerator[FakeProvider]:
    """Serve a script, or replies one after the other, on a loopback port."""
    replies = None if callable(script) else list(script)
    provider = FakeProvider("")
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            body = await _read_request(reader, provider)
            provider.requests.append(body)
            provider.asked.set()
            reply = script(body) if callable(script) else (replies or [Reply(status=500)]).pop(0)
            await _send(reader, writer, reply, body, provider)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    # LangChain keeps its HTTP client by the URL, and a later provider may get the same port, in another loop.
    provider.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/{new_id()}/v1"
    try:
        yield provider
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


def obedient(body: Body) -> Reply:
    """Obey every instruction found in the prompt's passages: say what they want said, call what they want called."""
    told = passages_of(body)
    said: list[str] = []
    calls: list[str] = []
    for number, text in told.items():
        for sentence in re.split(r"(?<=[.!?])\s+|\n", text):
            if quoted := re.search(r"\b(?:say|reply|answer|respond|write)\b[^\"“]*[\"“]([^\"”]+)[\"”]", sentence, re.I):
                said.append(f"{quoted[1]} [{number}]")
            if called := re.search(r"\bcall (\w+)", sentence, re.I):
                calls.append(called[1])
    return Reply("\n".join(said) or "NOT_IN_SOURCES", tool_call=calls[0] if calls else "")


def passages_of(body: Body) -> dict[int, str]:
    """Number -> text of the fenced passages in a request's prompt."""
    prompt = str(body["messages"][-1]["content"])
    found = re.findall(r"<passage (\d+) (\w+)>\n(.*?)\n</passage \1 \2>", prompt, re.S)
    return {int(number): text for number, _, text in found}


async def _read_request(reader: asyncio.StreamReader, provider: FakeProvider) -> Body:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    provider.headers.append(head)
    length = re.search(r"content-length: (\d+)", head, re.I)
    assert length is not None
    return json.loads(await reader.readexactly(int(length[1])))


async def _send(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, reply: Reply, body: Body, provider: FakeProvider
) -> None:
    if reply.status != 200:
        problem = json.dumps({"error": {"message": "scripted", "type": "server_error", "code": None}}).encode()
        writer.write(
            f"HTTP/1.1 {reply.status} Scripted\r\ncontent-type: application/json\r\nconnection: close\r\n"
            f"content-length: {len(problem)}\r\n\r\n".encode()
            + problem
        )
        await writer.drain()
        return
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n")
    writer.write(b"transfer-encoding: chunked\r\n\r\n")
    for place, delta in enumerate(_deltas(reply)):
        if place == reply.fail_after:
            await writer.drain()
            return  # Closed without the last chunk.
        if place == reply.stall_after:
            await writer.drain()
            await reader.read()  # Ends when the client hangs up.
            provider.left.set()
            return
        await _chunk(writer, _event(body, {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}))
    reason = "tool_calls" if reply.tool_call else "stop"
    await _chunk(writer, _event(body, {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}))
    if reply.tells_usage:
        usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
        await _chunk(writer, _event(body, {"choices": [], "usage": usage}))
    await _chunk(writer, b"data: [DONE]\n\n")
    writer.write(b"0\r\n\r\n")
    await writer.drain()


def _deltas(reply: Reply) -> list[Body]:
    tokens = re.findall(r"\s*\S{1,6}|\s+", reply.text)
    deltas: list[Body] = [{"role": "assistant", "content": token} for token in tokens]
    if reply.tool_call:
        function = {"name": reply.tool_call, "arguments": '{"everything": true}'}
        call = {"index": 0, "id": "call_1", "type": "function", "function": function}
        deltas.insert(0, {"role": "assistant", "tool_calls": [call]})
    return deltas


def _event(body: Body, content: Body) -> bytes:
    event = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": body.get("model", ""), **content}
    return f"data: {json.dumps(event)}\n\n".encode()


async def _chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    # Each token goes out by itself: let the client see it before the next.
    await writer.drain()
    await asyncio.sleep(0)
