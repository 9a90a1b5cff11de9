"""What is asked, and what is said, beside the subject of a question: of two sentences on a boat, which one is on speed.

A name in both makes any two texts alike; without it their likeness tells whether they speak of the same thing about it.
"""

from __future__ import annotations

from typing import NamedTuple

from graphs.reader.features import Candidate
from graphs.reader.question import Question
from memory.sentences import STOPWORDS, stem, words


class Beside(NamedTuple):
    """A question and a sentence, both without the question's subject; as they are where nothing would be left."""

    question: str
    sentence: str


def beside(question: Question, candidate: Candidate) -> Beside:
    """Leave the subject out: words of the question that are names, or that the title of the sentence says."""
    titled = {stem(word) for word in words(candidate.hit.title)}
    subject = {term for term in question.terms if term in question.names or term in titled}
    return Beside(_without(question.text, subject), _without(candidate.shown, subject))


def _without(text: str, subject: set[str]) -> str:
    kept = " ".join(token for token in text.split() if not {stem(word) for word in words(token)} & subject)
    return kept if any(word not in STOPWORDS for word in words(kept)) else text
