"""Searches for a question, and once more where a word of it is likely typed wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Generic, NamedTuple, Protocol, TypeVar

from graphs.language.spelling import is_asking, replaced, respell, unknown_words
from graphs.state import Respelled
from memory.records import Hit
from memory.sentences import words


class Findings(Protocol):
    """What a search brought."""

    @property
    def hits(self) -> Sequence[Hit]:
        """Everything that was found."""
        ...


F = TypeVar("F", bound=Findings)


class Searched(NamedTuple, Generic[F]):
    """The question as it was searched in the end, what that brought, and the words that were read otherwise."""

    query: str
    found: F
    respelled: tuple[Respelled, ...] = ()


async def search_respelled(query: str, search: Callable[[str], Awaitable[F]]) -> Searched[F]:
    """Search as typed; again with other words, if what is found says each of them or questions are asked with them.

    Another word that no source says is no better than what was typed: then nothing changes.
    """
    found = await search(query)
    respelled = await asyncio.to_thread(_respelled, query, found.hits)
    if not respelled:
        return Searched(query, found)
    reading = replaced(query, respelled)
    again = await search(reading)
    said = await asyncio.to_thread(_words_of, again.hits)
    if all(one.read in said or is_asking(one.read) for one in respelled):
        return Searched(reading, again, respelled)
    return Searched(query, found)


def _respelled(query: str, hits: Sequence[Hit]) -> tuple[Respelled, ...]:
    said = _words_of(hits)
    return respell(unknown_words(query, said), said)


def _words_of(hits: Sequence[Hit]) -> frozenset[str]:
    """All words that hits say, with what they belong to."""
    texts = {text for hit in hits for text in (hit.title, *hit.passage.heading, hit.passage.context, hit.passage.text)}
    return frozenset[str]().union(*map(_words, texts))


@lru_cache(maxsize=2048)
def _words(text: str) -> frozenset[str]:
    """Remembered: the same passages are found for one question after another."""
    return frozenset(words(text))
