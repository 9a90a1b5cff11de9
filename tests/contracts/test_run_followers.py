"""Followers of a run in SQLite: woken by what is durable, bounded when they read slowly."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from memory.runs.sqlite import open_runs
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
            (follower,) = stream.ag_frame.f_locals["loop_wakes"]
            assert len(stream.ag_frame.f_locals["page"].events) == 1
            assert follower.is_set()
        assert runs._followers == {}


# Adapters that break one promise each ---------------------------------------------------------------
