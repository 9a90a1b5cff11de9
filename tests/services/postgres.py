"""PostgreSQL from the distribution, as a user that is not root; the application's role owns no other's rows."""

from __future__ import annotations

import os
import pwd
import re
import shutil
from functools import partial
from pathlib import Path

from tests.services.downloads import debian, library_path, run
from tests.services.places import CannotStart, Places
from tests.services.process import Launch, exchange

PASSWORD = "services-only"
PREFERRED_PORT = 15437
APPLICATION = f"""CREATE ROLE multidb LOGIN PASSWORD '{PASSWORD}'
CREATE DATABASE multidb OWNER multidb
"""
"""What the application finds: it is no superuser, whom row-level security would not hold."""
SSL_REQUEST = bytes.fromhex("0000000804d2162f")
"""Asks for TLS; a server without answers N before it looks at who asks."""


def url(port: int) -> str:
    """Return the superuser's address; fixtures make a role and a database of their own."""
    return f"postgresql://postgres:{PASSWORD}@127.0.0.1:{port}/postgres"


def application_url(port: int) -> str:
    """Return the address of the application's role."""
    return f"postgresql://multidb:{PASSWORD}@127.0.0.1:{port}/multidb"


async def prepare(places: Places, folder: Path, port: int) -> Launch:
    """Return how to start PostgreSQL in a folder; the first time its cluster is made."""
    binaries, environment = await _binaries(places)
    user = _user() if os.geteuid() == 0 else ""
    if not (folder / "cluster" / "PG_VERSION").exists():
        await _make_cluster(binaries, folder, user, environment)
    options = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "max_connections": 200,
        "shared_buffers": "64MB",
        "jit": "off",
    }
    words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    return Launch(
        (str(binaries / "postgres"), "-D", str(folder / "cluster"), *words),
        partial(_answers, port),
        environment,
        user,
    )


async def _answers(port: int) -> bool:
    return await exchange(port, SSL_REQUEST, 1) == b"N"


async def _make_cluster(binaries: Path, folder: Path, user: str, environment: dict[str, str]) -> None:
    shutil.rmtree(folder / "cluster", ignore_errors=True)
    secret = folder / "password"
    secret.write_text(PASSWORD)
    if user:
        shutil.chown(folder, user)
        shutil.chown(secret, user)
    options = (
        "--username=postgres",
        f"--pwfile={secret}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-locale",
        "-N",
    )
    cluster = ("-D", str(folder / "cluster"))
    as_user = ("setpriv", *_identity(user)) if user else ()
    await run(*as_user, binaries / "initdb", *cluster, *options, environment=environment, folder=folder)
    secret.unlink()
    single = (*as_user, binaries / "postgres", "--single", *cluster, "postgres")
    await run(*single, environment=environment, folder=folder, text=APPLICATION)


def _identity(user: str) -> tuple[str, ...]:
    entry = pwd.getpwnam(user)
    return f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"


def _user() -> str:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise CannotStart("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`: adduser postgres")


async def _binaries(places: Places) -> tuple[Path, dict[str, str]]:
    installed = _newest(Path("/"))
    if installed:
        return installed, {}
    root = await debian(places.cache, "postgresql", "Install PostgreSQL 14 or newer.")
    found = _newest(root)
    if found is None:
        raise CannotStart(f"the package postgresql brought no server; remove {root} and try again")
    return found, {"LD_LIBRARY_PATH": library_path(root)}


def _newest(root: Path) -> Path | None:
    found = [path.parent for path in root.glob("usr/lib/postgresql/*/bin/initdb")]
    return max(found, key=lambda path: int(re.sub(r"\D", "", path.parent.name)), default=None)
