"""`multidb migrate`."""

from __future__ import annotations

from api.commands import load_settings
from api.terminal import say
from memory.stores import migrate_stores


async def migrate() -> None:
    """Make what is missing and say what was made."""
    made = await migrate_stores(load_settings())
    say(f"made {', '.join(made)}" if made else "nothing to do")
