"""What can be counted about a sentence as an answer to a question, and about the best sentences together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from graphs.language.headings import about, left_out
from graphs.language.ranges import within
from graphs.reader.attribute import meanings
from graphs.reader.question import Question
from graphs.reader.spans import fits_kind, values_of
from memory.records import Hit
from memory.sentences import STOPWORDS, clip, sentence_spans, stem, trim, words

MAX_QUOTE = 400
"""Characters of the longest citation."""
UNKNOWN_COSINE = 0.35
"""Stands in when similarities cannot be had: about what an on-topic sentence reaches."""
ALIKE = 5
"""Letters from which two stems that begin alike are taken for forms of one word."""

_ITEM_HEADING = re.compile(r"\(?\d{1,2}[.)]\s+[^\W\d]+(?:\s[^\W\d]+)?\.")
"""`3. Playground.`: the heading of an item of minutes; it says nothing by itself, but what the item is about."""

_FILE = re.compile(r"(?:^|[/\\])(?P<name>[^/\\#]+)\.[A-Za-z]\w{1,5}$")
"""A file's name, which people give to say what it is: `supply-agreement-marlin.md`. A line of a file has none."""
_NUMBERED = re.compile(r"\(?\d{1,2}[.)]\s")
SENTENCE_FEATURES = ("cosine", "near", "around", "pairs", "kind", "dense", "lexical", "passage")
ANSWER_FEATURES = ("cosine", "dense", "overlap", "passage", "kind", "asked", "named", "score")
MOST_DENSE_ABOVE = 0.1
"""A passage is taken to be at most this much nearer than its best sentence: its score may be another query's."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One sentence of a hit. start and end count from the passage's own text; place: the hit's, from 0.

    shown: what is compared with the question: the sentence, after the question that it answers if there is one.
    stems: its content stems. overlap, near, around, passage: the weighted share of the question's terms in the
    sentence, in it with title and headings, in it with its neighbours, and in the whole passage. pairs: the share
    of the question's neighbouring terms that stand close together.
    """

    hit: Hit
    place: int
    start: int
    end: int
    text: str
    shown: str
    overlap: float
    near: float
    around: float
    passage: float
    pairs: float


class Scored(NamedTuple):
    """A candidate with its score (log odds among its like) and its cosine to the question."""

    score: float
    cosine: float
    candidate: Candidate


def candidates(question: Question, hits: Sequence[Hit]) -> list[Candidate]:
    """Return every sentence of the hits that could be an answer, in their order."""
    return [candidate for place, hit in enumerate(hits) for candidate in _of_hit(question, place, hit)]


def promise(candidate: Candidate) -> float:
    """How much a sentence promises before its similarity is known."""
    return candidate.overlap + 0.5 * candidate.near + 0.5 * candidate.passage + 0.5 / (3 + candidate.place)


def sentence_features(question: Question, candidate: Candidate, cosine: float, best_lexical: float) -> list[float]:
    """Features in the order of SENTENCE_FEATURES. best_lexical: the highest BM25 score among the hits."""
    hit = candidate.hit
    return [
        cosine,
        candidate.near,
        candidate.around,
        candidate.pairs,
        fits_kind(question, candidate.text),
        UNKNOWN_COSINE if hit.dense_score is None else hit.dense_score,
        (hit.lexical_score or 0.0) / best_lexical if best_lexical else 0.0,
        candidate.passage,
    ]


def answer_features(question: Question, ranked: Sequence[Scored]) -> list[float]:
    """Features in the order of ANSWER_FEATURES. ranked: best first, not empty."""
    top, best = ranked[:3], ranked[0].candidate
    nearest: dict[str, float] = {}
    for scored in ranked:
        passage_id = scored.candidate.hit.passage.passage_id
        nearest[passage_id] = max(nearest.get(passage_id, -1.0), scored.cosine)
    return [
        max(scored.cosine for scored in top),
        max(_dense(scored.candidate.hit, nearest) for scored in ranked),
        max(scored.candidate.overlap for scored in top),
        max(scored.candidate.passage for scored in top),
        fits_kind(question, best.text),
        _asked(question, best),
        _named(question, best),
        top[0].score,
    ]


def _asked(question: Question, candidate: Candidate) -> float:
    """The share of what is asked about the subject that a sentence says, or a word that begins like it.

    What is asked: the terms that are neither names nor what the whole document is about.
    """
    subject = question.names | _stems(_context(candidate.hit))
    asked = {term: weight for term, weight in question.terms.items() if term not in subject}
    if not asked:
        return 1.0
    said = _stems(candidate.shown)
    begun = {word[:ALIKE] for word in said if len(word) >= ALIKE}
    return _share(asked, (term for term in asked if term in said or term[:ALIKE] in begun))


def _named(question: Question, candidate: Candidate) -> float:
    """The share of the question's names that the passage or what it belongs to names."""
    names = {term: weight for term, weight in question.terms.items() if term in question.names}
    hit = candidate.hit
    return _share(names, _stems(_context(hit)) | _stems(hit.passage.text)) if names else 1.0


def _dense(hit: Hit, nearest: Mapping[str, float]) -> float:
    """A passage's cosine to the question, held down to what its sentences make believable."""
    bound = nearest[hit.passage.passage_id] + MOST_DENSE_ABOVE
    return bound if hit.dense_score is None else min(hit.dense_score, bound)


def _of_hit(question: Question, place: int, hit: Hit) -> Iterator[Candidate]:
    """The candidates of one hit."""
    text = hit.passage.text
    spans = _units(hit)
    said = [_stems(text[start:end]) for start, end in spans]
    context = _stems(_context(hit))
    whole = context.union(*said)
    share = _share(question.terms, whole)
    item = frozenset[str]()
    for at, span in enumerate(spans):
        if _NUMBERED.match(text, *span):
            item = said[at] if _ITEM_HEADING.fullmatch(text, *span) else frozenset[str]()
        if text[span[1] - 1] == "?" or _is_heading(question, hit, text[span[0] : span[1]]):
            continue
        lead = max(0, at - 1) if at and text[spans[at - 1][1] - 1] == "?" else at
        near = context.union(item, *said[lead : at + 1])
        start, end = clip(text, *span, MAX_QUOTE)
        yield Candidate(
            hit=hit,
            place=place,
            start=start,
            end=end,
            text=text[start:end],
            shown=text[spans[lead][0] : end],
            overlap=_share(question.terms, near if lead < at or hit.passage.kind == "answer" else said[at]),
            near=_share(question.terms, near),
            around=_share(question.terms, near.union(*said[max(0, at - 1) : at + 2])),
            passage=share,
            pairs=_pairs(question, text[spans[lead][0] : end]),
        )


def _units(hit: Hit) -> Sequence[tuple[int, int]]:
    """What may be cited of a hit: a record or a curated answer whole if it fits, else sentences or lines."""
    text = hit.passage.text
    start, end = trim(text, 0, len(text))
    if hit.passage.kind in ("record", "answer") and 0 < end - start <= MAX_QUOTE:
        return [(start, end)]
    return sentence_spans(text)


def _is_heading(question: Question, hit: Hit, unit: str) -> bool:
    """Whether a unit only names what follows it; one that stands alone may be asked for its date or number."""
    is_named = unit in (hit.title, *hit.passage.heading)
    if is_named and unit == hit.passage.text and values_of(question, unit):
        return False
    return is_named or unit.startswith("#") or unit.endswith(":") or bool(_ITEM_HEADING.fullmatch(unit))


def _context(hit: Hit) -> str:
    """Title, headings, table header and file name: what a sentence is about without saying so."""
    file = _FILE.search(hit.source)
    name = re.sub(r"[\W_\d]+", " ", file["name"]) if file else ""
    return f"{hit.title}\n{name}\n{hit.passage.context}\n{' '.join(map(about, hit.passage.heading))}"


def speaks_of(candidate: Candidate, asked: frozenset[str]) -> bool:
    """Whether a sentence, or what stands above it without leaving that out, says one of some words, by meaning."""
    excluded = meanings(" ".join(map(left_out, candidate.hit.passage.heading)))
    return bool(asked & (meanings(candidate.shown) | (meanings(_context(candidate.hit)) - excluded)))


def speaks_above(question: Question, candidate: Candidate) -> bool:
    """Whether title, headings or file name say a word of the question that the sentence does not."""
    return bool(frozenset(question.terms) & _stems(_context(candidate.hit)) - _stems(candidate.text))


def said_of(question: Question, candidate: Candidate) -> frozenset[str]:
    """The question's terms that a sentence says."""
    return frozenset(question.terms) & _stems(candidate.text)


def _stems(text: str) -> frozenset[str]:
    """Content stems of a text."""
    return frozenset(_stems_in_order(text))


@lru_cache(maxsize=4096)
def _stems_in_order(text: str) -> tuple[str, ...]:
    """Content stems of a text as they follow each other, then of the months and days that its ranges mean.

    Remembered, since a passage is read for many questions.
    """
    return tuple(stem(word) for word in (*words(text), *within(text)) if word not in STOPWORDS)


def _share(terms: Mapping[str, float], found: Iterable[str]) -> float:
    """The weighted share of the terms that was found."""
    total = sum(terms.values())
    return sum(terms.get(word, 0.0) for word in found) / total if total else 0.0


def _pairs(question: Question, text: str) -> float:
    """The share of the question's neighbouring terms that stand within three words of each other in a text."""
    wanted = set(pairwise(question.terms))
    if not wanted:
        return 0.0
    places: dict[str, list[int]] = {}
    for at, word in enumerate(_stems_in_order(text)):
        places.setdefault(word, []).append(at)
    close = sum(any(abs(a - b) <= 2 for a in places.get(x, ()) for b in places.get(y, ())) for x, y in wanted)
    return close / len(wanted)
