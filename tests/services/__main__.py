"""`python -m tests.services up [NAME…] | stop | status`: starts what tests need and writes `.services/env`."""

from __future__ import annotations

import asyncio
import sys
import time

from tests.services.environment import write_environment
from tests.services.kinds import KINDS, Kind, server_in
from tests.services.places import CannotStart, Places, default_places


async def up(places: Places, names: list[str]) -> int:
    """Start servers side by side; 1 if one that is not optional cannot be had."""
    unknown = set(names) - KINDS.keys()
    if unknown:
        print(f"No such server: {', '.join(sorted(unknown))}. There are: {', '.join(KINDS)}", file=sys.stderr)
        return 2
    wanted = [KINDS[name] for name in names or KINDS]
    results = await asyncio.gather(*(_up(places, kind) for kind in wanted))
    print(f"Addresses are in {write_environment(places)}")
    return 0 if all(results) else 1


async def _up(places: Places, kind: Kind) -> bool:
    began = time.monotonic()
    server = server_in(places.data / kind.name, kind)
    if server.process.pid is not None:
        print(f"{kind.name:10} runs already on port {server.port}")
        return True
    try:
        await server.start(places)
    except CannotStart as error:
        await server.process.stop()
        print(f"{kind.name:10} {'left out' if kind.optional else 'FAILED'}: {error}", file=sys.stderr)
        return kind.optional
    print(f"{kind.name:10} answers on port {server.port} after {time.monotonic() - began:.1f} s")
    return True


async def stop(places: Places) -> int:
    """Stop what runs; data and downloads stay."""
    servers = [server_in(places.data / kind.name, kind) for kind in KINDS.values()]
    await asyncio.gather(*(server.process.stop() for server in servers))
    write_environment(places)
    return 0


async def status(places: Places) -> int:
    """Say what runs."""
    for kind in KINDS.values():
        server = server_in(places.data / kind.name, kind)
        pid = server.process.pid
        print(f"{kind.name:10} {f'port {server.port}, pid {pid}' if pid else 'down'}")
    return 0


def main(words: list[str]) -> int:
    """Run one command."""
    match words:
        case ["up", *names]:
            return asyncio.run(up(default_places(), names))
        case ["stop"]:
            return asyncio.run(stop(default_places()))
        case ["status"]:
            return asyncio.run(status(default_places()))
        case _:
            print(__doc__, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
