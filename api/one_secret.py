"""Replicas that sign with different secrets refuse each other's tokens: the second one that starts says so instead.

Each writes a fingerprint of its secret where all replicas keep their runs; it fades soon after its process, so that a
secret can be changed by stopping all of them.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from memory.errors import InvalidInput, StoreError
from memory.ports import Cache
from memory.records import SYSTEM
from memory.stores import Stores

logger = logging.getLogger(__name__)
KEY = "fingerprint of the secret"
RENEW_S = 2.0
FADES_S = 6.0
POLL_S = 0.5
OTHER = (
    "another process on the same stores signs with another secret, so each would refuse the other's tokens: give all of"
    f" them the same MULTIDB_SECRET; to change it, stop them all first (and wait {FADES_S:.0f} s)"
)


@asynccontextmanager
async def one_secret(stores: Stores, secret: bytes) -> AsyncGenerator[None]:
    """Hold all processes on the same stores to one secret meanwhile; where a folder is a process's own, do nothing.

    Raises:
        InvalidInput: another process signs with another one, and goes on doing so.
        StoreUnavailable: nobody can tell.
    """
    shared = any("cache" in server.ports and server.technology != "sqlite" for server in stores.servers)
    if not shared:
        yield
        return
    mine = fingerprint(secret)
    await _agree(stores.cache, mine)
    renewing = asyncio.create_task(_renew(stores.cache, mine))
    try:
        yield
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing


def fingerprint(secret: bytes) -> bytes:
    """Return what tells secrets apart and says nothing of them."""
    return hmac.digest(secret, KEY.encode(), hashlib.sha256)[:16].hex().encode()


async def _agree(cache: Cache, mine: bytes) -> None:
    """Write ours, once the note of a process that has ended has faded."""
    for _ in range(round((FADES_S + RENEW_S) / POLL_S)):
        if await cache.get(SYSTEM, KEY) in (None, mine):
            return await cache.put(SYSTEM, KEY, mine, FADES_S)
        await asyncio.sleep(POLL_S)
    raise InvalidInput(OTHER)


async def _renew(cache: Cache, mine: bytes) -> None:
    """Keep ours there; two that started in the same moment find each other here."""
    while True:
        await asyncio.sleep(RENEW_S)
        with suppress(StoreError):
            if await cache.get(SYSTEM, KEY) not in (None, mine):
                logger.error(OTHER)
            await cache.put(SYSTEM, KEY, mine, FADES_S)
