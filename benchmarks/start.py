"""From the command to the first answer: `multidb serve` on a new data folder, again on it, and with many passages.

`python -m benchmarks.start [PASSAGES]` (100,000 by default, 0 for none) prints one JSON line: seconds of wall clock
and of processor time until it says that it is ready, and its memory then and after three answers. The first start
builds the embedder's file and reads the sample corpus.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np

from benchmarks.machine import ROOT, report, row
from benchmarks.search import clustered, fill, texts
from memory.documents.sqlite import open_documents
from memory.embeddings.minilm import open_minilm
from memory.index.local import open_index
from memory.sqlite import open_database

AGAIN = 5
QUESTIONS = ("How long may I return unused goods?", "Which stove is the lightest?", "What does MultiDB remember?")


def start(home):
    """Start the server, wait until it is ready, ask three questions, stop it; return what that took."""
    command = [sys.executable, "-P", "-m", "api.cli", "serve", "--port", "0", "--samples"]
    environment = {**os.environ, "MULTIDB_HOME": str(home), "PYTHONPATH": str(ROOT)}
    began = time.perf_counter()
    with subprocess.Popen(
        command, cwd=home, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            line = next((line for line in server.stdout if line.startswith("Ready at ")), None)
            assert line, f"the server did not start (status {server.wait(10)})"
            found = {
                "ready_s": time.perf_counter() - began,
                "cpu_s": _cpu_s(server.pid),
                **_memory(server.pid, "ready"),
            }
            url = line.split()[2]
            for question in QUESTIONS:
                _ask(url, question)
            return {**found, **_memory(server.pid, "answered")}
        finally:
            server.send_signal(signal.SIGTERM)


def _ask(url, question):
    body = json.dumps({"message": question}).encode()
    request = urllib.request.Request(f"{url}/api/v1/chat/message", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        assert json.load(response)["run_id"]


def _cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(pid, when):
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines())
    return {f"rss_{when}_mb": int(lines["VmRSS"].split()[0]) // 1024, "peak_mb": int(lines["VmHWM"].split()[0]) // 1024}


async def add_passages(home, count):
    """Keep and index random passages of another tenant beside the samples."""
    random = np.random.default_rng(7)
    async with open_minilm(home / "models") as embedder, open_database(home / "documents.db", 60) as database:
        documents = await open_documents(database)
        await fill(documents, clustered(random, count), texts(random, count), embedder.name)
        async with open_index(home / "index", documents, embedder) as index:
            await index.catch_up()


def _medians(samples):
    return {name: round(statistics.median(sample[name] for sample in samples), 2) for name in samples[0]}


def measure(home, count):
    """Start again and again; return the figures."""
    first = start(home)
    again = [start(home) for _ in range(AGAIN)]
    figures = {"first": _medians([first]), "second": _medians(again)}
    if count:
        asyncio.run(add_passages(home, count))
        start(home)
        figures[f"with_{count}_passages"] = _medians([start(home) for _ in range(AGAIN)])
    slowest = max(value["ready_s"] for name, value in figures.items() if name != "first")
    return {
        **figures,
        "samples_second_s": [round(sample["ready_s"], 2) for sample in again],
        "rows": [row(f"ready, {count} passages; 3 s", slowest, "s", 3, "<= 1")],
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        report("start", measure(Path(name), int(sys.argv[1]) if sys.argv[1:] else 100_000))
