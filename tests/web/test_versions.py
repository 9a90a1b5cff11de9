"""Former versions of a document on the page: listed and restored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.async_api import expect

from tests.api.rigging import Script, Scripted, says
from tests.web.driving import Watched, is_accessible, open_watched

OLD, NEW = b"A night at the pier costs 28 euros.", b"A night at the pier costs 31 euros."


async def test_a_former_version_is_restored_from_the_list(
    home: Path, script: Callable[[Script], Scripted], browser: Watched
) -> None:
    script(says("It is 41 metres tall."))
    async with open_watched(browser, home) as server:
        for words in (OLD, NEW):
            await server.client.post("/api/v1/documents", files={"files": ("pier.md", words)})
        page = await browser.open(server.url)
        await page.click(".rail-documents")
        await page.click("button:has-text('2 versions')")
        await expect(page.locator(".document-versions .document")).to_have_count(2)
        await is_accessible(page)
        await page.click("button[aria-label='Restore version 1']")
        await expect(page.locator(".document-versions")).to_have_count(0)
        await page.click(".document-open")
        await expect(page.locator(".source-text")).to_contain_text("28 euros")
