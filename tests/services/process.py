"""A server's process: started apart from us, known by its pid and the moment it was started, stopped by that pid."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import random
import signal
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.services.places import CannotStart

READY_S = 180.0
STOP_S = 30.0
PORTS = range(20_000, 32_000)
CHILDREN: dict[int, subprocess.Popen[bytes]] = {}
"""Started by this process, which must also collect them once they have ended."""


@dataclass(frozen=True)
class Launch:
    """What to run. ready: whether the server answers; user: run as this one where we are root."""

    command: tuple[str, ...]
    ready: Callable[[], Awaitable[bool]]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    user: str = ""


@dataclass(frozen=True)
class Process:
    """A server in a folder of its own, running or not."""

    name: str
    folder: Path

    @property
    def log(self) -> Path:
        """What the server wrote to its output."""
        return self.folder / "log"

    @property
    def pid(self) -> int | None:
        """The running server's pid, or None. A pid that now belongs to another program is not ours."""
        try:
            kept = json.loads((self.folder / "pid").read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return kept["pid"] if _started_at(kept["pid"]) == kept["started"] else None

    async def start(self, launch: Launch) -> None:
        """Start the server and wait until it answers.

        Raises:
            CannotStart: it ended, or did not answer in time; the message ends with its last lines.
        """
        pid = self._spawn(launch)
        deadline = time.monotonic() + READY_S
        while not await launch.ready():
            if self.pid is None or _ended(pid):
                raise CannotStart(f"{self.name} ended while it was starting:\n{self.last_lines()}")
            if time.monotonic() > deadline:
                raise CannotStart(f"{self.name} did not answer in {READY_S:.0f} s:\n{self.last_lines()}")
            await asyncio.sleep(0.05)

    def _spawn(self, launch: Launch) -> int:
        with self.log.open("ab") as log:
            child = subprocess.Popen(
                launch.command,
                cwd=self.folder,
                env={**os.environ, **launch.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **_identity(launch.user),
            )
        CHILDREN[child.pid] = child
        (self.folder / "pid").write_text(json.dumps({"pid": child.pid, "started": _started_at(child.pid)}))
        return child.pid

    async def stop(self, stop_signal: signal.Signals = signal.SIGINT) -> None:
        """End the server (by default in good order, without waiting for its clients); one that does not is killed."""
        pid = self.pid
        if pid is not None:
            os.kill(pid, stop_signal)
            if not await _until_ended(pid, STOP_S):
                os.kill(pid, signal.SIGKILL)
                await _until_ended(pid, STOP_S)
        (self.folder / "pid").unlink(missing_ok=True)

    def last_lines(self, count: int = 15) -> str:
        """Return the end of the server's output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:]) if self.log.exists() else ""


def _identity(user: str) -> dict[str, Any]:
    """Return what makes a child another user's; only root can."""
    if not user or os.geteuid() != 0:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _started_at(pid: int) -> int | None:
    """Clock ticks since boot, or None if there is no such living process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else int(fields[19])


async def _until_ended(pid: int, timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not _ended(pid):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


def _ended(pid: int) -> bool:
    if pid not in CHILDREN:
        return _started_at(pid) is None
    # A zombie's other threads may hold its port a little longer; once it is collected they do not.
    if CHILDREN[pid].poll() is None:
        return False
    del CHILDREN[pid]
    return True


def free_port(preferred: int = 0) -> int:
    """Return a loopback port that nobody listens on, the preferred one if it can be had.

    It lies below the range from which clients' sockets get theirs: a server that is down for a moment finds its port
    again.
    """
    for port in (preferred, *random.sample(PORTS, 50)):
        if port and _is_free(port):
            return port
    raise CannotStart("no loopback port is free")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


async def exchange(port: int, question: bytes, size: int, address: str = "127.0.0.1") -> bytes:
    """Return the first bytes of a server's answer, b"" without one within two seconds."""
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(address, port)
            try:
                writer.write(question)
                return await reader.readexactly(size)
            finally:
                writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return b""
