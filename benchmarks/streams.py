"""What open streams hold, and what readers that stall cost: memory, and how late others get their events.

`python -m benchmarks.streams [STREAMS]` (3,000 by default, half of them in each of two clients) prints one JSON line.
The server is uvicorn on our own listening socket with `EventStream`; its memory and the kernel's buffers are read
before, while the streams are open, and after. Each stream gets an event a second, at a time of its
own, and its reader measures how late it is. A stalled reader opens a stream of 4 MB and never reads.
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

STALLED, TICKS, TEXT = 100, 5, b"x" * 1_000
END = RunEvent(10**6, "run.completed", b'{"seq":1000000,"type":"run.completed"}')


class Ticker:
    """Sends each follower the moment it is told at; followers are told one after the other, as runs' events come."""

    def __init__(self):
        """Nobody follows yet."""
        self.followers = set()

    async def tell(self, seconds):
        """Tell every follower once, evenly over this time."""
        began, followers = time.monotonic(), list(self.followers)
        for number, follower in enumerate(followers):
            if (ahead := began + seconds * number / len(followers) - time.monotonic()) > 0:
                await asyncio.sleep(ahead)
            follower.put_nowait(time.time())

    def end(self):
        """End all streams."""
        for follower in self.followers:
            follower.put_nowait(None)

    async def events(self):
        """Yield each moment as an event."""
        follower, number = asyncio.Queue(), 1
        self.followers.add(follower)
        try:
            yield RunEvent(1, "run.started", b'{"seq":1}')
            while (moment := await follower.get()) is not None:
                number += 1
                yield RunEvent(number, "tick", b'{"seq":%d,"at":%r}' % (number, moment))
            yield END
        finally:
            self.followers.discard(follower)


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


class Readers:
    """Two processes that read `count` streams in all."""

    def __init__(self, count, clients):
        """Take processes that have just been started."""
        self.count, self._clients = count, clients

    async def opened(self):
        """Return once every stream is open."""
        for one in self._clients:
            await one.stdout.readline()

    async def ended(self):
        """Return how late each event was, ms, sorted, once the streams have ended."""
        late = []
        for one in self._clients:
            late += json.loads(await one.stdout.readline())
            await one.wait()
        return sorted(late)


async def reading(port, count):
    """Start readers of `count` streams and wait until all are open."""
    command = [sys.executable, "-m", "benchmarks.streams", "client", str(port), str(count // 2)]
    pipe = {"stdout": subprocess.PIPE, "limit": 2**26}
    readers = Readers(count, [await asyncio.create_subprocess_exec(*command, cwd=ROOT, **pipe) for _ in range(2)])
    await readers.opened()
    return readers


async def all_closed(streams):
    """Return once no stream is open."""
    while streams.open:
        streams.changed.clear()
        await streams.changed.wait()


async def measure(port, ticker, streams, count):
    """Open, tick, stall, close, and once more: return memory before, open, ticked, with stalled, closed; lateness."""
    found = [memory_kb()]
    readers = await reading(port, count)
    found.append(memory_kb())
    for _ in range(TICKS):
        await ticker.tell(1.0)
    found.append(memory_kb())
    silent = await stalled(port)
    await asyncio.sleep(1)
    found.append(memory_kb())
    for one in silent:
        one.close()
    ticker.end()
    late = await readers.ended()
    await all_closed(streams)
    found.append(memory_kb())
    readers = await reading(port, count)
    ticker.end()
    await readers.ended()
    await all_closed(streams)
    return [*found, memory_kb()], late


def rows(count, figures):
    """Return the figures as rows."""
    (before, opened, ticked, held, closed, again), late = figures
    each = (opened[0] - before[0] + opened[1] - before[1]) / count
    stall = (held[0] - ticked[0] + held[1] - ticked[1]) / STALLED
    one = f"event to one of {count} readers, each gets one a second"
    return [
        row(f"memory of an open stream, kernel included, of {count}", each, "kB", None, 40, at_most=True),
        row(f"memory of a stalled stream, kernel included, of {STALLED}", stall, "kB", None, 128, at_most=True),
        row(f"{one}, p50", late[len(late) // 2], "ms", None, 25, at_most=True),
        row(f"{one}, p99", late[len(late) * 99 // 100], "ms", None, 25, at_most=True),
        row("memory once closed; before the first", closed[0] / 1024, "MB", before[0] / 1024, 1.1, at_most=True),
        row("memory once closed again; closed before", again[0] / 1024, "MB", closed[0] / 1024, 1.1, at_most=True),
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
