"""What open streams hold, and what readers that stall cost: memory, and how late others get their events.

`python -m benchmarks.streams [STREAMS]` (3,000 by default, half of them in each of two clients) prints one JSON line.
The server is uvicorn on our own listening socket with `EventStream`; its memory and the kernel's buffers are read
before, while the streams are open, and after. A tick goes to all streams at once, whose
readers measure how late it is. A stalled reader opens a stream of 4 MB and never reads.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import uvicorn

from api.metrics import Metrics
from api.serving import Connection, bind
from api.settings import Settings
from api.streaming import EventStream, Streams
from benchmarks.machine import ROOT, report
from benchmarks.serve import row
from memory.records import RunEvent

STALLED, TICKS, TEXT = 100, 20, b"x" * 1_000
END = RunEvent(10**6, "run.completed", b'{"seq":1000000,"type":"run.completed"}')


class Ticker:
    """Sends the moment to every follower at once."""

    def __init__(self):
        """Nothing has been told yet."""
        self.moments, self.changed = [], asyncio.Condition()

    async def tell(self, moment):
        """Tell a moment; None ends all streams."""
        async with self.changed:
            self.moments.append(moment)
            self.changed.notify_all()

    async def events(self):
        """Yield each moment as an event."""
        yield RunEvent(1, "run.started", b'{"seq":1}')
        for at in range(10**6):
            async with self.changed:
                await self.changed.wait_for(lambda at=at: len(self.moments) > at)
            if self.moments[at] is None:
                yield END
                return
            yield RunEvent(at + 2, "tick", b'{"seq":%d,"at":%r}' % (at + 2, self.moments[at]))


async def flood():
    """Yield 4 MB."""
    for number in range(1, 4_001):
        yield RunEvent(number, "answer.delta", b'{"seq":%d,"text":"%b"}' % (number, TEXT))
    yield END


def memory_kb():
    """Return the resident memory of this process and the kernel's TCP buffers, kB."""
    gc.collect()
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("utf-8").splitlines())
    tcp = next(line for line in Path("/proc/net/sockstat").read_text("utf-8").splitlines() if line.startswith("TCP:"))
    return int(status["VmRSS"].split()[0]), int(tcp.split()[-1]) * os.sysconf("SC_PAGE_SIZE") // 1024


async def client(port, count):
    """Read `count` streams to their ends; print how many are open, then the latencies of all ticks, ms."""
    late, opened = [], 0

    async def one():
        nonlocal opened
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**13)
        writer.write(b"GET /ticks HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"run.started")
        opened += 1
        if opened == count:
            print(opened, flush=True)
        while line := await reader.readline():
            if b'"at":' in line:
                late.append((time.time() - float(line.split(b'"at":')[1].split(b"}")[0])) * 1e3)
            if b"run.completed" in line:
                break
        writer.close()

    reading = []
    for _ in range(count):
        reading.append(asyncio.create_task(one()))
        await asyncio.sleep(0.001)
    await asyncio.gather(*reading)
    print(json.dumps(sorted(late)), flush=True)


async def stalled(port):
    """Open streams that nobody reads."""
    loop, open_sockets = asyncio.get_running_loop(), []
    for _ in range(STALLED):
        silent = socket.socket()
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        silent.setblocking(False)
        await loop.sock_connect(silent, ("127.0.0.1", port))
        await loop.sock_sendall(silent, b"GET /flood HTTP/1.1\r\nHost: x\r\n\r\n")
        open_sockets.append(silent)
    return open_sockets


async def ticks(ticker, seconds=0.1):
    """Tell TICKS moments."""
    for _ in range(TICKS):
        await ticker.tell(time.time())
        await asyncio.sleep(seconds)


async def measure(port, ticker, streams, count):
    """Open, tick, stall, tick, close; return the figures."""
    before = memory_kb()
    command = [sys.executable, "-m", "benchmarks.streams", "client", str(port), str(count // 2)]
    clients = [
        await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.PIPE, limit=2**26) for _ in range(2)
    ]
    for one in clients:
        await one.stdout.readline()
    opened = memory_kb()
    await ticks(ticker)
    ticked = memory_kb()
    silent = await stalled(port)
    await asyncio.sleep(1)
    held = memory_kb()
    for one in silent:
        one.close()
    await ticker.tell(None)
    late = []
    for one in clients:
        late += json.loads(await one.stdout.readline())
        await one.wait()
    while streams.open:
        streams.changed.clear()
        await streams.changed.wait()
    closed = memory_kb()
    return before, opened, ticked, held, closed, sorted(late)


def rows(count, figures):
    """Return the figures as rows."""
    before, opened, ticked, held, closed, late = figures
    each = (opened[0] - before[0] + opened[1] - before[1]) / count
    stall = (held[0] - ticked[0] + held[1] - ticked[1]) / STALLED
    return [
        row(f"memory of an open stream, kernel included, of {count}", each, "kB", None, 40, at_most=True),
        row(f"memory of a stalled stream, kernel included, of {STALLED}", stall, "kB", None, 128, at_most=True),
        row(f"event to {count} readers, p50", late[len(late) // 2], "ms", None, 25, at_most=True),
        row(f"event to {count} readers, p99", late[len(late) * 99 // 100], "ms", None, 25, at_most=True),
        row("memory after all streams are closed", closed[0] / 1024, "MB", before[0] / 1024, 1.1, at_most=True),
    ]


async def main(count):
    """Serve, measure, report."""
    settings = Settings(port=0)
    ticker, streams = Ticker(), Streams.of(settings, Metrics())

    async def app(scope, receive, send):
        source = ticker.events() if scope["path"] == "/ticks" else flood()
        await EventStream(source, streams, {})(scope, receive, send)

    listening = bind(settings)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", backlog=2048, http=Connection))
    serving = asyncio.create_task(server.serve([listening]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    found = rows(count, await measure(listening.getsockname()[1], ticker, streams, count))
    for line in found:
        print(line, file=sys.stderr)
    report("streams", {"rows": found})
    server.should_exit = True
    await serving


if __name__ == "__main__":
    if sys.argv[1:2] == ["client"]:
        asyncio.run(client(int(sys.argv[2]), int(sys.argv[3])))
    else:
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main(int(sys.argv[1]) if sys.argv[1:] else 3_000))
