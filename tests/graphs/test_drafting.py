"""A chat model's streamed text becomes claims with citations, however it is cut into tokens."""

from __future__ import annotations

import pytest

from graphs.language.drafting import ClaimParser, RawClaim, cite_passages, narrow
from tests.support.fake_tools import passage_hit


def parse(text: str, size: int) -> tuple[list[RawClaim], dict[int, str]]:
    parser = ClaimParser()
    shown: dict[int, str] = {}
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    for deltas in [*(parser.feed(piece) for piece in pieces), parser.finish()]:
        for delta in deltas:
            shown[delta.place] = shown.get(delta.place, "") + delta.text
    return parser.claims, shown


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("It is red [1].", [("It is red.", (1,))]),
        ("It is red. [1]", [("It is red.", (1,))]),
        ("It is red. [1] It is big [2][3].", [("It is red.", (1,)), ("It is big.", (2, 3))]),
        ("It is red [1].\nIt is big [2, 3].\n", [("It is red.", (1,)), ("It is big.", (2, 3))]),
        ("- It is red [1].\n- It is big.", [("It is red.", (1,)), ("It is big.", ())]),
        ("1. It is red [1].\n2. It is big [2].", [("It is red.", (1,)), ("It is big.", (2,))]),
        (
            "Dr. Smith weighs 3.5 kg [1]. He is e.g. small [1].",
            [("Dr. Smith weighs 3.5 kg.", (1,)), ("He is e.g. small.", (1,))],
        ),
        ("First one. Second one [2].", [("First one.", ()), ("Second one.", (2,))]),
        ("No marker at all", [("No marker at all", ())]),
        ("A [note] stays [1].", [("A [note] stays.", (1,))]),
        ("これは赤い。[1]それは大きい。[2]", [("これは赤い。", (1,)), ("それは大きい。", (2,))]),
        ("NOT_IN_SOURCES", []),
        ("\n\nNOT_IN_SOURCES\nSorry.", []),
        ("", []),
        ("Not in the mood [1].", [("Not in the mood.", (1,))]),
    ],
)
def test_text_is_cut_into_claims_and_shown_once(text: str, size: int, claims: list[tuple[str, tuple[int, ...]]]):
    parsed, shown = parse(text, size)
    assert [(claim.text, claim.numbers) for claim in parsed] == claims
    assert shown == {place: text for place, (text, _) in enumerate(claims)}


def test_a_claim_that_was_cut_off_is_known_by_what_was_shown():
    parser = ClaimParser()
    shown = "".join(delta.text for delta in parser.feed("It is red [1].\nIt is bi"))
    assert [claim.text for claim in parser.claims] == ["It is red."]
    assert shown == "It is red." + parser.unfinished == "It is red.It is bi"


def test_dangling_numbers_are_dropped():
    hit = passage_hit("The kettle is red. It holds two litres.", "k")
    citations = cite_passages(RawClaim("The kettle is red.", (7, 1, 0, 1, 999)), [hit])
    assert [citation.quote for citation in citations] == ["The kettle is red."]


def test_a_citation_is_narrowed_to_the_sentence_that_says_it():
    hit = passage_hit("Many say much. The kettle holds two litres. It is red.", "k", start=100)
    citation = narrow("The kettle holds two litres.", hit)
    assert citation is not None
    assert citation.quote == "The kettle holds two litres."
    assert (citation.start, citation.end) == (115, 143)


def test_a_quote_never_passes_400_characters():
    hit = passage_hit("word " * 300, "k")
    citation = narrow("word word", hit)
    assert citation is not None
    assert 0 < len(citation.quote) <= 400


def test_a_passage_without_a_sentence_cannot_be_cited():
    assert narrow("anything", passage_hit("  \n ", "k")) is None
