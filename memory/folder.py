"""The data folder: who owns it, and its secret."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson

from memory.errors import FolderLocked, InvalidInput, StoreCorrupt, StoreUnavailable
from memory.identity import MIN_SECRET_BYTES

LOCK_FILE = "lock"
SECRET_FILE = "secret"
REPLICA_FILE = "replica"
PATIENCE = 4


class Holder(NamedTuple):
    """The process that owns a folder. url: where it answers, "" if it serves nothing."""

    pid: int
    command: str
    url: str


@asynccontextmanager
async def hold_folder(home: Path, command: str, url: str = "") -> AsyncGenerator[None]:
    """Own the folder until the block ends or the process dies; others can see by whom.

    Raises:
        FolderLocked: another process owns it; the message names it.
        StoreUnavailable: the folder cannot be made or written.
    """
    descriptor = await _lock_patiently(home, Holder(os.getpid(), command, url))
    try:
        yield
    finally:
        os.ftruncate(descriptor, 0)
        os.close(descriptor)


def find_holder(home: Path) -> Holder | None:
    """Return the process that owns the folder now, None if nobody does."""
    try:
        with _opened(home / LOCK_FILE, os.O_RDONLY) as descriptor:
            return None if _take(descriptor, fcntl.LOCK_SH) else _read_note(descriptor)
    except (FileNotFoundError, NotADirectoryError):
        return None


def load_secret(home: Path, configured: str = "") -> bytes:
    """Return the secret that signs every token: the configured one, else the folder's own.

    The folder's is made on first use and readable by its owner only.

    Raises:
        InvalidInput: the configured one is too short.
        StoreCorrupt: the file holds too little to be a secret.
        StoreUnavailable: it cannot be read or made.
    """
    if given := configured.encode():
        if len(given) < MIN_SECRET_BYTES:
            raise InvalidInput(f"MULTIDB_SECRET needs at least {MIN_SECRET_BYTES} bytes; try: openssl rand -hex 32")
        return given
    path = home / SECRET_FILE
    try:
        if not path.exists():
            _make_secret(path)
        secret = path.read_bytes().strip()
    except OSError as error:
        raise StoreUnavailable(f"the secret {path} cannot be read or made: {error.strerror}") from error
    if len(secret) < MIN_SECRET_BYTES:
        raise StoreCorrupt(f"{path} holds fewer than {MIN_SECRET_BYTES} bytes; delete it and every token is void")
    return secret


def load_replica(home: Path) -> str:
    """Return the name under which whoever owns the folder holds leases on shared servers; it outlives a restart.

    Who owns the folder knows that its last owner is dead, and may go on under its leases. A copy of the folder
    elsewhere is another replica: the machine's name and the folder's path are part of the name.

    Raises:
        StoreUnavailable: it cannot be read or made.
    """
    path = home / REPLICA_FILE
    try:
        if not path.exists():
            _make_secret(path)
        return f"{path.read_text().strip()[:32]}@{socket.gethostname()}:{home.absolute()}"
    except OSError as error:
        raise StoreUnavailable(f"the file {path} cannot be read or made: {error.strerror}") from error


def _make_secret(path: Path) -> None:
    """Write it beside and link it into place: two first starts at once agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}-{os.getpid()}-{secrets.token_hex(4)}")
    with _opened(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as descriptor:
        os.write(descriptor, secrets.token_hex(32).encode())
        os.fsync(descriptor)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


async def _lock_patiently(home: Path, holder: Holder) -> int:
    """Lock the folder; somebody who only looks who owns it (`find_holder`) is in the way for microseconds."""
    for _ in range(PATIENCE):
        try:
            return await asyncio.to_thread(_lock, home, holder)
        except FolderLocked:
            await asyncio.sleep(0.05)
    return await asyncio.to_thread(_lock, home, holder)


def _lock(home: Path, holder: Holder) -> int:
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(home / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnavailable(f"the data folder {home} cannot be used: {error.strerror}") from error
    if not _take(descriptor, fcntl.LOCK_EX):
        other = _read_note(descriptor)
        os.close(descriptor)
        raise FolderLocked(_describe(home, other))
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, orjson.dumps(holder._asdict()), 0)
    return descriptor


def _describe(home: Path, other: Holder) -> str:
    where = f" and answers at {other.url}" if other.url else ""
    return f"{home} is in use by `{other.command}` (process {other.pid}){where}; use that one or stop it first"


def _take(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_note(descriptor: int) -> Holder:
    try:
        note = orjson.loads(os.pread(descriptor, 4096, 0))
        return Holder(int(note["pid"]), str(note["command"]), str(note["url"]))
    except (ValueError, KeyError, TypeError):  # it took the lock and has not written its note yet
        return Holder(0, "another process", "")


@contextmanager
def _opened(path: Path, flags: int) -> Generator[int]:
    descriptor = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
