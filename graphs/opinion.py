"""A chat model's second opinion on a draft. One that cannot be parsed, or never comes, is no opinion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from graphs.language.fencing import fence, new_nonce
from graphs.models import Message, ModelFailed, Models, NamedModel, say
from graphs.prompts import prompt
from graphs.state import Degraded
from memory.records import Claim

PART = "judge"
_PROMPT = prompt("judge")


class Opinion(BaseModel):
    """What a model makes of a draft: a verdict for every claim, and whether they answer the question."""

    model_config = ConfigDict(frozen=True, strict=True)

    claims: dict[str, Literal["supported", "unsupported", "contradicted"]]
    answers: bool


class Hearing(NamedTuple):
    """The opinion that was had, if any; what it cost; and why there is none, if the model was down."""

    opinion: Opinion | None = None
    used_tokens: int = 0
    degraded: Degraded | None = None


async def second_opinion(
    chain: Sequence[NamedModel], models: Models, question: str, claims: Sequence[Claim]
) -> Hearing:
    """Ask the first model of a chain for its opinion; never raises for a model."""
    if not chain or not claims:
        return Hearing()
    messages = _messages(question, claims)
    try:
        said = await say(chain[0], messages, models.limits)
    except ModelFailed as error:
        return Hearing(degraded=Degraded(PART, str(error)))
    used = said.tokens or sum((len(text) + 3) // 4 for _, text in messages) + len(said.text) // 4
    opinion = parse_opinion(said.text, [claim.id for claim in claims])
    unclear = None if opinion else Degraded(PART, f"{chain[0].spec} gave no verdict that can be read")
    return Hearing(opinion, used, unclear)


def parse_opinion(text: str, claim_ids: Sequence[str]) -> Opinion | None:
    """Read an opinion out of a reply; None unless it is whole and weighs each claim and no other."""
    begin, end = text.find("{"), text.rfind("}")
    try:
        opinion = Opinion.model_validate_json(text[begin : end + 1])
    except ValidationError:
        return None
    return opinion if set(opinion.claims) == set(claim_ids) else None


def _messages(question: str, claims: Sequence[Claim]) -> tuple[Message, ...]:
    shown = [_shown(claim) for claim in claims]
    nonce = new_nonce([question, *shown])
    parts = [fence("question", 0, question, nonce)]
    parts += [
        fence(f"claim {claim.id}", number, text, nonce)
        for number, (claim, text) in enumerate(zip(claims, shown, strict=True), 1)
    ]
    return (("system", _PROMPT.format(nonce=nonce)), ("human", "\n\n".join(parts)))


def _shown(claim: Claim) -> str:
    quotes = "\n".join(f"quote: {citation.quote}" for citation in claim.citations)
    return f"claim: {claim.text}\n{quotes or 'no quote'}"
