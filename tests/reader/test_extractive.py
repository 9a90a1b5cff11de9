from __future__ import annotations

from dataclasses import replace

import pytest

from graphs.reader.evidence import text_of
from graphs.reader.extractive import COMPARED, MAX_CLAIMS, ExtractiveReader
from graphs.reader.features import MAX_QUOTE, candidates
from graphs.reader.question import understand
from memory.records import Hit
from memory.span_ports import Text
from tests.reader.support import WordTools, make_hit, request

RETURNS = make_hit(
    "returns",
    "Our shop has been open since 1987. Unused items can be returned within 30 days of delivery. "
    "Shipping for a return costs 4.90 euros. For help, write to Mara Lind.",
)
LAMPS = make_hit("lamps", "The Aurora lamp has a glass shade. It weighs 2.4 kg and needs a 40 watt bulb.")
GARDEN = make_hit("garden", "Roses are cut in March. Water them in the morning.")


@pytest.mark.parametrize(
    ("question", "sentence", "short"),
    [
        ("Within how many days can unused items be returned?", "Unused items can be returned", "30"),
        ("How much does shipping for a return cost?", "Shipping for a return costs", "4.90 euros"),
        ("Whom do I ask for help?", "For help, write to Mara Lind.", "Mara Lind"),
        ("When are roses cut?", "Roses are cut in March.", "March"),
        ("Since when has the shop been open?", "Our shop has been open since 1987.", "1987"),
    ],
)
async def test_read_answers_with_the_sentence_and_its_shortest_span(question: str, sentence: str, short: str) -> None:
    reading = await ExtractiveReader().read(request(question, GARDEN, LAMPS, RETURNS))
    assert reading.claims[0].text.startswith(sentence)
    assert reading.short_answer == short


async def test_read_cites_the_exact_place_of_each_claim() -> None:
    hits = {hit.passage.passage_id: hit for hit in (GARDEN, LAMPS, RETURNS)}
    reading = await ExtractiveReader().read(request("What does a return cost?", *hits.values()))
    assert reading.claims
    for claim in reading.claims:
        (citation,) = claim.citations
        passage = hits[citation.passage_id].passage
        assert passage.text[citation.start - passage.start : citation.end - passage.start] == citation.quote
        assert claim.text == citation.quote
        assert claim.verdict == "pending"


async def test_read_keeps_to_three_claims_with_ids_of_their_own() -> None:
    text = " ".join(f"The red lamp number {number} costs {number} euros." for number in range(20))
    reading = await ExtractiveReader().read(request("What does a red lamp cost?", make_hit("a", text), RETURNS))
    assert 1 <= len(reading.claims) <= MAX_CLAIMS
    assert len({claim.id for claim in reading.claims}) == len(reading.claims)


async def test_read_cuts_a_sentence_that_is_too_long_to_cite() -> None:
    text = "The warranty covers " + ", ".join(f"part number {number}" for number in range(100)) + "."
    reading = await ExtractiveReader().read(request("What does the warranty cover?", make_hit("w", text)))
    assert 0 < len(reading.claims[0].text) <= MAX_QUOTE


async def test_read_thinks_an_answered_question_likelier_than_one_that_is_not() -> None:
    reader = ExtractiveReader()
    answered = await reader.read(request("When can unused items be returned?", RETURNS, LAMPS, GARDEN))
    other = await reader.read(request("Who won the football championship in Norway?", RETURNS, LAMPS, GARDEN))
    assert answered.answerable > other.answerable
    assert 0.0 <= other.answerable <= answered.answerable <= 1.0


async def test_read_without_passages_finds_nothing() -> None:
    reading = await ExtractiveReader().read(request("Who?"))
    assert (reading.claims, reading.short_answer, reading.answerable) == ((), "", 0.0)


@pytest.mark.parametrize("text", ["", "   ", "\n\n", "???", "Is it?", "# Heading"])
async def test_read_of_passages_that_say_nothing_cites_nothing(text: str) -> None:
    reading = await ExtractiveReader().read(request("Is it open?", make_hit("a", text)))
    assert reading.claims == ()


@pytest.mark.parametrize("question", ["", "?", "the of and", "🤷", "x" * 5000, "什么时候开门？", "\x00"])
async def test_read_takes_any_question(question: str) -> None:
    reading = await ExtractiveReader().read(request(question, RETURNS, make_hit("cjk", "我们九点开门。周日休息。")))
    assert 0.0 <= reading.answerable <= 1.0


@pytest.mark.parametrize(
    ("question", "heading", "is_told"),
    [
        ("When was version 4.2.0 released?", "4.2.0 (2026-09-30)", True),
        ("How many people does the soup serve?", "Lentil soup (serves 4)", True),
        ("What is version 4.2.0?", "4.2.0 (2026-09-30)", False),
        ("When was version 4.2.0 released?", "Version 4.2.0", False),
    ],
)
def test_a_heading_answers_for_the_date_or_number_it_tells_only(question: str, heading: str, is_told: bool) -> None:
    hit = make_hit("p", heading, title="Notes")
    hit = replace(hit, passage=replace(hit.passage, heading=("Notes", heading)))
    assert [one.text for one in candidates(understand(question, {}), [hit])] == [heading] * is_told
    assert text_of(hit) == Text("Notes", heading)


async def test_read_goes_on_without_similarities() -> None:
    hits = (GARDEN, LAMPS, RETURNS)
    reading = await ExtractiveReader().read(request("How heavy is the Aurora lamp?", *hits, tools=WordTools(gone=True)))
    assert reading.claims[0].citations[0].passage_id == "lamps"


async def test_read_ranks_every_hit_once_and_the_answering_one_first() -> None:
    reading = await ExtractiveReader().read(request("How much is shipping for a return?", GARDEN, LAMPS, RETURNS))
    ranked = [hit.passage.passage_id for hit in reading.ranked]
    assert ranked[0] == "returns"
    assert sorted(ranked) == ["garden", "lamps", "returns"]


@pytest.mark.parametrize("effort", ["quick", "standard", "deep"])
async def test_read_compares_no_more_sentences_than_the_effort_buys(effort: str) -> None:
    tools = WordTools()
    hits = [make_hit(f"h{at}", " ".join(f"Lamp {at} has part {part}." for part in range(9))) for at in range(40)]
    await ExtractiveReader().read(request("Which lamp has part 3?", *hits, tools=tools, effort=effort))
    assert len(tools.compared) <= COMPARED[effort]


async def test_read_takes_the_life_in_brackets_before_another_one_s_death() -> None:
    life = make_hit("life", "Ada Quill (3 May 1821 – 9 June 1887) was an engineer. Her son Bo Quill did die in 1871.")
    reading = await ExtractiveReader().read(request("When did Ada Quill die?", GARDEN, life))
    assert reading.short_answer == "9 June 1887"
    assert reading.claims[0].text.startswith("Ada Quill (")


async def test_read_answers_from_a_record_as_a_whole_row() -> None:
    rows = [
        make_hit(f"r{sku}", f"sku: {sku}; name: {name}; price_eur: {price}", kind="record", title="catalogue")
        for sku, name, price in ((11, "Aurora lamp", 39), (12, "Boreal chair", 120), (13, "Cirrus shelf", 75))
    ]
    reading = await ExtractiveReader().read(request("What is the price of the Boreal chair?", *rows))
    assert reading.claims[0].text == "sku: 12; name: Boreal chair; price_eur: 120"
    assert reading.claims[0].citations[0].row == 7


async def test_read_answers_from_a_curated_entry_by_its_question() -> None:
    entry = make_hit("kb", "Yes, both are free.", kind="answer", title="Are returns and exchanges free of charge?")
    reading = await ExtractiveReader().read(request("Are exchanges free of charge?", entry, LAMPS))
    assert reading.claims[0].text == "Yes, both are free."


async def test_read_prefers_the_answer_after_a_question_to_the_question() -> None:
    faq = make_hit("faq", "Can I pay by invoice? Yes, up to 500 euros. Can I pay by cheque? No.")
    reading = await ExtractiveReader().read(request("Can I pay by invoice?", faq))
    assert reading.claims[0].text == "Yes, up to 500 euros."


async def test_read_does_not_cite_the_same_words_twice() -> None:
    twin: Hit = make_hit("twin", RETURNS.passage.text)
    reading = await ExtractiveReader().read(request("When can unused items be returned?", RETURNS, twin))
    texts = [claim.text for claim in reading.claims]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize(
    ("answered", "absent"),
    [
        ("How many watt does the Aurora lamp need?", "How many doors does the Aurora lamp have?"),
        ("What does the Aurora lamp need?", "Who invented the Aurora lamp?"),
        ("What shade has the Aurora lamp?", "What shade has the Borealis lamp?"),
    ],
)
async def test_read_doubts_an_answer_without_what_is_asked_about_its_subject(answered: str, absent: str) -> None:
    sure, unsure = [await ExtractiveReader().read(request(one, LAMPS)) for one in (answered, absent)]
    assert sure.answerable > unsure.answerable


async def test_read_knows_what_an_item_of_minutes_is_about_by_its_heading() -> None:
    minutes = make_hit(
        "minutes",
        "1. Garden. Lena proposes two beds. Budget: 640 EUR.\n\n"
        "2. Playground. The beam of the swing was rotten. Yusuf looks for another. Budget: 1,200 EUR.",
    )
    reading = await ExtractiveReader().read(request("What is the budget for the playground?", minutes))
    assert reading.claims[0].text == "Budget: 1,200 EUR."
    assert all("Playground" not in claim.text for claim in reading.claims)


@pytest.mark.parametrize(
    ("source", "near"),
    [("in/supply_agreement-Marlin.md", 1.0), ("agreements.jsonl#marlin", 0.5), ("https://example.org/marlin", 0.5)],
)
def test_the_name_of_a_file_says_what_its_sentences_are_about(source: str, near: float) -> None:
    hit = replace(make_hit("a", "It is governed by Norwegian law.", title="Agreement"), source=source)
    (candidate,) = candidates(understand("Which law is for Marlin?", {}), [hit])
    assert candidate.near == near
