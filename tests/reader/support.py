"""Hits and tools for the reader's tests: similarities are counted words, so that outcomes can be seen by eye."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from graphs.reading import ReadRequest
from memory.records import Effort, Hit, Passage, PassageKind, Scope
from memory.sentences import STOPWORDS, stem, words
from tools.calls import Allowance, Found, Match, SearchRequest
from tools.errors import ToolUnavailable

SCOPE = Scope("t", "u")


def stems(text: str) -> set[str]:
    return {stem(word) for word in words(text) if word not in STOPWORDS}


def resemblance(query: str, text: str) -> float:
    asked, said = stems(query), stems(text)
    return len(asked & said) / (len(asked) * max(len(said), 1)) ** 0.5 if asked else 0.0


@dataclass
class WordTools:
    """Tools that only compare; `gone` makes them fail."""

    gone: bool = False
    compared: list[str] = field(default_factory=list)

    async def similarities(self, scope: Scope, query: str, texts: tuple[str, ...]) -> tuple[float, ...]:
        if self.gone:
            raise ToolUnavailable("vector_search", "gone")
        self.compared += texts
        return tuple(resemblance(query, text) for text in texts)

    async def search(self, scope: Scope, request: SearchRequest) -> Found:
        raise AssertionError

    async def read_around(self, scope: Scope, passage_id: str, before: int, after: int) -> tuple[Passage, ...]:
        raise AssertionError

    async def look_up(self, scope: Scope, question: str, top_k: int) -> tuple[Match, ...]:
        raise AssertionError

    async def allowance(self, scope: Scope) -> Allowance:
        raise AssertionError


def make_hit(name: str, text: str, *, kind: PassageKind = "text", title: str = "", offset: int = 100) -> Hit:
    passage = Passage(
        passage_id=name,
        document_id=f"doc-{name}",
        version_id="v1",
        ordinal=0,
        start=offset,
        end=offset + len(text),
        text=text,
        kind=kind,
        context=title,
        row=7 if kind == "record" else None,
    )
    return Hit(passage, source=f"{name}.md", title=title or name, score=1.0, fused_rank=1)


def request(
    question: str,
    *hits: Hit,
    tools: WordTools | None = None,
    effort: Effort = "standard",
    term_weights: Mapping[str, float] | None = None,
) -> ReadRequest:
    """A request whose hits have dense scores as a search for the question would give them."""
    scored = [
        replace(hit, fused_rank=rank, dense_rank=rank, dense_score=resemblance(question, hit.passage.text))
        for rank, hit in enumerate(hits, 1)
    ]
    return ReadRequest(SCOPE, question, tuple(scored), tools or WordTools(), term_weights or {}, effort)
