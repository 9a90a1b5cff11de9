"""What the house adds to a search and a stream: time to the first token, and streams a second.

`python -m benchmarks.serve [--passages N] [--keep FOLDER] [--rounds N]` (100,000 passages by default) prints one JSON
line. Rounds alternate between the house (`quick`, accepted message on disk, graph, MCP) and a bare ASGI endpoint that
embeds, searches and streams with the same embedder and index in the same process; every question is new. `standard` is
measured beside the same endpoint with the small reader, over as many passages. The
passages that answer are the samples': after the first asking the house has their sentences' vectors in memory, so the
first asking is a row of its own.
`--keep` keeps the data folder for the next time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from api.samples import ingest_samples
from benchmarks.machine import ROOT, report
from benchmarks.search import PER_DOCUMENT, clustered, texts
from memory.ids import digest
from memory.records import LOCAL, Document, Passage
from memory.settings import StoreSettings
from memory.stores import open_stores

HOUSE, BARE, READING, POINTING = "/api/v1/chat/message", "/bare", "/bare/reading", "/bare/standard"
CLIENTS, ALONE, TOGETHER = 64, 30, 128
FIRST = b"event: answer.delta"
QUESTIONS = [
    json.loads(line)["question"] for line in (ROOT / "samples/questions.jsonl").read_text("utf-8").splitlines()
]
fresh = itertools.count()


async def build(home, count):
    """Make a data folder with the samples and `count` random passages of the same tenant."""
    random = np.random.default_rng(7)
    vectors, lines = clustered(random, count), texts(random, count)
    async with open_stores(StoreSettings(home=home)) as stores:
        await ingest_samples(stores, home, lambda *_: None)
        for first in range(0, count, PER_DOCUMENT):
            name, part = f"random-{first:08}", lines[first : first + PER_DOCUMENT]
            passages = [
                Passage(digest(name, str(at)), name, name, at, at, at + 1, text, language="en")
                for at, text in enumerate(part)
            ]
            document = Document(name, name, name, name, "", "text/plain", "en")
            await stores.documents.put(
                LOCAL, document, passages, vectors[first : first + len(part)], stores.embedder.name
            )
        await stores.index.catch_up()


@contextlib.contextmanager
def serving(home):
    """Serve a data folder in a process of its own; gives its port and its process id."""
    command = [sys.executable, "-m", "benchmarks.bare", str(home)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            yield int(server.stdout.readline()), server.pid
        finally:
            server.send_signal(signal.SIGTERM)


async def ask(port, path, effort="quick"):
    """Ask something new; return the seconds to the first word and to the end."""
    number = next(fresh)
    question = f"{QUESTIONS[number % len(QUESTIONS)]} Order {number}"
    body = json.dumps({"message": question, "effort": effort}).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nAccept: text/event-stream\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    began, first, seen = time.perf_counter(), None, b""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.encode() + body)
    while piece := await reader.read(2**16):
        seen += piece
        if first is None and FIRST in seen:
            first = time.perf_counter() - began
    writer.close()
    assert b" 200 " in seen[:20], seen[:300]
    assert path != HOUSE or b"event: run.completed" in seen, seen[-300:]
    return first, time.perf_counter() - began


async def first_words(port, path, effort="quick"):
    """Ask one after another; return each time to the first word (an abstention has none)."""
    found = [await ask(port, path, effort) for _ in range(ALONE)]
    return [first for first, _ in found if first is not None]


async def read_first_words(port, rounds):
    """Return the median milliseconds to the first word where the small reader reads: the house's and bare."""
    house, bare = [], []
    for number in range(rounds + 1):
        spent = await first_words(port, HOUSE, "standard"), await first_words(port, POINTING)
        if number:
            house += spent[0]
            bare += spent[1]
    return statistics.median(house) * 1e3, statistics.median(bare) * 1e3


async def streams_per_s(port, path):
    """Ask with CLIENTS at once until TOGETHER are answered; return how many a second."""
    left = iter(range(TOGETHER))

    async def client():
        for _ in left:
            await ask(port, path)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return TOGETHER / (time.perf_counter() - began)


def row(figure, value, unit, baseline, goal, *, at_most):
    """Return one figure as every benchmark reports it; the ratio is to the baseline."""
    ratio = value / baseline if baseline else value
    met = ratio <= goal if at_most else ratio >= goal
    rounded = [round(number, 3) if number is not None else None for number in (value, baseline, ratio)]
    return {
        "figure": figure,
        "value": rounded[0],
        "unit": unit,
        "baseline": rounded[1],
        "ratio": rounded[2],
        "goal": f"{'<=' if at_most else '>='} {goal}",
        "met": met,
    }


async def measure(port, rounds, passages):
    """Alternate; return rows of medians."""
    paths = (HOUSE, BARE, READING)
    await ask(port, HOUSE)
    unread = statistics.median(await first_words(port, HOUSE)) * 1e3
    for path in (BARE, READING):
        await first_words(port, path)
    alone, together = ({path: [] for path in paths} for _ in range(2))
    for _ in range(rounds):
        for path in paths:
            alone[path] += await first_words(port, path)
        for path in paths:
            together[path].append(await streams_per_s(port, path))
    standard, pointing = await read_first_words(port, rounds)
    first = {path: statistics.median(values) * 1e3 for path, values in alone.items()}
    rate = {path: statistics.median(values) for path, values in together.items()}
    named = f"quick, {passages} passages"
    many = f"streams/s, {CLIENTS} clients, {named}"
    return [
        row(f"first token, {named}; bare embed, search, stream", first[HOUSE], "ms", first[BARE], 3, at_most=True),
        row(f"first token, {named}; and the reader, bare", first[HOUSE], "ms", first[READING], 2, at_most=True),
        row(f"first token, {named}, sentences not read before; bare", unread, "ms", first[BARE], 3, at_most=True),
        row(
            f"first token, standard, {passages} passages; bare embed, search, small reader",
            standard,
            "ms",
            pointing,
            1.3,
            at_most=True,
        ),
        row(f"{many}; bare", rate[HOUSE], "1/s", rate[BARE], 0.5, at_most=False),
        row(
            f"{many}; and the reader, bare",
            rate[HOUSE],
            "1/s",
            rate[READING],
            0.5,
            at_most=False,
        ),
    ]


def main():
    """Build what is missing, serve, measure, report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = (given.keep or Path(name)) / f"home-{given.passages}"
        if not home.exists():
            asyncio.run(build(home, given.passages))
        with serving(home) as (port, _):
            rows = asyncio.run(measure(port, given.rounds, given.passages))
    for line in rows:
        print(line, file=sys.stderr)
    report("serve", {"rows": rows})


if __name__ == "__main__":
    main()
