"""RateLimits in Redis: the moments of the grants in the running window, by the server's clock, which all share.

multidb{limits}:g TENANT USER SUBJECT   ZSET of grants by the second they were made; gone a window after the last one
multidb{limits}:N                       number of the last grant, which names it
"""

from __future__ import annotations

from collections.abc import Callable

from memory.records import Scope
from memory.redis import Redis
from memory.redis_names import name

PREFIX = b"multidb{limits}:"

# KEYS: grants, number. ARGV: limit, window in seconds, now ('' for the server's clock). Answers the seconds to wait.
# Grants in the future were made before the clock was set back: they count as made now.
TAKE = """
local clock = redis.call('TIME')
local now = tonumber(ARGV[3]) or (tonumber(clock[1]) + tonumber(clock[2]) / 1e6)
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
for _, late in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.6f', now), '+inf')) do
  redis.call('ZADD', KEYS[1], string.format('%.6f', now), late)
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.6f', now - window))
local full = redis.call('ZRANGE', KEYS[1], -limit, -limit, 'WITHSCORES')
if full[2] then return string.format('%.6f', math.max(tonumber(full[2]) + window - now, 0.001)) end
redis.call('ZADD', KEYS[1], string.format('%.6f', now), redis.call('INCR', KEYS[2]))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil(window * 1000) + 1000))
return '0'
"""


class RedisLimits:
    """RateLimits on a shared server."""

    def __init__(self, server: Redis, ticks: Callable[[], float] | None = None) -> None:
        """Use an open server; ticks gives seconds, None for the server's own clock."""
        self._ticks = ticks
        self._take = server.script(TAKE)

    async def take(self, scope: Scope, subject: str, limit: int, window_s: float) -> float:
        """Grant one, or say when one will be granted."""
        grants = PREFIX + name("g", scope.tenant_id, scope.user_id, subject)
        now = "" if self._ticks is None else self._ticks()
        return float(await self._take([grants, PREFIX + b"N"], [limit, window_s, now]))
