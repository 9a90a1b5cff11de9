"""One archive of everything that is kept, made while others write, and the way back.

Each SQLite file is copied through SQLite's own backup, so it is a state that existed; derived indexes are left out
and rebuilt. Checkpoints are copied before the run log, so a restored run is never ahead of what its log knows.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from memory.errors import InvalidInput, NotFound, StoreCorrupt

FORMAT = "multidb-backup-1"
MANIFEST = "manifest.json"
FIRST = ("checkpoints.db",)
DERIVED = ("index",)
EPHEMERAL = frozenset({"lock", "LOCK", "lock.json"})


class Contents(NamedTuple):
    """What an archive holds: when it was made, and each file's size in bytes."""

    created_at: str
    files: Mapping[str, int]


def write_archive(home: Path, target: Path) -> Contents:
    """Copy a data folder into a .tar.gz that only its owner can read; the target appears when it is complete.

    Raises:
        NotFound: the folder holds nothing to keep.
    """
    names = _kept(home)
    if not names:
        raise NotFound(f"{home} holds no data to back up")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as scratch:
        staged = Path(scratch) / "files"
        staged.mkdir()
        for name in names:
            _copy(home / name, staged / name)
        manifest = _manifest(staged, names)
        (staged / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        made = Path(scratch) / "archive"
        made.touch(mode=0o600)
        with tarfile.open(made, "w:gz", compresslevel=1) as archive:
            for name in [MANIFEST, *names]:
                archive.add(staged / name, arcname=name)
        made.replace(target)
    return _contents(manifest)


def restore_archive(source: Path, home: Path, *, replace: bool) -> Contents:
    """Bring an archive back into a folder that nobody uses; checked whole before anything is touched.

    Raises:
        InvalidInput: the folder holds data and replace is off.
        StoreCorrupt: the archive is damaged, or no backup.
    """
    present = _kept(home) if home.is_dir() else []
    if any(name.endswith(".db") for name in present) and not replace:
        raise InvalidInput(f"{home} holds data already; say --force to replace it, or choose another MULTIDB_HOME")
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=home, prefix=".restore-") as scratch:
        staged = Path(scratch)
        manifest = _unpack(source, staged)
        _clear(home)
        for name in manifest["files"]:
            (staged / name).replace(home / name)
    return _contents(manifest)


def _kept(home: Path) -> list[str]:
    """Names of the files to keep, in the order they must be copied."""
    names = [path.name for path in home.glob("*.db")]
    names += [path.name for path in home.iterdir() if path.is_file() and path.name in ("secret", "samples-ingested")]
    return sorted(names, key=lambda name: (name not in FIRST, name))


def _copy(source: Path, target: Path) -> None:
    if source.suffix != ".db":
        shutil.copy2(source, target)
        return
    with closing(sqlite3.connect(source, timeout=30)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
    with closing(sqlite3.connect(target)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE")


def _manifest(staged: Path, names: Sequence[str]) -> dict[str, Any]:
    files = {name: {"sha256": _digest(staged / name), "bytes": (staged / name).stat().st_size} for name in names}
    return {"format": FORMAT, "created_at": datetime.now(UTC).isoformat(timespec="seconds"), "files": files}


def _contents(manifest: Mapping[str, Any]) -> Contents:
    return Contents(manifest["created_at"], {name: about["bytes"] for name, about in manifest["files"].items()})


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpack(source: Path, staged: Path) -> dict[str, Any]:
    with _damage_named(source):
        with tarfile.open(source, "r:gz") as archive:
            for member in archive:
                _extract(source, archive, member, staged)
        manifest: dict[str, Any] = json.loads((staged / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            raise StoreCorrupt(f"{source} is a backup of another kind: {manifest['format']!r}")
        for name, about in manifest["files"].items():
            if Path(name).name != name or _digest(staged / name) != about["sha256"]:
                raise StoreCorrupt(f"{source}: {name!r} is not what was backed up; the archive is damaged")
            _check(staged / name)
    return manifest


def _extract(source: Path, archive: tarfile.TarFile, member: tarfile.TarInfo, staged: Path) -> None:
    """Take one file out. Not `extractall`: Python 3.11.0 to 3.11.3, Debian 12's, knows no filters for it."""
    packed = archive.extractfile(member) if member.isfile() else None
    if packed is None or Path(member.name).name != member.name:
        raise StoreCorrupt(f"{source} holds {member.name!r}, which no backup holds")
    target = staged / member.name
    target.touch(mode=member.mode & 0o644, exist_ok=False)
    with packed, target.open("wb") as file:
        shutil.copyfileobj(packed, file)


@contextmanager
def _damage_named(source: Path) -> Generator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, OSError, ValueError, KeyError, TypeError, sqlite3.DatabaseError) as error:
        raise StoreCorrupt(f"{source} cannot be read as a backup: {error}") from error


def _check(path: Path) -> None:
    if path.suffix != ".db":
        return
    with closing(sqlite3.connect(path)) as database:
        found = database.execute("PRAGMA integrity_check").fetchone()[0]
    if found != "ok":
        raise StoreCorrupt(f"{path.name} in the archive is damaged: {found}")


def _clear(home: Path) -> None:
    """Remove what the backup replaces: databases with their journals, and everything derived."""
    for path in home.glob("*.db*"):
        path.unlink()
    for name in DERIVED:
        shutil.rmtree(home / name, ignore_errors=True)
