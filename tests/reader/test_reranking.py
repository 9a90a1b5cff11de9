"""What a reader says of the passages it read moves them, and how far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from graphs.reader.evidence import Evidence, reranked
from memory.records import Hit
from memory.span_ports import Span, Spans
from tests.graphs.test_parts import passage_hit


def order(found: Mapping[str, float], said: Mapping[str, float]) -> str:
    """Order passages by what finding them said, and by the log odds of a reader."""
    hits: list[Hit] = [replace(passage_hit(name, name), score=score) for name, score in found.items()]
    ids = {hit.passage.text: hit.passage.passage_id for hit in hits}
    spans = {ids[name]: Spans((Span(0, 1, odds),)) for name, odds in said.items()}
    ranked = reranked(hits, Evidence(spans))
    return "".join(hit.passage.text for hit in ranked)


def test_of_passages_found_about_as_well_the_one_that_answers_leads():
    assert order({"a": 0.9, "b": 0.85}, {"a": -6.0, "b": 6.0}) == "ba"


def test_what_was_found_much_better_goes_on_leading_though_it_answers_nothing():
    assert order({"a": 0.9, "b": 0.6}, {"a": -12.0, "b": 12.0}) == "ab"


def test_a_passage_that_only_words_found_is_weighed_like_any_other():
    assert order({"a": 0.9, "b": 0.88, "c": 0.5}, {"a": -6.0, "b": 3.0, "c": -6.0}) == "bac"


def test_how_little_passages_answer_does_not_order_them():
    assert order({"a": 0.9, "b": 0.89}, {"a": -12.0, "b": -8.0}) == "ab"


def test_what_was_not_read_comes_after_as_it_came():
    assert order({"a": 0.9, "b": 0.8, "c": 0.7, "d": 0.6}, {"a": -3.0, "c": 2.0}) == "acbd"


def test_scores_beyond_what_says_anything_and_no_scores_at_all_are_borne():
    assert order({"a": 0.0, "b": 0.0}, {"a": 500.0, "b": 12.0}) == "ab"
    assert reranked((), Evidence({})) == ()
