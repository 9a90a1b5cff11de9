"""Opens every store by its URL: the only importer of adapters.

Adapters are imported when they are opened, so that a process pays for what it uses and a default install needs no
server's driver. To add a technology: one file in its port's folder and one line here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from memory.cassandra_url import is_cql
from memory.errors import InvalidInput, ModelUnavailable
from memory.folder import hold_folder, load_replica
from memory.ports import (
    Accounts,
    AnswerStore,
    AuditLog,
    Cache,
    DocumentStore,
    Embedder,
    FeedbackStore,
    PassageIndex,
    QuotaLedger,
    RateLimits,
    RunLog,
    SpanReader,
    TurnStore,
)
from memory.records import SYSTEM, Plan
from memory.servers import Server, Servers
from memory.settings import StoreSettings
from memory.sqlite import Database, open_database
from memory.urls import is_mongodb, is_postgres, is_redis, path_of

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from memory.cassandra import Cassandra
    from memory.postgres import Postgres
    from memory.redis import Redis

T = TypeVar("T")

DEFAULT_EMBEDDER = "minilm"


@dataclass(frozen=True)
class Stores:
    """Everything that remembers, open. `dataclasses.replace` swaps one for a wrapper of it.

    servers: where the ports are, and how each of those does.
    """

    checkpointer: BaseCheckpointSaver[Any]
    turns: TurnStore
    answers: AnswerStore
    accounts: Accounts
    ledger: QuotaLedger
    audit: AuditLog
    documents: DocumentStore
    index: PassageIndex
    feedback: FeedbackStore
    runs: RunLog
    cache: Cache
    limits: RateLimits
    embedder: Embedder
    servers: Sequence[Server]


@asynccontextmanager
async def open_stores(
    settings: StoreSettings, *, command: str = "multidb", url: str = "", any_embedder: bool = False
) -> AsyncGenerator[Stores]:
    """Open all stores, owning the data folder meanwhile.

    Args:
        settings: one URL per port; empty ones mean files in `settings.home`.
        command: what a person who finds the folder taken is told owns it.
        url: where that process answers, "" if it serves nothing.
        any_embedder: open even where the documents' embedder is not there, to embed them again.

    Raises:
        EmbedderMismatch: the documents were embedded by another embedder.
        FolderLocked: another process owns the folder.
        StoreUnavailable: a store cannot be opened.
        InvalidInput: a URL is of no known kind.
    """
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(hold_folder(settings.home, command, url))
        files = _Files(stack, settings)
        plan = Plan("local", settings.default_quota_tokens)
        documents = await _open_documents(files)
        embedder = await _shared_embedder(stack, settings, documents, any_embedder=any_embedder)
        yield Stores(
            checkpointer=await _open_checkpointer(files),
            turns=await _open_turns(files),
            answers=await _open_answers(files),
            accounts=await _open_accounts(files, plan),
            ledger=await _open_ledger(files, plan),
            audit=await _open_audit(files),
            documents=documents,
            index=await _open_index(files, documents, embedder),
            feedback=await _open_feedback(files),
            runs=await _open_runs(files),
            cache=await _open_cache(files),
            limits=await _open_limits(files),
            embedder=embedder,
            servers=files.servers.all(),
        )


@asynccontextmanager
async def open_span_reader(settings: StoreSettings) -> AsyncGenerator[SpanReader | None]:
    """Begin to load the small reader, and give it at once; None where `settings.reader` is off."""
    if settings.reader == "off":
        yield None
        return
    from memory.spans import onnx

    file = Path(settings.reader) if settings.reader else onnx.FILE
    async with onnx.open_span_reader(file, settings.reader_timeout_s) as reader:
        yield reader


async def migrate_stores(settings: StoreSettings) -> list[str]:
    """Make the search indexes of a PassageIndex inside MongoDB, and wait until they answer; all else migrates itself.

    Returns:
        The names of what was made; nothing if all was there.
    """
    if not is_mongodb(settings.index_url):
        return []
    from memory.index.atlas import migrate, open_home

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(hold_folder(settings.home, "multidb migrate"))
        documents = await _open_documents(_Files(stack, settings))
        embedder = await _shared_embedder(stack, settings, documents, any_embedder=False)
        home = await stack.enter_async_context(open_home(settings.index_url, settings.store_timeout_s))
        return await migrate(home, embedder)


class _Files:
    """SQLite files and servers that several ports share: each is opened once."""

    def __init__(self, stack: AsyncExitStack, settings: StoreSettings) -> None:
        self.settings = settings
        self.servers = Servers()
        self._stack = stack
        self._open: dict[Path, Database] = {}
        self._redis: dict[str, Redis] = {}
        self._postgres: dict[str, Postgres] = {}
        self._cassandra: dict[str, Cassandra] = {}

    async def open(self, port: str, url: str, default: str) -> Database:
        """Return the database that a port's URL names."""
        path = path_of(port, url, "sqlite", self.settings.home / default).absolute()
        if path not in self._open:
            self._open[path] = await self.enter(open_database(path, self.settings.store_timeout_s))
        self.servers.note(port, "sqlite", self._open[path].breaker, f"sqlite:{path.name}")
        return self._open[path]

    async def redis(self, port: str, url: str) -> Redis:
        """Return the server that a URL names."""
        from memory.redis import open_redis

        if url not in self._redis:
            opening = open_redis(url, self.settings.store_timeout_s, may_forget=self.settings.redis_may_forget)
            self._redis[url] = await self.enter(opening)
        self.servers.note(port, "redis", self._redis[url].breaker)
        return self._redis[url]

    async def postgres(self, port: str, url: str) -> Postgres:
        """Return the database that a URL names."""
        from memory.postgres import open_postgres

        if url not in self._postgres:
            limits = (self.settings.store_timeout_s, self.settings.postgres_connections)
            self._postgres[url] = await self.enter(open_postgres(url, *limits))
        self.servers.note(port, "postgres", self._postgres[url].breaker)
        return self._postgres[url]

    async def cassandra(self, port: str, url: str) -> Cassandra:
        """Return the cluster that a URL names; one that is away is connected to when it is there."""
        from memory.cassandra import open_cassandra

        if url not in self._cassandra:
            opening = open_cassandra(url, self.settings.store_timeout_s, must_answer=False)
            self._cassandra[url] = await self.enter(opening)
        self.servers.note(port, "cassandra", self._cassandra[url].breaker)
        return self._cassandra[url]

    async def enter(self, opening: AbstractAsyncContextManager[T]) -> T:
        """Open something until everything is closed."""
        return await self._stack.enter_async_context(opening)


async def _open_checkpointer(files: _Files) -> BaseCheckpointSaver[Any]:
    settings = files.settings
    if is_redis(settings.checkpoints_url):
        return await _open_redis_checkpointer(files)
    from memory.checkpoints.sqlite import open_checkpoints

    path = path_of("checkpoints", settings.checkpoints_url, "sqlite", settings.home / "checkpoints.db")
    return await files.enter(open_checkpoints(path, settings.store_timeout_s))


async def _open_redis_checkpointer(files: _Files) -> BaseCheckpointSaver[Any]:
    from memory.checkpoints.redis import RedisSaver

    server = await files.redis("checkpoints", files.settings.checkpoints_url)
    return RedisSaver(server, int(files.settings.checkpoint_retention_h * 3600))


async def _open_turns(files: _Files) -> TurnStore:
    if is_cql(files.settings.turns_url):
        from memory.turns.cassandra import CassandraTurns

        turns = CassandraTurns(await files.cassandra("turns", files.settings.turns_url))
        return await _open_outbox(files, turns)
    from memory.turns.sqlite import open_turns

    return await open_turns(await files.open("turns", files.settings.turns_url, "chat.db"))


async def _open_outbox(files: _Files, turns: TurnStore) -> TurnStore:
    settings, before = files.settings, files.settings.home / "outbox.db"
    if is_postgres(settings.accounts_url):
        from memory.turns.outbox_postgres import open_shared_outbox

        file = await files.open("outbox", "", "outbox.db") if before.exists() else None
        server = await files.postgres("outbox", settings.accounts_url)
        replica = await asyncio.to_thread(load_replica, settings.home)
        return await files.enter(open_shared_outbox(turns, server, replica, file))
    from memory.turns.outbox import open_outbox

    return await files.enter(open_outbox(turns, await files.open("outbox", "", "outbox.db")))


async def _open_answers(files: _Files) -> AnswerStore:
    if is_cql(files.settings.answers_url):
        from memory.answers.cassandra import CassandraAnswers

        return CassandraAnswers(await files.cassandra("answers", files.settings.answers_url))
    from memory.answers.sqlite import open_answers

    return await open_answers(await files.open("answers", files.settings.answers_url, "chat.db"))


async def _open_feedback(files: _Files) -> FeedbackStore:
    if is_cql(files.settings.answers_url):
        from memory.feedback.cassandra import CassandraFeedback

        return CassandraFeedback(await files.cassandra("feedback", files.settings.answers_url))
    from memory.feedback.sqlite import open_feedback

    return await open_feedback(await files.open("feedback", files.settings.answers_url, "chat.db"))


async def _open_accounts(files: _Files, plan: Plan) -> Accounts:
    if is_postgres(files.settings.accounts_url):
        from memory.accounts.postgres import open_accounts as open_postgres_accounts

        return await open_postgres_accounts(await files.postgres("accounts", files.settings.accounts_url), plan)
    from memory.accounts.sqlite import open_accounts

    return await open_accounts(await files.open("accounts", files.settings.accounts_url, "chat.db"), plan)


async def _open_ledger(files: _Files, plan: Plan) -> QuotaLedger:
    if is_postgres(files.settings.accounts_url):
        from memory.accounts.postgres_ledger import open_ledger as open_postgres_ledger

        return await open_postgres_ledger(await files.postgres("ledger", files.settings.accounts_url), plan)
    from memory.accounts.sqlite_ledger import open_ledger

    return await open_ledger(await files.open("ledger", files.settings.accounts_url, "chat.db"), plan)


async def _open_audit(files: _Files) -> AuditLog:
    if is_postgres(files.settings.accounts_url):
        from memory.accounts.postgres_audit import open_audit as open_postgres_audit

        return await open_postgres_audit(await files.postgres("audit", files.settings.accounts_url))
    from memory.accounts.sqlite_audit import open_audit

    return await open_audit(await files.open("audit", files.settings.accounts_url, "chat.db"))


async def _open_runs(files: _Files) -> RunLog:
    if is_redis(files.settings.runs_url):
        from memory.runs.redis import open_runs as open_redis_runs

        server, kept_h = await files.redis("runs", files.settings.runs_url), files.settings.run_retention_h
        return await files.enter(open_redis_runs(server, record_ttl_s=int(kept_h * 3600)))
    from memory.runs.sqlite import open_runs

    # We hold the folder's lock: leases found in its file belong to dead processes.
    return await open_runs(await files.open("runs", files.settings.runs_url, "chat.db"), sole_owner=True)


async def _open_cache(files: _Files) -> Cache:
    if is_redis(files.settings.runs_url):
        from memory.runs.redis_cache import RedisCache

        return RedisCache(await files.redis("cache", files.settings.runs_url))
    from memory.runs.cache import open_cache

    return await open_cache(await files.open("cache", files.settings.runs_url, "chat.db"))


async def _open_limits(files: _Files) -> RateLimits:
    if is_redis(files.settings.runs_url):
        from memory.runs.redis_limits import RedisLimits

        return RedisLimits(await files.redis("limits", files.settings.runs_url))
    from memory.runs.limits import open_limits

    return await open_limits(await files.open("limits", files.settings.runs_url, "chat.db"))


async def _open_documents(files: _Files) -> DocumentStore:
    if is_mongodb(files.settings.documents_url):
        return await _open_mongodb_documents(files)
    from memory.documents.sqlite import open_documents

    database = await files.open("documents", files.settings.documents_url, "documents.db")
    return await open_documents(database, files.settings.kept_versions)


async def _open_mongodb_documents(files: _Files) -> DocumentStore:
    from memory.documents.mongodb import open_documents
    from memory.mongodb import open_mongodb

    settings = files.settings
    mongo = await files.enter(open_mongodb(settings.documents_url, settings.store_timeout_s))
    files.servers.note("documents", "mongodb", mongo.breaker)
    return await open_documents(mongo, settings.kept_versions)


async def _open_index(files: _Files, documents: DocumentStore, embedder: Embedder) -> PassageIndex:
    settings = files.settings
    if is_mongodb(settings.index_url):
        from memory.index.atlas import open_home
        from memory.index.atlas import open_index as open_atlas_index

        home = await files.enter(open_home(settings.index_url, settings.store_timeout_s))
        files.servers.note("index", "mongodb", home.mongo.breaker)
        return await files.enter(open_atlas_index(home, documents, embedder))
    from memory.index.local import open_index

    folder = path_of("index", settings.index_url, "local", settings.home / "index")
    return await files.enter(open_index(folder, documents, embedder))


async def _shared_embedder(
    stack: AsyncExitStack, settings: StoreSettings, documents: DocumentStore, *, any_embedder: bool
) -> Embedder:
    """Open the configured embedder; without one that of the documents, and for a new folder the default."""
    from memory.embeddings.switching import AbsentEmbedder, SwitchingEmbedder, mismatch

    async def opened(spec: str) -> Embedder:
        return await _open_embedder(stack, settings.model_copy(update={"embedder": spec}))

    kept = (await documents.vector_sets(SYSTEM)).current
    try:
        embedder = await opened(settings.embedder or (kept.spec if kept else "") or DEFAULT_EMBEDDER)
    except ModelUnavailable:
        if not any_embedder:
            raise
        embedder = await opened(DEFAULT_EMBEDDER)
    if kept is not None and kept.name != embedder.name:
        if not any_embedder:
            raise mismatch(kept.name, embedder.name)
        embedder = AbsentEmbedder(kept.name, kept.dimension, embedder)
    return SwitchingEmbedder(embedder, opened)


async def _open_embedder(stack: AsyncExitStack, settings: StoreSettings) -> Embedder:
    kind, _, model = settings.embedder.partition(":")
    if kind == "hf" and model:
        from memory.embeddings.sentence_transformers import open_sentence_transformers

        return await stack.enter_async_context(open_sentence_transformers(model))
    if settings.embedder not in ("minilm", "minilm-fp32"):
        raise InvalidInput(
            f"embedder {settings.embedder!r} is not known; MULTIDB_EMBEDDER: minilm, minilm-fp32, hf:MODEL"
        )
    from memory.embeddings.minilm import open_minilm
    from memory.embeddings.weights import BUILD, EXACT_BUILD

    build = BUILD if settings.embedder == "minilm" else EXACT_BUILD
    return await stack.enter_async_context(open_minilm(settings.home / "models", build))
