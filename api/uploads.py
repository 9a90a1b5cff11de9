"""Lends parsers to uploads: so many at once, one child kept warm for the next file, a new one after a failure."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from api.errors import Problem
from api.settings import Settings
from memory.ingest.parsed import Limits
from memory.ingest.parser import Parser


@dataclass(slots=True)
class Uploads:
    """The parsers that no upload uses now, those with a running child last."""

    idle: list[Parser] = field(default_factory=list[Parser])

    @asynccontextmanager
    async def parser(self) -> AsyncGenerator[Parser]:
        """Lend a parser to one upload.

        Raises:
            Problem: overloaded; every parser is lent.
        """
        if not self.idle:
            raise Problem("overloaded", "too many uploads at once; try again in a moment")
        parser = self.idle.pop()
        try:
            yield parser
        finally:
            await self._take_back(parser)

    async def _take_back(self, parser: Parser) -> None:
        """Keep one child warm; a second one would only hold memory."""
        has_warm = bool(self.idle) and self.idle[-1].pid is not None
        if parser.pid is None or has_warm:
            self.idle.insert(0, parser)
            await parser.close()
        else:
            self.idle.append(parser)


def limits_of(settings: Settings) -> Limits:
    """What one file may cost in this deployment."""
    return Limits(memory_bytes=settings.parser_memory_bytes, cpu_s=settings.parser_cpu_s, wall_s=settings.parser_wall_s)


@asynccontextmanager
async def open_uploads(settings: Settings) -> AsyncGenerator[Uploads]:
    """Lend parsers until the block ends; no child starts before the first file comes."""
    parsers = [Parser(limits_of(settings)) for _ in range(settings.max_uploads)]
    try:
        yield Uploads(list(parsers))
    finally:
        for parser in parsers:
            await parser.close()
