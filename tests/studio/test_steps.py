"""A run in Studio is an ordinary run, however often it stops, is edited, goes back or is given up."""

from __future__ import annotations

import asyncio

import pytest

from api.errors import Problem
from memory.records import LOCAL, SYSTEM
from tests.studio.rigging import THREAD, TOKENS, Studio

QUESTION, ANSWER = "How tall is it?", "It is 41 metres tall."
ALL_TOKENS = sum(TOKENS.values())
ASKED, ANSWERED = ("user", QUESTION, "complete", 1), ("assistant", ANSWER, "complete", 1)


async def test_a_run_charges_once_and_leaves_its_two_turns(studio: Studio):
    reply = await studio.run(QUESTION)

    assert reply["reply"] == ANSWER
    assert reply["charged_tokens"] == ALL_TOKENS
    assert reply["session_id"] == THREAD
    assert await studio.said() == [ASKED, ANSWERED]
    assert await studio.spent() == (ALL_TOKENS, 0)
    assert not await studio.is_leased()
    record = await studio.stores.runs.get(LOCAL, reply["run_id"])
    events = [event.type for event in await studio.stores.runs.read(LOCAL, reply["run_id"], 0, 50)]
    assert record.status == "completed"
    assert events == [
        "run.started",
        "answer.delta",
        "claim.supported",
        "answer.completed",
        "usage.settled",
        "run.completed",
    ]


async def test_a_stepped_run_is_one_run(studio: Studio):
    every = ["researcher", "synthesizer", "judge", "responder", "close"]
    await studio.run(QUESTION, interrupt_before=every)
    held = await studio.spent()
    assert held == (0, 6_000)
    assert await studio.is_leased()
    assert await studio.said() == [ASKED]

    for _ in every:
        await studio.run(interrupt_before=every)

    assert studio.script.steps == ["researcher", "synthesizer", "judge"]
    assert await studio.said() == [ASKED, ANSWERED]
    assert await studio.spent() == (ALL_TOKENS, 0)
    assert not await studio.is_leased()


async def test_an_edited_state_is_what_the_answer_is_made_of(studio: Studio):
    await studio.run(QUESTION, interrupt_before=["judge"])
    await studio.edit({"draft": [{"id": "r1c1", "text": "It is 42 metres tall.", "citations": []}]})

    reply = await studio.run()

    assert reply["reply"] == "It is 42 metres tall."
    assert await studio.said() == [ASKED, ("assistant", "It is 42 metres tall.", "complete", 1)]
    assert await studio.spent() == (ALL_TOKENS, 0)


async def test_an_edit_that_fits_no_field_is_refused_by_name_and_can_be_mended(studio: Studio):
    await studio.run(QUESTION, interrupt_before=["judge"])
    await studio.edit({"draft": [{"id": "r1c1"}]})
    with pytest.raises(ValueError, match=r"draft\.0"):
        await studio.run()

    await studio.edit({"draft": [{"id": "r1c1", "text": ANSWER}]}, as_node="synthesizer")
    await studio.run()

    assert await studio.said() == [ASKED, ANSWERED]


async def test_a_fork_of_a_finished_run_is_another_attempt_that_pays_for_its_own_steps(studio: Studio):
    await studio.run(QUESTION)
    first = (await studio.turns())[1]
    studio.script.claim = "It is 40 metres tall."

    reply = await studio.run(at=await studio.before("synthesizer"))

    forked = TOKENS["synthesizer"] + TOKENS["judge"]
    assert reply["charged_tokens"] == forked
    assert await studio.said() == [
        ASKED,
        ANSWERED,
        ("user", QUESTION, "complete", 2),
        ("assistant", "It is 40 metres tall.", "complete", 2),
    ]
    again = (await studio.turns())[2]
    assert again.parent_turn_id is None
    assert first.run_id != again.run_id == reply["run_id"]
    assert await studio.spent() == (ALL_TOKENS + forked, 0)


async def test_going_back_while_paused_stays_the_same_run_and_pays_for_every_step(studio: Studio):
    await studio.run(QUESTION, interrupt_before=["judge"])

    await studio.run(at=await studio.before("synthesizer"))

    assert await studio.said() == [ASKED, ANSWERED]
    assert await studio.spent() == (ALL_TOKENS + TOKENS["synthesizer"], 0)


async def test_a_follow_up_knows_the_conversation_and_nothing_of_the_last_search(studio: Studio):
    await studio.run(QUESTION)
    await studio.run("And how old?", interrupt_before=["researcher"])

    state = (await studio.before("researcher")).values
    assert [turn.text for turn in state["history"]] == [QUESTION, ANSWER]
    forgotten = ("query", "draft", "hits", "answer", "used_tokens", "round", "reply")
    assert not any(state[name] for name in forgotten)
    await studio.run()
    assert [text for _, text, _, _ in await studio.said()] == [QUESTION, ANSWER, "And how old?", ANSWER]
    assert (await studio.turns())[2].parent_turn_id == (await studio.turns())[1].turn_id


async def test_a_question_edited_and_asked_again_from_before_it_is_its_sibling(studio: Studio):
    await studio.run(QUESTION)
    await studio.run("And how old?")
    *_, start = await studio.checkpoints()
    answered = next(state for state in await studio.checkpoints() if state.values["question"] == QUESTION)

    await studio.run("And how heavy?", at=answered)
    await studio.run("How wide is it?", at=start)

    turns = await studio.turns()
    assert [turn.parent_turn_id for turn in turns if turn.role == "user"] == [
        None,
        turns[1].turn_id,
        turns[1].turn_id,
        None,
    ]
    assert [turn.attempt for turn in turns if turn.role == "user"] == [1, 1, 2, 2]


async def test_an_edited_question_is_asked_as_another_attempt_and_the_first_is_given_up(studio: Studio):
    await studio.run(QUESTION, interrupt_before=["synthesizer"])
    await studio.edit({"question": "How wide is it?"})

    await studio.run()

    assert await studio.said() == [
        ASKED,
        ("assistant", "", "cancelled", 1),
        ("user", "How wide is it?", "complete", 2),
        ("assistant", ANSWER, "complete", 2),
    ]
    assert await studio.spent() == (ALL_TOKENS, 0)


async def test_a_question_that_does_not_fit_the_quota_leaves_nothing(studio: Studio):
    deep = {"effort": "deep"}
    await studio.run(QUESTION, interrupt_before=["researcher"], context=deep)
    other = THREAD.replace("1", "2")

    with pytest.raises(Problem) as refused:
        await studio.run(QUESTION, thread=other, context=deep)

    assert refused.value.code == "quota_exceeded"
    assert await studio.said(other) == []
    assert await studio.spent() == (0, 20_000)
    assert not await studio.is_leased(other)
    await studio.run()
    await studio.run(QUESTION, thread=other, context=deep)
    assert await studio.spent() == (2 * ALL_TOKENS, 0)


async def test_a_fork_that_does_not_fit_the_quota_is_refused_before_its_first_step(studio: Studio):
    await studio.run(QUESTION)
    other = THREAD.replace("1", "2")
    await studio.run(QUESTION, thread=other, interrupt_before=["researcher"], context={"effort": "deep"})
    steps = len(studio.script.steps)

    with pytest.raises(Problem):
        await studio.run(at=await studio.before("synthesizer"), context={"effort": "deep"})

    assert len(studio.script.steps) == steps
    assert await studio.said() == [ASKED, ANSWERED]


async def test_a_step_that_fails_ends_the_run_and_going_on_is_another_attempt(studio: Studio):
    studio.script.fails["judge"] = RuntimeError("out of order")
    with pytest.raises(RuntimeError):
        await studio.run(QUESTION)
    assert await studio.said() == [ASKED, ("assistant", ANSWER, "partial", 1)]
    assert await studio.spent() == (TOKENS["researcher"] + TOKENS["synthesizer"], 0)

    await studio.run()

    assert (await studio.said())[2:] == [("user", QUESTION, "complete", 2), ("assistant", ANSWER, "complete", 2)]
    assert await studio.spent() == (ALL_TOKENS, 0)


async def test_a_cancelled_run_keeps_what_it_had_and_pays_for_it(studio: Studio):
    studio.script.holds = "judge"
    running = asyncio.create_task(studio.run(QUESTION))
    await asyncio.wait_for(studio.script.reached.wait(), 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert await studio.said() == [ASKED, ("assistant", ANSWER, "cancelled", 1)]
    assert await studio.spent() == (TOKENS["researcher"] + TOKENS["synthesizer"], 0)
    assert not await studio.is_leased()


async def test_another_question_gives_up_what_was_paused_on_its_thread(studio: Studio):
    await studio.run(QUESTION, interrupt_before=["synthesizer"])

    await studio.run("And how old?")

    assert [status for _, _, status, _ in await studio.said()] == ["complete", "cancelled", "complete", "complete"]
    assert await studio.spent() == (TOKENS["researcher"] + ALL_TOKENS, 0)


async def test_stopping_closes_what_is_paused(studio: Studio):
    await studio.run(QUESTION, interrupt_before=["judge"])

    await studio.runs.stop()

    assert await studio.said() == [ASKED, ("assistant", ANSWER, "cancelled", 1)]
    assert await studio.spent() == (TOKENS["researcher"] + TOKENS["synthesizer"], 0)
    assert await studio.stores.runs.unfinished(SYSTEM) == []
    with pytest.raises(Problem):
        await studio.run("Anything else?")
