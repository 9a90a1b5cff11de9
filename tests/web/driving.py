"""A browser that notes whatever a page must not do."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright

from tests.api.rigging import Served, open_server

CHROMIUM = shutil.which("chromium")
DESK = (1280, 800)
PHONE = (360, 740)
SERIOUS = ("serious", "critical")
NOTE_POLICY = """
addEventListener("securitypolicyviolation", (event) => {
    console.error(`CSP ${event.violatedDirective} ${event.blockedURI}`);
});
"""


@dataclass
class Watched:
    """A browser and what its pages did wrong."""

    browser: Browser
    wrongs: list[str] = field(default_factory=list[str])
    called: list[str] = field(default_factory=list[str])
    expected: tuple[str, ...] = ()
    """Parts of console errors that a test provokes: the browser notes each refused request as one."""

    async def open(
        self, url: str, *, size: tuple[int, int] = DESK, dark: bool = False, wait_for: str = ".composer, .documents"
    ) -> Page:
        """Open a page of its own, as a new visitor."""
        context = await self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light"
        )
        context.set_default_timeout(5_000)
        await context.add_init_script(NOTE_POLICY)
        page = await context.new_page()
        home = urlsplit(url).netloc
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.wrongs.append(f"error: {error}"))
        page.on("dialog", lambda dialog: self.wrongs.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: self._note(request, home))
        await page.goto(url)
        await page.wait_for_selector(wait_for)
        return page

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(part in message.text for part in self.expected):
            self.wrongs.append(f"{message.type}: {message.text}")

    def _note(self, request: Request, home: str) -> None:
        parts = urlsplit(request.url)
        self.called.append(parts.path)
        if parts.netloc != home:
            self.wrongs.append(f"request to another origin: {request.url}")


@asynccontextmanager
async def open_watched(browser: Watched, home: Path, **settings: Any) -> AsyncGenerator[Served]:
    """Serve to a browser; its pages are closed before the server goes, so that none calls into the void."""
    async with open_server(home, **settings) as server:
        try:
            yield server
        finally:
            for context in browser.browser.contexts:
                await context.close()


@asynccontextmanager
async def open_browser() -> AsyncGenerator[Watched]:
    """Start Chromium; at the end nothing wrong may have happened."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            watched = Watched(browser)
            yield watched
            assert not watched.wrongs, watched.wrongs
        finally:
            await browser.close()


async def is_accessible(page: Page) -> None:
    """Fail on what axe finds serious or worse."""
    found = await Axe().run(page)
    bad = [
        f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
        for one in found.response["violations"]
        if one["impact"] in SERIOUS
    ]
    assert not bad, bad


async def fits(page: Page) -> None:
    """Fail if the page is wider than its window."""
    wide = await page.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth, innerWidth]")
    assert max(wide[:2]) <= wide[2], wide


async def ask(page: Page, question: str) -> None:
    """Write a question and send it with the keyboard."""
    await page.fill(".composer textarea", question)
    await page.press(".composer textarea", "Enter")
