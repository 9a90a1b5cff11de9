"""Words of people and documents stay words, wherever the page shows them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from memory.records import Citation
from tests.api.rigging import Script, Scripted, Write
from tests.web.driving import PHONE, Watched, fits, open_watched
from tests.web.hostile import MANY, MARKUP, STRINGS

pytestmark = pytest.mark.browser

MADE = "script, img, iframe, object, embed, link, style, base, meta, form, video, math, template, b, i, a"
OURS = ("/", "/web/", "/api/v1/")


def citing(number: int, text: str) -> dict[str, Any]:
    return asdict(Citation(f"p{number}", f"d{number}", "v1", f"{text}.md", text, 0, len(text), text))


async def repeats(graph: Scripted, question: str, write: Write) -> None:
    """An answer that is nothing but hostile: claims, reasons, queries, titles, quotes, suggestions, parts."""
    claims: list[dict[str, Any]] = []
    await write({"type": "query.searched", "query": question, "condensed": False, "found": 1})
    await write({"type": "degraded", "part": question[:50], "reason": question[:200]})
    for number, text in enumerate(MANY if question == "All" else [question]):
        claim = {"id": f"c{number}", "text": text, "citations": [citing(number, text)], "verdict": "supported"}
        if number % 3 == 2:
            claim.update(verdict="unsupported", citations=[])
        claims.append({**claim, "reason": text})
        await write({"type": "answer.delta", "claim_id": claim["id"], "text": text})
    texts = [claim["text"] for claim in claims if claim["verdict"] == "supported"]
    await write(
        {
            "type": "answer.completed",
            "text": " ".join(texts),
            "short_answer": texts[0],
            "claims": claims,
            "citations": [],
            "confidence": 0.5,
            "abstained": question in MARKUP,
            "suggestions": texts[:40],
        }
    )


async def is_inert(page: Page, browser: Watched) -> None:
    assert await page.evaluate("window.ran") is None
    made = await page.evaluate(f"[...document.body.querySelectorAll({MADE!r})].map((one) => one.outerHTML)")
    assert [one for one in made if not one.startswith(('<a class="skip"', '<a class="rail-documents"'))] == []
    assert {path for path in browser.called if not path.startswith(OURS)} == set()
    await fits(page)


async def test_hostile_strings_stay_text_everywhere(
    home: Path, script: Callable[[Script], Scripted], browser: Watched
) -> None:
    script(repeats)
    browser.expected = ("404", "422", "favicon")
    async with open_watched(browser, home) as server:
        asked = [server.ask(question, session_id=f"s{number}") for number, question in enumerate(STRINGS)]
        for start in range(0, len(asked), 6):
            await asyncio.gather(*asked[start : start + 6])
        for question in STRINGS[::3]:
            await server.ask(question, session_id="every")
        await server.ask("All", session_id="all")

        page = await browser.open(f"{server.url}/#/c/all")
        await expect(page.locator(".claim")).to_have_count(len(MANY) - len(MANY) // 3)
        await expect(page.locator(".session")).to_have_count(60)
        await is_inert(page, browser)
        shown = await page.locator(".claim").first.inner_text()
        assert MANY[0] in shown
        for opener in (".cite", ".footnote"):
            await page.locator(opener).nth(5).click()
            await expect(page.locator("#source .lost")).to_be_visible()
            await is_inert(page, browser)

        files = [
            {
                "name": f"{text.replace('/', '_')[:120]}.md",
                "mimeType": "text/markdown",
                "buffer": f"# {text}\n\n{text}".encode(),
            }
            for text in MARKUP[::3]
        ]
        files.append(
            {
                "name": f"{MARKUP[2]}.pdf",
                "mimeType": "text/html",
                "buffer": b"%PDF-1.4 <img src=x onerror=window.ran=1>",
            }
        )
        await page.set_input_files("input[type=file]", files)  # pyright: ignore[reportArgumentType]
        settled = page.locator(".upload[data-state=kept], .upload[data-state=unchanged], .upload[data-state=refused]")
        await expect(settled).to_have_count(len(files), timeout=20_000)
        await is_inert(page, browser)
        await page.goto(f"{server.url}/#/documents")
        await expect(page.locator(".document").nth(5)).to_be_visible()
        await is_inert(page, browser)
        await page.locator(".document-open").first.click()
        await expect(page.locator(".source-text")).to_be_visible()
        await is_inert(page, browser)

        await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        await page.goto(f"{server.url}/#/c/every")
        await expect(page.locator(".exchange")).to_have_count(len(STRINGS[::3]))
        await is_inert(page, browser)
