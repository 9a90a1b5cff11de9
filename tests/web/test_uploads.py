"""A long file on the page: its row tells at which page the server is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.api.test_upload_progress import PAGES, pdf
from tests.web.driving import Watched, open_watched

pytestmark = pytest.mark.browser

NOTE_WORDS = """window.told = [];
new MutationObserver(() => told.push(document.querySelector(".upload-told")?.textContent))
    .observe(document.getElementById("uploads"), { subtree: true, childList: true, characterData: true });"""


async def test_the_row_of_an_upload_tells_the_page_that_is_being_read(home: Path, browser: Watched) -> None:
    file: Any = {"name": "pages.pdf", "mimeType": "application/pdf", "buffer": pdf()}
    async with open_watched(browser, home) as server:
        page = await browser.open(server.url)
        await page.evaluate(NOTE_WORDS)
        await page.set_input_files("input[type=file]", [file])
        await expect(page.locator(".upload[data-state=kept]")).to_contain_text("pages.pdf")
        told = await page.evaluate("told")
        # Pages that come in one piece are shown as one: which of them is seen depends on the network.
        assert {f"page {number} of {PAGES}" for number in range(1, PAGES + 1)} & set(told), told
