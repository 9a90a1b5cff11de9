"""One MongoDB server (or replica set, or Atlas): what the driver offers since many years, no transactions.

Every call has a time limit, and whatever goes wrong is told as ours. The URL's credentials stay in the driver.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from bson.errors import BSONError
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import ConfigurationError, DocumentTooLarge, PyMongoError

from memory.errors import InvalidInput, StoreUnavailable

Row = dict[str, Any]
"""A stored document, as the driver gives it. Not named document: that word is taken."""
Rows = AsyncCollection[Row]

DATABASE = "multidb"
MAX_CONNECTIONS = 32
SAFE = {"w": "majority", "readConcernLevel": "majority"}
"""What was acknowledged, and what was read, survives the loss of a server; the URL may say otherwise."""


class Mongo:
    """A connected database. `repr` shows where it is and nothing else of the URL."""

    def __init__(self, client: AsyncMongoClient[Row], name: str, host: str, timeout_s: float) -> None:
        """Use a driver's client; host is for messages."""
        self._database = client[name]
        self._host = host
        self._timeout_s = timeout_s

    def __repr__(self) -> str:
        return f"Mongo({self._host!r})"

    def __getitem__(self, name: str) -> Rows:
        """Return a collection; it need not exist."""
        return self._database[name]

    @asynccontextmanager
    async def within(self) -> AsyncGenerator[None]:
        """Hold what is done to the time limit.

        Raises:
            StoreUnavailable: no answer within the limit, or an answer that says no.
            InvalidInput: a value that the format cannot hold: half a surrogate pair in a key, more than 16 MB.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                yield
        except (BSONError, DocumentTooLarge, UnicodeEncodeError, OverflowError) as error:
            raise InvalidInput(f"MongoDB cannot hold this: {error}") from error
        except (PyMongoError, OSError, TimeoutError) as error:
            problem = str(error) or f"no answer in {self._timeout_s} s"
            raise StoreUnavailable(f"MongoDB at {self._host} cannot be used: {problem}") from error


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
    try:
        client = AsyncMongoClient[Row](
            url,
            appname="multidb",
            maxPoolSize=MAX_CONNECTIONS,
            serverSelectionTimeoutMS=limit_ms,
            connectTimeoutMS=limit_ms,
            socketTimeoutMS=limit_ms,
            waitQueueTimeoutMS=limit_ms,
            **options,
        )
    except (ConfigurationError, ValueError) as error:
        # The driver's message may quote the URL, with its password.
        kind = type(error).__name__
        raise InvalidInput(f"the MongoDB URL of {host} is of no use ({kind}): check its options") from None
    try:
        yield Mongo(client, name, host, timeout_s)
    finally:
        await client.close()


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
