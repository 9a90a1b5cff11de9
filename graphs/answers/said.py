"""A sentence of a passage with what it belongs to, as the frames of an answer are made of and weighed by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from graphs.language.curated import cite
from graphs.language.headings import about, left_out
from graphs.language.instructions import is_instruction
from graphs.language.lexicon import meaning
from memory.records import Citation, Hit
from memory.sentences import STOPWORDS, clip, sentence_spans, words

MAX_QUOTE = 400
_MARK = re.compile(r"\s*(?:[-*+•‣◦·]|\(?\d{1,2}[.)])\s+")


@dataclass(frozen=True)
class Said:
    """hit.passage.text[start:end]: one sentence, or a record as a whole."""

    hit: Hit
    start: int
    end: int

    @cached_property
    def text(self) -> str:
        """The sentence."""
        return self.hit.passage.text[self.start : self.end]

    @cached_property
    def stems(self) -> frozenset[str]:
        """What it says, by meaning."""
        return stems(self.text)

    @cached_property
    def around(self) -> frozenset[str]:
        """What it belongs to: title and headings, less what these leave out."""
        headings = self.hit.passage.heading
        return stems(" ".join((self.hit.title, *map(about, headings)))) - stems(" ".join(map(left_out, headings)))

    @property
    def label(self) -> str:
        """What a person would call its document."""
        return self.hit.title or self.hit.source

    def citation(self) -> Citation:
        """The sentence as a citation."""
        return cite(self.hit, self.start, self.end)


def sentences_of(hits: Iterable[Hit]) -> list[Said]:
    """Every sentence that says something: no headings, no questions, nothing that speaks to an assistant."""
    return [said for hit in hits for said in _of_hit(hit)]


def said_by(citations: Sequence[Citation], hits: Sequence[Hit]) -> list[Said]:
    """The cited sentences; those whose passage is not among the hits are left out."""
    by_id = {hit.passage.passage_id: hit for hit in hits}
    known = [(by_id[one.passage_id], one) for one in citations if one.passage_id in by_id]
    return [Said(hit, one.start - hit.passage.start, one.end - hit.passage.start) for hit, one in known]


@lru_cache(maxsize=8192)
def stems(text: str) -> frozenset[str]:
    """Content words by meaning; `cannot` and its like are told by those who weigh."""
    return frozenset(meaning(word) for word in words(text) if word not in STOPWORDS)


def name_stems(name: str) -> frozenset[str]:
    """The words of a name by meaning, those with a digit as they are too: they tell one model from another."""
    return stems(name) | {word for word in words(name) if any(map(str.isdigit, word))}


def _of_hit(hit: Hit) -> list[Said]:
    text = hit.passage.text
    if hit.passage.kind == "record" and len(text.strip()) <= MAX_QUOTE:
        start = len(text) - len(text.lstrip())
        return [Said(hit, start, start + len(text.strip()))]
    kept: list[Said] = []
    for start, end in sentence_spans(text):
        mark = _MARK.match(text[start:end])
        start, end = clip(text, start + (mark.end() if mark else 0), end, MAX_QUOTE)
        unit = text[start:end]
        if unit and not unit.startswith("#") and unit[-1] not in "?:" and unit not in (hit.title, *hit.passage.heading):
            kept.append(Said(hit, start, end))
    return [said for said in kept if not is_instruction(said.text)]
