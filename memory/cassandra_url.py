"""What a cassandra:// or scylla:// URL says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from memory.errors import InvalidInput

SCHEMES = ("cassandra", "scylla")
FORM = "cassandra://[USER:PASSWORD@]HOST:PORT[,HOST:PORT]/KEYSPACE[?dc=DC&consistency=LOCAL_QUORUM&tls=true]"
PORT = 9042
CONSISTENCIES = ("ONE", "LOCAL_ONE", "TWO", "QUORUM", "LOCAL_QUORUM", "EACH_QUORUM", "ALL")
OPTIONS = frozenset({"dc", "consistency", "tls", "ca", "cert", "key", "replication"})
_KEYSPACE = re.compile(r"[a-z][a-z0-9_]{0,47}")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a cluster is and how it is spoken to.

    datacenter: "" means that of the first host. replication: copies of each row in every data center; given, a keyspace
    that is not there is made, None: it must be there. ca: file of the certificate that signs the servers', "" the
    machine's own ones. cert, key: files of our own certificate, for servers that ask who we are.
    """

    hosts: tuple[tuple[str, int], ...]
    keyspace: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    datacenter: str = ""
    consistency: str = "LOCAL_QUORUM"
    tls: bool = False
    ca: str = ""
    cert: str = ""
    key: str = ""
    replication: int | None = None

    @property
    def shown(self) -> str:
        """The hosts, for messages."""
        return ",".join(f"{host}:{port}" for host, port in self.hosts)


def is_cql(url: str) -> bool:
    """Tell whether a URL names Cassandra or ScyllaDB."""
    return url.partition("://")[0] in SCHEMES


def address_of(url: str) -> Address:
    """Read a URL.

    Raises:
        InvalidInput: it is of no use; the message never holds its credentials.
    """
    try:
        parts = urlsplit(url)
        credentials, _, places = parts.netloc.rpartition("@")
        user, _, password = credentials.partition(":")
        hosts = tuple(_host(place) for place in places.split(","))
        options = {name: values[-1] for name, values in parse_qs(parts.query, strict_parsing=bool(parts.query)).items()}
        keyspace = parts.path.removeprefix("/")
        if parts.scheme not in SCHEMES or not _KEYSPACE.fullmatch(keyspace) or options.keys() - OPTIONS:
            raise ValueError
        return Address(hosts, keyspace, unquote(user), unquote(password), **_options(options))
    except ValueError:
        raise InvalidInput(f"a URL of Cassandra or ScyllaDB must look like {FORM}") from None


def _host(place: str) -> tuple[str, int]:
    parts = urlsplit(f"//{place}")
    if not parts.hostname:
        raise ValueError
    return parts.hostname, parts.port or PORT


def _options(options: dict[str, str]) -> dict[str, Any]:
    consistency = options.get("consistency", "LOCAL_QUORUM").upper()
    replication = int(options["replication"]) if "replication" in options else None
    if ("cert" in options) != ("key" in options):
        raise ValueError
    if consistency not in CONSISTENCIES or (replication is not None and replication < 1):
        raise ValueError
    return {
        "datacenter": options.get("dc", ""),
        "consistency": consistency,
        "tls": options.get("tls", "").lower() in ("true", "1") or bool(options.keys() & {"ca", "cert"}),
        **{name: options.get(name, "") for name in ("ca", "cert", "key")},
        "replication": replication,
    }
