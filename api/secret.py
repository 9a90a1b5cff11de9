"""The deployment's signing secret: configured, or the data folder's own for a loopback server."""

from __future__ import annotations

import ipaddress

from api.settings import Settings
from memory.errors import InvalidInput
from memory.folder import load_secret
from memory.identity import MIN_SECRET_BYTES


def is_loopback(host: str) -> bool:
    """Tell whether a name or address is only this machine's own: nobody else reaches what is bound there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def load_secret_of(settings: Settings) -> bytes:
    """Return the secret that signs every token of this deployment.

    Raises:
        InvalidInput: it is too short, or the server is bound beyond loopback without one.
    """
    configured = settings.secret.get_secret_value().encode()
    if configured and len(configured) < MIN_SECRET_BYTES:
        raise InvalidInput(f"MULTIDB_SECRET must have at least {MIN_SECRET_BYTES} bytes; try: openssl rand -hex 32")
    if configured:
        return configured
    if not is_loopback(settings.host):
        raise InvalidInput(
            f"binding {settings.host} opens this server to others, so MULTIDB_SECRET must be set; "
            "try: openssl rand -hex 32"
        )
    return load_secret(settings.home)
