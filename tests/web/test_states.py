"""What the page shows when there is no answer, no connection, no quota; and what it lets people take away."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import anyio
import pytest
from playwright.async_api import Page, Request, Route, expect

from memory.records import Citation
from tests.api.rigging import Script, Scripted, Write, says
from tests.web.driving import DESK, PHONE, Watched, ask, fits, is_accessible, open_watched

pytestmark = pytest.mark.browser

TOWER = "The tower is 41 metres tall."
LIGHT = "Its light is seen from 20 miles."


async def abstains(graph: Scripted, question: str, write: Write) -> None:
    """Look twice and find nothing; the second time one part is down."""
    for query in (question, f"{question} height"):
        await write({"type": "query.searched", "query": query, "condensed": False, "found": 3})
    if len(graph.asked) > 1:
        await write({"type": "degraded", "part": "knowledge_base", "reason": "no answer within 5 s"})
    done: dict[str, Any] = {
        "type": "answer.completed",
        "text": "The sources do not say.",
        "short_answer": "",
        "claims": [],
    }
    await write({**done, "citations": [], "confidence": 0.0, "abstained": True, "suggestions": []})
    if len(graph.asked) > 2:
        raise TimeoutError


async def cites(graph: Scripted, question: str, write: Write) -> None:
    """Say two sentences on two rows of one table, and propose to go on."""
    claims: list[dict[str, Any]] = []
    for number, text in enumerate((TOWER, LIGHT), 1):
        where = ("towers.csv", "Towers", number, number + len(text), text)
        cited = Citation(f"p{number}", "d1", "v1", *where, row=number, is_ocr=number == 2)
        claims.append({"id": f"c{number}", "text": text, "citations": [asdict(cited)], "verdict": "supported"})
        await write({"type": "answer.delta", "claim_id": f"c{number}", "text": text})
    done: dict[str, Any] = {"type": "answer.completed", "text": f"{TOWER} {LIGHT}", "short_answer": "", "citations": []}
    finished = [{**claim, "reason": ""} for claim in claims]
    await write({**done, "claims": finished, "confidence": 0.9, "abstained": False, "suggestions": ["Who built it?"]})


def asked(page: Page) -> list[dict[str, Any]]:
    """The messages that a page sends from here on."""
    sent: list[dict[str, Any]] = []

    def note(request: Request) -> None:
        if request.url.endswith("/chat/message"):
            sent.append(json.loads(request.post_data or "null"))

    page.on("request", note)
    return sent


async def test_no_answer_is_a_result_and_a_failure_keeps_the_question(
    home: Path, script: Callable[[Script], Scripted], browser: Watched
) -> None:
    script(abstains)
    async with open_watched(browser, home) as server:
        page = await browser.open(server.url)
        sent = asked(page)
        await ask(page, "How tall is it?")
        card = page.locator(".abstention")
        await expect(card.locator("h3")).to_have_text("The sources do not say")
        await expect(card.locator("li")).to_have_text(["How tall is it?", "How tall is it? height"])
        await expect(page.locator("#announcer")).to_contain_text("The sources do not say")
        await is_accessible(page)
        await page.reload()
        await expect(card.locator("li")).to_have_text(["How tall is it?", "How tall is it? height"])

        await card.get_by_text("Search deeper").click()
        await expect(page.locator(".answer .notice")).to_have_text("Without the knowledge base: no answer within 5 s")
        assert [one["effort"] for one in sent] == ["standard", "deep"]
        await expect(card.get_by_text("Search deeper")).to_have_count(0)
        await page.click("button[aria-label='Ask again']")
        await expect(page.locator(".answer .notice.bad")).to_contain_text("Your question is kept")
        await expect(page.locator(".question h2")).to_have_text("How tall is it?")
        await is_accessible(page)
        await page.emulate_media(color_scheme="dark", contrast="more", reduced_motion="reduce")
        await is_accessible(page)
        await page.emulate_media(forced_colors="active")
        await is_accessible(page)


async def test_effort_and_quota_are_chosen_and_seen_before_and_after(
    home: Path, script: Callable[[Script], Scripted], browser: Watched
) -> None:
    script(says(TOWER))
    browser.expected = ("429",)
    async with open_watched(browser, home, default_quota_tokens=6_000) as server:
        page = await browser.open(server.url)
        sent = asked(page)
        await expect(page.locator(".composer .quota")).to_have_text("6,000 tokens left")
        await page.get_by_label("Quick", exact=True).check()
        await ask(page, "How tall is it?")
        await expect(page.locator(".composer .quota")).to_have_text("5,958 tokens left")
        await expect(page.locator(".quota-line")).to_contain_text("5,958 tokens left until")
        await page.get_by_label("Deep", exact=True).check()
        await ask(page, "How wide is it?")
        await expect(page.locator(".answer .notice.bad")).to_contain_text("There will be more on")
        await expect(page.locator(".composer textarea")).to_have_value("How wide is it?")
        await expect(page.locator(".efforts .dear")).to_contain_text(["Standard", "Deep"])
        assert [one["effort"] for one in sent] == ["quick", "deep"]
        await is_accessible(page)


async def test_a_question_sent_into_the_void_is_asked_once_after_a_reload(
    home: Path, script: Callable[[Script], Scripted], browser: Watched
) -> None:
    graph = script(says(TOWER))
    browser.expected = ("ERR_FAILED", "ERR_INTERNET_DISCONNECTED")
    async with open_watched(browser, home) as server:
        page = await browser.open(server.url)
        await page.fill(".composer textarea", "half a thou")
        await page.reload()
        await expect(page.locator(".composer textarea")).to_have_value("half a thou")
        await page.context.set_offline(True)
        await ask(page, "How tall is it?")
        await expect(page.locator(".work .notice")).to_contain_text("You are offline")
        await page.context.set_offline(False)
        await expect(page.locator(".claim[data-verdict=supported]")).to_have_text(TOWER)

        lost = f"{server.url}/api/v1/chat/message"
        await page.route(lost, lambda route: route.abort())
        await page.click("button[aria-label='New conversation']:visible, .new")
        await ask(page, "How wide is it?")
        await expect(page.locator(".work .notice")).to_contain_text("connection was lost")
        await page.reload()
        await page.unroute(lost)
        await expect(page.locator(".claim[data-verdict=supported]")).to_have_text(TOWER)
        await expect(page.locator(".session")).to_have_count(2)
        assert len(graph.asked) == 2


async def test_what_is_loading_takes_the_focus_from_nobody(home: Path, browser: Watched) -> None:
    async with open_watched(browser, home) as server:
        page = await browser.open(server.url)
        for address in ("#/documents", "#/"):
            await go_slowly(page, address, meanwhile="#main")
            await expect(page.locator("#main")).to_be_focused()


async def go_slowly(page: Page, address: str, *, meanwhile: str) -> None:
    """Go to an address, move the focus elsewhere while what it shows is being fetched, return once it is shown."""
    called = "**/api/v1/documents*"
    held, came = anyio.Event(), anyio.Event()

    async def hold(route: Route) -> None:
        came.set()
        await held.wait()
        await route.continue_()

    await page.route(called, hold)
    await page.evaluate("(address) => { location.hash = address }", address)
    with anyio.fail_after(5):
        await came.wait()
    await page.locator(meanwhile).focus()
    async with page.expect_response(called):
        held.set()
    await page.unroute(called)
    await page.wait_for_function(
        "() => document.querySelector('.documents .hint') || !document.querySelector('.documents')"
    )


async def test_the_keyboard_is_enough(home: Path, script: Callable[[Script], Scripted], browser: Watched) -> None:
    script(cites)
    browser.expected = ("404",)
    async with open_watched(browser, home) as server:
        page = await browser.open(server.url)
        keys = page.keyboard
        await page.locator("#main").focus()
        await keys.press("?")
        await expect(page.locator(".sheet")).to_be_visible()
        await is_accessible(page)
        await keys.press("Escape")
        await keys.press("/")
        await keys.type("How tall?")
        await keys.press("Shift+Enter")
        await keys.type("And how bright?")
        await keys.press("Enter")
        await expect(page.locator(".question h2")).to_have_text("How tall?\nAnd how bright?", use_inner_text=True)
        await expect(page.locator(".actions")).to_be_visible()
        await expect(page).to_have_title("How tall? And how bright? · MultiDB")

        await page.locator(".cite").first.focus()
        await keys.press("Enter")
        await expect(page.locator("#source .chip")).to_have_text("row 1")
        await keys.press("ArrowRight")
        await expect(page.locator("#source .chip")).to_have_text("row 2, read by OCR")
        await expect(page.locator("#source .lost")).to_have_text(LIGHT)
        await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        await fits(page)
        await is_accessible(page)
        await page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
        await keys.press("Escape")
        await expect(page.locator(".cite").first).to_be_focused()

        await keys.press("/")
        await keys.press("ArrowUp")
        await expect(page.locator(".edit")).to_be_focused()
        await keys.press("Escape")
        await keys.press("Control+k")
        await expect(page.locator(".history input")).to_be_focused()
        await keys.press("Control+Shift+O")
        await expect(page.locator(".welcome h1")).to_be_visible()
        await expect(page.locator(".composer textarea")).to_be_focused()


async def test_answers_and_conversations_can_be_taken_away_and_gone_on_with(
    home: Path, script: Callable[[Script], Scripted], browser: Watched
) -> None:
    script(cites)
    async with open_watched(browser, home) as server:
        page = await browser.open(server.url, size=(PHONE[0], 500))
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        sent = asked(page)
        await ask(page, "How tall is it?")
        await page.get_by_label("Copy the answer with its sources").click()
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert copied == (
            f"{TOWER} [1] {LIGHT} [2]\n\n[1] Towers, towers.csv, row 1: “{TOWER}”\n"
            f"[2] Towers, towers.csv, row 2, read by OCR: “{LIGHT}”"
        )
        await page.locator(".suggestions button").click()
        await expect(page.locator(".question h2").last).to_have_text("Who built it?")
        await expect(page.locator(".actions")).to_have_count(2)
        await page.evaluate("document.querySelector('.scroller').scrollTop = 0")
        await page.click(".to-end")
        await expect(page.locator(".to-end")).to_be_hidden()
        await fits(page)

        await page.evaluate(
            """() => {
                const clipboardData = new DataTransfer();
                clipboardData.items.add(new File(["# Towers\\n\\nA tower is tall."], "towers.md"));
                const field = document.querySelector(".composer textarea");
                field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
            }"""
        )
        await expect(page.locator(".upload[data-state=kept]")).to_contain_text("towers.md")
        await page.click("#uploads header button")
        await page.click(".rail-toggle")
        await expect(page.locator(".rail-close")).to_be_focused()
        async with page.expect_download() as saving:
            await page.click(".session.current button[aria-label^=Save]")
        text = await anyio.Path(await (await saving.value).path()).read_text(encoding="utf-8")
        assert text.startswith(f"# How tall is it?\n\n## How tall is it?\n\n{TOWER} [1] {LIGHT} [2]\n\n[1] Towers")
        assert text.count("## ") == 2

        await page.click(".rail-documents")
        await page.fill("#collection-field", "harbour")
        note = {"name": "quay.md", "mimeType": "text/markdown", "buffer": b"# Quay\n\nThe quay is long."}
        await page.set_input_files("input[type=file]", note)  # pyright: ignore[reportArgumentType]
        await expect(page.locator(".document")).to_have_count(2)
        await is_accessible(page)
        await page.go_back()
        await page.select_option(".collection", "harbour")
        await ask(page, "How long is the quay?")
        await expect(page.locator(".question")).to_have_count(3)
        assert [one["filters"] for one in sent] == [{}, {}, {"collection": "harbour"}]
        await fits(page)
