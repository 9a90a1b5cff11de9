"""The response cache: an answer is given again while nothing that it rests on has changed, and only then."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, cast

import pytest

from api.events import EVENT
from api.runs import recall
from memory.errors import StoreUnavailable
from memory.identity import API_AUDIENCE, mint
from memory.records import Access, Document, Passage, Scope
from tests.api.rigging import PATIENCE_S, SECRET, Served, open_server
from tests.support import documents
from tests.support.fake_provider import Reply, open_provider

ORRIN = b"""# The lighthouse

The lighthouse of Orrin was built in 1873 by Mathilde Aubert. It stands 41 metres tall on the cliff of Saint Brann.
"""
QUESTION = "When was the lighthouse of Orrin built?"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept and given is tested, not how fast this machine's disk is meanwhile."""
    monkeypatch.setattr(recall, "PATIENCE_S", PATIENCE_S)


@pytest.fixture
async def server(home: Path) -> AsyncGenerator[Served]:
    async with open_server(home, response_cache="on", secret=SECRET) as served:
        await upload(served)
        yield served


async def upload(server: Served, name: str = "orrin.md", text: bytes = ORRIN, **given: Any) -> None:
    reply = await server.client.post("/api/v1/documents", files={"files": (name, text, "text/markdown")}, **given)
    assert reply.status_code == 201, reply.text


async def asked(server: Served, message: str = QUESTION, **given: Any) -> tuple[bool, dict[str, Any], int]:
    """Ask; return whether the answer was given again, the answer, and what it cost."""
    events = await server.events({"message": message, **given.pop("body", {})}, **given)
    for event in events:
        EVENT.validate_python(event)
    (answer,) = [event for event in events if event["type"] == "answer.completed"]
    (settled,) = [event for event in events if event["type"] == "usage.settled"]
    del answer["seq"]
    return "answer.cached" in {event["type"] for event in events}, answer, settled["used_tokens"]


async def keep_private(server: Served, scope: Scope) -> None:
    stores, untyped = server.parts.stores, cast("Any", documents)
    own: Document = untyped.document("notes.md", "A private note.", access=Access(scope.user_id))
    passages: list[Passage] = untyped.passages_of(own)
    vectors = await stores.embedder.embed_passages([passage.text for passage in passages])
    await stores.documents.put(scope, own, passages, vectors, stores.embedder.name)
    await stores.index.catch_up()


def bearer(*who: Any) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {mint(Scope(*who), API_AUDIENCE, SECRET.encode())}"}}


async def test_the_same_question_gets_the_same_answer_says_so_and_costs_less(server: Served) -> None:
    first, second = await asked(server), await asked(server, f"  {QUESTION.replace(' ', '  ')}")

    assert (first[0], second[0]) == (False, True)
    assert second[1] == first[1]
    assert 0 < second[2] < first[2] / 2
    (citation,) = second[1]["citations"][:1]
    text = (await server.client.get(f"/api/v1/documents/{citation['document_id']}/text")).json()["text"]
    assert text[citation["start"] : citation["end"]] == citation["quote"]


async def test_a_hit_is_a_turn_like_any_other_and_its_reply_says_that_it_was_cached(server: Served) -> None:
    replies = [await server.ask(QUESTION) for _ in range(2)]
    turns = (await server.client.get(f"/api/v1/chat/history/{replies[1]['session_id']}")).json()["turns"]

    assert [reply["cached"] for reply in replies] == [False, True]
    assert turns[1]["text"] == replies[0]["answer"]
    assert turns[1]["citations"] == replies[0]["citations"]


async def test_a_changed_document_is_a_miss_at_once(server: Served) -> None:
    await asked(server)
    await upload(server, text=ORRIN.replace(b"1873", b"1901"))

    again, answer, _ = await asked(server)

    assert not again
    assert "1901" in answer["text"]


async def test_other_words_effort_or_filters_are_a_miss(server: Served) -> None:
    await asked(server)

    assert not (await asked(server, QUESTION.upper()))[0]
    assert not (await asked(server, body={"effort": "quick"}))[0]
    assert not (await asked(server, body={"filters": {"source": "orrin.md"}}))[0]


async def test_what_follows_a_conversation_is_neither_kept_nor_given(server: Served) -> None:
    session = (await server.ask(QUESTION))["session_id"]

    assert not (await asked(server, body={"session_id": session}))[0]
    assert not (await asked(server, "Who built the lighthouse of Orrin?", body={"session_id": session}))[0]
    assert not (await asked(server, "Who built the lighthouse of Orrin?"))[0]


async def test_no_tenant_or_group_is_given_what_another_was(server: Served) -> None:
    everyone = [
        bearer("acme", "ann", (), ("editor",)),
        bearer("acme", "ann", ("staff",), ("editor",)),
        bearer("globex", "ann", (), ("editor",)),
    ]
    for one in (everyone[0], everyone[2]):
        await upload(server, **one)  # the very same text in both tenants

    assert [(await asked(server, **one))[0] for one in everyone] == [False] * 3
    assert [(await asked(server, **one))[0] for one in everyone] == [True] * 3


async def test_readers_of_the_same_documents_share_and_who_owns_one_does_not(server: Served) -> None:
    ann, bob, carl = (bearer("acme", who, ("staff",), ("editor",)) for who in ("ann", "bob", "carl"))
    await upload(server, **ann)
    await keep_private(server, Scope("acme", "carl", ("staff",)))

    assert [(await asked(server, **one))[0] for one in (ann, bob, carl)] == [False, True, False]
    assert [(await asked(server, **one))[0] for one in (carl, bob)] == [True, True]


async def test_an_abstention_is_looked_for_again(server: Served) -> None:
    nothing = "Which colour has the flag of Atlantis?"

    assert (await asked(server, nothing))[1]["abstained"]
    assert not (await asked(server, nothing))[0]


async def test_a_degraded_answer_is_not_kept(home: Path) -> None:
    async with open_server(home, response_cache="on", mcp_off=("knowledge_base",)) as server:
        await upload(server)

        assert [(await asked(server))[0] for _ in range(2)] == [False, False]


async def test_a_cache_that_is_away_costs_nothing_but_the_hit(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any) -> None:
        raise StoreUnavailable("the cache is away")

    for method in ("get", "put"):
        monkeypatch.setattr(type(server.parts.stores.cache), method, away)

    assert [(await asked(server))[0] for _ in range(2)] == [False, False]


async def test_a_chat_model_is_asked_once(home: Path) -> None:
    said = Reply("The lighthouse of Orrin was built in 1873 by Mathilde Aubert. [1]")
    async with open_provider(lambda _: said) as provider:
        model: dict[str, Any] = {"model_synthesizer": "openai:m", "model_base_url": provider.url, "model_api_key": "k"}
        async with open_server(home, **model) as server:
            await upload(server)
            first = await asked(server)
            calls = len(provider.requests)
            second = await asked(server)

    assert (first[0], second[0]) == (False, True)
    assert second[1] == first[1]
    assert len(provider.requests) == calls >= 1


@pytest.mark.parametrize("chosen", ["auto", "off"])
async def test_without_a_chat_model_it_is_off_unless_it_is_wanted(home: Path, chosen: str) -> None:
    async with open_server(home, response_cache=chosen) as server:
        await upload(server)

        assert [(await asked(server))[0] for _ in range(2)] == [False, False]
