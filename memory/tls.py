"""Certificates that URLs name: a file that is of no use is told when the URL is read, not at each connection."""

from __future__ import annotations

import ssl

from memory.errors import InvalidInput


def shown(context: ssl.SSLContext, cert: str, key: str) -> ssl.SSLContext:
    """Let a client's context show a certificate of its own to a server that asks for one.

    Raises:
        InvalidInput: the files cannot be read, or are no certificate with its key.
    """
    try:
        context.load_cert_chain(cert, key, password="")  # a key with a password would ask for it at the terminal
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise InvalidInput(f"cert={cert}, key={key}: no certificate with its key can be read ({reason})") from error
    return context


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
