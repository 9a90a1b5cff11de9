"""The cache of query vectors, in front of every embedder."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from memory.embeddings import queries
from memory.embeddings.queries import Queries


class Counted:
    """Embeds a text as its length, and counts how often it was asked."""

    def __init__(self):
        self.asked = []
        self.fails = False

    async def embed(self, text):
        self.asked.append(text)
        await asyncio.sleep(0)
        if self.fails:
            raise ValueError("no vector")
        return np.array([len(text)], np.float32)


async def test_a_query_is_embedded_once_also_when_asked_for_twice_at_once():
    counted = Counted()
    known = Queries(counted.embed)

    both = await asyncio.gather(known.vector("a"), known.vector("a"))
    again = await known.vector("a")

    assert counted.asked == ["a"]
    assert again is both[0] is both[1]
    assert not again.flags.writeable


async def test_it_is_bounded_and_keeps_what_was_asked_for_last(monkeypatch):
    monkeypatch.setattr(queries, "KEPT", 2)
    counted = Counted()
    known = Queries(counted.embed)

    for text in ("a", "b", "a", "c", "a", "b"):
        await known.vector(text)

    assert counted.asked == ["a", "b", "c", "b"]


async def test_two_embedders_share_nothing():
    one, other = Counted(), Counted()
    for counted in (one, other):
        await Queries(counted.embed).vector("a")

    assert (one.asked, other.asked) == (["a"], ["a"])


async def test_a_failure_is_not_kept():
    counted = Counted()
    known = Queries(counted.embed)
    counted.fails = True
    with pytest.raises(ValueError, match="no vector"):
        await known.vector("a")
    counted.fails = False

    assert (await known.vector("a"))[0] == 1


async def test_who_stops_waiting_takes_nothing_from_the_others():
    counted = Counted()
    known = Queries(counted.embed)
    first = asyncio.create_task(known.vector("a"))
    second = asyncio.create_task(known.vector("a"))
    await asyncio.sleep(0)
    first.cancel()

    assert (await second)[0] == 1
