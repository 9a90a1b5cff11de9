"""A server to kill, on a data folder of its own that holds one small document."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest

from tests.chaos.drive import PATIENCE_S, Zygote, open_zygote

ORRIN = """# The lighthouse

The lighthouse of Orrin was built in 1873 by Mathilde Aubert. It stands 41 metres tall on the cliff of Saint Brann.
Its lamp burned rape oil and was replaced by an electric bulb in 1931.

# The ferry

The ferry to Orrin leaves at 7:40 every morning except on Sundays. A ticket costs 12 crowns for adults.
Dogs travel for free when they are kept on a lead.
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def zygote(tmp_path: Path) -> AsyncGenerator[Zygote]:
    async with open_zygote(tmp_path / "home", free_port(), {}) as starter:
        server = await starter.start()
        assert server.ready, (tmp_path / "server.log").read_text(encoding="utf-8")
        async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE_S) as client:
            files = {"files": ("orrin.md", ORRIN.encode(), "text/markdown")}
            (await client.post("/api/v1/documents", files=files)).raise_for_status()
        await server.kill()
        yield starter
