from __future__ import annotations

import pytest

from graphs.language.joining import join, joint, without_bullet
from memory.records import Citation, Claim

RECORD = "Method: Express; Delivery time: 1 to 2 working days; Price: 12.50 EUR"


@pytest.mark.parametrize(
    ("before", "after", "between"),
    [
        ("It is red.", "It is round.", " "),
        ("“Is it red?”", "It is.", " "),
        (RECORD, "It is not offered for bulky goods.", "\n"),
        ("It is offered to members.", RECORD, "\n"),
        ("Poles; Kestrel 2: 2; Kestrel 3: 3", "Poles; Kestrel 2: 2; Kestrel 3: 3", "\n"),
        ("Call `make_widget`", "It is red.", "\n"),
        ("它是红色的。", "它是圆的。", " "),
        ("Orders before 14:00 leave the same day; later ones leave on the next.", "It is red.", " "),
    ],
)
def test_a_record_has_a_line_of_its_own(before: str, after: str, between: str):
    assert joint(before, after) == between
    assert join([before, after]) == before + between + after


def test_nothing_and_one_claim_are_left_alone():
    assert join([]) == ""
    assert join([RECORD]) == RECORD


def cited(quote: str, text: str | None = None) -> Claim:
    citation = Citation("p", "d", "v", "a.md", "A", 10, 10 + len(quote), quote)
    return Claim(id="", text=quote if text is None else text, citations=(citation,))


@pytest.mark.parametrize("mark", ["- ", "* ", "•\t", "·  "])
def test_a_bullet_is_left_out_of_the_claim_and_of_its_quote(mark: str):
    claim = without_bullet(cited(f"{mark}Invoices are kept."))
    assert claim.text == claim.citations[0].quote == "Invoices are kept."
    assert (claim.citations[0].start, claim.citations[0].end) == (10 + len(mark), 10 + len(mark) + 18)


@pytest.mark.parametrize(
    "text", ["Invoices are kept.", "- 5 degrees is the least.", "2. Bundesliga is a league.", "-x"]
)
def test_what_belongs_to_the_words_stays(text: str):
    assert without_bullet(cited(text)) == cited(text)


def test_a_claim_in_other_words_than_its_quote_is_left_alone():
    claim = cited("- Invoices are kept.", "- They keep invoices.")
    assert without_bullet(claim) == claim
