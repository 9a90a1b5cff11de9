"""`.services/env`: where the servers answer, for tests (SERVICES_*) and for the application (MULTIDB_*_URL)."""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.services.kinds import KINDS, server_in
from tests.services.places import FOLDER, Places

FILE = FOLDER / "env"
PORTS: dict[str, str] = {
    **{"accounts": "postgres", "answers": "cassandra", "checkpoints": "redis", "documents": "mongo"},
    **{"runs": "redis", "turns": "cassandra"},
}
"""Port that has a server's adapter (MULTIDB_<PORT>_URL) -> the server that it is run on."""


def write_environment(places: Places) -> Path:
    """Write the file anew from what runs; `. .services/env` sets it all."""
    servers = {kind.name: server_in(places.data / kind.name, kind) for kind in KINDS.values()}
    running = {name: server for name, server in servers.items() if server.process.pid is not None}
    lines = [f"export SERVICES_{name.upper()}={shlex.quote(server.url)}" for name, server in running.items()]
    lines += [
        f"export MULTIDB_{port.upper()}_URL={shlex.quote(running[name].kind.application_url(running[name].port))}"
        for port, name in PORTS.items()
        if name in running
    ]
    FILE.write_text("\n".join(["# Written by `make services`.", *lines, ""]))
    FILE.chmod(0o600)
    return FILE


def read_environment() -> dict[str, str]:
    """Return the addresses of the servers that were started, by name; empty where none was."""
    if not FILE.exists():
        return {}
    words = [line.removeprefix("export ").partition("=") for line in FILE.read_text().splitlines()]
    values = {name: shlex.split(value)[0] for name, _, value in words if value}
    return {name: values[f"SERVICES_{name.upper()}"] for name in KINDS if f"SERVICES_{name.upper()}" in values}
