"""What the sources do not say of a question stands on the page, behind what they say, and after a reload too."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.web.driving import Watched, ask, open_watched

pytestmark = pytest.mark.browser

ORRIN = b"# The lighthouse\n\nThe lighthouse of Orrin was built in 1873 by Mathilde Aubert.\n"
QUESTION = "When was the lighthouse of Orrin built, and what does the ferry cost?"


async def test_a_half_that_is_not_said_is_named_on_the_page(home: Path, browser: Watched) -> None:
    async with open_watched(browser, home) as server:
        await server.client.post("/api/v1/documents", files={"files": ("orrin.md", ORRIN, "text/markdown")})
        page = await browser.open(server.url)
        await ask(page, QUESTION)

        await expect(page.locator(".claim[data-verdict=supported]")).to_contain_text("1873")
        await expect(page.locator(".unsaid")).to_have_text("I did not find in the sources what the ferry costs.")
        await page.reload()
        await expect(page.locator(".unsaid")).to_have_text("I did not find in the sources what the ferry costs.")
