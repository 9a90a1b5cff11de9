"""OpenAI's own client against our completions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest

from graphs.emit import answer_completed, answer_delta, claim_retracted, claim_supported
from memory.records import Answer, Claim
from tests.api.asking import asking, messages
from tests.api.rigging import Script, Scripted, Write


async def test_whole_and_streamed_completions_say_the_same_judged_sentences_with_their_citations(home: Path) -> None:
    async with asking(home) as (_, client):
        whole = await client.chat.completions.create(model="multidb-standard", messages=messages())
        stream = await client.chat.completions.create(
            model="multidb-standard", messages=messages(), stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]

    message = whole.choices[0].message
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert message.content is not None
    assert "north pier" in message.content
    assert said == message.content
    assert message.annotations
    cited = message.annotations[0].url_citation
    assert message.content[cited.start_index : cited.end_index].startswith("Boats longer")
    assert cited.title == "Harbour"
    assert "/api/v1/documents/" in cited.url
    assert whole.usage is not None
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens > 0
    assert chunks[-1].usage == whole.usage
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"


async def test_a_session_goes_on_when_it_is_named(home: Path) -> None:
    async with asking(home) as (_, client):
        first = await client.chat.completions.create(model="multidb-quick", messages=messages())
        session = first.model_dump()["session_id"]
        extra = {"session_id": session}
        again = await client.chat.completions.create(model="multidb-quick", messages=messages(), extra_body=extra)

    assert again.model_dump()["session_id"] == session


async def test_models_are_the_efforts(home: Path) -> None:
    async with asking(home) as (_, client):
        names = [model.id async for model in client.models.list()]

    assert names == ["multidb-quick", "multidb-standard", "multidb-deep"]


async def test_errors_have_the_shape_that_their_client_reads(home: Path) -> None:
    async with asking(home) as (_, client):
        with pytest.raises(openai.NotFoundError) as no_model:
            await client.chat.completions.create(model="gpt-9", messages=messages())
        with pytest.raises(openai.BadRequestError) as empty:
            await client.chat.completions.create(model="multidb-quick", messages=messages(""))
        with pytest.raises(openai.BadRequestError) as nothing:
            await client.chat.completions.create(model="multidb-quick", messages=[])

    assert (no_model.value.code, no_model.value.param) == ("model_not_found", "model")
    assert (empty.value.code, empty.value.param) == ("invalid_request", "messages")
    assert nothing.value.type == "invalid_request_error"


async def test_a_key_that_is_not_ours_is_refused(home: Path) -> None:
    async with asking(home) as (_, client):
        stranger = client.with_options(api_key="sk-nonsense")
        with pytest.raises(openai.AuthenticationError) as caught:
            await stranger.chat.completions.create(model="multidb-quick", messages=messages())
        with pytest.raises(openai.AuthenticationError):
            await stranger.models.list()

    assert caught.value.code == "invalid_api_key"


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_run_that_fails_is_an_error_and_no_answer(
    home: Path, script: Callable[[Script], Scripted], streaming: bool
) -> None:
    async def breaks(*_: object) -> None:
        raise RuntimeError("the graph broke")

    script(breaks)
    async with asking(home) as (_, client):
        with pytest.raises(openai.APIError) as caught:
            await _completed(client, streaming)

    assert caught.value.code == "internal"


async def _completed(client: openai.AsyncOpenAI, streaming: bool) -> None:
    given: Any = {"model": "multidb-quick", "messages": messages(), "stream": streaming}
    reply: Any = await client.chat.completions.create(**given)
    async for _ in reply:
        pass


async def test_a_claim_that_the_judge_struck_is_never_sent(home: Path, script: Callable[[Script], Scripted]) -> None:
    stands = Claim("c2", "It stands on a cliff.", verdict="supported")

    async def strikes(_: Scripted, __: str, write: Write) -> None:
        said: list[dict[str, Any]] = []
        answer_delta(said.append, "c1", "It is 900 metres tall.")
        answer_delta(said.append, "c2", stands.text)
        claim_retracted(said.append, Claim("c1", "It is 900 metres tall.", verdict="contradicted"))
        claim_supported(said.append, stands)
        answer_completed(said.append, Answer(stands.text, "", (stands,), (), 0.9, abstained=False))
        for part in said:
            await write(part)

    script(strikes)
    async with asking(home) as (_, client):
        given: Any = {"model": "multidb-quick", "messages": messages()}
        stream = await client.chat.completions.create(**given, stream=True)
        chunks = [chunk.model_dump_json() async for chunk in stream]
        whole = await client.chat.completions.create(**given)

    assert "900" not in "".join(chunks)
    assert whole.choices[0].message.content == stands.text
