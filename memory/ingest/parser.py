"""The parent's side of the parser child: hands it files, takes documents, ends it when it overstays.

Parsing never happens in this process: a bomb, a hang or a crash of a parser costs the file it reads.
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict
from pathlib import Path

import orjson

from memory.errors import Refused
from memory.ingest.parsed import FileRefused, Limits, Parsed, Raw, RefusedPart, Step, Tell, load, tell_nobody

ROOT = Path(__file__).resolve().parents[2]
STREAM_LIMIT = 2**20
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
"""Each thread of a numeric library reserves address space, which is limited."""


class Parser:
    """One child at a time, started when needed and again after it died. Files go through it one by one."""

    def __init__(self, limits: Limits) -> None:
        """Start nothing yet."""
        self._limits = limits
        self._child: Process | None = None
        self._turn = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """The child's process id while one runs."""
        return self._child.pid if self._child is not None and self._child.returncode is None else None

    async def parse(
        self, name: str, data: bytes, tell: Tell = tell_nobody
    ) -> AsyncGenerator[Parsed | RefusedPart, None]:
        """Yield the documents of a file as the child finds them; `tell` hears at which page it is.

        Raises:
            Refused: the file cannot be read, or costs more than the limits allow.
        """
        if len(data) > self._limits.file_bytes:
            raise Refused(f"it is larger than {self._limits.file_bytes:,} bytes")
        async with self._turn:
            finished = False
            try:
                async with aclosing(self._documents(Raw(name, data, self._limits, tell=tell))) as documents:
                    async for item in documents:
                        yield item
                finished = True
            except FileRefused:
                finished = True
                raise
            finally:
                if not finished:
                    await self.close()

    async def close(self) -> None:
        """End the child; the next file starts a new one."""
        child, self._child = self._child, None
        if child is not None:
            if child.returncode is None:
                child.kill()
            await child.wait()

    async def _documents(self, raw: Raw) -> AsyncGenerator[Parsed | RefusedPart, None]:
        child = await self._started()
        sending = asyncio.create_task(_send(child, raw))
        try:
            while (item := load(await self._frame(child))) is not None:
                if isinstance(item, Step):
                    raw.tell(item.page, item.pages)
                else:
                    yield item
            await sending
        finally:
            sending.cancel()

    async def _frame(self, child: Process) -> bytes:
        assert child.stdout is not None
        try:
            async with asyncio.timeout(self._limits.wall_s):
                size = int.from_bytes(await child.stdout.readexactly(4), "big")
                if size > 16 * self._limits.text_characters + STREAM_LIMIT:
                    raise Refused("the parser's answer is larger than any document may be")
                return await child.stdout.readexactly(size)
        except TimeoutError as error:
            raise Refused(f"reading it took more than {self._limits.wall_s:g} s") from error
        except asyncio.IncompleteReadError as error:
            raise Refused(_reason(await child.wait(), self._limits)) from error

    async def _started(self) -> Process:
        if self._child is None or self._child.returncode is not None:
            environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(ROOT)}
            self._child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "memory.ingest.child",
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env=environment,
                limit=STREAM_LIMIT,
                start_new_session=True,
            )
        return self._child


@asynccontextmanager
async def open_parser(limits: Limits | None = None) -> AsyncGenerator[Parser]:
    """Lend a parser; its child ends with the block."""
    parser = Parser(limits or Limits())
    try:
        yield parser
    finally:
        await parser.close()


async def _send(child: Process, raw: Raw) -> None:
    assert child.stdin is not None
    header = orjson.dumps({"name": raw.name, "size": len(raw.data), "limits": asdict(raw.limits)})
    child.stdin.write(len(header).to_bytes(4, "big") + header)
    child.stdin.write(raw.data)
    try:
        await child.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        return  # the child is gone; reading its answer says why


def _reason(status: int, limits: Limits) -> str:
    if status in (-24, -9):  # SIGXCPU; SIGKILL is the system's when memory runs out
        return f"reading it took more than {limits.cpu_s} s of processor time" if status == -24 else "it was too large"
    return f"reading it takes too much memory or crashes its parser (status {status})"
