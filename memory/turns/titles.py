"""What a thread is called, and which threads mention some words. Shared by the adapters of every technology."""

from __future__ import annotations

TITLE_CHARACTERS = 80


def title_of(text: str) -> str:
    """The text's beginning on one line, cut at a word where there is one."""
    line = " ".join(text[: 4 * TITLE_CHARACTERS].split())
    if len(line) <= TITLE_CHARACTERS:
        return line
    return line[: TITLE_CHARACTERS - 1].rsplit(" ", 1)[0] + "…"


def mentions(text: str, words: str) -> bool:
    """Tell whether a text has these words (case-folded ones) in any case, in any script."""
    return words in text.casefold()
