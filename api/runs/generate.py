"""Drives the graph for one run and collects what it says."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from api.runs.engine import Engine
from api.runs.message import checkpoint_id, context_of, effort_of, told_before
from api.runs.recall import Kept, key_of, parts_of, recall, remember
from api.runs.reconcile import reconcile
from api.runs.replay import Replay, Said
from api.runs.writer import EventWriter, body_of
from api.telemetry import langsmith_tracing
from memory.records import Answer, RunRecord, Turn

WORDS_PER_TOKEN = 0.75
"""Rough, for charging a run that was stopped before it could count: English text in common tokenizers."""


@dataclass(slots=True)
class Generation:
    """One attempt at a run's answer, while it is made.

    lease_token: fences its checkpoints against older attempts. is_whole: no part was gone and nothing was left open.
    is_cached: the answer was made before.
    """

    record: RunRecord
    writer: EventWriter
    replay: Replay
    lease_token: int = 0
    deltas: dict[str, str] = field(default_factory=dict[str, str])
    answer: Answer | None = None
    used_tokens: int = 0
    is_whole: bool = True
    is_cached: bool = False

    @property
    def text(self) -> str:
        """What was streamed and not struck, claim by claim."""
        return " ".join(text.strip() for text in self.deltas.values() if text.strip())

    def spent_tokens(self) -> int:
        """Tokens to charge if it stops here."""
        words = len(self.record.message.split()) + len(self.text.split())
        return max(self.used_tokens, round(words / WORDS_PER_TOKEN)) if self.deltas else self.used_tokens


async def generate(engine: Engine, making: Generation, *, resumed: bool) -> None:
    """Run the graph to its end; what it says is in the log and in `making`.

    resumed: a former attempt may have left checkpoints.
    """
    try:
        with engine.metrics.telemetry.run(making.record), langsmith_tracing(engine.settings):
            given = await _run(engine, making, resumed=resumed)
    finally:
        making.writer.begin()
    for said in making.replay.end():
        making.writer.put(said.kind, said.body)
    if given is None and making.answer is not None:
        for said in reconcile(making.replay.held, making.answer):
            making.writer.put(said.kind, said.body)
    await making.writer.flush()


async def _run(engine: Engine, making: Generation, *, resumed: bool) -> Mapping[str, Any] | None:
    """Run the graph; return what it was given, None if it went on from a checkpoint."""
    record = making.record
    config: dict[str, Any] = {
        "configurable": {
            "thread_id": checkpoint_id(record.scope, record.thread_id, record.run_id),
            "lease_token": making.lease_token,
        }
    }
    if callbacks := engine.metrics.telemetry.callbacks():
        config["callbacks"] = list(callbacks)
    given = await _input(engine, record, config, resumed=resumed)
    key = await key_of(engine, record) if given is not None else None
    if key is not None and (kept := await recall(engine, record.scope, key)) is not None:
        _give_again(engine, making, kept)
        return given
    graph: Any = await engine.graph()
    parts = graph.astream(
        given,
        config,
        context=context_of(record),
        stream_mode=["custom", "values"],
        durability=engine.durability,
        version="v2",
    )
    await _consume(engine, making, parts)
    if key is not None and making.answer is not None and making.is_whole:
        await remember(engine, record, key, making.answer)
    return given


def _give_again(engine: Engine, making: Generation, kept: Kept) -> None:
    """Say a kept answer; it costs the words of question and answer, as nothing was searched, read or judged."""
    for part in parts_of(kept):
        _said(engine, making, part)
    making.used_tokens = making.spent_tokens()
    making.answer, making.is_cached = kept.answer, True


async def _consume(engine: Engine, making: Generation, parts: AsyncGenerator[Any]) -> None:
    async with aclosing(parts):
        async for part in parts:
            if part["type"] == "custom":
                _said(engine, making, part["data"])
            else:
                _learned(making, part["data"])


async def continues(engine: Engine, record: RunRecord) -> bool:
    """Tell whether a run goes on in the middle, from a checkpoint, instead of from the start."""
    if not engine.settings.resumes:
        return False
    config: Any = {"configurable": {"thread_id": checkpoint_id(record.scope, record.thread_id, record.run_id)}}
    return await engine.stores.checkpointer.aget_tuple(config) is not None


async def _input(engine: Engine, record: RunRecord, config: Any, *, resumed: bool) -> Mapping[str, Any] | None:
    if resumed and await continues(engine, record):
        return None
    return {"question": record.message, "history": tuple(await history_of(engine, record))}


async def history_of(engine: Engine, record: RunRecord) -> Sequence[Turn]:
    """The turns that lead to the run's question, oldest first: the branch that its parent ends, or what was told."""
    if told := told_before(record):
        return told[-engine.settings.history_turns :] if engine.settings.history_turns else ()
    if record.parent_turn_id is None:
        return ()
    recent = await engine.stores.turns.recent(record.scope, record.thread_id, 4 * engine.settings.history_turns + 2)
    turns = {turn.turn_id: turn for turn in recent}
    branch: list[Turn] = []
    at = record.parent_turn_id
    while at is not None and (turn := turns.get(at)) is not None and len(branch) < engine.settings.history_turns:
        branch.append(turn)
        at = turn.parent_turn_id
    return branch[::-1]


def _said(engine: Engine, making: Generation, part: Mapping[str, Any]) -> None:
    engine.crash("run.said")
    kind = str(part["type"])
    _note(engine, making, kind, part)
    if kind == "answer.completed":
        return  # sent at the close, when it is stored
    for said in making.replay.accept(Said(kind, body_of(part))):
        making.writer.put(said.kind, said.body)


def _note(engine: Engine, making: Generation, kind: str, part: Mapping[str, Any]) -> None:
    match kind:
        case "answer.delta":
            if not making.deltas:
                waited = (datetime.now(UTC) - making.record.created_at).total_seconds()
                engine.metrics.first_text_seconds.labels(effort_of(making.record)).observe(max(0.0, waited))
            claim_id = str(part["claim_id"])
            making.deltas[claim_id] = making.deltas.get(claim_id, "") + str(part["text"])
        case "claim.retracted":
            making.deltas.pop(str(part["claim_id"]), None)
        case "clarification.requested":
            making.is_whole = False
        case "degraded":
            making.is_whole = False
            engine.metrics.degraded.labels(str(part["part"])).inc()
        case _:
            pass


def _learned(making: Generation, state: Any) -> None:
    """Keep what the state says so far; LangGraph gives the channels as a dict or as the State itself."""
    known = cast(dict[str, Any], state if isinstance(state, dict) else vars_of(state))
    making.used_tokens = known.get("used_tokens") or making.used_tokens
    making.answer = known.get("answer") or making.answer


def vars_of(state: object) -> dict[str, Any]:
    """The fields of a State that a run's end needs."""
    return {name: getattr(state, name, None) for name in ("answer", "used_tokens")}
