"""Which of the best sentences leads, where their scores alone would choose wrongly."""

from __future__ import annotations

from dataclasses import replace

from graphs.language.headings import about, left_out
from graphs.reader.features import Scored, candidates
from graphs.reader.ordering import in_order
from graphs.reader.question import understand
from memory.records import Hit
from tests.support.fake_tools import passage_hit

EVERY = "Every product has a warranty of two years."
USED = "It has a warranty of one year."


def order(question: str, *hits: Hit) -> list[str]:
    """The sentences in order, the first given scored best by a little."""
    known = understand(question, {})
    found = candidates(known, hits)
    return [
        one.candidate.text
        for one in in_order(known, [Scored(9.0 - 0.2 * at, 0.5, one) for at, one in enumerate(found)])
    ]


def row(text: str, *heading: str) -> Hit:
    hit = passage_hit(text, "row", title="Warranty and repairs")
    return replace(hit, passage=replace(hit.passage, kind="table", heading=heading))


def test_a_sentence_that_begins_with_a_pronoun_is_behind_one_that_says_as_much():
    used, every = passage_hit(USED, "used", title="Second hand"), passage_hit(EVERY, "every", title="Warranty")
    assert order("How long is the warranty?", used, every) == [EVERY]
    assert order("How long is the warranty of second hand goods?", used, every) == [USED, EVERY]


def test_it_stays_where_no_other_sentence_says_as_much_and_beside_its_own_passage():
    used = passage_hit(USED, "used", title="Second hand")
    both = passage_hit(f"{EVERY} It has two labels of warranty.", "both", title="Labels")
    assert order("How long is the warranty?", used, passage_hit("Parcels take two days.", "days")) == [
        USED,
        "Parcels take two days.",
    ]
    assert order("Which labels of warranty has a product?", both)[1] == "It has two labels of warranty."


def test_a_row_that_is_about_something_else_is_not_how_long_the_thing_is():
    repair, every = row("Repair: Replace a zip; Time: 10 days", "Repairs outside the warranty"), passage_hit(EVERY)
    assert order("How long is the warranty on tents?", repair, every) == [EVERY]
    assert order("How long is the repair of a zip?", repair, every)[0].startswith("Repair: Replace a zip")


def test_a_row_of_figures_does_not_say_how_something_is_done():
    timed = row("Library: orjson; sorted (ms): 0.3; vs. orjson: 1.0", "Performance")
    option = passage_hit("Pass the option OPT_SORT_KEYS to have sorted keys.", "option", title="orjson")
    assert order("How do I sort keys with orjson?", timed, option) == [option.passage.text]
    assert order("How long does orjson take to sort?", timed, option)[0] == timed.passage.text
    assert order("How do I sort keys with orjson?", timed) == [timed.passage.text]
    named = row("Task: sort keys; Option: OPT_SORT_KEYS; Since: 3.0", "Options")
    assert order("How do I sort keys with orjson?", named, option)[0] == named.passage.text


def test_what_a_heading_leaves_out_is_not_what_it_is_about():
    assert about("Repairs outside the warranty").split() == ["Repairs"]
    assert left_out("Repairs outside the warranty") == "outside the warranty"
    assert about("Costs Without the VAT").split() == ["Costs"]
    assert about("Doctors Without Borders") == "Doctors Without Borders"
