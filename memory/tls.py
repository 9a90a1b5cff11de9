"""Certificates that URLs name: a file that is of no use is told when the URL is read, not at each connection."""

from __future__ import annotations

import ssl

from memory.errors import InvalidInput


def trusting(file: str, option: str) -> ssl.SSLContext:
    """Return a client's context that believes whom the certificates in a file name; "" takes the machine's own.

    Raises:
        InvalidInput: the file cannot be read or holds no certificate; the message names the option.
    """
    try:
        return ssl.create_default_context(cafile=file or None)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InvalidInput(f"{option}={file}: no certificate can be read from there ({reason})") from error
