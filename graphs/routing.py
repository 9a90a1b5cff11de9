"""Which node comes next: pure functions of state."""

from __future__ import annotations

from typing import Literal

from graphs.language.smalltalk import is_small_talk
from graphs.state import State


def at_start(state: State) -> Literal["researcher", "responder"]:
    """A greeting, or a message without a word in it, needs no search."""
    return "responder" if is_small_talk(state.question) else "researcher"


def after_researcher(state: State) -> Literal["synthesizer", "responder"]:
    """Ask back what is meant, or write."""
    return "responder" if state.options else "synthesizer"


def after_judge(state: State) -> Literal["researcher", "responder"]:
    """Look again for what is missing, or answer; the judge has kept to the number of rounds."""
    return "researcher" if state.verdict.outcome == "research" else "responder"
