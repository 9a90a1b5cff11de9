"""Every call of every port fails once, in three ways: all that is asked is answered or refused, nothing stays behind.

The embedded stores, a chat model's graph with its checkpoints, real HTTP. A case lets one call of one method fail, and
asks, again and again as a client would; for each method n = 1, 2, … until the n-th call is not made any more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

import api.runs.housekeeping
import api.runs.runs
import memory.stores
from api.errors import KINDS
from api.wiring import Faults
from memory.records import SYSTEM
from tests.api.rigging import Served, open_server, read_events
from tests.chaos.conftest import ORRIN, quoting
from tests.faults.nth_call import Kind, Saboteur
from tests.support.fake_provider import open_provider
from tests.support.small_stores import SmallEmbedder

QUESTION = "Who built the lighthouse of Orrin?"
SOON_S = 5.0
ENDS = {"run.completed", "run.failed", "run.cancelled"}
EVERY_KIND: tuple[Kind, ...] = ("refused", "lost", "cancelled")
ACTS: Mapping[str, tuple[Kind, ...]] = {
    **dict.fromkeys(("question", "history", "rating", "deletion"), EVERY_KIND),
    # An upload's calls are made by tasks of its own, which nobody can cancel but with all of it.
    "upload": ("refused", "lost"),
}
MOST_CALLS = 60
AT_EACH_CHANGE = {("question", "lost"), ("upload", "refused"), ("history", "refused"), ("deletion", "lost")}
"""The others by `make chaos`: a question has some forty calls, each of which costs a question."""
CASES_OF_FAILURE = [
    pytest.param(act, kind, marks=() if (act, kind) in AT_EACH_CHANGE else pytest.mark.chaos)
    for act, kinds in ACTS.items()
    for kind in kinds
]

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Bench(NamedTuple):
    """A served house and whoever makes its stores fail."""

    served: Served
    saboteur: Saboteur


Case = Callable[[Bench], Awaitable[None]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Bench]:
    async def small(*_: Any) -> SmallEmbedder:
        return SmallEmbedder()

    saboteur = Saboteur()
    async with AsyncExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(memory.stores, "_open_embedder", small)
        patch.setattr(api.runs.runs, "RETRY_S", 0.02)
        patch.setattr(api.runs.housekeeping, "RECOVER_S", 0.05)
        provider = await stack.enter_async_context(open_provider(quoting))
        model = {"model_synthesizer": "openai:scripted", "model_base_url": provider.url, "model_api_key": "none"}
        opening = open_server(tmp_path_factory.mktemp("nth"), Faults(saboteur.wrap), lease_ttl_s=1.5, **model)
        served = await stack.enter_async_context(opening)
        await upload(served, "orrin.md", ORRIN)
        yield Bench(served, saboteur)


@pytest.mark.parametrize(("act", "kind"), CASES_OF_FAILURE)
async def test_whichever_call_fails_nothing_stays_behind(bench: Bench, act: str, kind: Kind) -> None:
    bench.saboteur.aim()
    await CASES[act](bench)
    struck, broken = 0, dict[str, str]()
    for method in sorted(bench.saboteur.calls):
        for n in range(1, MOST_CALLS):
            bench.saboteur.aim(kind, method, n)
            try:
                await CASES[act](bench)
            except AssertionError as error:
                broken[f"{method}#{n}"] = str(error).split("\n", 1)[0]
            if not bench.saboteur.has_struck:
                break
            struck += 1
    print(f"{act}, {kind}: {struck} calls failed, one at a time")  # noqa: T201 (the figure)
    assert struck > 0
    assert not broken


async def question(bench: Bench) -> None:
    """Ask in a session that exists, and again under the same key until it is answered; then count."""
    served, (session, _) = bench.served, await session_of(bench)
    before = await usage(served)
    body = {"message": f"{QUESTION} Really?", "effort": "quick", "session_id": session}
    with bench.saboteur.at_work():
        last = await until(lambda: ended(served, body, {"Idempotency-Key": session}))
        await until(lambda: nothing_under_way(served))
    after = await usage(served)
    assert after["reserved_tokens"] == 0
    assert after["used_tokens"] - before["used_tokens"] == last["settled"]
    assert last["type"] == "run.completed" or bench.saboteur.kind == "cancelled", last
    turns = (await served.client.get(f"/api/v1/chat/history/{session}")).json()["turns"]
    assert [turn["text"] for turn in turns if turn["role"] == "user"] == [QUESTION, body["message"]]
    assert [turn["role"] for turn in turns] == ["user", "assistant"] * 2


async def ended(served: Served, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any] | None:
    """Ask over a stream; its last event with what was settled, None where it was refused for now."""
    headers = {"Accept": "text/event-stream", **headers}
    try:
        async with served.client.stream("POST", "/api/v1/chat/message", json=body, headers=headers) as reply:
            if reply.status_code != 200:
                await reply.aread()
                return refused(reply)
            events = [event async for event in read_events(reply)]
    except httpx.TransportError:
        return None
    assert events, "a stream without an event"
    settled = [event["used_tokens"] for event in events if event["type"] == "usage.settled"]
    return {**events[-1], "settled": sum(settled)} if events[-1]["type"] in ENDS else None


def refused(reply: httpx.Response) -> None:
    """See that an answer that says no says why."""
    assert reply.headers["content-type"] == "application/problem+json", reply.text
    problem = reply.json()
    assert KINDS[problem["code"]].status == reply.status_code
    assert problem["code"] in ("store_unavailable", "model_unavailable", "thread_busy", "stopping"), problem


async def upload(served: Served, name: str, text: str) -> bool:
    """Bring a document; False where it was refused for now."""
    files = {"files": (name, text.encode(), "text/markdown")}
    return await sent(served, "POST", "/api/v1/documents", files=files)


async def sent(served: Served, method: str, path: str, *, gone: bool = False, **given: Any) -> bool:
    """Ask for something; False where it was refused for now. gone: that it is not there is as good."""
    try:
        reply = await served.client.request(method, path, **given)
    except httpx.TransportError:
        return False
    if reply.is_success or (gone and reply.status_code == 404):
        return True
    refused(reply)
    return False


async def usage(served: Served) -> dict[str, Any]:
    """Where the local user stands."""
    reply = await served.client.get("/api/v1/me")
    assert reply.status_code == 200, reply.text
    return reply.json()


async def nothing_under_way(served: Served) -> bool:
    """Whether every run has ended."""
    return not await served.parts.stores.runs.unfinished(SYSTEM) and served.parts.runs.live == 0


async def until(done: Callable[[], Awaitable[Any]]) -> Any:
    """Ask again until there is an answer."""
    deadline = time.monotonic() + SOON_S
    while not (found := await done()):
        assert time.monotonic() < deadline, "no end"
        await asyncio.sleep(0.02)
    return found


async def session_of(bench: Bench) -> tuple[str, str]:
    """Begin a session while nothing fails; it and its answer's turn."""
    first = await bench.served.events({"message": QUESTION, "effort": "quick"})
    await until(lambda: nothing_under_way(bench.served))
    return first[0]["session_id"], first[0]["answer_turn_id"]


async def new_upload(bench: Bench) -> None:
    """Bring a document until it is kept; it is there once, and found."""
    name = f"{uuid4().hex}.md"
    with bench.saboteur.at_work():
        await until(lambda: upload(bench.served, name, f"Note {name} says that the lamp is green."))
    found = (await bench.served.client.get("/api/v1/documents", params={"prefix": name})).json()
    assert len(found["documents"]) == 1, found


async def history(bench: Bench) -> None:
    """Read a session until it can be read."""
    session, _ = await session_of(bench)
    with bench.saboteur.at_work():
        await until(lambda: sent(bench.served, "GET", f"/api/v1/chat/history/{session}"))


async def rating(bench: Bench) -> None:
    """Rate an answer until it is rated; the history shows it."""
    session, turn = await session_of(bench)
    body = {"session_id": session, "turn_id": turn, "rating": "up"}
    with bench.saboteur.at_work():
        await until(lambda: sent(bench.served, "POST", "/api/v1/chat/feedback", json=body))
    turns = (await bench.served.client.get(f"/api/v1/chat/history/{session}")).json()["turns"]
    assert [one["rating"] for one in turns] == [None, "up"]


async def deletion(bench: Bench) -> None:
    """Delete a session until it is gone; that it is gone already is told with 404."""
    session, _ = await session_of(bench)
    path = f"/api/v1/chat/sessions/{session}"
    with bench.saboteur.at_work():
        await until(lambda: sent(bench.served, "DELETE", path, gone=True))
    assert (await bench.served.client.get(f"/api/v1/chat/history/{session}")).status_code == 404


CASES: dict[str, Case] = {
    **{"question": question, "upload": new_upload, "history": history},
    **{"rating": rating, "deletion": deletion},
}
