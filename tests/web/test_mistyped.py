"""A word that was read as another is told on the page, behind an answer and where the sources do not say."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.web.driving import Watched, ask, open_watched

pytestmark = pytest.mark.browser

ORRIN = b"# The lighthouse\n\nThe lighthouse of Orrin was built in 1873 by Mathilde Aubert.\n"


async def test_a_word_that_was_read_otherwise_is_told(home: Path, browser: Watched) -> None:
    async with open_watched(browser, home) as server:
        await server.client.post("/api/v1/documents", files={"files": ("orrin.md", ORRIN, "text/markdown")})
        page = await browser.open(server.url)
        await ask(page, "When was the lighthuose of Orrin built?")

        await expect(page.locator(".claim[data-verdict=supported]")).to_contain_text("1873")
        await expect(page.locator(".reread")).to_have_text("I read “lighthuose” as “lighthouse”.")
        await page.reload()
        await expect(page.locator(".reread")).to_have_text("I read “lighthuose” as “lighthouse”.")
