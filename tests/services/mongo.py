"""Two servers that speak MongoDB's protocol; neither is MongoDB.

`mongo` (mongo-java-server) updates atomically and keeps nothing over its end; `ferretdb` keeps every acknowledged
write over a SIGKILL, but its updates are not atomic. A suite runs on the one that can do what it asks for.
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

from tests.services.downloads import go_program, maven
from tests.services.java import java_17
from tests.services.places import Places
from tests.services.process import Launch, exchange

PREFERRED_PORT = 27237
FERRETDB_PORT = 27137
POM = Path(__file__).parent / "maven" / "mongo.xml"
WIRE = Path(__file__).parent / "wire"
OP_QUERY = 2004
REQUEST = 1
FERRETDB = "github.com/FerretDB/FerretDB@v1.24.0"


def url(port: int) -> str:
    """Return the server's address; fixtures make a database of their own."""
    return f"mongodb://127.0.0.1:{port}"


def application_url(port: int) -> str:
    """Return the address with the application's database."""
    return f"{url(port)}/multidb"


async def prepare(places: Places, folder: Path, port: int) -> Launch:
    """Return how to start mongo-java-server."""
    java = await java_17()
    version = hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
    jars = await maven(places.cache, f"mongo-{version}", POM)
    command = (java, "-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", f"{jars}/*", str(WIRE / "MongoWire.java"))
    return Launch((*command, "127.0.0.1", str(port)), partial(_answers, port))


async def prepare_ferretdb(places: Places, folder: Path, port: int) -> Launch:
    """Return how to start FerretDB, built once from its Go module."""
    program = await go_program(places.cache, "ferretdb-1.24.0", WIRE / "ferretdb.go", FERRETDB)
    (folder / "data").mkdir(exist_ok=True)
    return Launch((str(program), f"127.0.0.1:{port}", str(folder / "data")), partial(_answers, port))


async def _answers(port: int) -> bool:
    """Ask in the oldest form that there is, which both still know; a reply names the request that it answers."""
    is_master = b"\x13\x00\x00\x00\x10isMaster\x00\x01\x00\x00\x00\x00"
    body = bytes(4) + b"admin.$cmd\x00" + bytes(4) + b"\xff" * 4 + is_master
    header = (16 + len(body), REQUEST, 0, OP_QUERY)
    reply = await exchange(port, b"".join(number.to_bytes(4, "little") for number in header) + body, 16)
    return int.from_bytes(reply[8:12], "little") == REQUEST
