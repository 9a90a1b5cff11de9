"""Up to three questions to go on with, out of what was found anyway; each is one that a passage at hand answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from graphs.answers.said import sentences_of, stems
from memory.records import AnswerEntry, Citation, Hit
from memory.sentences import split_sentences

MOST = 3
_MAX_CHARACTERS = 100
_SAME = 0.6
_QUESTION = re.compile(r"^(?:#{1,6}\s*)?(?:Q(?:uestion)?\s*[:.]\s*)?(?P<asked>[^\W\d_][^?\n]{8,95}\?)$")
_ASKING = re.compile(
    r"^(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|can|could|may|must|should|will|has"
    r"|have)\b",
    re.I,
)
_HEADING = re.compile(r"^[^\W\d_][^?!.:;/\\|<>\[\]{}]{2,60}$")
_VAGUE = stems(
    "introduction overview summary contents index notes note general information other appendix conclusion"
    " background details part chapter section references links see also faq about welcome"
)


class Suggestion(NamedTuple):
    """A question, and the passage that answers it. is_own: it stands in the sources as a question, with its answer."""

    text: str
    hit: Hit | None
    is_own: bool


def suggestions_from(
    asked: Sequence[str], hits: Sequence[Hit], entries: Sequence[AnswerEntry], cited: Sequence[Citation]
) -> list[Suggestion]:
    """Return what could be asked next, the most telling first, nothing that was asked or just answered.

    Args:
        asked: the question and those before it.
        hits: what was found, best first.
        entries: curated answers that were offered for the question.
        cited: what the answer rests on.
    """
    taken = [stems(text) for text in asked]
    answered = {citation.passage_id for citation in cited}
    near = {citation.document_id for citation in cited}
    topic = stems(" ".join((*asked, *(citation.quote for citation in cited))))
    kept: list[Suggestion] = []
    for one in _candidates(hits, entries, near):
        said = stems(one.text)
        is_answered = one.hit is not None and one.hit.passage.passage_id in answered
        # What was found far down may be about something else altogether.
        is_near = one.hit is not None and one.hit.passage.document_id in near
        if not said or is_answered or not (is_near or said & topic):
            continue
        if all(_likeness(said, other) < _SAME for other in taken):
            taken.append(said)
            kept.append(one)
    return kept


def _candidates(hits: Sequence[Hit], entries: Sequence[AnswerEntry], near: set[str]) -> Iterator[Suggestion]:
    """Curated questions, questions of the sources, then sections of the documents that were cited."""
    for entry in entries:
        if (text := _as_question(entry.question)) and entry.answer.strip():
            yield Suggestion(text, None, is_own=True)
    for hit in hits:
        yield from (Suggestion(text, hit, is_own=True) for text in _questions(hit))
    for hit in hits:
        if hit.passage.document_id in near and (text := _about_section(hit)):
            yield Suggestion(text, hit, is_own=False)


def _questions(hit: Hit) -> Iterator[str]:
    """Titles, headings and lines of a passage that ask what it then answers."""
    for title in (hit.title, *hit.passage.heading[-1:]):
        if "?" in title and (text := _as_question(title)) and sentences_of([hit]):
            yield text
    if "?" not in hit.passage.text:
        return
    spans = split_sentences(hit.passage.text)
    for (start, end), following in pairwise(spans):
        answer = hit.passage.text[slice(*following)]
        if (
            (text := _as_question(hit.passage.text[start:end]))
            and answer[-1] not in "?:"
            and not answer.startswith("#")
        ):
            yield text


def _as_question(text: str) -> str:
    """A text as a question of one line; "" if it is none, or one that stands on what is before it."""
    match = _QUESTION.match(" ".join(text.split()))
    if match is None or not _ASKING.match(match["asked"]) or len(stems(match["asked"])) < 2:
        return ""
    return match["asked"]


def _about_section(hit: Hit) -> str:
    """A question about a section, in its title's and its heading's own words; "" if they say too little."""
    heading = hit.passage.heading[-1].strip() if hit.passage.heading else ""
    title = hit.title.strip()
    if not heading or heading == title or not _HEADING.match(heading) or not _HEADING.match(title):
        return ""
    if not stems(heading) - _VAGUE - stems(title) or not sentences_of([hit]):
        return ""
    text = f"What does “{title}” say about {_lowered(heading)}?"
    return text if len(text) <= _MAX_CHARACTERS else ""


def _lowered(heading: str) -> str:
    """A heading inside a sentence: names keep their capitals."""
    words = heading.split()
    is_title = len(words) > 1 and any(word[:1].isupper() for word in words[1:])
    return heading if is_title or heading.isupper() else heading[:1].lower() + heading[1:]


def _likeness(first: frozenset[str], second: frozenset[str]) -> float:
    return len(first & second) / max(1, min(len(first), len(second)))
