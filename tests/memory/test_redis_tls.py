"""Redis over TLS: rediss:// with a certificate of our own authority, and none without it."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
import redis.asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from memory.errors import StoreUnavailable
from memory.redis import open_redis
from tests.services.process import free_port
from tests.services.redis import PASSWORD

pytestmark = pytest.mark.services


def certify(folder):
    """Write a certificate for 127.0.0.1, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "services")])
    began = datetime.now(UTC) - timedelta(minutes=5)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(began + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(secret)


async def test_tls_is_used_where_the_address_says_so_and_a_stranger_is_not_believed(own_redis, tmp_path):
    certify(tmp_path)
    port = free_port()
    options = {"tls-cert-file": "cert.pem", "tls-key-file": "key.pem", "tls-ca-cert-file": "cert.pem"}
    words = [word for name, file in options.items() for word in (name, str(tmp_path / file))]
    async with redis.asyncio.from_url(own_redis.url) as admin:
        await admin.execute_command("CONFIG", "SET", *words, "tls-auth-clients", "no", "tls-port", port)
    address = f"rediss://:{PASSWORD}@127.0.0.1:{port}/0"
    async with open_redis(f"{address}?ssl_ca_certs={tmp_path / 'cert.pem'}") as server:
        assert await server.call("PING")
    with pytest.raises(StoreUnavailable):
        async with open_redis(address, 2.0):
            pass
