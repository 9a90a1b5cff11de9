"""Which servers there are, and how one of each is started in a folder."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from tests.services import cassandra, mongo, postgres, redis
from tests.services.places import Places
from tests.services.process import Launch, Process, free_port


@dataclass(frozen=True)
class Kind:
    """One sort of server.

    url is for tests, which make a database of their own in it; application_url is the application's.
    optional: a machine without what it needs does without it.
    """

    name: str
    port: int
    url: Callable[[int], str]
    application_url: Callable[[int], str]
    prepare: Callable[[Places, Path, int], Awaitable[Launch]]
    optional: bool = False


KINDS = {
    kind.name: kind
    for kind in (
        Kind("redis", redis.PREFERRED_PORT, redis.url, redis.url, redis.prepare),
        Kind("postgres", postgres.PREFERRED_PORT, postgres.url, postgres.application_url, postgres.prepare),
        Kind("cassandra", cassandra.PREFERRED_PORT, cassandra.url, cassandra.application_url, cassandra.prepare),
        Kind("mongo", mongo.PREFERRED_PORT, mongo.url, mongo.application_url, mongo.prepare),
        Kind("ferretdb", mongo.FERRETDB_PORT, mongo.url, mongo.application_url, mongo.prepare_ferretdb, optional=True),
    )
}


@dataclass
class Server:
    """One server in a folder: start, stop and kill it as often as needed; its port stays."""

    kind: Kind
    process: Process
    port: int
    launch: Launch | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.kind.url(self.port)

    async def start(self, places: Places) -> None:
        """Start it (on the data that is there) and wait until it answers."""
        self.process.folder.mkdir(parents=True, exist_ok=True)
        self.launch = await self.kind.prepare(places, self.process.folder, self.port)
        (self.process.folder / "port").write_text(str(self.port))
        await self.process.start(self.launch)


def server_in(folder: Path, kind: Kind, port: int | None = None) -> Server:
    """Return the server of a folder, running or not, on the port it had there if that is free."""
    process = Process(kind.name, folder)
    try:
        known = int((folder / "port").read_text())
    except (FileNotFoundError, ValueError):
        known = None
    if process.pid is not None and known is not None:
        return Server(kind, process, known)
    return Server(kind, process, free_port(port or known or kind.port))
