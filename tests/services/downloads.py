"""Gets servers where they are public and keeps them: Debian packages (unpacked only), Maven jars, Go programs."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.services.places import CannotStart

DOWNLOAD_S = 600.0


async def run(
    *command: str | Path, folder: Path | None = None, environment: Mapping[str, str] | None = None, text: str = ""
) -> str:
    """Run a program to its end, `text` being its input, and return its output.

    Raises:
        CannotStart: it failed or took too long; the message ends with what it said.
    """
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(DOWNLOAD_S):
            output, _ = await process.communicate(text.encode())
    except TimeoutError:
        process.kill()
        await process.wait()
        raise CannotStart(f"{command[0]} took longer than {DOWNLOAD_S:.0f} s") from None
    said = output.decode(errors="replace")
    if process.returncode != 0:
        raise CannotStart(f"{' '.join(map(str, command[:4]))} … failed:\n{said[-1500:]}")
    return said


def need(program: str, way_out: str) -> str:
    """Return a program's path or tell how to get it."""
    found = shutil.which(program)
    if found is None:
        raise CannotStart(f"`{program}` is not here. {way_out}")
    return found


async def debian(cache: Path, package: str, way_out: str) -> Path:
    """Return a folder with a Debian package and what it needs, unpacked: nothing is installed, so nothing is started.

    Needs no root: apt's lists and archives are our own.
    """
    target = cache / f"debian-{package}"
    if target.exists():
        return target
    apt = need("apt-get", way_out)
    need("dpkg-deb", way_out)
    work = _fresh(cache / f"{target.name}.part")
    (work / "archives" / "partial").mkdir(parents=True)
    options = ("-qq", "-o", f"Dir::Cache={work}", "-o", f"Dir::Cache::archives={work / 'archives'}")
    options += ("-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=root")
    fetch = (apt, *options, "install", "--yes", "--download-only", "--no-install-recommends", package)
    try:
        await run(*fetch)
    except CannotStart:
        (work / "lists" / "partial").mkdir(parents=True)
        own = ("-o", f"Dir::State::lists={work / 'lists'}")
        await run(apt, *options, *own, "update")
        await run(*fetch[:1], *own, *fetch[1:])
    for archive in sorted((work / "archives").glob("*.deb")):
        await run("dpkg-deb", "-x", archive, work / "root")
    (work / "root").chmod(0o755)
    (work / "root").rename(target)
    shutil.rmtree(work)
    return target


def library_path(root: Path) -> str:
    """Return LD_LIBRARY_PATH for programs of an unpacked package."""
    return ":".join(map(str, (*root.glob("usr/lib/*-linux-gnu*"), root / "usr/lib")))


async def maven(cache: Path, name: str, pom: Path) -> Path:
    """Return a folder with the jars that a pom asks for."""
    target = cache / name
    if not target.exists():
        mvn = need("mvn", "Debian and Ubuntu: apt-get install maven")
        part = _fresh(cache / f"{name}.part")
        await run(mvn, "-B", "-q", "-f", pom, "dependency:copy-dependencies", f"-DoutputDirectory={part}")
        part.rename(target)
    return target


async def go_program(cache: Path, name: str, source: Path, module: str) -> Path:
    """Return a program built from one Go file and the module that it needs."""
    target = cache / name
    if not target.exists():
        go = need("go", "Install Go 1.22 or newer.")
        part = _fresh(cache / f"{name}.part")
        shutil.copy(source, part / "main.go")
        environment = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=mod"}
        for step in (
            ("mod", "init", f"local/{name}"),
            ("get", module),
            ("mod", "tidy"),
            ("build", "-o", "program", "."),
        ):
            await run(go, *step, folder=part, environment=environment)
        (part / "program").rename(target)
        shutil.rmtree(part)
    return target


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    return folder
