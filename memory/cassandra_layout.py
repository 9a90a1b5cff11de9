"""How rows are cut into partitions of bounded size, and how what is deleted stays deleted. Shared by the adapters."""

from __future__ import annotations

import time
import zlib

BUCKET_CHARACTERS = 5
"""Of an id that begins with its time, as ours do: 2^28 ms, about three days. Any ids keep their order."""
SHARDS = 8
LATEST_WRITE_S = 3_600
"""No write to what was deleted comes later than this."""


def bucket_of(turn_id: str) -> str:
    """The part of a listing that a turn is in; parts are in the order of their turns."""
    return turn_id[:BUCKET_CHARACTERS]


def shard_of(key: str) -> int:
    """The partition that a key is in; the same in every process and version."""
    return zlib.crc32(key.encode("utf-8", "surrogatepass")) % SHARDS


def after_every_write() -> int:
    """A write time, microseconds, that hides what is there and every write still on its way.

    Only for rows of an incarnation, since nothing is written to one again after its end.
    """
    return int((time.time() + LATEST_WRITE_S) * 1_000_000)
