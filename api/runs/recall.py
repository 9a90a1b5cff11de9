"""Answers that were given before, behind the Cache port: given again while nothing that they rest on has changed.

What an answer rests on is its key: who may read what, every document (the store's sequence), models, prompts, effort,
filters and the question. A run that follows a conversation has no key, since the conversation counts too.
See docs/decisions/response-cache.md.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from unicodedata import normalize

import orjson

import graphs
from api.runs.engine import Engine
from api.runs.message import told_before
from api.runs.reconcile import reconcile
from memory.encoding import Codec
from memory.errors import StoreError
from memory.ids import digest
from memory.records import SYSTEM, Answer, Citation, RunRecord, Scope

logger = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE_S = 1.0
"""A cache that takes longer is no help."""
CACHED = "answer.cached"
SHOWN = ("passage_id", "document_id", "source", "title", "page", "row")


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it is kept, and when it was made."""

    answer: Answer
    answered_at: datetime


_KEPT = Codec(Kept)


async def key_of(engine: Engine, record: RunRecord) -> str | None:
    """Name what a run's answer rests on; None where it may be neither looked up nor kept."""
    if not engine.settings.recalls or record.parent_turn_id is not None or told_before(record):
        return None
    # Once a process, and no wait for a cache: a busy machine may need longer for it than a cache is waited for.
    await asyncio.to_thread(_agent)
    return await _helpful(_key_of(engine, record))


async def recall(engine: Engine, scope: Scope, key: str) -> Kept | None:
    """Return the answer that was kept under a key; None also where the cache does not answer."""
    data = await _helpful(engine.stores.cache.get(_tenant(scope), key))
    engine.metrics.cached_answers.labels("hit" if data else "miss").inc()
    return _KEPT.load(data) if data else None


async def remember(engine: Engine, record: RunRecord, key: str, answer: Answer) -> None:
    """Keep an answer if it can stand again, and if nothing that it rests on has changed while it was made."""
    if not _stands(answer) or await key_of(engine, record) != key:
        return
    kept = _KEPT.dump(Kept(answer, datetime.now(UTC)))
    await _helpful(engine.stores.cache.put(_tenant(record.scope), key, kept, engine.settings.response_cache_h * 3600))


def parts_of(kept: Kept) -> Iterator[dict[str, Any]]:
    """What a run says that gives a kept answer: that it does, its sources, its claims with their verdicts."""
    answer = kept.answer
    yield {"type": CACHED, "answered_at": kept.answered_at.isoformat()}
    yield {"type": "sources.found", "sources": [_source(one) for one in _by_passage(answer.citations)]}
    for said in reconcile((), answer):
        yield orjson.loads(said.body)


async def _key_of(engine: Engine, record: RunRecord) -> str | None:
    stores, settings, scope = engine.stores, engine.settings, record.scope
    sequence = await stores.documents.last_sequence(SYSTEM)
    status = await stores.index.status()
    if status.behind or status.sequence != sequence:
        return None
    # The last change itself too: a store that was restored counts the same numbers again.
    corpus = repr([sequence, *await stores.documents.changes(SYSTEM, sequence - 1, 1)])
    made_by = {**engine.versions, "corpus": corpus, "embedder": stores.embedder.name}
    made_by["agent"] = _agent()
    made_by["reader"] = settings.reader
    made_by["fallbacks"] = " ".join(settings.model_fallbacks)
    made_by["base_url"] = settings.model_base_url
    alone = scope.user_id if await stores.documents.owns(scope) else ""
    readers = digest(scope.tenant_id, alone, *sorted(scope.groups))
    words = " ".join(normalize("NFC", record.message).split())
    parts = orjson.dumps([made_by, record.context], option=orjson.OPT_SORT_KEYS).decode()
    return f"answer:{digest(readers, parts, words)}"


@cache
def _agent() -> str:
    """Stands for the agent itself: its rules, weights and prompts, as the process found them."""
    folder = Path(graphs.__file__).parent
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".json", ".md"))
    return digest(*(path.read_text(encoding="utf-8") for path in files))


def _tenant(scope: Scope) -> Scope:
    """Whose entries they are: the tenant's, under no user's name; the key says which readers'."""
    return Scope(scope.tenant_id, "")


def _stands(answer: Answer) -> bool:
    """Whether every word of an answer was judged, and some of it rests on a source."""
    judged = all(claim.verdict not in ("pending", "unjudged") for claim in answer.claims)
    return judged and bool(answer.citations) and not answer.abstained


def _by_passage(citations: tuple[Citation, ...]) -> Iterator[Citation]:
    yield from {citation.passage_id: citation for citation in reversed(citations)}.values()


def _source(citation: Citation) -> dict[str, Any]:
    known = asdict(citation)
    return {name: known[name] for name in SHOWN}


async def _helpful(work: Awaitable[T]) -> T | None:
    """Await something that the answer can do without."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await work
    except (StoreError, TimeoutError) as error:
        logger.warning("the cache of answers was no help", extra={"error": type(error).__name__})
        return None
