"""Weighs claims against the passages they rest on, with no chat model. The evals weigh with this very code."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from graphs.language.align import Label, Weighing, weigh
from graphs.language.framing import claims_nothing, says_silence, undressed
from graphs.language.grounding import COMPARED, GROUNDED, Evidence, grounding, stems
from graphs.language.invented import denied_alone, invented
from graphs.language.strangers import (
    KEPT,
    STEP,
    asks_for_steps,
    is_short_step,
    keeps_company,
    refers_back,
    says_something,
    speaks_of_writing,
    strays,
    wants_something,
)
from tools.errors import ToolRefused, ToolUnavailable

Likeness = Callable[[str, tuple[str, ...]], Awaitable[Sequence[float]]]
"""(claim, sentences) -> the cosine of each sentence to the claim."""
ALIGNED = 3
"""Sentences that a claim is compared with word by word."""
NEAR = 0.75
"""Share of a claim's words in one sentence from which any difference between the two counts."""
ABOUT = 0.5
"""Share from which another value, an opposite or a negation counts."""
SHORT = 6
FEW = 2
"""Words of content, numbers aside, below which a sentence says too little to vouch for another."""
BESIDE = 4
"""Sentences before a step, and behind it, that it is compared with."""
_HARD = ("the source says", "one of them is negated")
_SINGLE = "the source has"


class Weighed(NamedTuple):
    """What a claim weighs. score: how much of it its sources carry, in [0, 1]; halved where they deny it.

    is_silence: it says no more than that the sources do not say something.
    """

    label: Label
    reason: str
    score: float
    is_silence: bool = False


async def weigh_claim(claim: str, quotes: Sequence[str], evidence: Evidence, likeness: Likeness) -> Weighed:
    """Weigh one sentence.

    Args:
        claim: as it stands in the draft.
        quotes: the very words it cites.
        evidence: the passages they stand in, which a retelling may draw on.
        likeness: of the claim in meaning; where it cannot be had, words alone decide.
    """
    exact = weigh(claim, quotes)
    is_verbatim = any(" ".join(claim.split()) in " ".join(quote.split()) for quote in quotes)
    denied = "" if is_verbatim else denied_alone(claim, evidence)
    if exact.label == "supported" and not denied:
        return Weighed("supported", "", 1.0)
    if not quotes or not claim.strip():
        return Weighed(exact.label, exact.reason, 0.0)
    claim = undressed(claim)
    near = [weigh(claim, [sentence]) for sentence in evidence.nearest(claim, ALIGNED)]
    if not denied and any(weighing.label == "supported" for weighing in near):
        return Weighed("supported", "", 1.0)
    score = grounding(claim, evidence, await _likeness(claim, evidence, likeness))
    if fault := _fault([exact, *near], claim):
        return Weighed(fault.label, fault.reason, score / 2)
    if denied:
        return Weighed("unsupported", f"the source does not deny {denied!r}", score / 2)
    if stranger := invented(claim, evidence):
        return Weighed("unsupported", f"the source does not say {stranger!r}", score / 2)
    if score < GROUNDED:
        return Weighed("unsupported", "too little of it is in the cited passage", score)
    return Weighed("supported", "", score)


async def is_stranger(quote: str, around: Evidence, question: str, likeness: Likeness) -> bool:
    """Whether a sentence belongs neither to its passage nor to the question, as one that was planted.

    Args:
        quote: the sentence.
        around: its passages; titles and the conversation do not count.
        question: what is asked, with the passages' titles.
        likeness: of the sentence in meaning; where it cannot be had, form and words decide.
    """
    is_wish = wants_something(quote)
    if not is_wish and (refers_back(quote) or not says_something(quote)):
        return False
    # What is told to the writer of an answer must belong to the question: what was planted brings its own company.
    company = () if speaks_of_writing(quote) else _company(quote, around)
    if not is_wish and not company:
        return False
    is_kept = keeps_company(quote, company, question)
    try:
        if company and asks_for_steps(question):
            near = " ".join(_neighbours(quote, around) or company[:COMPARED])
            return not is_short_step(quote) and sum(await likeness(quote, (question, near))) < STEP
        to_question, *to_others = await likeness(quote, (question, *company[:COMPARED]))
    except (ToolUnavailable, ToolRefused):
        return is_wish and not is_kept
    return (to_question < KEPT or not is_kept) and strays(is_wish, to_question, max(to_others, default=-1.0))


def _neighbours(quote: str, around: Evidence) -> list[str]:
    """The sentences that stand before and behind a quote; none where it is not found as one sentence."""
    said = " ".join(quote.split())
    at = next((at for at, one in enumerate(around.sentences) if said in " ".join(one.split())), None)
    if at is None:
        return []
    return [*around.sentences[max(0, at - BESIDE) : at], *around.sentences[at + 1 : at + 1 + BESIDE]]


def _company(quote: str, around: Evidence) -> list[str]:
    """The other sentences of its passages that say enough, those first that share most words with it; no part of it."""
    said = " ".join(quote.split())
    ranked = around.nearest(quote, len(around.sentences))
    others = [one for one in ranked if said not in (other := " ".join(one.split())) and other not in said]
    return [one for one in others if len({*filter(str.isalpha, stems(one))}) >= FEW]


async def weigh_text(sentences: Sequence[str], evidence: Evidence, likeness: Likeness) -> list[Weighed | None]:
    """Weigh the sentences of a text that names no citations; None for those that claim nothing."""

    async def one(sentence: str) -> Weighed | None:
        if claims_nothing(sentence):
            return None
        if says_silence(sentence):
            return _silence(sentence, evidence)
        return await weigh_claim(sentence, evidence.nearest(sentence, 1), evidence, likeness)

    return list(await asyncio.gather(*(one(sentence) for sentence in sentences)))


def _silence(sentence: str, evidence: Evidence) -> Weighed:
    """A sentence which says that the sources do not say something: the less of it they say, the truer it is."""
    score = 1.0 - grounding(sentence, evidence, None)
    if score < GROUNDED:
        return Weighed("unsupported", "they do say it", score, is_silence=True)
    return Weighed("supported", "", score, is_silence=True)


def _fault(weighings: Sequence[Weighing], claim: str) -> Weighing | None:
    """The weighing by the sentence that says nearly the same, if it says otherwise."""
    closest = max(weighings, key=lambda weighing: weighing.share)
    if closest.label == "contradicted" and closest.share >= (ABOUT if closest.reason.startswith(_HARD) else NEAR):
        return closest
    wanting = closest.share >= NEAR and not closest.reason.startswith(
        ("the source does not say '", 'the source does not say "', "too little")
    )
    if closest.label == "unsupported" and wanting:
        is_short = len(claim.split()) <= SHORT
        return closest if is_short or not closest.reason.startswith(_SINGLE) else None
    return None


async def _likeness(claim: str, evidence: Evidence, likeness: Likeness) -> float | None:
    """The highest cosine to one of the sentences that share most words with the claim."""
    sentences = evidence.nearest(claim)
    if not sentences:
        return None
    try:
        return max(await likeness(claim, sentences))
    except (ToolUnavailable, ToolRefused):
        return None
