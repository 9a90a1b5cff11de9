"""The chat page in a real browser, before a real server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from api.streaming import Stopping
from memory.identity import API_AUDIENCE, mint
from memory.records import LOCAL, Citation
from tests.api.rigging import SECRET, Script, Scripted, Served, Write, open_server, says
from tests.web.driving import PHONE, Watched, ask, fits, is_accessible, open_watched

pytestmark = pytest.mark.browser

QUOTE = "You may return unused goods within 60 days of delivery."
# Each of the signs before the quote is two UTF-16 units: offsets taken for the other kind would miss it.
RETURNS = (
    f"# Returns policy 🏔🎒\n\n🙂🙂🙂 Welcome.\n\n{'Goods are sold. ' * 400}\n\n{QUOTE}\n\n{'More of it. ' * 400}\n"
)
FILE = {"name": "returns.md", "mimeType": "text/markdown", "buffer": RETURNS.encode()}
EMPTY = {"name": "broken.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\nnothing of a document"}


async def upload(page: Page, *files: Mapping[str, Any]) -> None:
    await page.set_input_files("input[type=file]", files)  # pyright: ignore[reportArgumentType]


async def drop(page: Page, file: Mapping[str, Any]) -> None:
    """Drop a file in the middle of the page, as a mouse would."""
    data = await page.evaluate_handle(
        """({ name, text, type }) => {
            const data = new DataTransfer();
            data.items.add(new File([text], name, { type }));
            return data;
        }""",
        {"name": file["name"], "text": file["buffer"].decode(), "type": file["mimeType"]},
    )
    await page.dispatch_event("body", "dragenter", {"dataTransfer": data})
    await expect(page.locator("#drop")).to_be_visible()
    await page.dispatch_event("body", "drop", {"dataTransfer": data})
    await expect(page.locator("#drop")).to_be_hidden()


async def citation_in(server: Served, source: str) -> Citation:
    document = await server.parts.stores.documents.by_source(LOCAL, source)
    start = document.text.index(QUOTE)
    where = (document.document_id, document.version_id, document.source, document.title)
    return Citation("p1", *where, start, start + len(QUOTE), QUOTE, 3)


def quotes(cited: Callable[[], Sequence[Citation]]) -> Script:
    """Say one sentence that is struck and one that stands on citations; hold before the second is judged."""

    async def script(graph: Scripted, question: str, write: Write) -> None:
        citations = [asdict(one) for one in cited()]
        await write({"type": "stage.changed", "stage": "researching", "round": 1})
        await write({"type": "query.searched", "query": f"about {question}", "condensed": True, "found": 7})
        await write({"type": "stage.changed", "stage": "judging", "round": 1})
        await write({"type": "answer.delta", "claim_id": "c1", "text": "The moon is cheese."})
        await write({"type": "answer.delta", "claim_id": "c2", "text": "Within 60 days."})
        await write({"type": "claim.retracted", "claim_id": "c1", "verdict": "unsupported", "reason": "no source"})
        graph.reached.set()
        await graph.go.wait()
        await write({"type": "claim.supported", "claim_id": "c2", "citations": citations})
        stands = {"id": "c2", "text": "Within 60 days.", "citations": citations, "verdict": "supported", "reason": ""}
        struck = {"id": "c1", "text": "The moon is cheese.", "verdict": "unsupported", "reason": "no source"}
        await write(
            {
                "type": "answer.completed",
                "text": "Within 60 days.",
                "short_answer": "60 days",
                "claims": [{**struck, "citations": []}, stands],
                "citations": citations,
                "confidence": 0.9,
                "abstained": False,
                "suggestions": [],
            }
        )

    return script


async def test_upload_ask_watch_the_judge_and_open_the_quote(
    home: Path, script: Callable[[Script], Scripted], browser: Watched
) -> None:
    cited: list[Citation] = []
    graph = script(quotes(lambda: cited))
    browser.expected = ("422",)
    async with open_watched(browser, home) as server:
        page = await browser.open(server.url)
        await is_accessible(page)
        await upload(page, FILE, EMPTY)
        await expect(page.locator(".upload[data-state=kept]")).to_contain_text("returns.md")
        await expect(page.locator(".upload[data-state=refused]")).to_contain_text("broken.pdf")
        assert len(await page.inner_text(".upload[data-state=refused] .upload-told")) > 10
        await is_accessible(page)
        await page.click("#uploads header button")
        for shown in ("Dark colours", "Light colours"):
            await page.click(f"button[aria-label='{shown}']")
            await is_accessible(page)
        cited.append(await citation_in(server, "returns.md"))

        await ask(page, "How long may I return them?")
        await expect(page.locator(".stages .now")).to_have_text("Judge")
        await expect(page.locator(".query")).to_contain_text("about How long may I return them?")
        await expect(page.locator(".claim[data-verdict=unsupported] del")).to_have_text("The moon is cheese.")
        await expect(page.locator(".claim[data-verdict=pending]")).to_have_text("Within 60 days.")
        await is_accessible(page)
        graph.go.set()
        await expect(page.locator(".claim strong")).to_have_text("60 days")
        await expect(page.locator(".prose del")).to_have_count(0)
        await expect(page.locator(".strikes del")).to_have_text("The moon is cheese.")

        await page.click(".cite")
        await expect(page.locator("#source mark")).to_have_text(QUOTE)
        await expect(page.locator("#source mark")).to_be_in_viewport()
        await expect(page.locator("#source .chip")).to_have_text("page 3")
        await is_accessible(page)
        await page.keyboard.press("Escape")
        await expect(page.locator(".cite")).to_be_focused()

        changed = {**FILE, "buffer": b"# Returns policy\n\nAll is new here. " + QUOTE.encode()}
        await drop(page, changed)
        await expect(page.locator(".upload[data-state=kept]")).to_have_count(1)
        await page.click(".footnote")
        await expect(page.locator("#source .notice")).to_contain_text("the version that was quoted")
        await expect(page.locator("#source mark")).to_have_text(QUOTE)
        await expect(page.locator(".source-text")).to_contain_text("Goods are sold.")
        await is_accessible(page)
        await page.click("button:has-text('As it is now')")
        await expect(page.locator(".source-text")).to_contain_text("All is new here.")
        await expect(page.locator("#source .notice")).to_have_count(0)


async def test_a_citation_of_a_version_that_is_no_longer_kept_opens_the_document_as_it_is_now(
    home: Path, script: Callable[[Script], Scripted], browser: Watched
) -> None:
    cited: list[Citation] = []
    script(quotes(lambda: cited)).go.set()
    browser.expected = ("404",)
    async with open_watched(browser, home, kept_versions=1) as server:
        await server.client.post("/api/v1/documents", files={"files": ("returns.md", RETURNS.encode())})
        cited.append(await citation_in(server, "returns.md"))
        page = await browser.open(server.url)
        await ask(page, "How long may I return them?")
        await expect(page.locator(".cite")).to_be_visible()
        for words, told in ((f"All is new. {QUOTE}", "still in it"), ("Nothing is left.", "no longer in it")):
            await server.client.post("/api/v1/documents", files={"files": ("returns.md", words.encode())})
            await page.click(".footnote")
            await expect(page.locator("#source .notice")).to_contain_text(told)
            await expect(page.locator("#source mark, #source .lost")).to_have_text(QUOTE)


async def test_stop_retry_and_reload_in_the_middle(
    home: Path, script: Callable[[Script], Scripted], browser: Watched
) -> None:
    graph = script(says("It is 41 metres tall.", "It stands on a cliff.", hold_after=1))
    async with open_watched(browser, home) as server:
        page = await browser.open(server.url)
        await ask(page, "How tall is it?")
        await expect(page.locator(".claim")).to_have_text("It is 41 metres tall.")
        await page.click(".send[aria-label=Stop]")
        await expect(page.locator(".answer .notice")).to_contain_text("Stopped")
        await expect(page.locator(".prose")).to_contain_text("It is 41 metres tall.")

        await page.click("button[aria-label='Ask again']")
        await expect(page.locator(".attempts")).to_contain_text("2 / 2")
        await expect(page.locator(".claim[data-verdict=pending]")).to_have_text("It is 41 metres tall.")
        await page.reload()
        await expect(page.locator(".claim[data-verdict=pending]")).to_have_text("It is 41 metres tall.")
        # The streams are cut; the page takes its own up again where it was.
        server.api.state.streams.stopping.set()
        await expect(page.locator(".work .notice")).to_contain_text("connection was lost")
        server.api.state.streams.stopping = Stopping()
        graph.go.set()
        await expect(page.locator(".claim[data-verdict=supported]")).to_have_count(2)
        await expect(page.locator(".prose")).to_contain_text("It is 41 metres tall. It stands on a cliff.")

        await page.click("button[aria-label='The attempt before']")
        await expect(page.locator(".answer .notice")).to_contain_text("Stopped")
        await page.click("button[aria-label='The next attempt']")
        await page.click("button[aria-label='Good answer']")
        await expect(page.locator("button[aria-label='Good answer']")).to_have_attribute("aria-pressed", "true")
        await page.click("button[aria-label='Edit and ask anew']")
        await page.fill(".edit", "How wide is it?")
        await page.press(".edit", "Enter")
        await expect(page.locator(".attempts")).to_contain_text("3 / 3")
        await expect(page.locator(".actions")).to_be_visible()


async def test_conversations_and_documents_are_found_renamed_and_deleted_on_a_phone_too(
    home: Path, script: Callable[[Script], Scripted], browser: Watched
) -> None:
    script(says("It is 41 metres tall."))
    async with open_watched(browser, home) as server:
        for question in ("How tall is the lighthouse?", "Who keeps the light?"):
            await server.ask(question)
        page = await browser.open(server.url, size=PHONE, dark=True)
        await fits(page)
        await is_accessible(page)
        await page.click(".rail-toggle")
        await expect(page.locator(".session")).to_have_count(2)
        await page.fill(".history input", "lighthouse")
        await expect(page.locator(".session")).to_have_count(1)
        await page.click(".session-open")
        await expect(page.locator(".prose")).to_contain_text("It is 41 metres tall.")
        await fits(page)
        await page.click(".rail-toggle")
        await is_accessible(page)
        await page.click(".session.current button[aria-label^=Rename]")
        await page.fill(".session input", "The tower")
        await page.press(".session input", "Enter")
        await expect(page.locator(".session-open")).to_have_text("The tower")
        await page.click(".session.current button[aria-label^=Delete]")
        await page.click(".session .danger")
        await expect(page.locator(".welcome h1")).to_be_visible()

        await upload(page, FILE)
        await page.click("#uploads header button")
        await page.click(".rail-toggle")
        await page.click(".rail-documents")
        await expect(page.locator(".document")).to_have_count(1)
        await fits(page)
        await is_accessible(page)
        await page.click(".document button[aria-label^=Delete]")
        await page.click(".document .danger")
        await expect(page.locator(".document")).to_have_count(0)


async def test_a_server_beyond_loopback_is_given_a_token_by_the_page(
    home: Path, script: Callable[[Script], Scripted], browser: Watched
) -> None:
    script(says("It is 41 metres tall."))
    browser.expected = ("401",)
    async with open_watched(browser, home, host="0.0.0.0", secret=SECRET) as server:
        page = await browser.open(server.url, wait_for=".signin")
        await is_accessible(page)
        for token in ("wrong", mint(LOCAL, API_AUDIENCE, SECRET.encode())):
            await page.fill(".signin input", token)
            await page.press(".signin input", "Enter")
            await expect(page.locator(".composer" if "." in token else ".notice.bad:visible")).to_be_visible()
        await ask(page, "How tall is it?")
        await expect(page.locator(".claim[data-verdict=supported]")).to_have_text("It is 41 metres tall.")


async def test_files_are_kept_by_the_browser_until_they_change(
    home: Path, script: Callable[[Script], Scripted]
) -> None:
    script(says("Nothing."))
    async with open_server(home) as server:
        first = await server.client.get("/web/app.js")
        again = await server.client.get("/web/app.js", headers={"If-None-Match": first.headers["etag"]})
        outside = await server.client.get("/web/..%2fpyproject.toml")
        page = await server.client.head("/")

    assert (first.status_code, again.status_code, outside.status_code, page.status_code) == (200, 304, 404, 200)
    for answer in (first, again, page):
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert first.headers["x-content-type-options"] == "nosniff"
