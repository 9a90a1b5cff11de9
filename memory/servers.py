"""Which servers and files the ports are on, each with the breaker that knows how it does."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, count
from typing import Literal

from memory.breaker import Breaker

Technology = Literal["sqlite", "redis", "postgres", "cassandra", "mongodb"]


@dataclass(frozen=True, slots=True)
class Server:
    """One server or file. name: its technology, numbered from the second on; a file's is sqlite:NAME."""

    name: str
    technology: Technology
    breaker: Breaker
    ports: list[str] = field(default_factory=list[str])


class Servers:
    """Those that are open, in the order in which they were opened."""

    def __init__(self) -> None:
        """Begin with none."""
        self._all: list[Server] = []

    def note(self, port: str, technology: Technology, breaker: Breaker, name: str = "") -> None:
        """Remember that a port is on a server."""
        name = name or technology
        server = next((one for one in self._all if one.breaker is breaker), None)
        if server is None:
            taken = {one.name for one in self._all}
            names = chain([name], (f"{name}-{number}" for number in count(2)))
            server = Server(next(one for one in names if one not in taken), technology, breaker)
            self._all.append(server)
        if port not in server.ports:
            server.ports.append(port)

    def all(self) -> tuple[Server, ...]:
        """Return them."""
        return tuple(self._all)
