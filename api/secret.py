"""When the data folder may sign by itself: `memory.folder.load_secret` for a server that only this machine reaches."""

from __future__ import annotations

import ipaddress

from api.settings import Settings
from memory.errors import InvalidInput
from memory.folder import load_secret


def is_loopback(host: str) -> bool:
    """Tell whether a name or address is only this machine's own: nobody else reaches what is bound there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def load_secret_of(settings: Settings) -> bytes:
    """Return the deployment's secret; a server that others reach must not make up its own.

    Raises:
        InvalidInput: it is too short, or the server is bound beyond loopback without one.
    """
    configured = settings.secret.get_secret_value()
    if not configured and not is_loopback(settings.host):
        raise InvalidInput(
            f"binding {settings.host} opens this server to others, so MULTIDB_SECRET must be set; "
            "try: openssl rand -hex 32"
        )
    return load_secret(settings.home, configured)
