"""One Cassandra or ScyllaDB cluster, shared by the ports whose URLs name it.

The driver has threads of its own; its answers come back into the event loop. Every call has a time limit, and whatever
goes wrong is told as ours. A cluster that is away is tried again by whoever needs it next, so nothing is restarted.
"""

from __future__ import annotations

import asyncio
import random
import re
import ssl
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, cast
from weakref import WeakValueDictionary

import cassandra
import cassandra.auth
import cassandra.cluster
import cassandra.policies
import cassandra.query

from memory.breaker import Breaker
from memory.cassandra_answers import Answers, Row
from memory.cassandra_schema import migrate, prepare_keyspace
from memory.cassandra_url import Address, address_of
from memory.errors import InvalidInput, StoreUnavailable
from memory.meter import Pool
from memory.tls import shown, trusting

PROTOCOL = 4
"""The highest that Cassandra 5 and ScyllaDB both speak in full."""
CONTROL_S = 5.0
"""What reading the cluster's schema may take at least."""
CONNECT_S = 30.0
"""Limit of connecting and bringing the tables up to date."""
SCHEMA_S = 30.0
CLOSE_S = 2.0
ROWS_A_PAGE = 50
"""Turns may hold a megabyte each, and an answer of the server is one frame."""
IN_FLIGHT = 512
RECONNECT_S = (0.1, 1.0)
"""How soon the driver tries a lost host again: at first, and at most."""
HEARTBEAT_S = 1.0
"""How often a connection that hears nothing is asked whether it is still there."""
HEARTBEAT_LIMITS_S = (2.0, 5.0)
"""How long the answer may take: as long as a call, but no shorter and no longer than this. Then it is replaced."""
ASK_ANOTHER_S, OTHERS_ASKED = 0.5, 2
"""When another node is asked too, and how many; where there is one only, nobody is."""
CONTEST_PAUSE_S = (0.01, 0.1)

_TABLE = re.compile(r"\b(FROM|INTO|UPDATE|TABLE IF NOT EXISTS) (\w+)\b(?!\.)")
# The driver has no types.
_driver = cast(Any, cassandra)


@asynccontextmanager
async def open_cassandra(url: str, timeout_s: float = 10.0, *, must_answer: bool = True) -> AsyncGenerator[Cassandra]:
    """Connect to a cluster and bring the tables up to date.

    Args:
        url: see memory/cassandra_url.py.
        timeout_s: limit of one call.
        must_answer: False takes a cluster that is away just now, and connects when it is there.

    Raises:
        StoreUnavailable: the cluster does not answer.
        InvalidInput: the URL is of no use, or its keyspace is not there.
    """
    server = Cassandra(address_of(url), timeout_s)
    try:
        try:
            await server.connect()
        except StoreUnavailable:
            if must_answer:
                raise
        yield server
    finally:
        await server.close()


class Cassandra:
    """A cluster. `repr` shows where it is and nothing else of the URL."""

    def __init__(self, address: Address, timeout_s: float) -> None:
        """Name the cluster and the limit of one call, seconds; connects to nothing yet."""
        self.address = address
        self.timeout_s = timeout_s
        self._session: Any = None
        self._usable = False
        self._connecting: asyncio.Task[None] | None = None
        self.breaker = Breaker(f"Cassandra at {address.shown}", is_answer=_is_answer)
        self.breaker.meter.pool = self._pool
        self._prepared: dict[str, Any] = {}
        self._turns: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()
        self._in_flight = asyncio.Semaphore(IN_FLIGHT)
        self._answers = Answers()

    def __repr__(self) -> str:
        return f"Cassandra({self.address.shown!r}, {self.address.keyspace!r})"

    async def connect(self) -> None:
        """Connect, if that has not been done.

        Raises:
            StoreUnavailable: the cluster does not answer.
            InvalidInput: there is no such keyspace.
        """
        if self._usable:
            return
        if self._connecting is None or self._connecting.done():
            self._connecting = asyncio.create_task(self._connect())
            self._connecting.add_done_callback(_retrieve)
        await asyncio.shield(self._connecting)

    async def close(self) -> None:
        """End every connection."""
        if self._connecting is not None and not self._connecting.done():
            self._connecting.cancel()
            with suppress(asyncio.CancelledError, StoreUnavailable):
                await self._connecting
        if self._session is not None:
            # The driver waits for what never answers; its threads may do so without us.
            ending = threading.Thread(target=self._session.cluster.shutdown, daemon=True)
            ending.start()
            await asyncio.to_thread(ending.join, CLOSE_S)

    @asynccontextmanager
    async def limit(self) -> AsyncGenerator[None]:
        """Hold a whole call of a port to the time limit, connecting included.

        Raises:
            StoreUnavailable: it took longer, or the circuit is open.
        """
        with self.breaker.guard(self.timeout_s) as limit_s:
            try:
                async with asyncio.timeout(limit_s):
                    await self.connect()
                    yield
            except TimeoutError as error:
                raise self._unavailable(f"no answer in {limit_s} s") from error

    async def rows(self, query: str, *values: Any) -> list[Row]:
        """Return every row that a query finds, page after page."""
        return await self._run(await self._bound(query, values))

    async def first(self, query: str, *values: Any) -> Row | None:
        """Return the first row that a query finds."""
        found = await self.rows(query, *values)
        return found[0] if found else None

    async def write(self, query: str, *values: Any) -> None:
        """Write without a condition; doing it twice does no more than once."""
        await self._run(await self._bound(query, values))

    async def decide(self, query: str, *values: Any) -> tuple[bool, Row]:
        """Write under a condition: whether it held, and if not what was there instead.

        Costs a round of agreement among the replicas (about three writes and a read). Whoever loses a contest for the
        same partition tries again until the limit, and may then find what it wrote itself.
        """
        statement = await self._bound(query, values)
        # Contests inside this process would only cost rounds.
        turn = self._turns.setdefault(statement.routing_key, asyncio.Lock())
        async with turn:
            while True:
                try:
                    (row,) = await self._run(statement)
                except StoreUnavailable as error:
                    if not isinstance(error.__cause__, _driver.WriteTimeout):
                        raise
                    await asyncio.sleep(random.uniform(*CONTEST_PAUSE_S))
                    continue
                return bool(row["[applied]"]), row

    async def define(self, statement: str) -> None:
        """Change the schema, and wait until every node knows."""
        qualified = _TABLE.sub(rf"\1 {self.address.keyspace}.\2", statement)
        await self._run(cast(Any, cassandra.query).SimpleStatement(qualified), SCHEMA_S)

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(CONNECT_S):
                if self._session is None:
                    self._session = await self._in_thread(lambda: _session(self.address, self.timeout_s))
                await prepare_keyspace(self)
                await migrate(self)
        except (StoreUnavailable, TimeoutError) as error:
            if isinstance(error, StoreUnavailable):
                raise
            raise self._unavailable("no answer to connecting") from error
        self._usable = True

    async def _bound(self, query: str, values: Sequence[Any]) -> Any:
        statement = self._prepared.get(query)
        if statement is None:
            qualified = _TABLE.sub(rf"\1 {self.address.keyspace}.\2", query)
            statement = await self._in_thread(lambda: self._session.prepare(qualified))
            # Whoever decides may find what it wrote itself, and knows it: that too may be sent twice.
            statement.is_idempotent = True
            self._prepared[query] = statement
        try:
            return statement.bind(values)
        except UnicodeEncodeError as error:
            raise InvalidInput(f"a value cannot be stored: {error}") from error

    async def _run(self, statement: Any, timeout_s: float | None = None) -> list[Row]:
        async with self._in_flight:
            try:
                return await self._answers.of(self._session, statement, timeout_s or self.timeout_s)
            except _errors() as error:
                raise self._unavailable(_said(error)) from error

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        """Run what the driver only does blocking."""
        try:
            return await asyncio.to_thread(work)
        except _errors() as error:
            raise self._unavailable(_said(error)) from error

    def _pool(self) -> Pool:
        hosts: list[Any] = list(self._session.get_pool_state().values()) if self._session else []
        return Pool(
            sum(sum(host["in_flights"]) for host in hosts), sum(host["open_count"] for host in hosts), IN_FLIGHT
        )

    def _unavailable(self, problem: str) -> StoreUnavailable:
        return StoreUnavailable(f"Cassandra at {self.address.shown} cannot be used: {problem}")


def _session(address: Address, timeout_s: float) -> Any:
    """Connect; blocks."""
    driver, policies = cast(Any, cassandra.cluster), cast(Any, cassandra.policies)
    profile = driver.ExecutionProfile(
        load_balancing_policy=policies.TokenAwarePolicy(policies.DCAwareRoundRobinPolicy(address.datacenter)),
        consistency_level=getattr(_driver.ConsistencyLevel, address.consistency),
        serial_consistency_level=_driver.ConsistencyLevel.LOCAL_SERIAL,
        request_timeout=timeout_s,
        row_factory=cast(Any, cassandra.query).dict_factory,
        # A node that hangs is found out by its heartbeat, after seconds in which callers would have waited for it.
        speculative_execution_policy=policies.ConstantSpeculativeExecutionPolicy(ASK_ANOTHER_S, OTHERS_ASKED),
    )
    login: Any = None
    if address.user:
        login = cast(Any, cassandra.auth).PlainTextAuthProvider(address.user, address.password)
    cluster: Any = driver.Cluster(
        list(address.hosts),
        port=address.hosts[0][1],
        protocol_version=PROTOCOL,
        execution_profiles={driver.EXEC_PROFILE_DEFAULT: profile},
        auth_provider=login,
        ssl_context=_tls(address) if address.tls else None,
        reconnection_policy=reconnection(),
        connect_timeout=timeout_s,
        # The schema of many tables takes the server a while; nobody's call waits for it longer than its own limit.
        control_connection_timeout=max(timeout_s, CONTROL_S),
        idle_heartbeat_interval=HEARTBEAT_S,
        idle_heartbeat_timeout=sorted((timeout_s, *HEARTBEAT_LIMITS_S))[1],
    )
    try:
        session = cluster.connect()
    except BaseException:
        cluster.shutdown()
        raise
    session.default_fetch_size = ROWS_A_PAGE
    return session


def _tls(address: Address) -> ssl.SSLContext:
    context = trusting(address.ca, "ca")
    return shown(context, address.cert, address.key) if address.cert else context


def reconnection() -> Any:
    """How a lost node is tried again: without end, where the driver's default gives it up for good after a minute."""
    return cast(Any, cassandra.policies).ExponentialReconnectionPolicy(*RECONNECT_S, max_attempts=None)


def _errors() -> tuple[type[Exception], ...]:
    return (_driver.DriverException, cast(Any, cassandra.cluster).NoHostAvailable, OSError)


def _is_answer(error: BaseException | None) -> bool:
    return isinstance(error, _driver.RequestValidationException)


def _said(error: Exception) -> str:
    """What a person needs of the driver's words: no values, no statements."""
    return f"{type(error).__name__}: {str(error)[:200]}"


def _retrieve(task: asyncio.Task[None]) -> None:
    """A connection that nobody waits for any longer may fail."""
    if not task.cancelled():
        task.exception()
