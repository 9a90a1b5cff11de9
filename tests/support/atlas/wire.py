"""MongoDB's wire protocol as far as a server in the middle needs it: OP_MSG is read, everything else is passed on."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import bson
from bson.binary import Binary

OP_MSG = 2013
HEADER = struct.Struct("<iiii")
CHECKSUM = 1
MORE_TO_COME = 2
VECTOR_SUBTYPE = 9
HIDDEN = "vector of subtype 9"
"""The servers behind do not know that subtype: they are given a document with its bytes under this name."""


async def read_message(reader: asyncio.StreamReader) -> bytes:
    """Return a whole message, b"" at the end."""
    try:
        head = await reader.readexactly(4)
        return head + await reader.readexactly(struct.unpack("<i", head)[0] - 4)
    except asyncio.IncompleteReadError:
        return b""


def command_of(message: bytes) -> dict[str, Any] | None:
    """Return the command of an OP_MSG with its document sequences; None for another message."""
    if HEADER.unpack_from(message)[3] != OP_MSG:
        return None
    flags = struct.unpack_from("<I", message, 16)[0]
    at, end = 20, len(message) - (4 if flags & CHECKSUM else 0)
    command: dict[str, Any] = {}
    while at < end:
        kind, at = message[at], at + 1
        size = struct.unpack_from("<i", message, at)[0]
        if kind == 0:
            command = bson.decode(message[at : at + size]) | command
        else:
            name, _, rest = message[at + 4 : at + size].partition(b"\0")
            command[name.decode()] = list(bson.decode_iter(rest))
        at += size
    return command


def message_of(document: dict[str, Any], request_id: int = 0, response_to: int = 0) -> bytes:
    """Return an OP_MSG with one section."""
    body = struct.pack("<I", 0) + b"\0" + bson.encode(document)
    return HEADER.pack(HEADER.size + len(body), request_id, response_to, OP_MSG) + body


def request_id_of(message: bytes) -> int:
    return HEADER.unpack_from(message)[1]


def hidden(value: Any) -> Any:
    """Return a value with vectors under a subtype that any server keeps."""
    match value:
        case Binary() if value.subtype == VECTOR_SUBTYPE:
            return {HIDDEN: bytes(value)}
        case dict():
            return {key: hidden(inner) for key, inner in value.items()}
        case list():
            return [hidden(inner) for inner in value]
        case _:
            return value


def numbers_of(value: Any) -> list[float] | None:
    """Return the numbers of a vector: an array, or binary data of subtype 9; None if it is none."""
    if isinstance(value, dict) and HIDDEN in value:
        value = Binary(value[HIDDEN], VECTOR_SUBTYPE)
    if isinstance(value, Binary) and value.subtype == VECTOR_SUBTYPE:
        return [float(number) for number in value.as_vector().data]
    if isinstance(value, list) and all(isinstance(number, int | float) for number in value):
        return [float(number) for number in value]
    return None
