"""Cache in Redis: small values with a time to live, per user.

multidb{cache}:c TENANT USER KEY   a value
multidb{cache}:n TENANT USER       ZSET of a user's keys by expiry, so that a prefix is forgotten without a walk
                                  through the whole server
"""

from __future__ import annotations

import time
from collections.abc import Callable

from memory.records import Scope
from memory.redis import Redis
from memory.redis_names import encoded, name

# KEYS: value, names. ARGV: key, value, seconds to live, now, when it expires.
PUT = """
local life = string.format('%.0f', math.ceil(tonumber(ARGV[3]) * 1000))
redis.call('SET', KEYS[1], ARGV[5] .. '\\n' .. ARGV[2], 'PX', life)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[1])
if redis.call('PTTL', KEYS[2]) < tonumber(life) then redis.call('PEXPIRE', KEYS[2], life) end
"""

# KEYS: names. ARGV: start of the values' keys, prefix.
DELETE_PREFIX = """
for _, key in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if string.sub(key, 1, #ARGV[2]) == ARGV[2] then
    redis.call('UNLINK', ARGV[1] .. key)
    redis.call('ZREM', KEYS[1], key)
  end
end
"""


class RedisCache:
    """Cache on a shared server."""

    def __init__(self, server: Redis, clock: Callable[[], float] = time.time) -> None:
        """Use an open server; clock gives seconds since the epoch."""
        self._server = server
        self._clock = clock
        self._put, self._delete_prefix = server.script(PUT), server.script(DELETE_PREFIX)

    async def get(self, scope: Scope, key: str) -> bytes | None:
        """Return a value that is present and not expired."""
        found = await self._server.call("GET", _values(scope) + encoded(key))
        if found is None:
            return None
        expires_at, _, value = found.partition(b"\n")
        return value if float(expires_at) > self._clock() else None

    async def put(self, scope: Scope, key: str, value: bytes, ttl_s: float) -> None:
        """Keep a value for at most ttl_s seconds."""
        if ttl_s <= 0:
            return
        moment = self._clock()
        keys = [_values(scope) + encoded(key), _names(scope)]
        await self._put(keys, [encoded(key), value, ttl_s, moment, moment + ttl_s])

    async def delete_prefix(self, scope: Scope, prefix: str) -> None:
        """Forget the scope's keys that start with a prefix."""
        await self._delete_prefix([_names(scope)], [_values(scope), encoded(prefix)])


def _values(scope: Scope) -> bytes:
    return b"multidb{cache}:" + name("c", scope.tenant_id, scope.user_id)


def _names(scope: Scope) -> bytes:
    return b"multidb{cache}:" + name("n", scope.tenant_id, scope.user_id)
