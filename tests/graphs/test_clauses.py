"""A clause that a question names by number is found and told, whatever only mentions it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graphs.answers.clauses import clause_options, find_clauses, of_clause, reference_of
from graphs.answers.said import sentences_of
from graphs.reading import Reading
from memory.records import Claim, Hit
from tests.graphs.driving import ask, graph_of
from tests.support.fake_tools import FakeTools, passage_hit

LEASE = passage_hit(
    "4.1 The tenant bears small repairs.\n\n4.2 The landlord bears all others. They are done within 30 days.\n\n"
    "4.3 Where the delay under clause 4.2 is long, the tenant may do them.",
    "lease",
    title="Lease of the mill",
)
MENTION = passage_hit("Damages under clause 4.2 count towards the limit.", "limit", title="Liability note")


def under(heading: str, text: str, name: str = "a", title: str = "") -> Hit:
    hit = passage_hit(text, name, title=title)
    return replace(hit, passage=replace(hit.passage, heading=(heading,)))


def told(question: str, *hits: Hit) -> str:
    """What the clause that a question names says, as far as passages hold it."""
    asked = reference_of(question)
    assert asked is not None
    held = [(clause, said) for clause in find_clauses(asked, hits) for said in sentences_of([clause.hit])]
    return " ".join(said.text for clause, said in held if clause.start <= said.start < clause.end)


@pytest.mark.parametrize(
    ("question", "label", "number"),
    [
        ("What does clause 4.2 say?", "clause", ("4", "2")),
        ("Clause 9.1?", "clause", ("9", "1")),
        ("What is in Section 7 of the handbook?", "section", ("7",)),
        ("What does § 4.2 say?", "§", ("4", "2")),
        ("What is in Appendix B?", "appendix", ("B",)),
        ("What does Article IV cover?", "article", ("IV",)),
        ("What is step 3 of the reset?", "step", ("3",)),
        ("What does section 12A say?", "section", ("12A",)),
    ],
)
def test_a_question_names_a_part_by_its_number(question: str, label: str, number: tuple[str, ...]):
    asked = reference_of(question)
    assert asked is not None
    assert (asked.label, asked.number) == (label, number)


@pytest.mark.parametrize(
    "question",
    [
        "Which clauses survive termination?",
        "What do clause 4.2 and clause 9.1 say?",
        "Which section should I read first?",
        "How many articles are there?",
        "What did article 2019/17 change?",
        "Which step I should take?",
        "What are the steps of 5.5 kg?",
        "How long are the 12 chapters?",
    ],
)
def test_a_question_without_one_number_of_a_part_names_none(question: str):
    assert reference_of(question) is None


@pytest.mark.parametrize(
    ("question", "hit", "says"),
    [
        ("What does clause 4.2 say?", LEASE, "4.2 The landlord bears all others. They are done within 30 days."),
        ("Clause 4.1?", LEASE, "4.1 The tenant bears small repairs."),
        ("Section 7?", under("7. Conduct", "Cash is never accepted."), "Cash is never accepted."),
        ("Section 7?", under("Section 7: Travel", "Book early."), "Book early."),
        ("Section 4?", under("4.2 Late delivery", "Damages are due."), "Damages are due."),
        ("Article 4?", under("Article IV - Rent", "The rent is due."), "The rent is due."),
        ("Clause 4.2?", passage_hit("§ 4.2 Rent\nThe rent is due.\n§ 4.3 Heat"), "§ 4.2 Rent The rent is due."),
        ("Appendix B?", passage_hit("Appendix A: Keys\nFour keys.\n\nAppendix B: Rugs\nTwo rugs."), "Two rugs."),
        ("Step 2?", passage_hit("1. Close the valve.\n2. Drain the pump.\n3. Wait."), "Drain the pump."),
        ("Section 4?", passage_hit("4.1 The tenant sweeps.\n4.2 The landlord paints."), "The landlord paints."),
    ],
)
def test_a_part_is_what_stands_under_its_number(question: str, hit: Hit, says: str):
    assert told(question, hit).endswith(says)


@pytest.mark.parametrize(
    ("question", "hit"),
    [
        ("Clause 4.2?", passage_hit("Clause 4.2 does not apply to gifts.")),
        ("Clause 4.2?", passage_hit("4.2 million people live there.")),
        ("Clause 4.2?", passage_hit("4.20 The tenant pays.")),
        ("Section 7?", under("17. Conduct", "Cash is never accepted.")),
        ("Section 7?", under("Chapter 7", "The storm came.")),
        ("Schedule 2?", under("2. Delivery", "Delivery is free.")),
        ("Section 7?", passage_hit("7 May was a Tuesday.")),
        ("Appendix B?", under("B. Rugs", "Two rugs.")),
    ],
)
def test_a_mention_an_amount_or_another_kind_of_part_is_no_clause(question: str, hit: Hit):
    assert told(question, hit) == ""


def test_a_part_with_a_letter_is_not_the_one_without():
    both = passage_hit("12. Fees\nThe fee is 10 EUR.\n\n12A. Penalties\nThe penalty is 20 EUR.", title="Rules")
    assert "20 EUR" in told("What does section 12A say?", both)
    assert "10 EUR" not in told("What does section 12A say?", both)
    assert "20 EUR" not in told("What does section 12 say?", both)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What is the price of item 12?", "Item: 12; Name: Lamp; Price (EUR): 49"),
        ("What do I do in step 3?", "Step: 3; Action: Turn the key"),
        ("What happens in chapter 5?", "Chapter Five: the storm breaks."),
        ("What happens in chapter 5?", "In the fifth chapter the storm breaks."),
        ("What happens in chapter 5?", "The storm breaks."),
    ],
)
def test_a_part_that_is_written_otherwise_is_left_to_the_reader(question: str, text: str):
    assert of_clause(question, Reading(ranked=(passage_hit(text),), answerable=0.9)) is None


def test_a_number_that_no_part_has_is_not_answered_from_another():
    hit = passage_hit("Chapter 4: the wind. Chapter 6: the calm.")
    read = of_clause("What happens in chapter 5?", Reading(ranked=(hit,), answerable=0.9))
    assert read is not None
    assert read.answerable == 0.0


def test_items_within_a_clause_do_not_end_it():
    hit = passage_hit("4.2 The tenant shall:\n1. Sweep the yard.\n2. Lock the gate.\n\n4.3 The landlord paints.")
    assert told("Clause 4.2?", hit).endswith("Lock the gate.")


def test_the_document_that_is_named_goes_before_a_better_find():
    other = under("7. Delivery", "Delivery is free.", "b", title="Shop terms")
    mine = under("7. Conduct", "Cash is never accepted.", "a", title="Staff handbook")
    assert told("What does section 7 of the handbook say?", other, mine) == "Cash is never accepted."


def test_a_named_document_without_the_number_is_not_answered_from_another():
    other = under("7. Delivery", "Delivery is free.", "b", title="Shop terms")
    mine = under("6. Conduct", "Cash is never accepted.", "a", title="Staff handbook")
    assert told("What does section 7 of the handbook say?", other, mine) == ""


def test_documents_that_could_be_meant_alike_are_asked_back():
    hits = [under("5. Rent", "It is due.", "a", title="Lease"), under("5. Travel", "Book early.", "b", title="Guide")]
    assert clause_options("What does section 5 cover?", hits) == ("Lease", "Guide")
    assert clause_options("What does section 5 of the lease cover?", hits) == ()
    assert clause_options("What is the rent under section 5?", hits) == ()


def test_a_document_that_calls_its_parts_so_goes_before_a_better_find():
    other = under("5. Travel", "Book early.", "b", title="Guide")
    mine = under("5. Rent", "It is due.", "a", title="Lease")
    calls = passage_hit("This clause is void.")
    calls = replace(calls, passage=replace(calls.passage, passage_id="p-c"))
    assert told("What does clause 5 say?", other, mine, calls) == "It is due."


def test_a_question_about_a_clause_is_answered_from_it_and_not_from_what_mentions_it():
    mention, held = sentences_of([MENTION])[0], sentences_of([LEASE])[1]
    claims = tuple(Claim("", said.text, (said.citation(),)) for said in (mention, held))
    reading = of_clause("How are repairs shared under clause 4.2?", Reading(claims, "limit", (MENTION, LEASE), 0.5))
    assert reading is not None
    assert [claim.text for claim in reading.claims] == [held.text]
    assert reading.short_answer == ""


def test_a_clause_that_is_only_mentioned_is_left_to_the_reader():
    assert of_clause("What does clause 4.2 say?", Reading(ranked=(MENTION,))) is None


def test_only_the_first_sentences_of_a_long_section_are_told():
    hit = under("7. Conduct", " ".join(f"Rule {at} is kept by everyone." for at in range(9)))
    reading = of_clause("What does section 7 say?", Reading(ranked=(hit,)))
    assert reading is not None
    assert len(reading.claims) == 4


async def test_a_clause_is_told_whole_though_the_search_finds_others_first():
    def found(query: str) -> list[Hit]:
        return [MENTION] if "say" in query else [MENTION, LEASE]

    ran = await ask(graph_of(FakeTools(choose=found)), "What does clause 4.2 say?")
    assert ran.answer.text == "4.2 The landlord bears all others. They are done within 30 days."
    assert {one.document_id for one in ran.answer.citations} == {"d-lease"}


async def test_a_number_that_no_document_has_is_refused():
    ran = await ask(graph_of(FakeTools([LEASE, MENTION])), "What does clause 9.9 of the lease say?")
    assert ran.answer.abstained


async def test_a_question_that_names_no_clause_is_searched_as_ever():
    tools = FakeTools([LEASE])
    await ask(graph_of(tools), "Who bears small repairs?")
    assert [call for call, _, _ in tools.calls].count("search") == 1
