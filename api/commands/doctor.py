"""`multidb doctor`: what is configured, what answers, and what to do about the rest."""

from __future__ import annotations

import platform
import shlex
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from api.commands import load_settings
from api.secret import is_loopback, load_secret_of
from api.settings import Settings
from api.terminal import EXIT_FAILED, EXPECTED, say, say_json, style
from memory.folder import Holder, find_holder
from memory.identity import API_AUDIENCE, mint
from memory.records import LOCAL

MIN_FREE_BYTES = 1_000_000_000
COLOURS = {"ok": "green", "warning": "yellow", "failed": "red"}


class Finding(NamedTuple):
    """What one look found. todo: what a person should do, "" if nothing."""

    part: str
    state: Literal["ok", "warning", "failed"]
    found: str
    todo: str = ""


async def doctor(as_json: bool) -> int:
    """Look at everything; 1 if something does not work."""
    settings = load_settings()
    findings = [_python(), _folder(settings.home), _secret(settings), *await _models(settings)]
    holder = find_holder(settings.home)
    look = _server if holder is not None else _stores
    findings += await look(settings, holder)
    if as_json:
        say_json({"findings": [finding._asdict() for finding in findings]})
    else:
        _show(findings)
    return EXIT_FAILED if any(finding.state == "failed" for finding in findings) else 0


def _show(findings: Sequence[Finding]) -> None:
    for part, state, found, todo in findings:
        say(f"{style(f'{state:<8}', COLOURS[state])} {part:<14} {found}")
        if todo:
            say(f"{'':<8} {'':<14} -> {todo}")


def _python() -> Finding:
    return Finding(
        "python", "ok", f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.machine()}"
    )


def _folder(home: Path) -> Finding:
    if not home.exists():
        return Finding("data folder", "ok", f"{home} does not exist yet; the first command makes it")
    free = shutil.disk_usage(home).free
    used = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
    found = f"{home.absolute()}: {used / 1e6:.1f} MB used, {free / 1e9:.1f} GB free"
    if free < MIN_FREE_BYTES:
        return Finding("data folder", "warning", found, "make room: writes fail when the disk is full")
    return Finding("data folder", "ok", found)


def _secret(settings: Settings) -> Finding:
    if not is_loopback(settings.host) and not settings.secret.get_secret_value():
        todo = "set MULTIDB_SECRET to the output of: openssl rand -hex 32"
        return Finding("secret", "failed", f"{settings.host} is open to others and no secret is set", todo)
    try:
        load_secret_of(settings)
    except EXPECTED as error:
        return Finding("secret", "failed", str(error), "set MULTIDB_SECRET, or delete the file and sign new tokens")
    if settings.secret.get_secret_value():
        return Finding("secret", "ok", "MULTIDB_SECRET")
    path = settings.home / "secret"
    if path.stat().st_mode & 0o077:
        found = f"{path} can be read by others, who can then sign as anybody"
        return Finding("secret", "warning", found, f"chmod 600 {shlex.quote(str(path))}")
    return Finding("secret", "ok", str(path))


async def _models(settings: Settings) -> list[Finding]:
    specs = {"synthesizer": settings.model_synthesizer, "judge": settings.model_judge}
    return [await _model(role, spec, settings) for role, spec in specs.items()]


async def _model(role: str, spec: str, settings: Settings) -> Finding:
    """Open what a role names; nothing is sent to it."""
    from graphs.models import NO_MODEL, ModelSettings, open_models

    if spec in NO_MODEL:
        return Finding(role, "ok", spec)
    key = settings.model_api_key.get_secret_value()
    try:
        async with open_models(ModelSettings(spec, base_url=settings.model_base_url, api_key=key)):
            return Finding(role, "ok", f"{spec} (opened, not asked)")
    except EXPECTED as error:
        return Finding(role, "failed", str(error), f"set MULTIDB_MODEL_{role.upper()} to another provider:model")


async def _server(settings: Settings, holder: Holder | None) -> list[Finding]:
    """Ask the process that holds the folder how its parts are."""
    assert holder is not None
    who = f"`{holder.command}` (process {holder.pid})"
    if not holder.url:
        return [Finding("folder lock", "warning", f"held by {who}", "wait until it ends, then run doctor again")]
    import httpx

    try:
        headers = {"Authorization": f"Bearer {mint(LOCAL, API_AUDIENCE, load_secret_of(settings))}"}
        async with httpx.AsyncClient(base_url=holder.url, headers=headers, timeout=5.0, trust_env=False) as http:
            answer = await http.get("/health/ready")
    except httpx.TransportError as error:
        todo = "wait if it is starting; else stop the process and start it again"
        return [Finding("server", "failed", f"{who} at {holder.url} does not answer ({type(error).__name__})", todo)]
    state: Literal["ok", "failed"] = "ok" if answer.is_success else "failed"
    parts: dict[str, Any] = answer.json().get("parts", {})
    return [Finding("server", state, f"{who} answers at {holder.url}"), *(_part(*item) for item in parts.items())]


def _part(name: str, told: Mapping[str, Any]) -> Finding:
    detail = ", ".join(f"{key} {value}" for key, value in told.items() if key not in ("status", "needed"))
    if told["status"] == "up":
        return Finding(name, "ok", detail or "answers")
    return Finding(name, "failed" if told["needed"] else "warning", detail or "does not answer", "see the server's log")


async def _stores(settings: Settings, holder: Holder | None) -> list[Finding]:
    """Open the stores here and ask each for something small."""
    from memory.stores import open_stores

    looks: dict[str, Callable[[], Awaitable[str]]] = {}
    findings: list[Finding] = []
    try:
        async with open_stores(settings, command="multidb doctor") as stores:

            async def documents() -> str:
                page = await stores.documents.page(LOCAL, "", None, 1)
                return "some documents are kept" if page.items else "empty; `multidb ingest PATH` brings files in"

            async def index() -> str:
                status = await stores.index.status()
                return f"{status.passages} passages, {status.behind} changes behind"

            async def conversations() -> str:
                await stores.turns.threads(LOCAL, "", None, 1)
                lag = await stores.turns.lag()
                behind = f", {lag.waiting} turns wait in the outbox, {lag.refused} were refused"
                return "answers" + (behind if lag.waiting or lag.refused else "")

            looks = {"documents": documents, "index": index, "conversations": conversations}
            findings.append(Finding("embedder", "ok", stores.embedder.name))
            findings += [await _looked(part, look) for part, look in looks.items()]
    except EXPECTED as error:
        findings.append(
            Finding("stores", "failed", str(error), "mend what it names; `multidb restore` brings a backup back")
        )
    return findings


async def _looked(part: str, look: Callable[[], Awaitable[str]]) -> Finding:
    try:
        return Finding(part, "ok", await look())
    except EXPECTED as error:
        return Finding(part, "failed", str(error), "`multidb restore` brings a backup back")
