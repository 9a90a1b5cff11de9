"""One MongoDB server (or replica set, or Atlas): what the driver offers since many years, no transactions.

Every call has a time limit, and whatever goes wrong is told as ours. The URL's credentials stay in the driver.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from bson.errors import BSONError
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DocumentTooLarge, OperationFailure, PyMongoError

from memory.breaker import Breaker
from memory.errors import InvalidInput, StoreUnavailable
from memory.mongodb_pool import Connections

Row = dict[str, Any]
"""A stored document, as the driver gives it. Not named document: that word is taken."""
Rows = AsyncCollection[Row]

DATABASE = "multidb"
MAX_CONNECTIONS = 32
CONNECT_S = 3.0
"""Limit of connecting, and of asking a server now and then whether it is there, where that of a call is longer."""
INSIST_S = 0.05
SAFE = {"w": "majority", "readConcernLevel": "majority"}
"""What was acknowledged, and what was read, survives the loss of a server; the URL may say otherwise."""


class Mongo:
    """A connected database. `repr` shows where it is and nothing else of the URL."""

    def __init__(
        self, client: AsyncMongoClient[Row], name: str, host: str, timeout_s: float, connections: Connections
    ) -> None:
        """Use a driver's client; host is for messages, connections are the client's."""
        self._database = client[name]
        self._host = host
        self.timeout_s = timeout_s
        self.breaker = Breaker(f"MongoDB at {host}", is_answer=_is_answer)
        self.breaker.meter.pool = connections.used

    def __repr__(self) -> str:
        return f"Mongo({self._host!r})"

    def __getitem__(self, name: str) -> Rows:
        """Return a collection; it need not exist."""
        return self._database[name]

    @asynccontextmanager
    async def within(self) -> AsyncGenerator[None]:
        """Hold what is done to the time limit.

        Raises:
            StoreUnavailable: no answer within the limit, an answer that says no, or the circuit is open.
            InvalidInput: a value that the format cannot hold: half a surrogate pair in a key, more than 16 MB.
        """
        with self.breaker.guard(self.timeout_s) as limit_s, self._told(limit_s), _cancelled_in_the_end():
            async with asyncio.timeout(limit_s):
                with _insisting(limit_s):
                    yield

    @contextmanager
    def _told(self, limit_s: float) -> Generator[None]:
        try:
            yield
        except (BSONError, DocumentTooLarge, UnicodeEncodeError, OverflowError) as error:
            raise InvalidInput(f"MongoDB cannot hold this: {error}") from error
        except (PyMongoError, OSError, TimeoutError) as error:
            problem = str(error) or f"no answer in {limit_s} s"
            raise StoreUnavailable(f"MongoDB at {self._host} cannot be used: {problem}") from error


@contextmanager
def _cancelled_in_the_end() -> Generator[None]:
    """Cancel again where the driver has swallowed it: it connects inside `asyncio.wait_for`, which does (Python 3.11).

    A cancellation that comes in the turn of the loop in which the thing is done is lost there, and a stop that waits
    for the task would wait for ever. https://github.com/python/cpython/issues/86296
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        yield
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError


@contextmanager
def _insisting(limit_s: float) -> Generator[None]:
    """Once the limit is over, cancel again and again: a driver that has swallowed it would wait for its own limits."""
    task, loop, again = asyncio.current_task(), asyncio.get_running_loop(), 0

    def insist() -> None:
        nonlocal again, timer
        if task:
            again += 1
            task.cancel()
        timer = loop.call_later(INSIST_S, insist)

    timer = loop.call_later(limit_s + INSIST_S, insist)
    try:
        yield
    finally:
        timer.cancel()
        while task and again:
            again = again - 1
            task.uncancel()


@asynccontextmanager
async def open_mongodb(url: str, timeout_s: float = 10.0) -> AsyncGenerator[Mongo]:
    """Connect to a database; the first call finds out whether it answers.

    Args:
        url: mongodb://[USER:PASSWORD@]HOST:PORT[,HOST:PORT…]/DATABASE?OPTIONS, or mongodb+srv://. TLS by options
            (`tls=true&tlsCAFile=FILE`); mongodb+srv:// has it anyway.
        timeout_s: limit of one call, connecting included.

    Raises:
        InvalidInput: the URL is of no use.
    """
    host, name = _place(url)
    limit_ms = max(1, int(timeout_s * 1_000))
    given = {option.lower() for option, _ in parse_qsl(urlsplit(url).query)}
    options: dict[str, Any] = {name: value for name, value in SAFE.items() if name.lower() not in given}
    if "maxpoolsize" not in given:
        options["maxPoolSize"] = MAX_CONNECTIONS
    connections = Connections()
    client = _client(url, host, limit_ms, {**options, "event_listeners": [connections]})
    connections.limit = int(client.options.pool_options.max_pool_size or 0)
    try:
        yield Mongo(client, name, host, timeout_s, connections)
    finally:
        await client.close()


def _is_answer(error: BaseException | None) -> bool:
    """Tell whether a server is there that says no."""
    return isinstance(error, OperationFailure)


def _client(url: str, host: str, limit_ms: int, options: dict[str, Any]) -> AsyncMongoClient[Row]:
    try:
        with warnings.catch_warnings():
            # An option that is not understood must not mean that there is no TLS.
            warnings.simplefilter("error")
            return AsyncMongoClient[Row](
                url,
                appname="multidb",
                serverSelectionTimeoutMS=limit_ms,
                connectTimeoutMS=min(limit_ms, int(CONNECT_S * 1_000)),
                # One limit, around each call (see Mongo.within): nested ones of the driver swallow ours now and then.
                socketTimeoutMS=None,
                waitQueueTimeoutMS=None,
                **options,
            )
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InvalidInput(f"the MongoDB URL of {host} names a file that cannot be used ({reason})") from error
    except (PyMongoError, ValueError, TypeError, Warning) as error:
        # The driver's message may quote the URL, with its password.
        kind = type(error).__name__
        raise InvalidInput(f"the MongoDB URL of {host} is of no use ({kind}): check its options") from None


def _place(url: str) -> tuple[str, str]:
    """Return HOST:PORT[,…] for messages, so that no password is ever in one, and the database."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme not in ("mongodb", "mongodb+srv") or not host:
        raise InvalidInput("a MongoDB URL must look like mongodb://HOST:PORT/DATABASE, or mongodb+srv://HOST/DATABASE")
    return host, unquote(parts.path.strip("/")) or DATABASE
