"""Codes are found however a question writes them."""

from __future__ import annotations

import pytest

from memory.index.analysis import passage_terms, query_terms, with_codes


def looked_for(question: str, *passages: str) -> set[str]:
    """Return the terms that a question is looked for with among passages."""
    filed = {term for passage in passages for term in passage_terms(passage, "en")}
    terms = with_codes(question, ("en",), query_terms(question, ("en",)), lambda variants: bool(variants & filed))
    return {term for variants in terms.values() for term in variants}


@pytest.mark.parametrize("asked", ["KX1003B", "kx1003b", "KX1003B?"])
def test_a_code_written_in_one_is_found_where_it_is_filed_in_parts(asked: str):
    assert looked_for(f"warranty of {asked}", "The pump KX-1003-B.") == {"warranti", "kx", "1003", "b"}


def test_a_code_with_hyphens_is_found_where_it_is_filed_in_one():
    assert {"kx1003b", "1003"} <= looked_for("KX-1003-B", "The pump KX1003B.", "The pump KX-1003-C.")


def test_a_code_that_is_filed_as_it_is_asked_for_stays_whole():
    assert looked_for("an mp3 player", "Plays MP3 files.") == {"mp3", "player"}


@pytest.mark.parametrize("asked", ["well-known", "2024-05-06", "e.g. this", "3.5", "12 V", "", "v1.2.3", "COVID-19"])
def test_what_is_no_code_or_is_filed_no_other_way_is_looked_for_as_before(asked: str):
    plain = {term for variants in query_terms(asked, ("en",)).values() for term in variants}
    assert looked_for(asked, "nothing of it") == plain
