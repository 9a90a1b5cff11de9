"""A section that is asked for by its name is told; a question that says more than its heading is not answered by it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graphs.answers.sections import asks_for_one_thing, section_claims
from graphs.answers.shaping import shape
from graphs.reading import Reading
from memory.records import Hit, PassageKind
from tests.support.fake_tools import passage_hit

TITLE = "Patient leaflet: Noravex"
EFFECTS = "Common: heartburn. Uncommon: headache. Rare: rash."


def section(
    heading: str, text: str, name: str = "a", *, title: str = TITLE, kind: PassageKind = "text", start: int = 0
) -> Hit:
    hit = passage_hit(text, name, title=title, start=start)
    return replace(hit, passage=replace(hit.passage, heading=(title, heading), kind=kind))


@pytest.mark.parametrize(
    ("question", "heading", "is_told"),
    [
        ("What are the side effects?", "Side effects", True),
        ("side effects", "Side effects", True),
        ("What are the side effects of Noravex?", "Side effects", True),
        ("Tell me about the side effects.", "Side effects", True),
        ("What does “Patient leaflet: Noravex” say about side effects?", "Side effects", True),
        ("Which side effects are there?", "Side effects", True),
        ("Which side effects are rare?", "Side effects", False),
        ("What is not covered?", "Not covered", True),
        ("What is not covered?", "What is covered", False),
        ("What is covered?", "Not covered", False),
        ("What is the remote work policy?", "Remote work", True),
        ("How should Noravex be stored?", "Storage", True),
        ("How do I store it?", "Storage", True),
        ("What does OPT_SORT_KEYS do?", "OPT_SORT_KEYS", True),
        ("What is new in 2.3.1?", "2.3.1", True),
        ("what changed in Noravex 2.3.1?", "2.3.1", True),
        ("What is new in 2.3.1?", "2.3.10", False),
        ("What does OPT_SORT_KEYS do to lists?", "OPT_SORT_KEYS", False),
        ("How do I take Noravex?", "How to take it", True),
        ("How do I take Noravex with alcohol?", "How to take it", False),
        ("How should Noravex be stated?", "Storage", False),
        ("What are the side effects of aspirin?", "Side effects", False),
        ("What are the side effects?", "Rare side effects", False),
        ("What are the side effects?", "Storage", False),
        ("How many side effects are there?", "Side effects", False),
        ("When do side effects occur?", "Side effects", False),
        ("What are the rules?", "General information", False),
        ("What is Noravex?", TITLE, False),
    ],
)
def test_a_section_is_told_where_its_heading_says_all_that_is_asked(question: str, heading: str, is_told: bool) -> None:
    told = [claim.text for claim in section_claims(question, [section(heading, EFFECTS)])]
    assert told == ["Common: heartburn.", "Uncommon: headache.", "Rare: rash."] * is_told


def test_what_is_told_stands_in_the_source_in_its_order() -> None:
    first, last = section("Storage", "Keep it dry."), section("Storage", "Keep it cool.", "b", start=60)
    last = replace(last, passage=replace(last.passage, document_id=first.passage.document_id))
    claims = section_claims("What is the storage advice?", [last, first])
    assert [claim.text for claim in claims] == ["Keep it dry.", "Keep it cool."]
    assert [claim.citations[0].start for claim in claims] == [0, 60]


def test_of_two_documents_with_such_a_section_neither_is_told() -> None:
    both = [section("Storage", "Keep it dry."), section("Storage", "Keep it in the fridge.", "b", title="Tervix")]
    assert section_claims("storage", both) == ()
    assert [claim.text for claim in section_claims("storage of Tervix", both)] == ["Keep it in the fridge."]


@pytest.mark.parametrize(("rows", "told"), [(3, 3), (12, 12), (13, 0)])
def test_a_table_is_told_whole_or_not_at_all(rows: int, told: int) -> None:
    text = "\n".join(f"Topic: T{number}; Phone: 22{number:02}" for number in range(rows))
    assert len(section_claims("What are the contacts?", [section("Contacts", text, kind="table")])) == told


def test_a_section_does_not_stand_before_a_sentence_that_is_sure_to_answer() -> None:
    hit = section("Grading", "Homework counts a third. Exams count the rest. Late work is not graded.")
    unsure = shape("What is the grading?", Reading(ranked=(hit,), answerable=0.1))
    sure = shape("What is the grading?", Reading(ranked=(hit,), answerable=0.9))
    assert (len(unsure.claims), len(sure.claims)) == (3, 0)
    assert not asks_for_one_thing("What are the grading rules?")
