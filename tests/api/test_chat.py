"""One message through the front door, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from api.events import EVENT
from tests.api.rigging import PATIENCE_S, Script, Scripted, Served, open_server, says

MANUAL = b"""# The lighthouse

The lighthouse of Orrin was built in 1873 by Mathilde Aubert. It stands 41 metres tall on the cliff of Saint Brann.
"""


async def test_json_reply_has_the_answer_and_the_session(served: Served) -> None:
    reply = await served.ask()

    assert reply["answer"] == "It is 41 metres tall. It stands on a cliff."
    assert {"run_id", "session_id", "short_answer", "abstained", "confidence", "citations", "claims"} <= set(reply)
    assert reply["used_tokens"] == 42


async def test_stream_starts_with_run_started_and_ends_with_its_terminal_event_without_a_gap(served: Served) -> None:
    events = await served.events({"message": "How tall is it?"})

    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["type"] == "run.started"
    assert [event["type"] for event in events[-3:]] == ["answer.completed", "usage.settled", "run.completed"]
    for event in events:
        EVENT.validate_python(event)


async def test_every_message_leaves_one_user_turn_one_answer_and_one_charge(served: Served) -> None:
    session = (await served.ask("How tall is it?"))["session_id"]
    await served.ask("And where?", session_id=session)

    turns = (await served.client.get(f"/api/v1/chat/history/{session}")).json()["turns"]
    me = (await served.client.get("/api/v1/me")).json()

    assert [(turn["role"], turn["status"]) for turn in turns] == [("user", "complete"), ("assistant", "complete")] * 2
    assert [turn["turn_id"] for turn in turns] == sorted(turn["turn_id"] for turn in turns)
    assert turns[2]["parent_turn_id"] == turns[1]["turn_id"]
    assert (me["used_tokens"], me["reserved_tokens"]) == (84, 0)


async def test_real_graph_answers_from_an_upload_with_exact_offsets(home: Path) -> None:
    async with open_server(home) as server:
        kept = await server.client.post("/api/v1/documents", files={"files": ("orrin.md", MANUAL, "text/markdown")})
        assert kept.status_code == 201, kept.text
        events = await server.events({"message": "When was the lighthouse of Orrin built?"})
        document_id = kept.json()["files"][0]["document_ids"][0]
        text = (await server.client.get(f"/api/v1/documents/{document_id}/text")).json()["text"]

    for event in events:
        EVENT.validate_python(event)
    completed = next(event for event in events if event["type"] == "answer.completed")
    quotes = [c for claim in completed["claims"] for c in claim["citations"]]
    assert quotes
    assert all(text[quote["start"] : quote["end"]] == quote["quote"] for quote in quotes)


async def test_repeated_idempotency_key_returns_the_first_run(served: Served) -> None:
    headers = {"Idempotency-Key": "once"}

    replies = await asyncio.gather(*(served.ask(headers=headers) for _ in range(8)))

    assert len({reply["run_id"] for reply in replies}) == 1
    turns = (await served.client.get(f"/api/v1/chat/history/{replies[0]['session_id']}")).json()["turns"]
    assert len(turns) == 2


async def test_idempotency_key_of_another_request_is_refused(served: Served) -> None:
    await served.ask(headers={"Idempotency-Key": "once"})

    reply = await served.client.post(
        "/api/v1/chat/message", json={"message": "Something else"}, headers={"Idempotency-Key": "once"}
    )

    assert (reply.status_code, reply.json()["code"]) == (422, "idempotency_key_reused")


async def test_second_message_on_a_busy_session_waits_for_its_turn(
    home: Path, script: Callable[[Script], Scripted]
) -> None:
    graph = script(says("One.", "Two.", hold_after=1))
    async with open_server(home) as server:
        first = asyncio.create_task(server.ask("First?", session_id="s"))
        await asyncio.wait_for(graph.reached.wait(), PATIENCE_S)
        second = asyncio.create_task(server.ask("Second?", session_id="s"))
        graph.go.set()
        await asyncio.gather(first, second)
        turns = (await server.client.get("/api/v1/chat/history/s")).json()["turns"]

    assert [turn["text"] for turn in turns if turn["role"] == "user"] == ["First?", "Second?"]
    assert [turn["role"] for turn in turns] == ["user", "assistant"] * 2


async def test_second_message_that_waited_too_long_gets_409(home: Path, script: Callable[[Script], Scripted]) -> None:
    graph = script(says("One.", "Two.", hold_after=1))
    async with open_server(home, thread_wait_s=0.1) as server:
        first = asyncio.create_task(server.ask("First?", session_id="s"))
        await asyncio.wait_for(graph.reached.wait(), PATIENCE_S)
        reply = await server.client.post("/api/v1/chat/message", json={"message": "Second?", "session_id": "s"})
        graph.go.set()
        await first

    assert (reply.status_code, reply.json()["code"]) == (409, "thread_busy")
    assert "Retry-After" in reply.headers


async def test_run_goes_on_when_the_client_leaves(home: Path, script: Callable[[Script], Scripted]) -> None:
    graph = script(says("One.", "Two.", hold_after=1))
    async with open_server(home) as server:
        async with server.stream({"message": "Hello there?", "session_id": "s"}) as events:
            run_id = (await anext(events))["run_id"]
        graph.go.set()
        later = await server.events(run=run_id)
        turns = (await server.client.get("/api/v1/chat/history/s")).json()["turns"]

    assert later[-1]["type"] == "run.completed"
    assert turns[1]["text"] == "One. Two."


async def test_reader_that_reconnects_gets_exactly_what_it_missed(served: Served) -> None:
    events = await served.events({"message": "How tall is it?"})
    run_id = events[0]["run_id"]

    for last in range(1, len(events)):
        rest = await served.events(run=run_id, headers={"Last-Event-ID": str(last)})
        assert rest == events[last:]


async def test_reader_that_has_seen_everything_is_told_not_to_come_back(served: Served) -> None:
    run_id = (await served.ask())["run_id"]

    reply = await served.client.get(f"/api/v1/runs/{run_id}/events", headers={"Last-Event-ID": "999"})

    assert reply.status_code == 204


async def test_cancel_keeps_the_partial_answer_and_says_so(home: Path, script: Callable[[Script], Scripted]) -> None:
    graph = script(says("One.", "Two.", hold_after=1))
    async with open_server(home) as server:
        async with server.stream({"message": "Hello there?", "session_id": "s"}) as events:
            run_id = (await anext(events))["run_id"]
            await asyncio.wait_for(graph.reached.wait(), PATIENCE_S)
            cancelled = await server.client.post(f"/api/v1/runs/{run_id}/cancel")
            rest = [event async for event in events]
        turns = (await server.client.get("/api/v1/chat/history/s")).json()["turns"]
        me = (await server.client.get("/api/v1/me")).json()

    assert cancelled.json()["status"] == "cancelled"
    assert rest[-1]["type"] == "run.cancelled"
    assert (turns[1]["status"], turns[1]["text"]) == ("cancelled", "One.")
    assert me["reserved_tokens"] == 0
    assert 0 < me["used_tokens"] < 42


async def test_cancelling_an_ended_run_changes_nothing(served: Served) -> None:
    run_id = (await served.ask())["run_id"]

    reply = await served.client.post(f"/api/v1/runs/{run_id}/cancel")

    assert reply.json()["status"] == "completed"


async def test_failing_graph_ends_in_run_failed_with_nothing_charged(
    home: Path, script: Callable[[Script], Scripted]
) -> None:
    async def fails(*_: object) -> None:
        raise RuntimeError("the words of a user must not leave")

    script(fails)
    async with open_server(home) as server:
        events = await server.events({"message": "Hello there?", "session_id": "s"})
        turns = (await server.client.get("/api/v1/chat/history/s")).json()["turns"]
        me = (await server.client.get("/api/v1/me")).json()

    assert (events[-1]["type"], events[-1]["code"]) == ("run.failed", "internal")
    assert "words of a user" not in str(events)
    assert (turns[1]["status"], turns[1]["text"]) == ("failed", "")
    assert (me["used_tokens"], me["reserved_tokens"]) == (0, 0)


async def test_quota_that_does_not_suffice_is_refused_before_anything_is_written(
    home: Path, script: Callable[[Script], Scripted]
) -> None:
    script(says("One."))
    async with open_server(home, default_quota_tokens=7_000) as server:
        await server.ask("Hello there?", session_id="s", effort="standard")
        reply = await server.client.post(
            "/api/v1/chat/message", json={"message": "Again?", "session_id": "s", "effort": "deep"}
        )
        turns = (await server.client.get("/api/v1/chat/history/s")).json()["turns"]

    assert (reply.status_code, reply.json()["code"]) == (429, "quota_exceeded")
    assert reply.json()["remaining"] == 7_000 - 42
    assert "resets_at" in reply.json()
    assert len(turns) == 2


async def test_parallel_messages_never_pass_the_quota(home: Path, script: Callable[[Script], Scripted]) -> None:
    script(says("One."))
    async with open_server(home, default_quota_tokens=12_500) as server:
        replies = await asyncio.gather(
            *(server.client.post("/api/v1/chat/message", json={"message": f"Question {n}?"}) for n in range(8))
        )
        me = (await server.client.get("/api/v1/me")).json()

    codes = [reply.status_code for reply in replies]
    assert set(codes) <= {200, 429}
    assert me["used_tokens"] == 42 * codes.count(200) <= 12_500
    assert me["reserved_tokens"] == 0


async def test_edited_message_is_a_sibling_of_the_first(served: Served) -> None:
    first = await served.ask("How tall?", session_id="s")
    again = await served.ask("How wide?", session_id="s", parent_turn_id=None)

    turns = (await served.client.get("/api/v1/chat/history/s")).json()["turns"]
    edited = next(turn for turn in turns if turn["turn_id"] == again["turn_id"])

    assert first["turn_id"] != again["turn_id"]
    assert (edited["parent_turn_id"], edited["attempt"]) == (None, 2)


async def test_unknown_parent_turn_is_refused(served: Served) -> None:
    reply = await served.client.post(
        "/api/v1/chat/message", json={"message": "Hm?", "session_id": "s", "parent_turn_id": "no-such-turn"}
    )

    assert (reply.status_code, reply.json()["code"]) == (422, "invalid_request")
