"""Followers of a run in SQLite: woken by what is durable, bounded when they read slowly."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from memory.runs.sqlite import PAGE, open_runs
from memory.runs.tail import Page, Tail
from memory.sqlite import open_database
from tests.contracts.test_runs import events, run
from tests.support.people import ALICE


async def test_an_event_whose_writer_was_cancelled_still_reaches_followers(tmp_path):
    async with open_database(tmp_path / "store.db") as database:
        runs = await open_runs(database)
        await runs.admit(run())
        async with aclosing(runs.follow(ALICE, "run", 0)) as stream:
            waiting = asyncio.ensure_future(anext(stream))
            writing = asyncio.ensure_future(runs.append(ALICE, "run", events(1, 1)))
            await asyncio.sleep(0)
            writing.cancel()
            async with asyncio.timeout(5):
                assert [await waiting] == events(1, 1)


async def test_a_reader_that_stops_reading_holds_one_page_and_leaves_nothing_behind(tmp_path):
    async with open_database(tmp_path / "store.db") as database:
        runs = await open_runs(database)
        await runs.admit(run())
        async with aclosing(runs.follow(ALICE, "run", 0)) as stream:
            await runs.append(ALICE, "run", events(1, 1))
            assert await anext(stream) == events(1, 1)[0]
            for seq in range(2, 402, 100):
                await runs.append(ALICE, "run", events(seq, seq + 99))
            await asyncio.sleep(0)
            (live,) = runs._live.values()
            (follower,) = live.woken
            assert len(stream.ag_frame.f_locals["page"].events) == 1
            assert len(live.after(337).events) == PAGE
            assert live.after(336) is None
            assert follower.is_set()
            assert [event async for event in _until(stream, 401)] == events(2, 401)
        assert runs._live == {}


async def test_followers_are_told_nothing_that_follows_a_gap():
    tail = Tail(PAGE)
    tail.add(events(1, 2), ended=False)
    tail.add(events(5, 6), ended=True)
    assert tail.after(2) is None
    assert tail.after(4) == Page(events(5, 6), complete=True)


async def _until(stream, seq):
    async for event in stream:
        yield event
        if event.seq == seq:
            return


# Adapters that break one promise each ---------------------------------------------------------------
