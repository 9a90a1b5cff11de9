"""One PostgreSQL (14 or newer), shared by the ports whose URLs name it: psycopg's pool, bounded and told as ours.

Every transaction is bound to a scope: the row-level policies of our tables show that tenant's rows and no other's,
whatever a statement asks for. The URL's credentials stay in the driver.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from random import uniform
from typing import Any, TypeVar
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from memory.breaker import Breaker
from memory.errors import InvalidInput, StoreUnavailable
from memory.meter import Pool
from memory.records import Scope
from memory.tls import trusting

T = TypeVar("T")
Connection = psycopg.AsyncConnection[tuple[Any, ...]]
Work = Callable[[Connection], Awaitable[T]]

MAX_CONNECTIONS = 10
CONFLICTS = 5
"""How often a transaction that another one made impossible (serialization, deadlock) is begun anew."""
CONFLICT_PAUSE_S = 0.02
RECONNECT_S = 1.0
"""How often the pool tries to connect to a lost server, by chance up to twice as often: see `breaker.PROBE_EVERY_S`."""
CONNECT_S = 3
LAST_WORDS_S = 1.0
"""How long a call that was given up may take to end on the server and give its connection back unharmed."""
OWN = "MQ"
"""How the SQLSTATEs begin that our functions raise: their callers know what they mean."""
MIGRATION_LOCK = 7_246_113_558
UNDONE = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
NO_ANSWERS = ("08", "53", "57P", "58")
"""How the SQLSTATEs begin by which a server says that it is not there for us: going, starting, full, broken."""
REFUSED = (psycopg.DataError, psycopg.errors.ProgramLimitExceeded, UnicodeEncodeError, OverflowError)


@asynccontextmanager
async def open_postgres(
    url: str, timeout_s: float = 10.0, max_connections: int = MAX_CONNECTIONS
) -> AsyncGenerator[Postgres]:
    """Connect to a database as a role that row-level security holds.

    Args:
        url: postgresql://USER:PASSWORD@HOST:PORT/DATABASE[?sslmode=verify-full&sslrootcert=FILE]; postgres:// too.
        timeout_s: limit of one call, connecting and waiting for a connection included.
        max_connections: of this process; one is always kept open.

    Raises:
        StoreUnavailable: the server does not answer, or does not let us in.
        InvalidInput: the URL is of no use, or the role is above row-level security.
    """
    place = _place(url)
    server = Postgres(_conninfo(url, place, timeout_s), place, timeout_s, max_connections)
    try:
        await server.open()
        yield server
    finally:
        await server.close()


class Postgres:
    """A pool of connections. `repr` shows where it is and nothing else of the URL."""

    def __init__(self, conninfo: str, place: str, timeout_s: float, max_connections: int) -> None:
        """Name the database; connects to nothing. place is for messages."""
        self.place = place
        self.timeout_s = timeout_s
        self._conninfo = conninfo
        self._running: set[asyncio.Task[Any]] = set()
        self.breaker = Breaker(f"PostgreSQL at {place}", is_answer=_is_answer)
        self.breaker.meter.pool = self._used
        self._pool = AsyncConnectionPool[Connection](
            conninfo,
            min_size=1,
            max_size=max_connections,
            open=False,
            timeout=timeout_s,
            kwargs={"autocommit": True},
            configure=self._note_answer,
            reconnect_timeout=RECONNECT_S,
            reconnect_failed=self._note_loss,
            name="multidb",
        )

    def __repr__(self) -> str:
        return f"Postgres({self.place!r})"

    async def fetch(self, statement: sql.SQL, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement in a transaction of its own, which it binds to a scope itself, and return its rows.

        It may be sent twice, when the first connection turns out to be dead: it must say the same twice.

        Raises:
            StoreUnavailable: no answer within the limit, or an answer that says no.
            InvalidInput: a value cannot be stored.
        """

        async def run(connection: Connection) -> list[tuple[Any, ...]]:
            cursor = await connection.execute(statement, values)
            return await cursor.fetchall() if cursor.description else []

        return await self.run(run)

    async def transaction(self, scope: Scope, work: Work[T], *, repeatable: bool = True) -> T:
        """Run work in a transaction that sees and writes the scope's tenant only.

        repeatable: the work may be done twice when nobody can tell whether it was done.

        Raises:
            StoreUnavailable: no answer within the limit, or an answer that says no.
            InvalidInput: a value cannot be stored.
        """

        async def run(connection: Connection) -> T:
            await connection.execute(_begin(scope))
            begun.append(True)
            return await work(connection)

        begun: list[bool] = []
        return await self.run(run, lambda: repeatable or not begun)

    async def run(self, work: Work[T], may_repeat: Callable[[], bool] = lambda: True) -> T:
        """Run work on a connection, and commit what it began; the limit holds for all of it.

        Raises:
            StoreUnavailable: no answer within the limit, or an answer that says no.
            InvalidInput: a value cannot be stored.
        """
        with self.breaker.guard(self.timeout_s) as limit_s, self._told(limit_s):
            return await self._bounded(self._repeated(work, may_repeat), limit_s)

    async def open(self) -> None:
        """Connect once, so that whatever is wrong is told as it is; then let the pool connect.

        Raises:
            StoreUnavailable: the server does not answer, or does not let us in.
            InvalidInput: the role is above row-level security.
        """
        with self._told(self.timeout_s):
            async with asyncio.timeout(self.timeout_s), await psycopg.AsyncConnection.connect(self._conninfo) as first:
                await _require_ordinary_role(first)
        await self._pool.open()

    async def close(self) -> None:
        """End what still runs, and every connection."""
        running = set(self._running)
        for _ in range(2):
            for task in running:
                task.cancel()
            if running:
                await asyncio.wait(running, timeout=LAST_WORDS_S)
        await self._pool.close(timeout=LAST_WORDS_S)

    async def _bounded(self, work: Coroutine[Any, Any, T], limit_s: float) -> T:
        task = asyncio.create_task(work)
        self._keep(task)
        try:
            done, _ = await asyncio.wait({task}, timeout=limit_s)
        finally:
            if not task.done():
                # Nobody waits for that: a server that hangs answers no cancellation either.
                self._keep(asyncio.create_task(_end(task)))
        if not done:
            raise TimeoutError
        return await task

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _repeated(self, work: Work[T], may_repeat: Callable[[], bool]) -> T:
        conflicts, dead = 0, 0
        while True:
            connection: Connection | None = None
            try:
                async with self._lent() as connection:
                    return await work(connection)
            except UNDONE:
                conflicts += 1
                if conflicts >= CONFLICTS:
                    raise
                await asyncio.sleep(uniform(0, CONFLICT_PAUSE_S * conflicts))
            except psycopg.OperationalError:
                # Of all the connections that the server dropped, each one shows only when it is used.
                dead += 1
                if not connection or not connection.broken or dead > self._pool.max_size or not may_repeat():
                    raise

    @asynccontextmanager
    async def _lent(self) -> AsyncGenerator[Connection]:
        """Lend a connection; what was begun on it is committed, or rolled back after an error."""
        connection = await self._pool.getconn()
        try:
            async with connection:
                yield connection
        finally:
            # Cancelled on its way back a connection would be lost, and with the last of them the whole pool.
            back = asyncio.create_task(self._pool.putconn(connection))
            self._keep(back)
            await asyncio.shield(back)

    def _used(self) -> Pool:
        now = self._pool.get_stats()
        return Pool(now["pool_size"] - now["pool_available"], now["pool_size"], now["pool_max"])

    async def _note_answer(self, _: object) -> None:
        self.breaker.answered()

    async def _note_loss(self, pool: AsyncConnectionPool[Connection]) -> None:
        self.breaker.lost(RECONNECT_S)
        pool.reconnect_timeout = uniform(RECONNECT_S / 2, RECONNECT_S)
        if not pool.closed:
            # The pool has given up until somebody asks; whoever waits already would wait in vain.
            await pool.check()

    @contextmanager
    def _told(self, limit_s: float) -> Generator[None]:
        try:
            yield
        except REFUSED as error:
            raise InvalidInput(f"a value cannot be stored: {_said(error)}") from error
        except PoolTimeout as error:
            problem = f"no connection in {limit_s} s"
            raise StoreUnavailable(f"PostgreSQL at {self.place} cannot be used: {problem}") from error
        except (psycopg.Error, OSError, TimeoutError) as error:
            if isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith(OWN):
                raise
            problem = _said(error) or f"no answer in {limit_s} s"
            raise StoreUnavailable(f"PostgreSQL at {self.place} cannot be used: {problem}") from error


async def migrate(server: Postgres, component: str, scripts: Sequence[sql.SQL]) -> None:
    """Bring a component's tables to the newest version; each script runs once, in order, all in one transaction.

    Several processes may do this at once: one does the work and the others wait for it. Tables of a newer version are
    left as they are: migrations only ever add, so that both versions work while processes are replaced one by one.

    Raises:
        StoreUnavailable: the server did not answer in time, or the role may not make tables.
    """

    async def work(connection: Connection) -> None:
        if await _version(connection, component) >= len(scripts):
            return
        await connection.execute("BEGIN")
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_versions"
            " (component text PRIMARY KEY, version integer NOT NULL, migrated_at timestamptz NOT NULL DEFAULT now())"
        )
        for script in scripts[await _version(connection, component) :]:
            await connection.execute(script)
        await connection.execute(
            "INSERT INTO schema_versions (component, version) VALUES (%s, %s)"
            " ON CONFLICT (component) DO UPDATE SET version = greatest(schema_versions.version, excluded.version)",
            (component, len(scripts)),
        )

    await server.run(work)


async def _version(connection: Connection, component: str) -> int:
    found = await (await connection.execute("SELECT to_regclass('schema_versions')")).fetchone()
    if not found or found[0] is None:
        return 0
    cursor = await connection.execute("SELECT version FROM schema_versions WHERE component = %s", (component,))
    row = await cursor.fetchone()
    return row[0] if row else 0


def stored(text: str) -> str:
    """Return text as PostgreSQL can hold it, which takes no NUL; different texts stay different and in order."""
    return text.replace("\x01", "\x01\x02").replace("\0", "\x01\x01")


def original(text: str) -> str:
    """Return what `stored` was given."""
    return text.replace("\x01\x01", "\0").replace("\x01\x02", "\x01")


async def _end(task: asyncio.Task[Any]) -> None:
    """Cancel a call on the server too; one whose server does not answer even that loses its connection."""
    task.cancel()
    await asyncio.wait({task}, timeout=LAST_WORDS_S)
    task.cancel()


def _begin(scope: Scope) -> sql.Composed:
    """Return a transaction's beginning as one message."""
    return sql.SQL("BEGIN; SELECT set_config('app.tenant', {}, true), set_config('app.user', {}, true)").format(
        sql.Literal("=" + stored(scope.tenant_id)), sql.Literal("=" + stored(scope.user_id))
    )


async def _require_ordinary_role(connection: Connection) -> None:
    cursor = await connection.execute(
        "SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    )
    name, above = await cursor.fetchone() or ("", True)
    if above:
        raise InvalidInput(
            f"PostgreSQL role {name!r} is above row-level security, which keeps tenants apart; connect as one that is"
            " not: CREATE ROLE multidb LOGIN PASSWORD '...'; CREATE DATABASE multidb OWNER multidb"
        )


def _is_answer(error: BaseException | None) -> bool:
    """Tell whether a server is there that says no: one that is asked again would only say it again."""
    return isinstance(error, psycopg.Error) and bool(error.sqlstate) and not error.sqlstate.startswith(NO_ANSWERS)


def _said(error: BaseException) -> str:
    """Return what the server or the driver says, without the values that it adds."""
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        return error.diag.message_primary
    return str(error).partition("\n")[0]


def _conninfo(url: str, place: str, timeout_s: float) -> str:
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:
        # The driver's message may quote a part of the password.
        raise InvalidInput(f"the PostgreSQL URL of {place} is of no use: check its options and %-codes") from None
    if (authority := str(given.get("sslrootcert") or "system")) != "system":
        trusting(authority, "sslrootcert")
    return make_conninfo(url, **_options(str(given.get("options") or ""), timeout_s))


def _options(given: str, timeout_s: float) -> dict[str, Any]:
    limit_ms = math.ceil(timeout_s * 1000)
    options = {
        "statement_timeout": limit_ms,
        # Whoever holds locks and hangs is put out, so that others go on.
        "idle_in_transaction_session_timeout": 2 * limit_ms,
        "timezone": "UTC",
        "client_min_messages": "warning",
    }
    return {
        "options": " ".join([given, *(f"-c {name}={value}" for name, value in options.items())]).strip(),
        "connect_timeout": CONNECT_S,
        "tcp_user_timeout": limit_ms,
        "application_name": "multidb",
    }


def _place(url: str) -> str:
    """Return HOST:PORT/DATABASE for messages, so that no password is ever in one."""
    try:
        parts = urlsplit(url)
        if parts.scheme in ("postgresql", "postgres") and parts.hostname:
            return f"{parts.hostname}:{parts.port or 5432}{parts.path}"
    except ValueError:
        pass
    raise InvalidInput("a PostgreSQL URL must look like postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
