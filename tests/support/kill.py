"""Runs a writer in a child process and kills it with SIGKILL while it writes.

As a program: `python -m tests.support.kill MODULE:FUNCTION FOLDER` runs an async generator function of the folder
and prints each value it yields. The value is an acknowledgement: what it stands for must survive.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


async def acknowledged_before_kill(writer: str, folder: Path, kill_after: int = 25) -> list[str]:
    """Start the writer (MODULE:FUNCTION), SIGKILL it after some acknowledgements, and return all it gave."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.kill", writer, str(folder)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout is not None
    lines: list[str] = []
    async with asyncio.timeout(30):
        while len(lines) < kill_after and (line := await child.stdout.readline()):
            lines.append(line.decode().strip())
        assert child.returncode is None, f"the writer ended by itself after {len(lines)} acknowledgements"
        child.kill()
        lines += (await child.stdout.read()).decode().split()
        await child.wait()
    return lines


async def _run(writer: str, folder: Path) -> None:
    module, function = writer.split(":")
    async for value in getattr(importlib.import_module(module), function)(folder):
        print(value, flush=True)  # noqa: T201 - the acknowledgement


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1], Path(sys.argv[2])))
