"""Take the pictures of the page: python -m tests.web.pictures [DIR] [NAME...]

A server with the sample corpus, the real agent and, for states that pass too quickly to be seen, a script in its place.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Page, expect

import api.agent
from api.samples import ingest_samples
from memory.records import LOCAL, Citation
from tests.api.rigging import SECRET, Script, Scripted, Served, Write, open_server
from tests.web.driving import DESK, Watched, ask, open_browser

PHONE = (390, 844)
SHIPPING = "samples/fernweh/policies/shipping.md"
TURN_UP = "Which payment methods are accepted?"


class Either:
    """The real graph, or a script while one is set."""

    def __init__(self, real: Any) -> None:
        self.real = real
        self.scripted: Scripted | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def astream(self, *given: Any, **options: Any) -> AsyncIterator[Any]:
        return (self.scripted or self.real).astream(*given, **options)


@dataclass
class Studio:
    """Where the pictures are taken."""

    server: Served
    browser: Watched
    graph: Either
    folder: Path
    home: Path

    async def open(self, *, dark: bool = False, size: tuple[int, int] = DESK, at: str = "") -> Page:
        return await self.browser.open(f"{self.server.url}/{at}", size=size, dark=dark)

    async def keep(self, page: Page, name: str) -> None:
        await self.take(page, name)
        await page.context.close()

    async def take(self, page: Page, name: str) -> None:
        taken = await page.screenshot(animations="disabled", caret="hide")
        # 255 colours are enough for a page of ink on paper, and a third of the bytes.
        image = Image.open(BytesIO(taken)).convert("RGB").quantize(255, dither=Image.Dither.NONE)
        image.save(self.folder / f"{name}.png", optimize=True)
        print(name)  # noqa: T201  a command's report


Picture = Callable[[Studio, bool, str], Awaitable[None]]


async def start(studio: Studio, dark: bool, name: str) -> None:
    page = await studio.open(dark=dark)
    await expect(page.locator(".examples")).to_be_visible()
    await studio.keep(page, name)


async def streaming(studio: Studio, dark: bool, name: str) -> None:
    await _scripted(studio, dark, name, struck=False)


async def struck(studio: Studio, dark: bool, name: str) -> None:
    await _scripted(studio, dark, name, struck=True)


async def _scripted(studio: Studio, dark: bool, name: str, *, struck: bool) -> None:
    text = (await studio.server.parts.stores.documents.by_source(LOCAL, SHIPPING)).text
    studio.graph.scripted = Scripted(_shipping(text, struck=struck))
    page = await studio.open(dark=dark)
    await ask(page, "What do you charge for a parcel to Zurich, and how do I follow it?")
    await expect(page.locator(".claim").nth(2)).to_be_visible()
    await studio.take(page, name)
    studio.graph.scripted.go.set()
    await expect(page.locator(".actions")).to_be_visible()
    studio.graph.scripted = None
    await page.context.close()


def _shipping(text: str, *, struck: bool) -> Script:
    told = ["Parcels to Switzerland cost 18.00 EUR, and the recipient pays customs duties on arrival."]
    told.append("You receive a tracking link by email as soon as the parcel has left the warehouse.")

    async def script(graph: Scripted, question: str, write: Write) -> None:
        await write({"type": "stage.changed", "stage": "researching", "round": 1})
        await write({"type": "query.searched", "query": question, "condensed": False, "found": 12})
        await write({"type": "stage.changed", "stage": "judging" if struck else "writing", "round": 1})
        for number, one in enumerate([*told, "Parcels to Zurich arrive before nine in the morning."], 1):
            await write({"type": "answer.delta", "claim_id": f"c{number}", "text": one})
        if struck:
            for number, one in enumerate(told, 1):
                await write({"type": "claim.supported", "claim_id": f"c{number}", "citations": [_cited(text, one)]})
            reason = "the passage names no hour"
            await write({"type": "claim.retracted", "claim_id": "c3", "verdict": "unsupported", "reason": reason})
        await graph.go.wait()
        done: dict[str, Any] = {
            "type": "answer.completed",
            "text": " ".join(told),
            "short_answer": "",
            "claims": [],
            "citations": [],
        }
        await write({**done, "confidence": 0.8, "abstained": False, "suggestions": []})

    return script


def _cited(text: str, quote: str) -> dict[str, Any]:
    start = text.index(quote)
    return asdict(Citation("p", "d", "v", SHIPPING, "Shipping", start, start + len(quote), quote))


async def answer(studio: Studio, dark: bool, name: str) -> None:
    page = await studio.open(dark=dark)
    await _asked(page, "How long may I return unused goods?")
    await _asked(page, "How long do refunds take for gift cards and who pays the postage?")
    await page.locator(".cite").last.click()
    await expect(page.locator("#source mark")).to_be_visible()
    await studio.keep(page, name)


async def abstention(studio: Studio, dark: bool, name: str) -> None:
    page = await studio.open(dark=dark)
    await _asked(page, "What is the wingspan of an albatross?")
    await studio.keep(page, name)


async def failed(studio: Studio, dark: bool, name: str) -> None:
    async def script(graph: Scripted, question: str, write: Write) -> None:
        await write({"type": "degraded", "part": "knowledge_base", "reason": "no answer within 5 s"})
        raise TimeoutError

    studio.graph.scripted = Scripted(script)
    page = await studio.open(dark=dark)
    await _asked(page, TURN_UP)
    studio.graph.scripted = None
    await studio.keep(page, name)


async def offline(studio: Studio, dark: bool, name: str) -> None:
    page = await studio.open(dark=dark)
    await page.context.set_offline(True)
    await ask(page, TURN_UP)
    await expect(page.locator(".work .notice")).to_be_visible()
    await studio.keep(page, name)


async def documents(studio: Studio, dark: bool, name: str) -> None:
    page = await studio.open(dark=dark, at="#/documents")
    files: Any = [
        {"name": "huts.md", "mimeType": "text/markdown", "buffer": b"# Huts\n\nThe hut sleeps twelve."},
        {"name": "broken.docx", "mimeType": "", "buffer": b"PK\x03\x04 nothing"},
        {"name": "empty.pdf", "mimeType": "application/pdf", "buffer": b""},
    ]
    await page.set_input_files("input[type=file]", files)
    done = page.locator(".upload[data-state=kept], .upload[data-state=refused], .upload[data-state=unchanged]")
    await expect(done).to_have_count(3, timeout=20_000)
    await studio.keep(page, name)


async def search(studio: Studio, dark: bool, name: str) -> None:
    page = await studio.open(dark=dark)
    await page.keyboard.press("Control+k")
    await page.keyboard.type("founded")
    await expect(page.locator(".session")).to_have_count(1)
    await studio.keep(page, name)


async def keyboard(studio: Studio, dark: bool, name: str) -> None:
    page = await studio.open(dark=dark)
    await page.click("[aria-label='Keyboard shortcuts']")
    await studio.keep(page, name)


async def phone(studio: Studio, dark: bool, name: str) -> None:
    page = await studio.open(dark=dark, size=PHONE)
    await _asked(page, "How long may I return unused goods?")
    await studio.keep(page, name)


async def phone_source(studio: Studio, dark: bool, name: str) -> None:
    page = await studio.open(dark=dark, size=PHONE)
    await _asked(page, "Above which altitude may the igniter of the Ember stove fail?")
    await page.locator(".cite").last.click()
    await expect(page.locator("#source mark")).to_be_visible()
    await studio.keep(page, name)


async def phone_history(studio: Studio, dark: bool, name: str) -> None:
    page = await studio.open(dark=dark, size=PHONE)
    await page.click(".rail-toggle")
    await expect(page.locator(".rail-close")).to_be_focused()
    await studio.keep(page, name)


async def quota(studio: Studio, dark: bool, name: str) -> None:
    async with open_server(studio.home / "quota", default_quota_tokens=900) as server:
        page = await studio.browser.open(server.url, dark=dark)
        await ask(page, TURN_UP)
        await expect(page.locator(".answer .notice.bad")).to_be_visible()
        await studio.keep(page, name)


async def signin(studio: Studio, dark: bool, name: str) -> None:
    async with open_server(studio.home / "signin", host="0.0.0.0", secret=SECRET) as server:
        page = await studio.browser.open(server.url, dark=dark, wait_for=".signin")
        await studio.keep(page, name)


async def _asked(page: Page, question: str) -> None:
    before = await page.locator(".actions").count()
    await ask(page, question)
    await expect(page.locator(".actions")).to_have_count(before + 1, timeout=20_000)
    await expect(page.locator(".send[aria-label=Ask]")).to_be_visible()


PICTURES: tuple[Picture, ...] = (
    answer, start, streaming, struck, abstention, failed, offline, documents, search, keyboard, phone, phone_source,
    phone_history, quota, signin,
)  # fmt: skip


async def take(folder: Path, names: list[str]) -> None:
    """Take each picture, light and dark."""
    made: list[Either] = []
    build = api.agent.build_graph

    def either(*given: Any) -> Any:
        made.append(Either(build(*given)))
        return made[-1]

    api.agent.build_graph = either
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        browser = await stack.enter_async_context(open_browser())
        browser.expected = ("",)
        server = await stack.enter_async_context(open_server(home / "data"))
        await ingest_samples(server.parts.stores, home, lambda *_: None)
        await server.ask("Who founded Fernweh?")
        studio = Studio(server, browser, made[0], folder, home)
        for picture in PICTURES:
            for dark in (False, True):
                name = f"{picture.__name__.replace('_', '-')}-{'dark' if dark else 'light'}"
                if not names or name in names or picture.__name__ in names:
                    await picture(studio, dark, name)


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screenshots")
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(target, sys.argv[2:]))
