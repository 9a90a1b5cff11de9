"""Drives a server that is being killed, through HTTP only, and checks what must hold afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

PATIENCE_S = 30.0
START_S = 90.0
TERMINAL = {"run.completed", "run.failed", "run.cancelled"}
GONE = (httpx.TransportError,)


class Refused(AssertionError):
    """An answer that is no stream."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


@dataclass
class Server:
    """One start of a real server process."""

    pid: int
    ready: bool
    url: str

    async def gone(self) -> None:
        """Wait until the process has ended by itself."""
        async with asyncio.timeout(PATIENCE_S):
            while is_alive(self.pid):  # noqa: ASYNC110 - another process's end sets no event of ours
                await asyncio.sleep(0.01)

    async def kill(self) -> None:
        """End it the hard way."""
        self.signal(signal.SIGKILL)
        await self.gone()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it is still there."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


@dataclass
class Zygote:
    """Starts servers on one data folder. `dataclasses.replace` makes one for another folder and port."""

    process: asyncio.subprocess.Process
    home: Path
    port: int
    settings: Mapping[str, object] = field(default_factory=dict[str, object])

    async def start(self, crash: str = "", record: Path | None = None) -> Server:
        """Start a server that dies at a crash point, or writes the points it passes to a file."""
        request = {
            "home": str(self.home),
            "port": self.port,
            "crash": crash,
            "record": str(record) if record else "",
            "log": str(self.home.parent / f"{self.home.name}.log"),
            "settings": dict(self.settings),
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        await self.process.stdin.drain()
        async with asyncio.timeout(START_S):
            reply = json.loads(await self.process.stdout.readline())
        if not reply["ready"] and not crash:
            said = await asyncio.to_thread(Path(request["log"]).read_text, encoding="utf-8")
            raise AssertionError(f"a server that nothing kills did not start: {said[-2000:]}")
        return Server(reply["pid"], reply["ready"], f"http://127.0.0.1:{self.port}")


@asynccontextmanager
async def open_zygote(home: Path, port: int, settings: Mapping[str, object]) -> AsyncGenerator[Zygote]:
    """Start the process that starts servers on one data folder, with these settings."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.chaos.zygote",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        # What a developer set for himself is no setting of these servers.
        env={name: value for name, value in os.environ.items() if not name.startswith("MULTIDB_")}
        | {"LANGSMITH_TRACING": "false"},
    )
    try:
        yield Zygote(process, home, port, settings)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def is_alive(pid: int) -> bool:
    """Whether any thread of a process is there: a zombie's others may hold its port and its locks a little longer."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
        return state != "Z" or len(os.listdir(f"/proc/{pid}/task")) > 1
    except OSError:
        return False


@dataclass
class Message:
    """A message being sent until it is answered, whatever happens to the server. headers: who sends it."""

    text: str
    session_id: str | None = None
    effort: str = "quick"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    key: str = field(default_factory=lambda: uuid4().hex)
    run_id: str | None = None
    frames: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        """Whether the client has seen run.started."""
        return self.run_id is not None

    @property
    def ended(self) -> bool:
        """Whether the client has seen the terminal event."""
        return bool(self.frames) and self.frames[-1][1] in TERMINAL

    def take(self, seq: int, kind: str, data: str) -> None:
        """Keep one frame that arrived."""
        self.frames.append((seq, kind, data))
        if kind == "run.started":
            event = json.loads(data)
            self.run_id, self.session_id = event["run_id"], event["session_id"]

    def event(self, kind: str) -> dict[str, Any]:
        """Return the one event of a type."""
        (data,) = [data for _, event, data in self.frames if event == kind]
        return json.loads(data)


async def send(server: Server, message: Message) -> None:
    """Post the message, or take up its stream where it broke, until the stream ends or the server dies."""
    timeout = httpx.Timeout(PATIENCE_S, connect=5.0)
    with suppress(*GONE):
        async with (
            # Nothing here is encrypted, and to read the machine's certificates costs more than the rest.
            httpx.AsyncClient(base_url=server.url, timeout=timeout, verify=False) as client,
            _request(client, message) as response,
        ):
            await _take_frames(response, message)


def _request(client: httpx.AsyncClient, message: Message) -> Any:
    sender = {**message.headers, "Accept": "text/event-stream"}
    if message.run_id is not None:
        headers = {**sender, "Last-Event-ID": str(message.frames[-1][0])}
        return client.stream("GET", f"/api/v1/runs/{message.run_id}/events", headers=headers)
    body = {"message": message.text, "effort": message.effort}
    if message.session_id is not None:
        body["session_id"] = message.session_id
    headers = {**sender, "Idempotency-Key": message.key}
    return client.stream("POST", "/api/v1/chat/message", json=body, headers=headers)


async def _take_frames(response: httpx.Response, message: Message) -> None:
    if response.status_code != 200:
        body = (await response.aread()).decode()
        said = f"{response.request.method} {response.request.url}: {response.status_code} {body}"
        raise Refused(response.status_code, said)
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
        elif not line:
            if "id" in fields:  # `shutdown` has none: it is no event of the run
                message.take(int(fields["id"]), fields["event"], fields["data"])
            fields = {}


async def see_through(zygote: Zygote, message: Message, server: Server) -> Server:
    """Go on, restarting the server if it has died, until the message is answered."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        assert time.monotonic() < deadline, f"no end within {PATIENCE_S} s: {message}"
        if not server.ready or not is_alive(server.pid):
            server = await zygote.start()
        if message.ended:
            return server
        await send(server, message)


async def check(server: Server, message: Message) -> None:
    """Assert, over HTTP, one user turn, one answer, one charge, and a whole stream."""
    async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE_S) as client:
        assert [seq for seq, _, _ in message.frames] == list(range(1, len(message.frames) + 1))
        assert message.frames[-1][1] == "run.completed", message.frames[-1]
        await check_stream(client, message)
        await _check_turns(client, message)


async def check_stream(client: httpx.AsyncClient, message: Message) -> None:
    """Assert that a client that reads from the start sees the same stream."""
    again = Message(message.text, message.session_id, headers=message.headers, run_id=message.run_id)
    again.frames.append((0, "", ""))
    async with _request(client, again) as response:
        await _take_frames(response, again)
    assert again.frames[1:] == message.frames, "a client that reads from the start sees another stream"


async def _check_turns(client: httpx.AsyncClient, message: Message) -> None:
    started, completed = message.event("run.started"), message.event("answer.completed")
    turns = await history(client, str(message.session_id))
    assert len({turn["turn_id"] for turn in turns}) == len(turns)
    assert [turn["text"] for turn in turns if turn["turn_id"] == started["turn_id"]] == [message.text]
    answers = [turn for turn in turns if turn["turn_id"] == started["answer_turn_id"]]
    assert [(turn["role"], turn["text"], turn["status"]) for turn in answers] == [
        ("assistant", completed["text"], "complete")
    ]
    assert [turn["text"] for turn in turns if turn["role"] == "user"].count(message.text) == 1


async def history(
    client: httpx.AsyncClient, session_id: str, headers: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Every turn of a session, page by page. headers: who reads."""
    turns: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        params = {"after": after} if after else {}
        response = await client.get(f"/api/v1/chat/history/{session_id}", params=params, headers=headers)
        response.raise_for_status()
        page = response.json()
        turns += page["turns"]
        after = page["next"]
        if after is None:
            return turns


async def check_charges(server: Server, messages: list[Message], before: int) -> None:
    """Assert that the ledger holds the sum of what the runs settled, and nothing reserved."""
    quota = await usage(server)
    settled = sum(message.event("usage.settled")["used_tokens"] for message in messages)
    assert (quota["used_tokens"] - before, quota["reserved_tokens"]) == (settled, 0)


async def usage(server: Server) -> dict[str, Any]:
    """Where the local user stands."""
    async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE_S) as client:
        response = await client.get("/api/v1/me")
        response.raise_for_status()
        return response.json()
