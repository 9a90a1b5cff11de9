"""Makes sure that what is suggested can be answered, from the passage that it was made of."""

from __future__ import annotations

from collections.abc import Sequence

from graphs.answers.suggesting import MOST, Suggestion, suggestions_from
from graphs.context import Context
from graphs.deps import Deps
from graphs.language.verdicts import ANSWERABLE_THRESHOLD
from graphs.reading import ReadRequest
from graphs.state import State
from memory.records import Citation

TRIED = 4
"""Suggestions that are read for at most; each costs one embedding and four comparisons."""


async def suggest(state: State, context: Context, deps: Deps, cited: Sequence[Citation]) -> tuple[str, ...]:
    """Return up to three questions to go on with.

    On `quick` only questions that the sources ask and answer themselves; otherwise a section counts too if the reader
    finds an answer in it.
    """
    asked = [state.question, state.query, *(turn.text for turn in state.history if turn.role == "user")]
    found = suggestions_from(asked, state.hits, state.entries, cited)
    kept = [one for one in found if one.is_own][:MOST]
    if context.effort == "quick" or len(kept) == MOST:
        return tuple(one.text for one in kept)
    for one in [one for one in found if not one.is_own][:TRIED]:
        if len(kept) < MOST and await _is_answered(one, state, context, deps):
            kept.append(one)
    return tuple(one.text for one in kept)


async def _is_answered(one: Suggestion, state: State, context: Context, deps: Deps) -> bool:
    """Whether the reader, given nothing but its passage, takes it for answered."""
    if one.hit is None:
        return False
    request = ReadRequest(context.scope, one.text, (one.hit,), deps.tools, state.term_weights, "quick")
    return (await deps.reader.read(request)).answerable >= ANSWERABLE_THRESHOLD
