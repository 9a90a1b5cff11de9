"""One Cassandra 5 node from Maven's jars. Every acknowledged write is synced to the commit log."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.services.downloads import maven
from tests.services.java import java_17
from tests.services.places import CannotStart, Places
from tests.services.process import Launch, exchange, free_port

PREFERRED_PORT = 19047
POM = Path(__file__).parent / "maven" / "cassandra.xml"
OPTIONS = bytes.fromhex("040000000500000000")
"""A version 4 frame that asks what the server supports."""
SUPPORTED = bytes.fromhex("8400000006")
# Cassandra reaches into the JDK; Java 17 allows it package by package.
EXPORTS = {
    "java.base": "jdk.internal.misc jdk.internal.ref sun.nio.ch java.lang.ref",
    "java.management": "com.sun.jmx.remote.security",
    "java.management.rmi": "com.sun.jmx.remote.internal.rmi",
    "java.rmi": "sun.rmi.registry sun.rmi.server",
    "java.sql": "java.sql",
    "jdk.attach": "sun.tools.attach",
    "jdk.compiler": "com.sun.tools.javac.file",
    "jdk.unsupported": "sun.misc",
}
OPENS = {
    "java.base": "java.io java.lang java.lang.module java.lang.reflect java.math java.net java.nio java.util"
    " java.util.concurrent java.util.concurrent.atomic jdk.internal.loader jdk.internal.math jdk.internal.module"
    " jdk.internal.ref jdk.internal.reflect jdk.internal.util.jar sun.nio.ch",
    "jdk.compiler": "com.sun.tools.javac",
    "jdk.management": "com.sun.management.internal",
}
PROPERTIES = {
    "java.net.preferIPv4Stack": "true",
    "java.security.manager": "allow",
    "jdk.attach.allowAttachSelf": "true",
    "io.netty.tryReflectionSetAccessible": "true",
    "cassandra-foreground": "yes",
    "cassandra.libjemalloc": "-",
    "cassandra.superuser_setup_delay_ms": "0",
}
# A node that is alone waits for nobody.
WAITS = {
    True: {"cassandra.ring_delay_ms": "100", "cassandra.skip_wait_for_gossip_to_settle": "0"},
    False: {"cassandra.ring_delay_ms": "3000", "cassandra.gossip_settle_min_wait_ms": "2000"},
}
LOGBACK = """<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%date{ISO8601} %-5level %logger{0} %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="out"/></root>
</configuration>
"""
# Cassandra refuses to start over a key that it does not know: only what is needed is here.
YAML = """cluster_name: services
num_tokens: 1
auto_bootstrap: false
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
listen_address: {address}
rpc_address: {address}
native_transport_port: {port}
storage_port: {storage_port}
ssl_storage_port: {ssl_storage_port}
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: "127.0.0.1"
data_file_directories: ["{folder}/data"]
commitlog_directory: {folder}/commitlog
saved_caches_directory: {folder}/saved_caches
hints_directory: {folder}/hints
cdc_raw_directory: {folder}/cdc_raw
commitlog_sync: batch
commitlog_segment_size: 8MiB
memtable_heap_space: 64MiB
disk_access_mode: standard
concurrent_reads: 8
concurrent_writes: 8
concurrent_compactors: 1
auto_snapshot: false
"""


@dataclass(frozen=True)
class Place:
    """Where a node listens; with a storage port given it is one of several, of which 127.0.0.1 is the first."""

    address: str = "127.0.0.1"
    storage_port: int = 0


ALONE = Place()


def url(port: int) -> str:
    """Return the node's address; fixtures make a keyspace of their own."""
    return f"cassandra://127.0.0.1:{port}"


def application_url(port: int) -> str:
    """Return the address with the application's keyspace, which is made where it is not there."""
    return f"{url(port)}/multidb?replication=1"


async def prepare(places: Places, folder: Path, port: int, node: Place = ALONE) -> Launch:
    """Return how to start the node in a folder."""
    java = await java_17()
    version = hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
    jars = await maven(places.cache, f"cassandra-{version}", POM)
    agent = next(jars.glob("jamm-*.jar"), None)
    if agent is None:
        raise CannotStart(f"{jars} lacks jamm; remove it and try again")
    _configure(folder, port, node)
    properties = {**PROPERTIES, **WAITS[node is ALONE], **_paths(folder)}
    command = (
        *(java, "-cp", f"{folder / 'conf'}:{jars}/*", f"-javaagent:{agent}"),
        *_packages("--add-exports", EXPORTS),
        *_packages("--add-opens", OPENS),
        *("-Xms512m", "-Xmx512m", "-Xss512k", "-XX:TieredStopAtLevel=1"),
        *("-XX:+ExitOnOutOfMemoryError", "-XX:+PerfDisableSharedMem"),
        *(f"-D{name}={value}" for name, value in properties.items()),
        "org.apache.cassandra.service.CassandraDaemon",
    )
    return Launch(command, partial(_answers, port, node.address), {"MALLOC_ARENA_MAX": "2"})


async def _answers(port: int, address: str) -> bool:
    return await exchange(port, OPTIONS, len(SUPPORTED), address) == SUPPORTED


def _packages(option: str, modules: Mapping[str, str]) -> list[str]:
    return [
        word
        for module, names in modules.items()
        for name in names.split()
        for word in (option, f"{module}/{name}=ALL-UNNAMED")
    ]


def _paths(folder: Path) -> dict[str, str]:
    return {
        "java.io.tmpdir": str(folder / "tmp"),
        "jna.tmpdir": str(folder / "tmp"),
        "logback.configurationFile": f"file:{folder}/conf/logback.xml",
        "cassandra.config": f"file://{folder}/conf/cassandra.yaml",
        "cassandra.storagedir": str(folder),
        "cassandra.triggers_dir": str(folder / "triggers"),
    }


def _configure(folder: Path, port: int, node: Place) -> None:
    for name in ("conf", "data", "commitlog", "hints", "saved_caches", "cdc_raw", "triggers", "tmp"):
        (folder / name).mkdir(exist_ok=True)
    storage_port = node.storage_port or free_port(port + 1)
    ports = {"port": port, "storage_port": storage_port, "ssl_storage_port": storage_port + 1}
    text = YAML.format(**ports, address=node.address, folder=folder)
    (folder / "conf" / "cassandra.yaml").write_text(text)
    (folder / "conf" / "logback.xml").write_text(LOGBACK)
