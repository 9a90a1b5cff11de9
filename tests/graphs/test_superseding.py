"""What a later sentence changed is answered as it is now, with what it was beside it; two things are no change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graphs.answers.said import sentences_of
from graphs.answers.superseding import Change, find_change, label_of
from graphs.reader.question import understand
from memory.records import Hit
from tests.graphs.driving import ask, graph_of
from tests.support.fake_tools import FakeTools, passage_hit

OPENING = "When does the hall open?"
FORMER = "The hall opens on 2 June 2025."


def change_of(question: str, *hits: Hit) -> Change | None:
    """What changes the first sentence that says something of the first passage."""
    first = next(said for said in sentences_of(hits) if len(said.text.split()) > 2)
    return find_change(understand(question, {}), first, hits)


def value_of(question: str, *texts: str) -> str:
    found = change_of(question, passage_hit("\n\n".join(texts)))
    return found.value if found else ""


@pytest.mark.parametrize(
    ("question", "former", "later", "value"),
    [
        (OPENING, FORMER, "The opening of the hall is postponed to 1 September 2025.", "1 September 2025"),
        (OPENING, FORMER, "The hall now opens on 4 July 2025.", "4 July 2025"),
        (OPENING, FORMER, "The hall opens on 4 July 2025 instead of 2 June 2025.", "4 July 2025"),
        ("What is the budget?", "The budget is 310 EUR.", "The budget is raised from 310 EUR to 335 EUR.", "335 EUR"),
        ("What is the rent?", "The rent is 900 EUR.", "The rent was raised by 50 EUR to 950 EUR.", "950 EUR"),
        ("What is the budget?", "The budget is 310 EUR.", "Fees rose; the budget is now 335 EUR.", "335 EUR"),
        ("How long is the warranty?", "The warranty is two years.", "The warranty is now three years.", "three years"),
        (
            OPENING,
            f"2. Opening day. {FORMER}",
            "2. Opening day. Because of the roof the opening moves to 1 September 2025.",
            "1 September 2025",
        ),
        (OPENING, f"2. Opening. {FORMER}", "2. Opening. It moves to 1 September 2025.", "1 September 2025"),
    ],
)
def test_a_later_sentence_marked_as_a_change_gives_the_value(question: str, former: str, later: str, value: str):
    assert value_of(question, former, later) == value


@pytest.mark.parametrize(
    ("question", "former", "later"),
    [
        (OPENING, FORMER, "The hall opens on 4 July 2025."),
        ("What is the rent?", "The rent is 900 EUR.", "The rent was increased by 50 EUR in May."),
        ("How long is the warranty?", "The warranty is two years.", "The warranty was extended by one year."),
        ("What is the fee?", "The fee is 15 EUR.", "The fee is now 12 EUR for members."),
        ("What is the ticket?", "The ticket is 9 EUR.", "For children the ticket is now 6 EUR."),
        ("What is the ticket?", "The ticket is 9 EUR.", "The ticket is now 6 EUR in Norway."),
        (OPENING, FORMER, "The pool now opens on 4 July 2025."),
        (OPENING, FORMER, "The concert hall now opens on 4 July 2025."),
        (OPENING, FORMER, "The hall in Leith now opens on 4 July 2025."),
        (OPENING, FORMER, "If the roof leaks, the hall now opens on 4 July 2025."),
        (OPENING, FORMER, "The group discussed whether the hall is moved to 4 July 2025."),
        (OPENING, FORMER, "The hall now opens on 2 June 2025."),
        (OPENING, FORMER, "The hall now has 40 seats."),
        ("How much is the ticket?", "The ticket is 10 EUR.", "The child ticket is now 6 EUR."),
        ("How much is the ticket?", "Tickets. The ticket is 10 EUR.", "Tickets. The ticket for children is now 6 EUR."),
        ("What is the adult fare?", "Fares. The adult fare is 10 EUR.", "Fares. Meals are now 6 EUR."),
    ],
)
def test_another_thing_or_no_mark_of_change_is_none(question: str, former: str, later: str):
    assert value_of(question, former, later) == ""


def test_a_change_that_stands_before_the_sentence_is_older():
    changed = "The hall now opens on 4 July 2025."
    hits = [passage_hit(f"{changed} {FORMER}")]
    assert find_change(understand(OPENING, {}), sentences_of(hits)[1], hits) is None


def test_dates_above_tell_the_order_where_the_newest_stands_first():
    newest = "Minutes of 21 May 2025\n\nThe opening of the hall moves to 1 September 2025."
    hit = passage_hit(f"{newest}\n\nMinutes of 14 January 2025\n\n{FORMER}")
    former = next(said for said in sentences_of([hit]) if said.text == FORMER)
    found = find_change(understand(OPENING, {}), former, [hit])
    assert found is not None
    assert found.value == "1 September 2025"


def test_the_last_of_several_changes_counts():
    assert value_of(OPENING, FORMER, "The hall now opens on 4 July 2025.", "The hall now opens on 9 May 2026.") == (
        "9 May 2026"
    )


@pytest.mark.parametrize(("stamps", "value"), [(("2023", "2024"), "4 July 2025"), (("2024", "2023"), "")])
def test_only_a_newer_document_changes_another(stamps: tuple[str, str], value: str):
    first = replace(passage_hit(FORMER, "a", title="Notice"), metadata={"date": stamps[0]})
    second = replace(passage_hit("The hall now opens on 4 July 2025.", "b", title="News"), metadata={"date": stamps[1]})
    found = change_of(OPENING, first, second)
    assert (found.value if found else "") == value


def test_a_decision_that_was_reversed_gives_way_to_the_one_that_was_made():
    later = "1. Platform. The group reversed its decision and chose Borealis."
    hit = passage_hit(f"1. Platform. The group chose Aurora.\n\n{later}")
    change = change_of("Which platform do we use?", hit)
    assert change is not None
    assert change.later.text == "The group reversed its decision and chose Borealis."


def test_the_label_of_an_item_is_what_stands_first_in_it():
    hit = passage_hit("2. Launch date. The shop opens in May.\nIt is kept.\n3. Budget: 310 EUR a year.")
    labels = {said.text: label_of(said) for said in sentences_of([hit])}
    assert labels["The shop opens in May."] == "Launch date"
    assert labels["Budget: 310 EUR a year."] == "Budget"


async def test_an_answer_tells_the_change_first_and_what_it_was_beside_it():
    later = "The opening of the hall is postponed to 1 September 2025."
    ran = await ask(graph_of(FakeTools([passage_hit(f"{FORMER}\n\n{later}")])), OPENING)
    assert ran.answer.text == f"{later} Earlier: {FORMER}"
    assert ran.answer.short_answer == "1 September 2025"
    assert [claim.verdict for claim in ran.answer.claims] == ["supported"] * 2


async def test_a_question_for_what_it_was_is_not_answered_with_what_it_became():
    hit = passage_hit(f"{FORMER}\n\nThe opening of the hall is postponed to 1 September 2025.")
    ran = await ask(graph_of(FakeTools([hit])), "When did the hall originally open?")
    assert not ran.answer.text.startswith("The opening")
