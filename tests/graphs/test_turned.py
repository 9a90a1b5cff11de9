"""Tables whose first column has no name: each row is a property, each column a thing, or the other way round."""

from __future__ import annotations

import pytest

from graphs.answers.said import sentences_of
from graphs.answers.shaping import shape
from graphs.answers.tables.selecting import is_told_of_table, told_of_table
from graphs.reading import Reading
from memory.records import Claim
from tests.graphs.tabled import hits_of, kept

PRICES = "Price per month; Basic: 5 EUR; Pro: 19 EUR; Enterprise: 99 EUR"
PLANS = """
# Plans

| | Basic | Pro | Enterprise |
|---|---|---|---|
| Storage | 10 GB | 100 GB | 1 TB |
| Users | 1 | 5 | unlimited |
| Price per month | 5 EUR | 19 EUR | 99 EUR |
| Phone support | no | no | yes |
"""
TENTS = """
# Sizes

| | Kestrel 2 | Kestrel 3 |
|---|---|---|
| Height inside | 105 cm | 118 cm |
| Poles | 2 | 3 |
"""
ROOMS = """
# Rooms

| | Seats | Projector |
|---|---|---|
| Room Linden | 12 | yes |
| Room Ash | 30 | no |
"""


@pytest.mark.parametrize(
    ("text", "question", "short", "quotes"),
    [
        (PLANS, "Which plan has phone support?", "Enterprise", ["Phone support; Basic: no; Pro: no; Enterprise: yes"]),
        (PLANS, "Which plans do not have phone support?", "Basic, Pro", None),
        (PLANS, "Which plan is the cheapest?", "Basic", [PRICES]),
        (PLANS, "Which plans cost less than 20 EUR?", "Basic (5 EUR), Pro (19 EUR)", None),
        (ROOMS, "Which rooms have more than 20 seats?", "Room Ash", ["Room Ash; Seats: 30; Projector: no"]),
        (ROOMS, "Which room has a projector?", "Room Linden", None),
    ],
)
def test_things_are_told_whichever_way_the_table_stands(
    text: str, question: str, short: str, quotes: list[str] | None
) -> None:
    hits = hits_of(kept(text, "table.md"))
    told = told_of_table(question, hits)
    assert told is not None
    assert told.short_answer == short
    assert quotes is None or [one.quote for one in told.claims[0].citations] == quotes
    assert is_told_of_table(question, told.claims[0], hits)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        (PLANS, "How many plans are there?"),  # its rows may be meant, or its columns
        (PLANS, "Which plans have more than 3 users?"),  # `unlimited` is no number
        (TENTS, "How many poles does the Kestrel 3 have?"),
        (PLANS, "Which plan has fax support?"),
    ],
)
def test_nothing_is_told_that_is_not_understood(text: str, question: str) -> None:
    assert told_of_table(question, hits_of(kept(text, "table.md"))) is None


@pytest.mark.parametrize(
    ("text", "question", "chosen", "claim", "short"),
    [
        (TENTS, "How many poles does the Kestrel 3 have?", "Height inside", "Kestrel 3 – poles: 3", "3"),
        (TENTS, "How many poles does the Kestrel 2 have?", "Poles", "Kestrel 2 – poles: 2", "2"),
        (PLANS, "How much storage does Pro have?", "Storage", "Storage – Pro: 100 GB", "100 GB"),
        (PLANS, "Does Basic have phone support?", "Phone support", "No.", "No"),
        (ROOMS, "How many seats does Room Linden have?", "Room Linden", "Room Linden – Seats: 12", "12"),
        (TENTS, "Is the Kestrel 3 bigger than the Kestrel 2?", "Poles", "Poles; Kestrel 2: 2; Kestrel 3: 3", ""),
    ],
)
def test_the_cell_that_is_asked_for_is_told(text: str, question: str, chosen: str, claim: str, short: str) -> None:
    hits = hits_of(kept(text, "table.md"))
    row = next(said for said in sentences_of(hits) if said.text.startswith(chosen))
    read = Reading((Claim("c1", row.text, (row.citation(),)),), "118 cm", hits, 0.9)
    shaped = shape(question, read)
    assert (shaped.claims[0].text, shaped.short_answer) == (claim, short)


@pytest.mark.parametrize("question", ["What should I do when E1 is shown?", "The display shows E1, what should I do?"])
def test_what_to_do_about_a_code_is_told_surely(question: str) -> None:
    hits = hits_of(
        kept("Code,Meaning,What to do\nE1,Filter blocked,Clean the filter\nE2,Open,Close the door\n", "e.csv")
    )
    row = next(said for said in sentences_of(hits) if "E1" in said.text)
    shaped = shape(question, Reading((Claim("c1", row.text, (row.citation(),)),), "Filter blocked", hits, 0.2))
    assert shaped.short_answer == "Clean the filter"
    assert shaped.answerable >= 0.8


OPTIONS = "Option,Default,Description\nport,8080,Where it listens\nlog_level,info,One of debug or info\n"
CALLS = (
    "Method,Path,Meaning\nGET,/queues,List all queues\nPOST,/queues,Create a queue\nDELETE,/queues/1,Delete a queue\n"
)


def test_the_row_that_is_called_so_is_no_list_of_what_there_is() -> None:
    assert told_of_table("Which log levels are there?", hits_of(kept(OPTIONS, "options.csv"))) is None


def test_a_meaning_is_what_the_description_says() -> None:
    hits = hits_of(kept(OPTIONS, "options.csv"))
    row = next(said for said in sentences_of(hits) if "8080" in said.text)
    read = Reading((Claim("c1", row.text, (row.citation(),)),), "8080", hits, 0.8)
    assert shape("What does port mean?", read).short_answer == "Where it listens"


def test_the_row_with_a_cell_that_is_asked_for_comes_first() -> None:
    hits = hits_of(kept(CALLS, "calls.csv"))
    row = next(said for said in sentences_of(hits) if "DELETE" in said.text)
    read = Reading((Claim("c1", row.text, (row.citation(),)),), "DELETE", hits, 0.5)
    assert shape("How do I create a queue?", read).claims[0].text.startswith("Method: POST")


FEES = """
# Membership fees

| Membership | Annual fee | Since |
|---|---|---|
| Adult | 240 EUR | 2018 |
| Student | 120 EUR | 2020 |
"""


@pytest.mark.parametrize(
    "question", ["What is the annual fee for seniors?", "Which membership has been there the longest?"]
)
def test_a_row_of_others_is_believed_less(question: str) -> None:
    hits = hits_of(kept(FEES, "fees.md"))
    row = next(said for said in sentences_of(hits) if "Adult" in said.text)
    assert shape(question, Reading((Claim("c1", row.text, (row.citation(),)),), "240 EUR", hits, 0.6)).answerable < 0.3


TENTS_FOR = "Name,Category,Persons,With what\nKestrel,tent,2,poles\nLodge,tent,6,tubes\nEmber,stove,1,gas\n"


def test_numbers_in_words_are_numbers() -> None:
    told = told_of_table("Which tents are for two persons?", hits_of(kept(TENTS_FOR, "tents.csv")))
    assert told is not None
    assert told.short_answer == "Kestrel"


def test_a_row_of_another_number_is_not_told() -> None:
    hits = hits_of(kept(TENTS_FOR, "tents.csv"))
    row = next(said for said in sentences_of(hits) if "Lodge" in said.text)
    shaped = shape(
        "Which tent for two persons is the Lodge?", Reading((Claim("c1", row.text, (row.citation(),)),), "6", hits, 0.7)
    )
    assert (shaped.short_answer, shaped.answerable < 0.3) == ("", True)


@pytest.mark.parametrize(("question", "short"), [("How much does the Lodge weigh?", ""), ("How much is it?", "99")])
def test_a_price_is_no_weight(question: str, short: str) -> None:
    hits = hits_of(kept("Name,Price,Persons\nKestrel,89,2\nLodge,99,6\n", "tents.csv"))
    row = next(said for said in sentences_of(hits) if "Lodge" in said.text)
    read = Reading((Claim("c1", row.text, (row.citation(),)),), "99", hits, 0.7)
    assert shape(question, read).short_answer == short


def test_a_column_of_small_words_is_named_by_them() -> None:
    hits = hits_of(kept(TENTS_FOR, "tents.csv"))
    row = next(said for said in sentences_of(hits) if "Lodge" in said.text)
    read = Reading((Claim("c1", row.text, (row.citation(),)),), "6", hits, 0.7)
    assert shape("With what is the Lodge pitched?", read).short_answer == "tubes"


PLOTS = """
# Plots

| | Small | Large |
|---|---|---|
| Size | 80 m2 | 200 m2 |
| Rent per year | 60 EUR | 140 EUR |
"""


def test_large_names_a_column_and_asks_for_no_size() -> None:
    hits = hits_of(kept(PLOTS, "plots.md"))
    row = next(said for said in sentences_of(hits) if said.text.startswith("Size"))
    read = Reading((Claim("c1", row.text, (row.citation(),)),), "200 m2", hits, 0.5)
    assert shape("What is the rent for a large plot?", read).short_answer == "140 EUR"


def test_none_is_a_no_where_the_column_is_what_may_be_needed() -> None:
    hits = hits_of(kept("Item,Limit,Approval\nHotel,140 GBP,HR\nDinner,35 GBP,none\n", "limits.csv"))
    row = next(said for said in sentences_of(hits) if "Dinner" in said.text)
    read = Reading((Claim("c1", row.text, (row.citation(),)),), "none", hits, 0.4)
    shaped = shape("Do I need approval for dinner?", read)
    assert ([claim.text for claim in shaped.claims], shaped.short_answer) == (["No.", "Dinner – approval: none"], "No")


def test_a_row_that_says_nothing_of_what_is_asked_is_believed_less() -> None:
    hits = hits_of(kept(PLANS, "table.md"))
    row = next(said for said in sentences_of(hits) if said.text.startswith("Users"))
    read = Reading((Claim("c1", row.text, (row.citation(),)),), "5", hits, 0.8)
    assert shape("How many plans are there?", read).answerable < 0.5
