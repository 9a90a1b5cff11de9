"""An answer that was made before says so on the page, and its citations open like any other's."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.web.driving import Watched, ask, open_watched

pytestmark = pytest.mark.browser

ORRIN = b"# The lighthouse\n\nThe lighthouse of Orrin was built in 1873 by Mathilde Aubert.\n"
QUESTION = "When was the lighthouse of Orrin built?"


async def test_an_answer_that_was_made_before_says_so_and_its_citations_open(home: Path, browser: Watched) -> None:
    async with open_watched(browser, home, response_cache="on") as server:
        await server.client.post("/api/v1/documents", files={"files": ("orrin.md", ORRIN, "text/markdown")})
        await server.ask(QUESTION)
        page = await browser.open(server.url)
        await ask(page, QUESTION)

        await expect(page.locator(".claim[data-verdict=supported]")).to_contain_text("1873")
        await expect(page.locator(".answer")).to_contain_text("given before, nothing has changed since")
        await page.locator(".answer .cite").first.click()
        await expect(page.locator("mark")).to_contain_text("1873")
