"""Puts the finished answer together: the claims that stand, or a plain word that the sources do not say."""

from __future__ import annotations

from dataclasses import replace

from langgraph.runtime import Runtime

from graphs import emit
from graphs.answers.framed import is_disagreement
from graphs.answers.said import stems
from graphs.context import Context
from graphs.deps import Deps
from graphs.joint import short_answers, silent_parts
from graphs.language.indirect import silence_on
from graphs.language.joining import join
from graphs.language.picking import LEAD, ask_text
from graphs.language.smalltalk import kind_of
from graphs.language.spelling import told
from graphs.state import State, Update
from graphs.suggesting import suggest
from memory.records import Answer, Citation, Claim, Hit

_WHAT_I_DO = "I answer questions from the documents kept here, and name the source of every sentence."
_SMALL_TALK = {
    "greeting": f"Hello! {_WHAT_I_DO} What would you like to know?",
    "thanks": "You are welcome. Ask me again whenever you want something looked up in the documents.",
    "farewell": "Goodbye. Whatever you want looked up in the documents, ask again.",
    "help": f"{_WHAT_I_DO} Ask in your own words; follow-up questions are fine. What they do not say, I do not say.",
    "empty": f"I could find no question in that. {_WHAT_I_DO} What would you like to know?",
}
NOTE = "\n\nNote: "
"""Before what an answer says of itself, and not of the sources."""
_LISTED = 3
DISPUTED = 0.5
"""What is left of the confidence in an answer on which the sources disagree."""
_QUOTED = 200
_MODELS = frozenset({"synthesizer", "judge", "reader"})
"""Parts that are stood in for: the stream says so, but the answer lacks nothing that it would have said."""


async def responder(state: State, runtime: Runtime[Context], *, deps: Deps) -> Update:
    """Give the answer that the run ends with, and what could be asked next."""
    context = runtime.context
    answer = compose(state, is_filtered=bool(context.filters))
    if not answer.abstained:
        answer = replace(answer, suggestions=await suggest(state, context, deps, answer.citations))
    if state.options:
        emit.clarification_requested(runtime.stream_writer, LEAD, state.options)
    emit.answer_completed(runtime.stream_writer, answer)
    return {"answer": answer}


def compose(state: State, *, is_filtered: bool = False) -> Answer:
    """Make the answer out of what the run has learned; is_filtered: the searches were narrowed."""
    if kind := kind_of(state.question):
        return _without_claims(_SMALL_TALK[kind])
    if state.options:
        return _without_claims(ask_text(state.options))
    if state.verdict.outcome != "accept":
        return replace(
            _without_claims(_abstention(state, is_filtered)), claims=state.draft, confidence=state.verdict.confidence
        )
    standing = [claim for claim in state.draft if claim.verdict == "supported"]
    silences = [silence_on(part.question) for part in silent_parts(state.parts, standing)]
    return Answer(
        text=join([*(claim.text for claim in standing), *silences]) + _note(state),
        short_answer=short_answers(state.parts, standing) or _short_answer(state.short_answer, standing),
        claims=state.draft,
        citations=_citations(standing),
        confidence=state.verdict.confidence * (DISPUTED if any(map(is_disagreement, standing)) else 1.0),
        abstained=False,
    )


def _without_claims(text: str) -> Answer:
    return Answer(text=text, short_answer="", claims=(), citations=(), confidence=0.0, abstained=True)


def _short_answer(short_answer: str, standing: list[Claim]) -> str:
    """The short answer, if a claim that stands holds it."""
    return short_answer if any(short_answer in claim.text for claim in standing) else ""


def _citations(claims: list[Claim]) -> tuple[Citation, ...]:
    """The citations of claims in reading order, each once."""
    return tuple(dict.fromkeys(citation for claim in claims for citation in claim.citations))


def _abstention(state: State, is_filtered: bool) -> str:
    """Say that the sources do not say, or which part could not be asked, and what was looked for."""
    looked_for = _looked_for(state)
    gone = _parts_gone(state)
    if "vector_search" in gone:
        return (
            f"I cannot answer this now: vector_search could not be reached, so the documents were not fully "
            f"searched. I tried to look for: {looked_for}." + _note(state, leaving_out="vector_search")
        )
    return f"The sources do not say. I looked for: {looked_for}.{_closest(state, is_filtered)}{_note(state)}"


def _looked_for(state: State) -> str:
    """The question as it was searched; its rewordings are in the events and only counted here."""
    first, *others = dict.fromkeys(state.searched or (state.question,))
    quoted = first if len(first) <= _QUOTED else first[:_QUOTED].rstrip() + "…"
    more = {0: "", 1: ", and for one rewording of it"}.get(len(others), f", and for {len(others)} rewordings of it")
    return f"“{quoted}”{more}"


def _closest(state: State, is_filtered: bool) -> str:
    """Name the sections that came closest; where the search gave nothing whatever, say what that means."""
    if not state.hits:
        return " Nothing that is kept meets the filters." if is_filtered else " No documents are kept here yet."
    asked = stems(state.query or state.question)
    related = [hit for hit in state.hits if asked & stems(f"{_section(hit)} {hit.passage.text}")]
    sections = list(dict.fromkeys(map(_section, related)))[:_LISTED]
    return (
        f" The closest sources were: {', '.join(sections)}." if sections else " No source speaks of anything near it."
    )


def _section(hit: Hit) -> str:
    """Where a passage stands: its document and the heading above it."""
    title = hit.title or hit.source
    heading = hit.passage.heading[-1] if hit.passage.heading else ""
    return title if not heading or heading == title else f"{title} › {heading}"


def _parts_gone(state: State) -> list[str]:
    """Sources of evidence that the run had to do without."""
    return list(dict.fromkeys(part.part for part in state.degraded if part.part not in _MODELS))


def _note(state: State, leaving_out: str = "") -> str:
    """Say in the answer which words were read as others, and which parts it had to do without."""
    gone = [part for part in _parts_gone(state) if part != leaving_out]
    without = f"{', '.join(gone)} could not be reached; this was answered without it." if gone else ""
    said = " ".join(filter(None, (told(state.respelled), without)))
    return f"{NOTE}{said}" if said else ""
