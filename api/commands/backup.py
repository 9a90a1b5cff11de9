"""`multidb backup` and `multidb restore`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from api.commands import load_settings
from api.terminal import note, say, usage
from memory.backup import Contents, restore_archive, write_archive
from memory.folder import hold_folder


def write_backup(target: Path) -> None:
    """Write the archive; the folder may be in use."""
    if target.is_dir() or not target.absolute().parent.is_dir():
        usage(f"{target} must be a file name in a folder that exists")
    _tell("kept", target, write_archive(load_settings().home, target.absolute()))
    note("The archive holds the folder's secret: keep it as safe as the folder.")


def restore_backup(source: Path, force: bool) -> None:
    """Bring the archive back; the folder must not be in use."""
    home = load_settings().home

    async def restore() -> Contents:
        async with hold_folder(home, "multidb restore"):
            return await asyncio.to_thread(restore_archive, source, home, replace=force)

    _tell("restored", home, asyncio.run(restore()))


def _tell(done: str, where: Path, contents: Contents) -> None:
    megabytes = sum(contents.files.values()) / 1e6
    say(f"{done} {len(contents.files)} files, {megabytes:.1f} MB, of {contents.created_at}: {where}")
