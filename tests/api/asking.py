"""A server with one document, and OpenAI's own client of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openai

from memory.identity import API_AUDIENCE, mint
from memory.records import Scope
from tests.api.rigging import SECRET, Served, open_server

QUESTION = "Where do boats longer than 12 metres moor?"
HARBOUR = b"# Harbour\n\nBoats longer than 12 metres moor at the north pier. The oven is hot."


@asynccontextmanager
async def asking(home: Path, **settings: Any) -> AsyncGenerator[tuple[Served, openai.AsyncOpenAI]]:
    async with open_server(home, secret=SECRET, **settings) as server:
        key = mint(Scope("acme", "ann", roles=("reader", "editor")), API_AUDIENCE, SECRET.encode())
        own = {"Authorization": f"Bearer {key}"}
        await server.client.post("/api/v1/documents", files={"files": ("harbour.md", HARBOUR)}, headers=own)
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0) as client:
            yield server, client


def messages(text: str = QUESTION) -> list[Any]:
    return [{"role": "system", "content": "Answer like a pirate."}, {"role": "user", "content": text}]
