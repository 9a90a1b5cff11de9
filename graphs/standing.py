"""Makes a follow-up stand alone: by rules, or by a chat model where the run uses one and the rules see a need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from graphs.language.condense import condense, depends
from graphs.language.fencing import fence, new_nonce
from graphs.language.picking import asks_back
from graphs.models import Message, ModelFailed, NamedModel, TimeLimits, say
from graphs.prompts import prompt
from graphs.state import State
from memory.records import Turn

_PROMPT = prompt("condense")
_TURNS = 6
_MAX_REPLY = 400
_SHOWN = 600


class Asked(NamedTuple):
    """The stand-alone question, and what making it so cost."""

    query: str
    used_tokens: int = 0


async def stand_alone(state: State, chain: Sequence[NamedModel], limits: TimeLimits) -> Asked:
    """Return the question as it would be asked alone; never raises for a model, the rules stand in for it."""
    if state.query:
        return Asked(state.query)
    if chain and state.history and depends(state.question) and not asks_back(state.history):
        messages = _messages(state.question, state.history)
        try:
            said = await say(chain[0], messages, limits)
        except ModelFailed:
            # Writing the draft will meet the same model and report it; here the rules are good enough.
            return Asked(condense(state.question, state.history))
        used = said.tokens or sum((len(text) + 3) // 4 for _, text in messages) + len(said.text) // 4
        return Asked(_usable(said.text) or condense(state.question, state.history), used)
    return Asked(condense(state.question, state.history))


def _usable(reply: str) -> str:
    """A reply that is one question; "" if it is anything else."""
    text = reply.strip().strip('"')
    return text if text and "\n" not in text and len(text) <= _MAX_REPLY else ""


def _messages(question: str, history: Sequence[Turn]) -> tuple[Message, ...]:
    said = "\n".join(f"{turn.role}: {turn.text[:_SHOWN]}" for turn in history[-_TURNS:])
    nonce = new_nonce([said, question])
    body = f"{fence('conversation', 0, said, nonce)}\n\n{fence('question', 0, question, nonce)}"
    return (("system", _PROMPT.format(nonce=nonce)), ("human", body))
