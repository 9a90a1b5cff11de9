"""Starts, stops and kills a process that serves the MCP servers over HTTP at an address that stays the same.

Its modules are imported once, in a fork server, so that a start costs milliseconds.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.context import ForkServerProcess
from types import TracebackType
from typing import Self

import anyio.to_thread

from mcp_servers import SERVERS
from tests.support.mcp_process import serve_on

LIMIT_S = 60.0

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.support.mcp_process", "uvicorn.protocols.http.auto", "uvicorn.lifespan.on"])


class HttpProcess:
    """The servers in a process that can be killed, stopped and started again."""

    def __init__(self) -> None:
        self.port = 0
        self._process: ForkServerProcess | None = None

    def targets(self) -> dict[str, str]:
        return {name: f"http://127.0.0.1:{self.port}/mcp/{name}" for name in SERVERS}

    async def start(self) -> None:
        self.port = await anyio.to_thread.run_sync(self._start)

    async def kill(self) -> None:
        await anyio.to_thread.run_sync(self._kill)

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            await self.kill()

    def _start(self) -> int:
        hears, says = _context.Pipe(duplex=False)
        with hears, says:
            self._process = _context.Process(target=serve_on, args=(self.port, says), daemon=True)
            self._process.start()
            assert hears.poll(LIMIT_S), "the process did not start"
            port: int = hears.recv()
            return port

    def _kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.join(LIMIT_S)
        self._process.close()
        self._process = None

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        assert self._process.pid is not None
        os.kill(self._process.pid, number)
