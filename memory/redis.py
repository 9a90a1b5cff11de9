"""One Redis (or Valkey) server, shared by the ports whose URLs name it: plain commands, no modules.

Every call has a time limit, and whatever goes wrong is told as ours. The URL's credentials stay in the driver.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast
from urllib.parse import urlsplit

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError, ResponseError

from memory.breaker import Breaker
from memory.errors import InvalidInput, LeaseLost, StoreUnavailable
from memory.meter import Pool
from memory.tls import trusting

LEASE_LOST = "LEASELOST"
"""First word of what our scripts answer to the holder of an older lease."""
MAX_CONNECTIONS = 32
OPTIONS: dict[str, Any] = {
    "max_connections": MAX_CONNECTIONS,
    # One limit, around each call (see Redis): nested ones of the driver now and then swallow ours, and double it.
    "timeout": None,
    "socket_connect_timeout": None,
    "socket_timeout": None,
    # A connection that the server closed meanwhile is opened anew; all that we send may be sent twice.
    "retry": Retry(NoBackoff(), 1, (ConnectionLost,)),
    "client_name": "multidb",
}
STREAM_PAGE = 1_000


@asynccontextmanager
async def open_redis(url: str, timeout_s: float = 10.0, *, may_forget: bool = False) -> AsyncGenerator[Redis]:
    """Connect to a server and make sure that it keeps what it acknowledges.

    Args:
        url: redis://[USER:PASSWORD@]HOST:PORT/DATABASE, or rediss:// for TLS.
        timeout_s: limit of one call, connecting included.
        may_forget: also take a server that loses data at a crash or evicts keys.

    Raises:
        StoreUnavailable: the server does not answer.
        InvalidInput: the URL is of no use, or the server would lose data.
    """
    host = _host(url)
    pool = _pool(url, host)
    server = Redis(redis.asyncio.Redis(connection_pool=pool), host, timeout_s)
    try:
        if not may_forget:
            await _require_memory(server)
        yield server
    finally:
        await pool.aclose()


def _pool(url: str, host: str) -> Any:
    try:
        # The driver does not type its options.
        pool = cast(Any, redis.asyncio.BlockingConnectionPool).from_url(url, **OPTIONS)
        pool.connection_class(**pool.connection_kwargs)  # it looks at the options then, and connects later
    except (RedisError, ValueError, TypeError) as error:
        # The driver's message may quote the URL.
        kind = type(error).__name__
        raise InvalidInput(f"the Redis URL of {host} is of no use ({kind}): check its options") from None
    if authority := pool.connection_kwargs.get("ssl_ca_certs"):
        trusting(authority, "ssl_ca_certs")
    return pool


class Redis:
    """A connected server. `repr` shows where it is and nothing else of the URL."""

    def __init__(self, client: Any, host: str, timeout_s: float) -> None:
        """Use a driver's client; host is for messages."""
        self.client = client
        self.host = host
        self.timeout_s = timeout_s
        self.breaker = Breaker(f"Redis at {host}", is_answer=_is_answer)
        self.breaker.meter.pool = self._used

    def __repr__(self) -> str:
        return f"Redis({self.host!r})"

    async def call(self, *words: Any) -> Any:
        """Run one command.

        Raises:
            StoreUnavailable: no answer within the limit, or an answer that says no.
        """
        return await self.within(lambda: self.client.execute_command(*words))

    async def wait_for_stream(self, stream: bytes, after: bytes, block_ms: int) -> list[tuple[bytes, list[bytes]]]:
        """Return the entries (id, fields) of a stream after an id; [] if none came in block_ms milliseconds.

        Raises:
            StoreUnavailable: no answer long after that.
        """
        words = ("XREAD", "BLOCK", block_ms, "COUNT", STREAM_PAGE, "STREAMS", stream, after)
        limit_s = block_ms / 1_000 + self.timeout_s
        with self._told(limit_s):
            async with asyncio.timeout(limit_s):
                connection = await self.client.connection_pool.get_connection()
                try:
                    await connection.send_command(*words)
                    found = await connection.read_response()
                finally:
                    await self.client.connection_pool.release(connection)
        streams: Any = cast("dict[Any, Any]", found).items() if isinstance(found, dict) else found or []
        return [(number, fields) for _, entries in streams for number, fields in entries]

    async def within(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """Run something with the client, under the same limit and with the same errors.

        Raises:
            StoreUnavailable: no answer within the limit, or an answer that says no.
            LeaseLost: a script found a younger lease than the one given.
        """
        with self.breaker.guard(self.timeout_s) as limit_s, self._told(limit_s):
            async with asyncio.timeout(limit_s):
                return await work()

    def script(self, text: str) -> Callable[[list[bytes], list[Any]], Awaitable[Any]]:
        """Return a Lua script as a function of keys and arguments; it is sent once and then named."""
        registered = self.client.register_script(text)
        return lambda keys, arguments: self.within(lambda: registered(keys=keys, args=arguments))

    def _used(self) -> Pool:
        pool = self.client.connection_pool
        (idle, _), (used, _) = pool.get_connection_count()
        return Pool(used, idle + used, pool.max_connections)

    @contextmanager
    def _told(self, limit_s: float) -> Generator[None]:
        try:
            yield
        except ResponseError as error:
            if str(error).startswith(LEASE_LOST):
                raise LeaseLost("a younger lease of this thread is in use") from error
            raise StoreUnavailable(f"Redis at {self.host} refused: {error}") from error
        except (RedisError, OSError, TimeoutError) as error:
            problem = str(error) or f"no answer in {limit_s} s"
            raise StoreUnavailable(f"Redis at {self.host} cannot be used: {problem}") from error


async def _require_memory(server: Redis) -> None:
    persistence = await server.within(lambda: server.client.info("persistence"))
    memory = await server.within(lambda: server.client.info("memory"))
    way_out = "; set it so, or MULTIDB_REDIS_MAY_FORGET=true if losing conversations is acceptable"
    if not persistence.get("aof_enabled"):
        raise InvalidInput(f"Redis at {server.host} forgets at a crash: it needs `appendonly yes`{way_out}")
    # Every key of ours has a time to live, so that `volatile-` evicts no less than `allkeys-`; leases go first.
    if (policy := str(memory.get("maxmemory_policy") or "noeviction")) != "noeviction":
        raise InvalidInput(f"Redis at {server.host} evicts what is needed ({policy}): it needs `noeviction`{way_out}")


def _is_answer(error: BaseException | None) -> bool:
    """Tell whether a server is there that says no."""
    return isinstance(error, ResponseError)


def _host(url: str) -> str:
    """Return HOST:PORT for messages, so that no password is ever in one."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("redis", "rediss") and parts.hostname
        if known:
            return f"{parts.hostname}:{parts.port or 6379}"
    except ValueError:
        pass
    raise InvalidInput("a Redis URL must look like redis://HOST:PORT/0, or rediss:// for TLS")
