"""300 hostile strings, each as question, answer, title, file name, quote and error message, at two widths.

The page and its policy are the server's own; what it is told is faked, so that no store or parser tames it first.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, Route, expect

from tests.web.driving import DESK, Watched, open_watched
from tests.web.hostile import MANY
from tests.web.test_hostile import is_inert

pytestmark = pytest.mark.browser

NOW = "2026-11-21T10:00:00Z"
PHONE = (390, 844)
STEP = 41  # how many of the strings are also opened in the panel of sources
SIDEWAYS = """
() => [...document.querySelectorAll(".scroller, .sessions, .documents, .source-body, .upload-list, .rail")]
    .filter((one) => one.scrollWidth > one.clientWidth + 1)
    .map((one) => {
        const edge = one.getBoundingClientRect().right;
        const out = [...one.querySelectorAll("*")].filter((node) => node.getBoundingClientRect().right > edge + 1);
        return `${one.className}: ${out.slice(0, 4).map((node) => node.outerHTML.slice(0, 90))}`;
    })
"""


def turn(number: int, text: str, role: str, kind: str) -> dict[str, Any]:
    """One turn; each question begins where the answer before it ended."""
    own, before = f"{kind}-{role}-{number}", f"{kind}-assistant-{number - 1}" if number else None
    citation = {"document_id": f"d{number}", "version_id": "v1", "source": text, "title": text, "quote": text}
    place = {"passage_id": "p", "start": 0, "end": len(text), "page": None, "row": None}
    stands = {
        "id": "c1",
        "text": f"{text} indeed",
        "verdict": "supported",
        "reason": "",
        "citations": [citation | place],
    }
    struck = {"id": "c2", "text": text, "verdict": "unsupported", "reason": text, "citations": []}
    answers = role == "assistant" and kind == "answers"
    return {
        "turn_id": own,
        "parent_turn_id": before if role == "user" else f"{kind}-user-{number}",
        "role": role,
        "text": text,
        "run_id": f"run-{number}",
        "status": "failed" if role == "assistant" and kind == "errors" else "complete",
        "claims": [stands, struck] if answers else [],
        "short_answer": text if answers else "",
        "confidence": 0.5,
        "abstained": False,
    }


def events(text: str) -> str:
    """A run that looks for a string, lacks a part, and fails with a message."""
    told: Sequence[dict[str, Any]] = (
        {"type": "query.searched", "query": text, "condensed": False, "found": 1},
        {"type": "degraded", "part": text, "reason": text},
        {"type": "run.failed", "code": "internal", "message": text},
    )
    return "".join(f"id: {seq}\ndata: {json.dumps({'seq': seq, **one})}\n\n" for seq, one in enumerate(told, 1))


def listed(path: str) -> dict[str, Any] | None:
    """What the listings say; every name in them is hostile."""
    if path == "/documents":
        rows = [{"document_id": f"d{number}", "source": text, "title": text} for number, text in enumerate(MANY)]
        more = {"version_id": "v1", "media_type": MANY[0], "collection": MANY[1], "passages": 1, "updated_at": NOW}
        return {"documents": [row | more for row in rows], "next": None}
    if path == "/chat/sessions":
        titles = [{"session_id": f"s{number}", "title": text, "updated_at": NOW} for number, text in enumerate(MANY)]
        return {"sessions": titles, "next": None}
    if path.startswith("/chat/history/"):
        kind = path.rpartition("/")[2]
        both = [turn(number, text, role, kind) for number, text in enumerate(MANY) for role in ("user", "assistant")]
        return {"turns": both, "next": None}
    if path.startswith("/documents/"):
        number = int(path.split("/")[2][1:])
        return {"text": MANY[number], "version_id": "v1", "title": MANY[number], "source": MANY[number]}
    return None


async def fake(page: Page) -> None:
    """Answer for the server, but for the page itself and the account."""
    refused = iter(MANY)

    async def fulfil(route: Route) -> None:
        path = urlsplit(route.request.url).path.removeprefix("/api/v1")
        if route.request.method == "POST":
            problem = {"code": "document_refused", "detail": next(refused), "status": 422}
            await route.fulfill(status=422, json=problem)
        elif path.startswith("/runs/"):
            number = int(path.split("/")[2].removeprefix("run-"))
            await route.fulfill(content_type="text/event-stream", body=events(MANY[number]))
        elif (body := listed(path)) is not None:
            await route.fulfill(json=body)
        else:
            await route.continue_()

    await page.route("**/api/v1/**", fulfil)


async def holds(page: Page, browser: Watched) -> None:
    """Nothing runs, nothing loads, nothing is wider than its place, on a desk and on a phone."""
    for width, height in (DESK, PHONE):
        await page.set_viewport_size({"width": width, "height": height})
        await is_inert(page, browser)
        assert await page.evaluate(SIDEWAYS) == []


async def says(page: Page, selector: str, expected: Sequence[str]) -> None:
    """The words arrive as they are, each of them, nothing added or taken."""
    await expect(page.locator(selector)).to_have_count(len(expected), timeout=20_000)
    told = await page.eval_on_selector_all(selector, "(nodes) => nodes.map((node) => node.textContent)")
    assert [(one, other) for one, other in zip(told, expected, strict=True) if one != other] == []


async def test_every_hostile_string_stays_text_in_every_field(home: Path, browser: Watched) -> None:
    assert len(MANY) >= 300
    browser.expected = ("422",)
    async with open_watched(browser, home) as server:
        page = await browser.open(server.url)
        await fake(page)
        await page.goto(f"{server.url}/#/c/answers")
        await page.reload()
        await says(page, ".question h2", MANY)
        await says(page, ".footnote-quote", MANY)
        await says(page, ".strikes del", MANY)
        assert await page.locator(".claim").count() == len(MANY)
        for place in range(0, len(MANY), STEP):
            await page.locator(".footnote").nth(place).click()
            await page.wait_for_selector("#source .source-text")
            assert await page.locator("#source .source-text").text_content() == MANY[place]
            assert await page.locator("#source h2").text_content() == MANY[place]
        await holds(page, browser)
        await page.keyboard.press("Escape")
        await page.locator(".strikes").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
        await holds(page, browser)

        await page.goto(f"{server.url}/#/c/errors")
        await expect(page.locator(".notice.bad:not([hidden])")).to_have_count(len(MANY), timeout=20_000)
        await holds(page, browser)

        await page.goto(f"{server.url}/#/documents")
        await says(page, ".document-title", MANY)
        await says(page, ".session-open", MANY)
        files = [{"name": text, "mimeType": "text/plain", "buffer": b"x"} for text in MANY]
        await page.set_input_files("input[type=file]", files)  # pyright: ignore[reportArgumentType]
        await expect(page.locator(".upload[data-state=refused]")).to_have_count(len(MANY), timeout=20_000)
        await holds(page, browser)
