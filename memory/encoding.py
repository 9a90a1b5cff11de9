"""Records as JSON columns, and cursors as opaque text. Shared by the adapters of every technology."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Generic, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from memory.errors import InvalidInput, StoreCorrupt

T = TypeVar("T")


class Codec(Generic[T]):
    """One record type to UTF-8 JSON and back; what comes back equals what went in."""

    def __init__(self, record: type[T]) -> None:
        """Build the (de)serializer; costs about a millisecond, so do it once per module."""
        self._adapter: TypeAdapter[T] = TypeAdapter(record)
        self._name = record.__name__

    def dump(self, record: T) -> bytes:
        """Return the record as JSON.

        Raises:
            InvalidInput: a text in it is not Unicode (half a surrogate pair).
        """
        try:
            return self._adapter.dump_json(record)
        except PydanticSerializationError as error:
            raise InvalidInput(f"this {self._name} cannot be stored: {error}") from error

    def load(self, data: bytes) -> T:
        """Return the record.

        Raises:
            StoreCorrupt: the bytes are not this record's.
        """
        try:
            return self._adapter.validate_json(data)
        except ValidationError as error:
            raise StoreCorrupt(f"a stored {self._name} does not decode: {error}") from error


def encode_cursor(*parts: str) -> str:
    """Pack a position in an ordered listing into opaque text, safe in a URL."""
    return urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def decode_cursor(cursor: str, length: int) -> list[str]:
    """Unpack a cursor of `length` parts.

    Raises:
        InvalidInput: we never gave out this cursor.
    """
    try:
        parts = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError as error:
        raise InvalidInput("the cursor is not one of ours; start the listing again without it") from error
    if not isinstance(parts, list) or len(parts) != length or not all(isinstance(part, str) for part in parts):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  orjson.loads is Any
        raise InvalidInput("the cursor belongs to another listing; start again without it")
    return parts  # pyright: ignore[reportUnknownVariableType]
