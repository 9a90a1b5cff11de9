"""One SQLite file as the embedded adapters use it: a group-committing writer thread and a few reader threads.

Adapters hand over functions of a connection. `write` returns once the commit that holds its work is on disk
(WAL, synchronous=FULL); writers that wait at the same time share one commit, each inside its own savepoint, so
that one's failure is not the others'. Knows no table; each adapter brings its migrations.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from memory.breaker import Breaker
from memory.errors import InvalidInput, StoreError, StoreUnavailable

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

READERS = 3
MAX_BATCH = 256
BUSY_TIMEOUT_MS = 5_000


class _Job(NamedTuple):
    work: Work[Any]
    done: Future[Any]
    committed: Callable[[], None] | None


class Database:
    """An open file. Made by `open_database`; safe to share between all adapters that live in the file."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        """Name the file and the time limit of one call, in seconds; opens nothing."""
        self.path = path
        # It counts; a file that is locked or full is asked each time, as that costs no wait for a network.
        self.breaker = Breaker(str(path), opens=False)
        self._timeout_s = timeout_s
        self._closed = False
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix=f"read-{path.name}")
        self._writer = threading.Thread(target=self._write_forever, name=f"write-{path.name}", daemon=True)

    async def migrate(self, component: str, scripts: Sequence[str]) -> None:
        """Bring a component's tables to the newest version; each script runs once, in order, in a transaction."""
        await self.write(lambda connection: _migrate(connection, component, scripts))

    async def write(self, work: Work[T], committed: Callable[[], None] | None = None) -> T:
        """Run work in a transaction and return its result once it is durable; an exception undoes all of it.

        Args:
            work: what to do; it may run after the caller has given up waiting.
            committed: called in the writer's thread when, and only when, the work is durable. Must not raise.

        Raises:
            StoreUnavailable: the file cannot be written, or not within the time limit.
            InvalidInput: a value that SQLite cannot hold (half a surrogate pair, an integer over 64 bits).
        """
        if self._closed:
            raise StoreUnavailable(f"{self.path} was closed")
        done: Future[T] = Future()
        self._jobs.put(_Job(work, done, committed))
        return await self._within_limit(asyncio.wrap_future(done), "written")

    async def read(self, work: Work[T]) -> T:
        """Run work on a read-only connection that sees everything acknowledged before."""
        loop = asyncio.get_running_loop()
        return await self._within_limit(loop.run_in_executor(self._readers, self._read, work), "read")

    async def backup(self, target: Path) -> None:
        """Write a consistent copy of the file while others go on reading and writing."""

        def copy(connection: sqlite3.Connection) -> None:
            with closing(sqlite3.connect(target)) as out:
                connection.backup(out)

        await asyncio.get_running_loop().run_in_executor(self._readers, self._read, copy)

    def start(self) -> None:
        """Start the writer."""
        self._writer.start()

    def close(self) -> None:
        """Commit what is queued and close every connection; blocks."""
        self._closed = True
        self._jobs.put(None)
        self._writer.join()
        self._readers.shutdown(wait=True)
        for connection in self._opened:
            connection.close()

    async def _within_limit(self, future: asyncio.Future[T], verb: str) -> T:
        with self.breaker.guard(self._timeout_s) as limit_s, self._told(verb):
            # Not wait_for: in Python 3.11 it swallows a cancellation that meets the result.
            async with asyncio.timeout(limit_s):
                return await asyncio.shield(future)

    @contextmanager
    def _told(self, verb: str) -> Generator[None]:
        try:
            yield
        except TimeoutError as error:
            raise StoreUnavailable(f"{self.path} could not be {verb} within {self._timeout_s} s") from error
        except (UnicodeEncodeError, OverflowError) as error:
            raise InvalidInput(f"a value cannot be stored: {error}") from error
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{self.path} could not be {verb}: {error}") from error

    def _read(self, work: Work[T]) -> T:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
            connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        try:
            return work(connection)
        finally:
            connection.execute("ROLLBACK")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        self._opened.append(connection)
        return connection

    def _write_forever(self) -> None:
        connection: sqlite3.Connection | None = None
        while (job := self._jobs.get()) is not None:
            batch = [job, *self._waiting()]
            try:
                connection = connection or self._connect()
                _commit(connection, batch)
            except sqlite3.Error as error:
                _fail(batch, error)

    def _waiting(self) -> list[_Job]:
        """Take what has queued up meanwhile; a stop request goes back to the end of the queue."""
        jobs: list[_Job] = []
        while len(jobs) < MAX_BATCH:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                self._jobs.put(None)
                break
            jobs.append(job)
        return jobs


@asynccontextmanager
async def open_database(path: Path, timeout_s: float = 10.0) -> AsyncGenerator[Database]:
    """Open (or make) a file; on leaving, everything queued is committed.

    Raises:
        StoreUnavailable: the folder or file cannot be made or opened.
    """
    try:
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(f"cannot make the folder {path.parent}: {error.strerror}") from error
    database = Database(path, timeout_s)
    database.start()
    try:
        yield database
    finally:
        await asyncio.to_thread(database.close)


def _commit(connection: sqlite3.Connection, batch: Sequence[_Job]) -> None:
    results: list[tuple[_Job, Any, BaseException | None]] = []
    connection.execute("BEGIN IMMEDIATE")
    try:
        results.extend(
            (job, *_attempt(connection, job.work)) for job in batch if job.done.set_running_or_notify_cancel()
        )
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    for job, value, error in results:
        if error is None:
            if job.committed:
                job.committed()
            job.done.set_result(value)
        else:
            job.done.set_exception(error)


def _attempt(connection: sqlite3.Connection, work: Work[T]) -> tuple[T | None, BaseException | None]:
    connection.execute("SAVEPOINT job")
    try:
        value = work(connection)
    except Exception as error:  # noqa: BLE001 - a thread's door: the error belongs to the caller who waits
        connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")
        return None, error
    connection.execute("RELEASE job")
    return value, None


def _fail(batch: Sequence[_Job], error: sqlite3.Error) -> None:
    for job in batch:
        if not job.done.done():
            job.done.set_exception(error)


def _migrate(connection: sqlite3.Connection, component: str, scripts: Sequence[str]) -> None:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_versions (component TEXT PRIMARY KEY, version INTEGER NOT NULL)"
    )
    row = connection.execute("SELECT version FROM schema_versions WHERE component = ?", (component,)).fetchone()
    have = row["version"] if row else 0
    if have > len(scripts):
        raise StoreError(f"{component} was written by a newer version (schema {have}, this one knows {len(scripts)})")
    for script in scripts[have:]:
        for statement in _statements(script):
            connection.execute(statement)
    connection.execute("INSERT OR REPLACE INTO schema_versions VALUES (?, ?)", (component, len(scripts)))


def _statements(script: str) -> list[str]:
    """Split a migration into statements; each ends at a line's end, and a trigger's body stays whole."""
    statements: list[str] = []
    current = ""
    for line in script.splitlines():
        current += line + "\n"
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return [*statements, current] if current.strip() else statements
