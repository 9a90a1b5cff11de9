from __future__ import annotations

from graphs.language.verdicts import ANSWERABLE_THRESHOLD, decide
from memory.records import Claim

LIKELY, UNLIKELY = (ANSWERABLE_THRESHOLD + 1) / 2, ANSWERABLE_THRESHOLD / 2
SUPPORTED = (Claim("c1", "Unused items can be returned.", verdict="supported"),)
STRUCK = (Claim("c1", "Unused items can be returned.", verdict="contradicted"),)
QUESTION = "How many days until items can be returned to Oslo?"


def test_decide_accepts_a_supported_draft_that_answers() -> None:
    assert decide(QUESTION, SUPPORTED, LIKELY, 1, 2).outcome == "accept"


def test_decide_looks_again_for_the_words_that_are_missing() -> None:
    verdict = decide(QUESTION, SUPPORTED, UNLIKELY, 1, 2)
    assert verdict.outcome == "research"
    assert "oslo" in verdict.missing
    assert "returned" not in verdict.missing


def test_decide_abstains_after_the_last_round() -> None:
    assert decide(QUESTION, SUPPORTED, UNLIKELY, 2, 2).outcome == "abstain"


def test_decide_never_accepts_a_draft_without_support() -> None:
    assert decide(QUESTION, STRUCK, 1.0, 1, 2).outcome == "research"
    assert decide(QUESTION, STRUCK, 1.0, 2, 2).outcome == "abstain"
    assert decide(QUESTION, (), 1.0, 2, 2).outcome == "abstain"


def test_decide_reports_its_confidence() -> None:
    assert decide(QUESTION, SUPPORTED, 0.75, 1, 2).confidence == 0.75
