"""Event frames per second through `EventStream` against raw ASGI sends of the same bytes, in one run.

`python -m benchmarks.sse [FRAMES]` (5,000 by default) prints one JSON line: the medians of five alternating rounds.
`burst`: all events are ready; `single`: each comes by itself, as tokens do. Both sides write to the same uvicorn on
loopback, and the same reader takes their bytes. `kilobytes_per_stream` is what an open, silent stream holds.
"""

from __future__ import annotations

import asyncio
import socket
import statistics
import sys
import time
import tracemalloc

import uvicorn

from api.encoders import sse
from api.metrics import Metrics
from api.settings import Settings
from api.streaming import EventStream, Streams
from benchmarks.machine import report, row
from memory.records import RunEvent

ROUNDS, OPEN = 5, 300
TEXT = b'"claim_id":"c1","text":"Lamps may be returned within 30 days of their delivery."}'


def events(count):
    """Return events of a usual size; the last one ends the stream."""
    made = [RunEvent(n, "answer.delta", b'{"seq":%d,"type":"answer.delta",%b' % (n, TEXT)) for n in range(1, count)]
    return [*made, RunEvent(count, "run.completed", b'{"seq":%d,"type":"run.completed"}' % count)]


async def burst(ready):
    """Yield what is ready."""
    for event in ready:
        yield event


async def single(ready):
    """Let the reader's side run between two events."""
    for event in ready:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        yield event


async def silent():
    """Yield one event, then wait for ever."""
    yield RunEvent(1, "run.started", b'{"seq":1,"type":"run.started"}')
    await asyncio.Event().wait()


async def raw(source, send):
    """Send each event as one body message: the least that ASGI asks for."""
    headers = [(name.lower().encode(), value.encode()) for name, value in sse.HEADERS.items()]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    async for event in source:
        await send({"type": "http.response.body", "body": sse.frame(event), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def application(streams, ready):
    """Return an ASGI application: /raw/burst, /raw/single, /ours/burst, /ours/single, /ours/silent."""
    sources = {"burst": burst, "single": single, "silent": lambda _: silent()}

    async def app(scope, receive, send):
        _, side, pace = scope["path"].split("/")
        source = sources[pace](ready)
        await (raw(source, send) if side == "raw" else EventStream(source, streams, {})(scope, receive, send))

    return app


async def read(port, path):
    """Take a stream's bytes to its end; return the seconds it took."""
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    while await reader.read(2**16):
        pass
    writer.close()
    return time.perf_counter() - began


async def held(port):
    """Return the Python memory that one open stream holds, server and client side, in kilobytes."""
    tracemalloc.start()
    writers = []
    for _ in range(OPEN):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /ours/silent HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"run.started")
        writers.append((reader, writer))
    kilobytes = tracemalloc.get_traced_memory()[0] / OPEN / 1024
    tracemalloc.stop()
    for _, writer in writers:
        writer.close()
    return kilobytes


async def measure(port, frames):
    """Return the figures: medians over the rounds, and ratios of frames per second, ours to raw."""
    paths = ["/raw/burst", "/ours/burst", "/raw/single", "/ours/single"]
    seconds = {path: [] for path in paths}
    for _ in range(ROUNDS):
        for path in paths:
            seconds[path].append(await read(port, path))
    rate = {path: frames / statistics.median(taken) for path, taken in seconds.items()}
    return {
        "frames": frames,
        **{f"{path[1:].replace('/', '_')}_per_s": round(value) for path, value in rate.items()},
        "ratio_burst": round(rate["/ours/burst"] / rate["/raw/burst"], 2),
        "ratio_single": round(rate["/ours/single"] / rate["/raw/single"], 2),
        "kilobytes_per_stream": round(await held(port), 1),
    }


def rows(figures):
    """Return ours beside the raw sends."""
    return [
        row(
            f"event frames, {said}; raw ASGI",
            figures[f"ours_{pace}_per_s"],
            "1/s",
            figures[f"raw_{pace}_per_s"],
            ">= 0.7",
        )
        for pace, said in (("burst", "ready together"), ("single", "one by one"))
    ]


async def main():
    """Serve, measure, report."""
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    streams = Streams.of(Settings(), Metrics())
    listening = socket.create_server(("127.0.0.1", 0), backlog=OPEN)
    config = uvicorn.Config(application(streams, events(frames)), log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    figures = await measure(listening.getsockname()[1], frames)
    report("sse", {**figures, "rows": rows(figures)})
    streams.stopping.set()
    server.should_exit = True
    await serving


if __name__ == "__main__":
    asyncio.run(main())
