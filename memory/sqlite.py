"""One SQLite file as the embedded adapters use it: a group-committing writer thread and a few reader threads.

Adapters hand over functions of a connection. `write` returns once the commit that holds its work is on disk
(WAL, synchronous=FULL unless the caller can do without); writers that wait at the same time share one commit, each
inside its own savepoint, so that one's failure is not the others'. Knows no table; each adapter brings its migrations.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from memory.breaker import Breaker
from memory.errors import InvalidInput, StoreError, StoreUnavailable

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

READERS = 3
MAX_BATCH = 256
BUSY_TIMEOUT_MS = 5_000


class _Waiting(Generic[T]):
    """A caller who waits in its loop for what a thread makes; one who gave up is not told.

    In place of a concurrent.futures.Future that is wrapped and shielded: a run makes some twenty calls, and each
    would pay for three futures and their callbacks.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self._loop.create_future()
        self.is_told = False
        """Set in the thread."""

    async def within(self, limit_s: float) -> T:
        """Wait at most this long; raises TimeoutError after it."""
        expiry = self._loop.call_later(limit_s, self._settle, None, TimeoutError())
        try:
            return await self.future
        finally:
            expiry.cancel()

    def tell(self, value: T | None, error: BaseException | None) -> None:
        """Say how it ended; called in the thread, once."""
        self.is_told = True
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._settle, value, error)

    def _settle(self, value: Any, error: BaseException | None) -> None:
        if self.future.done():
            return
        if error is None:
            self.future.set_result(value)
        else:
            self.future.set_exception(error)


class _Job(NamedTuple):
    work: Work[Any]
    waiting: _Waiting[Any]
    committed: Callable[[], None] | None = None
    synced: bool = True


class Database:
    """An open file. Made by `open_database`; safe to share between all adapters that live in the file."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        """Name the file and the time limit of one call, in seconds; opens nothing."""
        self.path = path
        # It counts; a file that is locked or full is asked each time, as that costs no wait for a network.
        self.breaker = Breaker(str(path), opens=False)
        self.timeout_s = timeout_s
        self._closed = False
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._reads: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._opened: list[sqlite3.Connection] = []
        self._readers = [
            threading.Thread(target=self._read_forever, name=f"read-{path.name}-{number}", daemon=True)
            for number in range(READERS)
        ]
        self._writer = threading.Thread(target=self._write_forever, name=f"write-{path.name}", daemon=True)

    async def migrate(self, component: str, scripts: Sequence[str]) -> None:
        """Bring a component's tables to the newest version; each script runs once, in order, in a transaction."""
        await self.write(lambda connection: _migrate(connection, component, scripts))

    async def write(self, work: Work[T], committed: Callable[[], None] | None = None, *, synced: bool = True) -> T:
        """Run work in a transaction and return its result once it is durable; an exception undoes all of it.

        Args:
            work: what to do; it may run after the caller has given up waiting.
            committed: called in the writer's thread when, and only when, the work is durable. Must not raise.
            synced: False for what only this process's life gives a meaning: it outlives the process, but perhaps not
                a loss of power, as nobody waits for the disk.

        Raises:
            StoreUnavailable: the file cannot be written, or not within the time limit.
            InvalidInput: a value that SQLite cannot hold (half a surrogate pair, an integer over 64 bits).
        """
        if self._closed:
            raise StoreUnavailable(f"{self.path} was closed")
        waiting = _Waiting[T]()
        self._jobs.put(_Job(work, waiting, committed, synced))
        return await self._within_limit(waiting, "written")

    async def read(self, work: Work[T]) -> T:
        """Run work on a read-only connection that sees everything acknowledged before."""
        if self._closed:
            raise StoreUnavailable(f"{self.path} was closed")
        waiting = _Waiting[T]()
        self._reads.put(_Job(work, waiting))
        return await self._within_limit(waiting, "read")

    async def backup(self, target: Path) -> None:
        """Write a consistent copy of the file while others go on reading and writing."""

        def copy(connection: sqlite3.Connection) -> None:
            with closing(sqlite3.connect(target)) as out:
                connection.backup(out)

        waiting = _Waiting[None]()
        self._reads.put(_Job(copy, waiting))
        await waiting.future

    def start(self) -> None:
        """Start the threads."""
        for thread in (self._writer, *self._readers):
            thread.start()

    def close(self) -> None:
        """Commit what is queued and close every connection; blocks."""
        self._closed = True
        self._jobs.put(None)
        for _ in self._readers:
            self._reads.put(None)
        for thread in (self._writer, *self._readers):
            thread.join()
        for connection in self._opened:
            connection.close()

    async def _within_limit(self, waiting: _Waiting[T], verb: str) -> T:
        with self.breaker.guard(self.timeout_s) as limit_s, self._told(verb):
            return await waiting.within(limit_s)

    @contextmanager
    def _told(self, verb: str) -> Generator[None]:
        try:
            yield
        except TimeoutError as error:
            raise StoreUnavailable(f"{self.path} could not be {verb} within {self.timeout_s} s") from error
        except (UnicodeEncodeError, OverflowError) as error:
            raise InvalidInput(f"a value cannot be stored: {error}") from error
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{self.path} could not be {verb}: {error}") from error

    def _read_forever(self) -> None:
        connection: sqlite3.Connection | None = None
        while (job := self._reads.get()) is not None:
            try:
                connection = connection or self._connect(writes=False)
            except sqlite3.Error as error:
                job.waiting.tell(None, error)
            else:
                job.waiting.tell(*_attempt(connection, job.work, ("BEGIN", "ROLLBACK", "ROLLBACK")))

    def _connect(self, *, writes: bool = True) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # who is erased is gone from the file too
        connection.execute(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
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
    connection.execute(f"PRAGMA synchronous = {'FULL' if any(job.synced for job in batch) else 'NORMAL'}")
    connection.execute("BEGIN IMMEDIATE")
    try:
        results = [(job, *_attempt(connection, job.work, _SAVEPOINT)) for job in batch]
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    for job, value, error in results:
        if error is None and job.committed:
            job.committed()
        job.waiting.tell(value, error)


_SAVEPOINT = "SAVEPOINT job", "RELEASE job", "ROLLBACK TO job; RELEASE job"


def _attempt(
    connection: sqlite3.Connection, work: Work[T], framing: tuple[str, str, str]
) -> tuple[T | None, BaseException | None]:
    """Do a job; return what it gives, or what it raises. framing: SQL before it, after it, after its failure."""
    before, after, undo = framing
    connection.execute(before)
    try:
        value = work(connection)
    except Exception as error:  # noqa: BLE001 - a thread's door: the error belongs to the caller who waits
        for statement in undo.split("; "):
            connection.execute(statement)
        return None, error
    connection.execute(after)
    return value, None


def _fail(batch: Sequence[_Job], error: sqlite3.Error) -> None:
    for job in batch:
        if not job.waiting.is_told:
            job.waiting.tell(None, error)


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
