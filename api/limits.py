"""How many requests a minute are taken from one address and from one user, over all processes."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import math
import time
from collections import OrderedDict, deque

from api.errors import Problem
from api.metrics import Metrics
from api.settings import Settings
from memory.errors import StoreError
from memory.ports import RateLimits
from memory.records import SYSTEM, Scope

logger = logging.getLogger(__name__)

WINDOW_S = 60.0
PATIENCE_S = 0.25
"""What a request waits for the windows' store at most."""
AWAY_S = 1.0
"""How long the store is not asked again after it failed."""
STRICTER = 4
"""A process on its own grants this fraction: others may be on their own beside it."""
MOST_KNOWN = 10_000


class Gate:
    """Counts requests where the processes share their windows, and here while that store is away."""

    def __init__(self, settings: Settings, limits: RateLimits, metrics: Metrics) -> None:
        """Take the limits from the settings."""
        self._settings = settings
        self._limits = limits
        self._metrics = metrics
        self._here = LocalWindows()
        self._away_until = -math.inf

    async def admit_address(self, address: str) -> None:
        """Count a request of an address, before anything is known of who sends it.

        Raises:
            Problem: rate_limited.
        """
        await self._admit(SYSTEM, f"address:{network_of(address)}", self._settings.requests_per_address)

    async def admit_user(self, scope: Scope) -> None:
        """Count a request of a user.

        Raises:
            Problem: rate_limited.
        """
        await self._admit(scope, "requests", self._settings.requests_per_user)

    async def _admit(self, scope: Scope, subject: str, limit: int) -> None:
        if not limit:
            return
        wait_s = await self._take(scope, subject, limit)
        if wait_s:
            again_s = math.ceil(wait_s)
            raise Problem("rate_limited", f"more than {limit} requests within a minute", retry_after_s=again_s)

    async def _take(self, scope: Scope, subject: str, limit: int) -> float:
        """Ask the shared windows; where they are away, stricter ones of this process."""
        if time.monotonic() >= self._away_until:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    return await self._limits.take(scope, subject, limit, WINDOW_S)
            except (StoreError, TimeoutError) as error:
                self._away_until = time.monotonic() + AWAY_S
                logger.warning("requests are counted here alone", extra={"error": type(error).__name__})
        self._metrics.degraded.labels("rate_limits").inc()
        return self._here.take((scope.tenant_id, scope.user_id, subject), max(1, limit // STRICTER))


class LocalWindows:
    """The windows of one process, of those that asked most recently."""

    def __init__(self) -> None:
        """Begin with none."""
        self._grants: OrderedDict[tuple[str, ...], deque[float]] = OrderedDict()

    def take(self, who: tuple[str, ...], limit: int) -> float:
        """Grant one, and return 0; or return the seconds until one will be granted."""
        now = time.monotonic()
        grants = self._grants.setdefault(who, deque())
        self._grants.move_to_end(who)
        if len(self._grants) > MOST_KNOWN:
            self._grants.popitem(last=False)
        while grants and grants[0] <= now - WINDOW_S:
            grants.popleft()
        if len(grants) >= limit:
            return grants[-limit] + WINDOW_S - now
        grants.append(now)
        return 0.0


def network_of(address: str) -> str:
    """What counts as one address: of IPv6 the /64, as one customer has at least as many."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((known, 64), strict=False)) if known.version == 6 else address
