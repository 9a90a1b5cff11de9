"""A local model streams out of its thread and stops when nobody listens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Event

import pytest

from graphs.local_model import Counts, Generate, LocalChatModel
from graphs.models import ModelFailed, Models, NamedModel, TimeLimits, say
from tests.graphs.driving import ask, graph_of
from tests.support.fake_tools import FakeTools, passage_hit

LIMITS = TimeLimits(5, 5, 5)


def named(generate: Generate) -> NamedModel:
    return NamedModel("hf:fake", LocalChatModel(generate_text=generate))


async def test_a_local_model_s_pieces_and_counts_arrive():
    heard: list[dict[str, str]] = []

    def generate(messages: list[dict[str, str]], put: Callable[[str], None], should_stop: Callable[[], bool]) -> Counts:
        heard.extend(messages)
        put("It is ")
        put("red.")
        return Counts(7, 3)

    piece = await say(named(generate), [("system", "be brief"), ("human", "colour?")], LIMITS)
    assert piece == ("It is red.", 10)
    assert heard == [{"role": "system", "content": "be brief"}, {"role": "user", "content": "colour?"}]


async def test_a_local_model_stops_soon_after_nobody_listens():
    started, ended = asyncio.Event(), Event()
    loop = asyncio.get_running_loop()

    def generate(messages: list[dict[str, str]], put: Callable[[str], None], should_stop: Callable[[], bool]) -> Counts:
        loop.call_soon_threadsafe(started.set)
        while not should_stop():
            put("on ")
        ended.set()
        return Counts(1, 1)

    task = asyncio.create_task(say(named(generate), [("human", "go")], LIMITS))
    await asyncio.wait_for(started.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.wait(5)


async def test_a_local_model_that_fails_is_a_failed_model():
    def generate(messages: list[dict[str, str]], put: Callable[[str], None], should_stop: Callable[[], bool]) -> Counts:
        raise RuntimeError("out of memory")

    with pytest.raises(ModelFailed):
        await say(named(generate), [("human", "go")], LIMITS)


async def test_the_graph_writes_with_a_local_model():
    def generate(messages: list[dict[str, str]], put: Callable[[str], None], should_stop: Callable[[], bool]) -> Counts:
        put("The tower was completed in 1889 [1].")
        return Counts(50, 9)

    hit = passage_hit("The tower was completed in 1889.", "tower")
    models = Models(synthesizer=(named(generate),), limits=LIMITS)
    ran = await ask(graph_of(FakeTools([hit]), models), "When was the tower completed?")
    assert ran.answer.text == "The tower was completed in 1889."
    assert ran.state["used_tokens"] == 59
