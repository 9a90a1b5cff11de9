"""What programs that were written for OpenAI's protocol do with a server: retries, limits, conversations, refusals."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest
from langchain_core.messages import AIMessageChunk
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from tests.api.asking import HARBOUR, QUESTION, asking, messages
from tests.api.rigging import Script, Scripted, open_server, says

TEXTS = ("It is 41 metres tall.", "It stands on a cliff.")


async def create(client: openai.AsyncOpenAI, **given: Any) -> Any:
    return await client.chat.completions.create(**{"model": "multidb-quick", "messages": messages(), **given})


def local(server: Any, **options: Any) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="local", **{"max_retries": 0, **options})


async def test_the_key_local_is_this_machines_own_user_and_only_there(home: Path) -> None:
    async with open_server(home) as server, local(server) as client:
        assert [model.id async for model in client.models.list()]
        refused = await server.client.get("/v1/models", headers={"Authorization": "Bearer locale"})

    assert refused.status_code == 401
    assert "'local'" in refused.json()["error"]["message"]


async def test_one_model_is_told_by_its_name_and_another_is_none(home: Path) -> None:
    async with open_server(home) as server, local(server) as client:
        model = await client.models.retrieve("multidb-deep")
        with pytest.raises(openai.NotFoundError) as caught:
            await client.models.retrieve("gpt-9")

    assert (model.id, model.owned_by) == ("multidb-deep", "multidb")
    assert caught.value.code == "model_not_found"
    assert "multidb-deep" in caught.value.message


async def test_what_only_tunes_a_model_is_taken_and_changes_nothing(
    home: Path, script: Callable[[Script], Scripted]
) -> None:
    script(says(*TEXTS))
    async with open_server(home) as server, local(server) as client:
        tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
        reply = await create(
            client, temperature=2, top_p=0.1, seed=7, stop=["41"], user="u", tools=[tool], tool_choice="auto", n=1
        )

    assert reply.choices[0].message.content == " ".join(TEXTS)


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    ("limit", "text", "reason"), [(1, "", "length"), (6, TEXTS[0], "length"), (20, " ".join(TEXTS), "stop")]
)
async def test_a_limit_ends_the_text_after_a_whole_claim(
    home: Path, script: Callable[[Script], Scripted], streaming: bool, limit: int, text: str, reason: str
) -> None:
    script(says(*TEXTS))
    async with open_server(home) as server, local(server) as client:
        reply = await create(client, max_completion_tokens=limit, stream=streaming)
        said, ended = await _read(reply) if streaming else (reply.choices[0].message.content, None)

    assert said == text
    assert (ended or reply.choices[0].finish_reason) == reason


async def _read(stream: Any) -> tuple[str, str]:
    choices = [chunk.choices[0] async for chunk in stream]
    return "".join(choice.delta.content or "" for choice in choices), choices[-1].finish_reason


async def test_a_follow_up_is_understood_from_the_messages_that_the_client_keeps(
    home: Path, script: Callable[[Script], Scripted]
) -> None:
    graph = script(says(*TEXTS))
    told = [
        *messages(),
        {"role": "assistant", "content": "At the pier."},
        {"role": "user", "content": "And who owns it?"},
    ]
    async with open_server(home) as server, local(server) as client:
        first = await create(client, messages=told)
        await create(client, messages=told, extra_body={"session_id": first.session_id})

    history, known = [[(turn.role, turn.text) for turn in given["history"]] for given, _ in graph.asked]
    assert history == [("user", QUESTION), ("assistant", "At the pier.")]
    assert known == [("user", "And who owns it?"), ("assistant", " ".join(TEXTS))]


async def test_parts_of_a_message_are_read_as_one_text(home: Path) -> None:
    parts = [{"type": "text", "text": "Where do boats longer"}, {"type": "text", "text": "than 12 metres moor?"}]
    async with asking(home) as (_, client):
        reply = await create(client, messages=[{"role": "user", "content": parts}])

    assert "north pier" in reply.choices[0].message.content


async def test_a_quota_that_is_used_up_is_told_once_with_the_time_of_its_return(home: Path) -> None:
    async with asking(home, default_quota_tokens=100) as (_, client):
        with pytest.raises(openai.RateLimitError) as caught:
            await create(client.with_options(max_retries=5))

    assert caught.value.code == "insufficient_quota"
    assert int(caught.value.response.headers["retry-after"]) > 0
    assert caught.value.response.headers["x-should-retry"] == "false"


async def test_a_repeat_under_one_key_is_one_run(home: Path, script: Callable[[Script], Scripted]) -> None:
    graph = script(says(*TEXTS))
    key = {"Idempotency-Key": "order-7"}
    async with open_server(home) as server, local(server) as client:
        first, second = [await create(client, extra_headers=key) for _ in range(2)]

    assert first.id == second.id
    assert len(graph.asked) == 1


async def test_a_client_waits_for_a_server_that_is_still_starting(
    home: Path, script: Callable[[Script], Scripted]
) -> None:
    script(says(*TEXTS))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="local", max_retries=8)
    asking_early = asyncio.create_task(create(client))
    async with client, open_server(home, port=port):
        reply = await asking_early

    assert reply.choices[0].message.content == " ".join(TEXTS)


async def test_every_error_under_v1_has_their_shape(home: Path) -> None:
    async with open_server(home, max_body_bytes=2_000) as server, local(server) as client:
        with pytest.raises(openai.NotFoundError) as missing:
            await client.responses.create(model="multidb-quick", input="y")
        with pytest.raises(openai.APIStatusError) as large:
            await create(client, messages=messages("x" * 3_000))
        with pytest.raises(openai.PermissionDeniedError) as strange:
            await client.models.list(extra_headers={"Origin": "https://other.example"})
        broken = await server.client.post("/v1/chat/completions", content=b"{")
        wrong_way = await server.client.get("/v1/chat/completions")

    assert missing.value.code == "not_found"
    assert "/v1/chat/completions" in missing.value.message
    assert (large.value.status_code, large.value.code) == (413, "payload_too_large")
    assert strange.value.code == "origin_refused"
    assert (broken.status_code, broken.json()["error"]["code"]) == (400, "malformed_json")
    assert (wrong_way.status_code, wrong_way.json()["error"]["code"]) == (404, "not_found")


async def test_langchain_asks_streams_and_keeps_the_citations(home: Path) -> None:
    async with asking(home) as (server, client):
        key = SecretStr(client.api_key)
        model = ChatOpenAI(base_url=f"{server.url}/v1", api_key=key, model="multidb-standard", max_retries=0)
        whole = await model.ainvoke([("system", "Be brief."), ("human", QUESTION)])
        streamed = AIMessageChunk("")
        async for chunk in model.astream(QUESTION):
            streamed += chunk

    assert "north pier" in str(whole.content)
    assert streamed.text == whole.text
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["total_tokens"] > 0
    assert HARBOUR.decode().split("\n\n")[1].startswith(str(whole.text))
