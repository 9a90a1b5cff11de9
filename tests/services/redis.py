"""Redis from the distribution: append-only file, no eviction, a password, so that what is tested is what is advised."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from tests.services.downloads import debian, library_path
from tests.services.places import Places
from tests.services.process import Launch, exchange

PASSWORD = "services-only"
PREFERRED_PORT = 16397
PING = f"AUTH {PASSWORD}\r\nPING\r\n".encode()
PONG = b"+OK\r\n+PONG"
OPTIONS = {
    "bind": "127.0.0.1",
    "requirepass": PASSWORD,
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
    "databases": "1024",
    "daemonize": "no",
}


def url(port: int) -> str:
    """Return the address of database 0."""
    return f"redis://:{PASSWORD}@127.0.0.1:{port}/0"


async def prepare(places: Places, folder: Path, port: int) -> Launch:
    """Return how to start Redis in a folder."""
    program, environment = await _program(places)
    options = [word for name, value in OPTIONS.items() for word in (f"--{name}", value)]
    return Launch((program, "--port", str(port), "--dir", str(folder), *options), partial(_answers, port), environment)


async def _answers(port: int) -> bool:
    return await exchange(port, PING, len(PONG)) == PONG


async def _program(places: Places) -> tuple[str, dict[str, str]]:
    installed = shutil.which("redis-server") or shutil.which("valkey-server")
    if installed:
        return installed, {}
    root = await debian(places.cache, "redis-server", "Install Redis 6.2 or newer.")
    return str(root / "usr/bin/redis-server"), {"LD_LIBRARY_PATH": library_path(root)}
