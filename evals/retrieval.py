"""How well passages are found: `multidb eval retrieval --data DIR`. docs/evals.md describes files and figures.

Four rankings of the same passages from one run: BM25, cosine, their reciprocal rank fusion, and the researcher that
serves users, reached as users reach it, through the graph and the search tool.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from evals.asking import history_of
from evals.baselines import Bm25, Corpus, best_rows, fused, read_corpus
from evals.house import House, Tell, fill, folder_of, open_house
from evals.journal import Journal
from evals.ranking import DEPTH, score_ranking
from evals.rows import InvalidSet, listed
from evals.sets import EvalSet, Question
from evals.statistics import Metric, mean, quantile
from evals.turns import Said
from graphs.context import LIMITS, Context
from graphs.reader.extractive import ExtractiveReader
from graphs.state import State
from memory.ids import digest
from memory.records import LOCAL, Effort, Hit
from tools.calls import SearchRequest

SYSTEMS = ("bm25", "dense", "rrf", "ours")
BASELINES = SYSTEMS[:3]
SHOWN = 5
"""Names of a ranking that are kept to be read."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure. append: field of a question's row that is added to its text. limit 0 asks all."""

    effort: Effort = "standard"
    limit: int = 0
    seed: int = 0
    append: str = ""


@dataclass(frozen=True, slots=True)
class Ranked:
    """What one system did: the figures of each question, how long each took, and the first names of its ranking."""

    scores: list[dict[str, float]] = field(default_factory=list[dict[str, float]])
    latency_ms: list[float] = field(default_factory=list[float])
    questions: list[Question] = field(default_factory=list[Question])
    tops: list[list[str]] = field(default_factory=list[list[str]])

    def metrics(self, seed: int) -> dict[str, Metric]:
        """Every figure with its interval."""
        names = self.scores[0]
        figures = {name: mean([row[name] for row in self.scores], seed) for name in names}
        for share, name in ((0.5, "latency_p50_ms"), (0.95, "latency_p95_ms")):
            figures[name] = quantile(self.latency_ms, share, seed)
        return figures


async def measure(found: EvalSet, options: Options, home: Path | None, tell: Tell) -> dict[str, Ranked]:
    """Return what each system did with the questions that some document answers.

    Raises:
        InvalidSet: no question has a document that answers it.
    """
    scored = replace(found, questions=tuple(one for one in found.questions if one.gains))
    asked = scored.drawn(options.limit, options.seed).questions
    if not asked:
        raise InvalidSet(
            "no question names a document that answers it, so there is nothing to score: the ids of qrels.tsv must be"
            " those of queries.jsonl, or rows of questions name their document as `source`"
        )
    if options.append and not any(options.append in one.row for one in asked):
        raise InvalidSet(f"no question has the field {options.append!r} that is to be added to its text")
    folder = folder_of(found, home)
    async with open_house(folder) as house:
        await fill(house, found, folder, tell)
        journal = Journal(folder, "retrieval", repr(replace(options, limit=0, seed=0)), found.mark)
        results = await _compared(
            _Comparison(house, found, await read_corpus(house.stores)), asked, options, tell, journal
        )
        journal.finish()
    return {system: results[system] for system in SYSTEMS}


def as_object(results: Mapping[str, Ranked], seed: int = 0) -> dict[str, Any]:
    """The documented object of `eval retrieval --json`."""
    metrics = {system: ranked.metrics(seed) for system, ranked in results.items()}
    return {
        "queries": len(results["ours"].scores),
        "systems": {system: {name: one.as_object() for name, one in of.items()} for system, of in metrics.items()},
        "differences": {
            name: {**metric.as_object(), "baseline": baseline}
            for name, (metric, baseline) in differences(results, seed).items()
        },
    }


def differences(results: Mapping[str, Ranked], seed: int = 0) -> dict[str, tuple[Metric, str]]:
    """Ours minus the baseline that is best on average, question by question, for each figure."""
    found: dict[str, tuple[Metric, str]] = {}
    for name in results["ours"].scores[0]:
        columns = {system: np.array([row[name] for row in ranked.scores]) for system, ranked in results.items()}
        baseline = max(BASELINES, key=lambda system: float(columns[system].mean()))
        found[name] = (mean((columns["ours"] - columns[baseline]).tolist(), seed), baseline)
    return found


async def _compared(
    comparison: _Comparison, asked: Sequence[Question], options: Options, tell: Tell, journal: Journal
) -> dict[str, Ranked]:
    results = {system: Ranked() for system in SYSTEMS}
    said: dict[str, list[Said]] = {}
    for number, question in enumerate(asked, 1):
        text = " ".join((question.text, _appended(question, options.append))).strip()
        before = (*said.get(question.thread, ()), *question.before)
        if question.thread:
            said.setdefault(question.thread, []).extend((*question.before, Said("user", question.text)))
        key = digest(question.id, text, *(part for turn in before for part in turn))
        rankings = journal.get(key)
        if rankings is None:
            ours = await comparison.ours(question, text, options.effort, before)
            rankings = {**await comparison.baselines(text), "ours": ours}
            journal.keep(key, rankings)
        for system, (ranking, spent_ms) in rankings.items():
            results[system].scores.append(score_ranking(ranking, question.gains))
            results[system].latency_ms.append(spent_ms)
            results[system].questions.append(question)
            results[system].tops.append(ranking[:SHOWN])
        tell("questions asked", number, len(asked))
    return results


def _appended(question: Question, field: str) -> str:
    """What a field of the question's row says."""
    return " ".join(str(part) for part in listed(question.row.get(field)))


class _Comparison:
    """Ranks the names of documents by each system; each answer is (names, best first; milliseconds)."""

    def __init__(self, house: House, found: EvalSet, corpus: Corpus) -> None:
        self._house = house
        self._name_of = found.name_of
        self._names = [found.name_of(source) for source in corpus.sources]
        self._words = Bm25(corpus.texts)
        self._vectors = corpus.vectors

    async def baselines(self, text: str) -> dict[str, tuple[list[str], float]]:
        """The three that the passages alone give."""
        started = time.perf_counter()
        lexical = best_rows(self._words.scores(text), above=0.0)
        between = time.perf_counter()
        dense = best_rows(np.asarray(self._vectors @ await self._house.stores.embedder.embed_query(text), np.float64))
        ended = time.perf_counter()
        both = fused(lexical, dense)
        lexical_ms, dense_ms = (between - started) * 1000, (ended - between) * 1000
        spent = {"bm25": lexical_ms, "dense": dense_ms, "rrf": lexical_ms + dense_ms}
        rankings = {"bm25": lexical, "dense": dense, "rrf": both}
        return {system: ([self._names[row] for row in rows], spent[system]) for system, rows in rankings.items()}

    async def ours(
        self, question: Question, text: str, effort: Effort, before: Sequence[Said]
    ) -> tuple[list[str], float]:
        """What serves users."""
        sources, spent_ms = await rank_as_served(self._house, question, text, effort, before)
        return [self._name_of(source) for source in sources], spent_ms


async def rank_as_served(
    house: House, question: Question, text: str, effort: Effort, before: Sequence[Said] = ()
) -> tuple[list[str], float]:
    """Return the sources of the passages as the graph ranks them, best first, and the milliseconds it took.

    The graph runs as for a user, and is left once the order cannot change any more: after the last round of research,
    or, where the small reader reranks what was found, after the last reading. What the search tool
    finds beyond what is read follows, so that recall at 100 can be told; its time is not counted.
    """
    started = time.perf_counter()
    hits, query = await _researched(house, question, State(question=text, history=history_of(before)), effort)
    spent = (time.perf_counter() - started) * 1000
    beyond = await house.agent.tools.search(LOCAL, SearchRequest(query or text, top_k=DEPTH))
    return [hit.source for hit in (*hits, *beyond.hits)], spent


async def _researched(house: House, question: Question, begun: State, effort: Effort) -> tuple[Sequence[Hit], str]:
    context = Context(run_id=question.id, thread_id=question.id, scope=LOCAL, effort=effort)
    graph: Any = house.agent.graph
    hits: Sequence[Hit] = ()
    query = ""
    config = {"configurable": {"thread_id": f"eval-{question.id}"}}
    parts = graph.astream(begun, config, context=context, stream_mode="updates")
    reader = house.agent.deps.reader
    last = "synthesizer" if isinstance(reader, ExtractiveReader) and reader.reranks(effort) else "researcher"
    round = 0
    async with aclosing(parts):
        async for part in parts:
            if (update := part.get("researcher")) is not None:
                hits, query, round = update["hits"], update["query"], update["round"]
            elif last in part:
                hits = part[last]["hits"]
            if last in part and round >= LIMITS[effort].rounds:
                break
    return hits, query
