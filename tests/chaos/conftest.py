"""A server to kill, on a data folder of its own that holds one small document."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.chaos.drive import PATIENCE_S, Zygote, open_zygote
from tests.services.process import free_port
from tests.support.fake_provider import Reply, open_provider, passages_of

ORRIN = """# The lighthouse

The lighthouse of Orrin was built in 1873 by Mathilde Aubert. It stands 41 metres tall on the cliff of Saint Brann.
Its lamp burned rape oil and was replaced by an electric bulb in 1931.

# The ferry

The ferry to Orrin leaves at 7:40 every morning except on Sundays. A ticket costs 12 crowns for adults.
Dogs travel for free when they are kept on a lead.
"""


def quoting(body: dict[str, Any]) -> Reply:
    """A model that copies the sentence nearest to the question, and cites it."""
    question = set(re.findall(r"\w+", str(body["messages"][-1]["content"]).lower().split("<passage")[0]))
    sentences = [
        (sentence, number)
        for number, text in passages_of(body).items()
        for sentence in re.split(r"(?<=[.!?])\s+", text)
    ]
    best = max(sentences, key=lambda one: len(question & set(re.findall(r"\w+", one[0].lower()))))
    return Reply(f"{best[0]} [{best[1]}]")


@pytest.fixture(params=["extractive", "chat_model"])
async def zygote(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Zygote]:
    async with AsyncExitStack() as stack:
        settings: dict[str, object] = {}
        if request.param == "chat_model":
            provider = await stack.enter_async_context(open_provider(quoting))
            settings = {
                "model_synthesizer": "openai:scripted",
                "model_base_url": provider.url,
                "model_api_key": "none",
            }
        starter = await stack.enter_async_context(open_zygote(tmp_path / "home", free_port(), settings))
        server = await starter.start()
        assert server.ready, (tmp_path / "home.log").read_text(encoding="utf-8")
        async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE_S) as client:
            files = {"files": ("orrin.md", ORRIN.encode(), "text/markdown")}
            (await client.post("/api/v1/documents", files=files)).raise_for_status()
        await server.kill()
        yield starter
