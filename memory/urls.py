"""What the URL of a port says: of which kind it is, and which file it names."""

from __future__ import annotations

from pathlib import Path

from memory.errors import InvalidInput


def path_of(port: str, url: str, scheme: str, default: Path) -> Path:
    """Return the file that `scheme:///FILE` names, or the default for "".

    A fourth slash makes the path absolute, as in SQLAlchemy: sqlite:///chat.db and sqlite:////var/lib/chat.db.

    Raises:
        InvalidInput: the URL is of another kind; the message names the setting.
    """
    if not url:
        return default
    prefix = f"{scheme}:///"
    if not url.startswith(prefix) or url == prefix:
        raise InvalidInput(f"MULTIDB_{port.upper()}_URL must look like {prefix}FILE, not {url.split('@')[-1]!r}")
    return Path(url.removeprefix(prefix))


def is_redis(url: str) -> bool:
    """Tell whether a URL names a Redis or Valkey server; with rediss:// it is reached over TLS."""
    return url.startswith(("redis://", "rediss://"))


def is_mongodb(url: str) -> bool:
    """Tell whether a URL names a MongoDB; with mongodb+srv:// its servers are found by DNS and reached over TLS."""
    return url.startswith(("mongodb://", "mongodb+srv://"))


def is_postgres(url: str) -> bool:
    """Tell whether a URL names a PostgreSQL database; `?sslmode=verify-full` asks for TLS."""
    return url.startswith(("postgresql://", "postgres://"))
