"""Scripted tools and readers for graphs that need no server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from graphs.language.curated import cite
from graphs.reading import Reading, ReadRequest
from memory.records import AnswerEntry, Claim, Hit, Passage, Scope
from memory.sentences import STOPWORDS, clip, split_sentences, stem, words
from tools.calls import Allowance, Found, Match, SearchRequest
from tools.errors import ToolUnavailable


def passage_hit(text: str, name: str = "a", *, source: str = "", title: str = "", start: int = 0) -> Hit:
    """A hit on a passage of a document of its own, whose text begins at `start` in the document."""
    passage = Passage(f"p-{name}", f"d-{name}", f"v-{name}", 0, start, start + len(text), text)
    return Hit(passage, source or f"{name}.md", title or name, score=1.0, fused_rank=1)


@dataclass(slots=True)
class FakeTools:
    """Answers searches from a fixed set of hits by shared words, and notes every call with its scope."""

    hits: Sequence[Hit] = ()
    entries: Mapping[str, AnswerEntry] = field(default_factory=dict[str, AnswerEntry])
    beside: Mapping[str, Sequence[Hit]] = field(default_factory=dict[str, Sequence[Hit]])
    similarity: float = 0.9
    down: frozenset[str] = frozenset()
    choose: Callable[[str], Sequence[Hit]] | None = None
    calls: list[tuple[str, Scope, object]] = field(default_factory=list[tuple[str, Scope, object]])

    async def search(self, scope: Scope, request: SearchRequest) -> Found:
        self._note("vector_search", "search", scope, request)
        if (source := request.filters.get("source")) is not None:
            return Found(tuple(hit for hit in self.hits if hit.source == source), {})
        found = self.choose(request.query) if self.choose else self._by_words(request.query)
        weights = {stem(word): 2.0 for word in words(request.query) if word not in STOPWORDS}
        return Found(tuple(found[: request.top_k]), weights)

    async def read_around(self, scope: Scope, passage_id: str, before: int, after: int) -> tuple[Passage, ...]:
        self._note("vector_search", "read_around", scope, passage_id)
        return tuple(hit.passage for hit in self.beside.get(passage_id, ()))

    async def similarities(self, scope: Scope, query: str, texts: tuple[str, ...]) -> tuple[float, ...]:
        self._note("vector_search", "similarities", scope, query)
        asked = _content(query)
        return tuple(len(asked & _content(text)) / max(1, len(asked)) for text in texts)

    async def look_up(self, scope: Scope, question: str, top_k: int) -> tuple[Match, ...]:
        self._note("knowledge_base", "look_up", scope, question)
        entry = self.entries.get(question)
        return (Match(entry, self.similarity),) if entry else ()

    async def allowance(self, scope: Scope) -> Allowance:
        raise AssertionError("the graph has no business with quotas")

    def _note(self, server: str, call: str, scope: Scope, what: object) -> None:
        self.calls.append((call, scope, what))
        if server in self.down:
            raise ToolUnavailable(server, "no answer within 5 s")

    def _by_words(self, query: str) -> list[Hit]:
        asked = _content(query)
        scored = [(len(asked & _content(f"{hit.title} {hit.passage.text}")), hit) for hit in self.hits]
        return [hit for score, hit in sorted(scored, key=lambda row: -row[0]) if score]


class WordReader:
    """Chooses the sentences that share most words with the question; sure of it when they share half of them."""

    async def read(self, request: ReadRequest) -> Reading:
        asked = _content(request.question)
        rows: list[tuple[float, Claim]] = []
        for hit in request.hits:
            text = hit.passage.text
            for start, end in (clip(text, *span) for span in split_sentences(text)):
                share = len(asked & _content(text[start:end])) / max(1, len(asked))
                rows.append((share, Claim("", text[start:end], (cite(hit, start, end),))))
        rows.sort(key=lambda row: -row[0])
        best = rows[0][0] if rows else 0.0
        return Reading(tuple(claim for _, claim in rows[:3]), "", request.hits, 0.95 if best > 0.6 else 0.02)


def _content(text: str) -> set[str]:
    return {stem(word) for word in words(text) if word not in STOPWORDS}
