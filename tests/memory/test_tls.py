"""TLS to the servers: a stranger is not believed, and a file of certificates that is of no use is told as such.

Redis and PostgreSQL speak TLS themselves in test_redis_tls.py and test_postgres.py; before Cassandra and MongoDB stands
a proxy that does.
"""

from __future__ import annotations

import ssl
import time

import pytest

from memory.cassandra import open_cassandra
from memory.errors import InvalidInput, StoreUnavailable
from memory.mongodb import open_mongodb
from memory.postgres import open_postgres
from memory.redis import open_redis
from tests.memory.test_redis_tls import certify
from tests.support.cassandra import shared_keyspace
from tests.support.proxy import proxied

LIMIT_S = 2.0
LATE_S = 1.0
OPENED = [
    (open_redis, "rediss://:very-secret@127.0.0.1:9/0?ssl_ca_certs={file}"),
    (open_postgres, "postgresql://ada:very-secret@127.0.0.1:9/chat?sslmode=verify-full&sslrootcert={file}"),
    (open_cassandra, "cassandra://ada:very-secret@127.0.0.1:9/chat?ca={file}"),
    (open_mongodb, "mongodb://ada:very-secret@127.0.0.1:9/chat?tls=true&tlsCAFile={file}"),
]


@pytest.mark.parametrize(("opening", "url"), OPENED)
@pytest.mark.parametrize("content", [None, "", "no certificate"])
async def test_a_file_that_holds_no_certificate_is_refused_as_such(opening, url, content, tmp_path):
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(InvalidInput) as told:
        async with opening(url.format(file=file), LIMIT_S):
            pass
    assert "very-secret" not in str(told.value)


@pytest.mark.parametrize(
    ("opening", "url"),
    [
        (open_redis, "redis://:very-secret@127.0.0.1:9/0?no_such_option=1"),
        (open_redis, "redis://:very-secret@127.0.0.1:9/0?socket_timeout=long"),
        (open_redis, "rediss://:very-secret@127.0.0.1:9/0?ssl_cert_reqs=perhaps"),
        (open_postgres, "postgresql://ada:very-secret@127.0.0.1:9/chat?no_such_option=1"),
        (open_postgres, "postgresql://ada:very-secret%zz@127.0.0.1:9/chat"),
        (open_cassandra, "cassandra://ada:very-secret@127.0.0.1:9/chat?no_such_option=1"),
        (open_mongodb, "mongodb://ada:very-secret@127.0.0.1:9/chat?no_such_option=1"),
    ],
)
async def test_an_option_that_nobody_understands_is_refused_without_the_password(opening, url):
    with pytest.raises(InvalidInput) as told:
        async with opening(url, LIMIT_S):
            pass
    assert "secret" not in str(told.value)
    assert told.value.__cause__ is None


@pytest.fixture
def shown(tmp_path):
    """Whom a proxy shows itself as; its certificate is cert.pem."""
    certify(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    return context


@pytest.mark.services
async def test_cassandra_is_reached_over_tls_and_a_stranger_is_not_believed(shown, tmp_path):
    async with proxied(shared_keyspace(), shown) as (_, url):
        async with open_cassandra(f"{url}&ca={tmp_path / 'cert.pem'}", 5.0) as server, server.limit():
            assert await server.rows("SELECT release_version FROM system.local")
        for untrusting in (f"{url}&tls=true", url):
            with pytest.raises(StoreUnavailable):
                async with open_cassandra(untrusting, LIMIT_S):
                    pass


@pytest.mark.services
async def test_a_cassandra_that_asks_for_a_certificate_knows_its_clients_by_it(shown, tmp_path):
    ours, strange = tmp_path / "ours", tmp_path / "strange"
    for folder in (ours, strange):
        folder.mkdir()
        certify(folder)
    shown.verify_mode = ssl.CERT_REQUIRED
    shown.load_verify_locations(ours / "cert.pem")
    async with proxied(shared_keyspace(), shown) as (_, url):
        known = f"{url}&ca={tmp_path / 'cert.pem'}"
        named = f"{known}&cert={ours / 'cert.pem'}&key={ours / 'key.pem'}"
        async with open_cassandra(named, 5.0) as server, server.limit():
            assert await server.rows("SELECT release_version FROM system.local")
        for refused in (known, f"{known}&cert={strange / 'cert.pem'}&key={strange / 'key.pem'}"):
            with pytest.raises(StoreUnavailable):
                async with open_cassandra(refused, LIMIT_S):
                    pass


@pytest.mark.parametrize(("cert", "key"), [("cert.pem", "absent"), ("absent", "key.pem"), ("key.pem", "cert.pem")])
async def test_a_certificate_without_its_key_is_refused_as_such(cert, key, tmp_path):
    certify(tmp_path)
    url = f"cassandra://ada:very-secret@127.0.0.1:9/chat?cert={tmp_path / cert}&key={tmp_path / key}"
    with pytest.raises(InvalidInput) as told:
        async with open_cassandra(url, LIMIT_S):
            pass
    assert "very-secret" not in str(told.value)


@pytest.mark.services
async def test_mongodb_is_reached_over_tls_and_a_stranger_is_not_believed(mongo_database, shown, tmp_path):
    async with proxied(mongo_database, shown) as (_, url):
        async with open_mongodb(f"{url}?tls=true&tlsCAFile={tmp_path / 'cert.pem'}", 5.0) as mongo, mongo.within():
            assert await mongo["nothing"].find_one({}) is None
        for untrusting in (f"{url}?tls=true", url):
            began = time.monotonic()
            async with open_mongodb(untrusting, LIMIT_S) as mongo:
                with pytest.raises(StoreUnavailable):
                    async with mongo.within():
                        await mongo["nothing"].find_one({})
            assert time.monotonic() - began < LIMIT_S + LATE_S
