"""Which rows of a shard a search may see: access and filters become masks before anything is ranked."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from memory.errors import InvalidInput
from memory.index.ranking import Mask
from memory.index.view import View
from memory.records import Filters, FilterValue, Range, Scalar, Scope

DOCUMENT_KEYS = ("source", "collection", "document_id", "media_type")
ROW_KEYS = ("kind", "language")


class Selection(NamedTuple):
    """readable: alive, and open to the scope. selected: readable and passing the filters. None: all rows."""

    readable: Mask | None
    selected: Mask | None


def select(connection: sqlite3.Connection, view: View, scope: Scope, filters: Filters) -> Selection:
    """Return what a scope may see and what its filters leave of it.

    Raises:
        InvalidInput: a filter is of no known kind.
    """
    readable = _readable(connection, view, scope)
    if bool(readable.all()):
        readable = None
    selected = readable
    for key, value in filters.items():
        mask = _matching(connection, view, key, value)
        selected = mask if selected is None else selected & mask
    return Selection(readable, selected)


def facet(value: Scalar) -> tuple[str, float | None]:
    """Return a metadata value as filters compare it: its text, and its number if it has one."""
    if isinstance(value, bool):
        return ("true" if value else "false"), None
    if isinstance(value, str):
        return value, None
    number = float(value)
    return (str(int(number)) if number.is_integer() else repr(number)), number


def _readable(connection: sqlite3.Connection, view: View, scope: Scope) -> Mask:
    closed = _numbers(connection, "SELECT doc FROM docs WHERE restricted = 1", ())
    if not len(closed):
        return view.alive
    names = [f"user:{scope.user_id}", *(f"group:{group}" for group in scope.groups)]
    opened = _numbers(
        connection, "SELECT doc FROM readers WHERE reader IN (SELECT value FROM json_each(?))", (json.dumps(names),)
    )
    return view.alive & ~_of_docs(view, np.setdiff1d(closed, opened))


def _matching(connection: sqlite3.Connection, view: View, key: str, value: FilterValue) -> Mask:
    values = accepted(key, value)
    if key in ROW_KEYS:
        return _of_names(view, key, values)
    if key in DOCUMENT_KEYS:
        return _of_docs(view, _docs_with(connection, key, values))
    docs, rows = (_owners(connection, kind, key, value, values) for kind in ("doc", "row"))
    mask = _of_docs(view, docs)
    mask[rows[rows < len(mask)]] = True
    return mask


def accepted(key: str, value: FilterValue) -> list[str]:
    """Return the texts that a filter accepts, none for a Range.

    Raises:
        InvalidInput: it is no scalar, no sequence of scalars and no Range, or a Range of a reserved key.
    """
    if isinstance(value, Range):
        if key in (*ROW_KEYS, *DOCUMENT_KEYS):
            raise InvalidInput(f"{key!r} is text; a range does not fit it")
        return []
    scalars = [value] if isinstance(value, str | int | float) else value
    if not isinstance(cast(object, scalars), Sequence) or not all(
        isinstance(cast(object, scalar), str | int | float) for scalar in scalars
    ):
        raise InvalidInput(f"filter {key!r} must be a value, a list of values, or a range with gte or lte")
    return [facet(scalar)[0] for scalar in scalars]


def _of_names(view: View, key: str, values: Sequence[str]) -> Mask:
    names, codes = (view.kinds, view.kind) if key == "kind" else (view.languages, view.language)
    return np.isin(codes, [code for code, name in enumerate(names) if name in values])


def _docs_with(connection: sqlite3.Connection, key: str, values: Sequence[str]) -> NDArray[np.int64]:
    query = f"SELECT doc FROM docs WHERE {key} IN (SELECT value FROM json_each(?))"
    return _numbers(connection, query, (json.dumps(values),))


def _owners(
    connection: sqlite3.Connection, kind: str, key: str, value: FilterValue, values: Sequence[str]
) -> NDArray[np.int64]:
    if isinstance(value, Range):
        return _numbers(
            connection,
            f"SELECT DISTINCT owner FROM {kind}_facets WHERE key = ? AND number >= ? AND number <= ?",
            (key, -np.inf if value.gte is None else value.gte, np.inf if value.lte is None else value.lte),
        )
    query = f"SELECT owner FROM {kind}_facets WHERE key = ? AND value IN (SELECT value FROM json_each(?))"
    return _numbers(connection, query, (key, json.dumps(values)))


def _of_docs(view: View, docs: NDArray[np.int64]) -> Mask:
    if not len(docs) or not len(view.doc):
        return np.zeros(len(view.doc), np.bool_)
    wanted = np.zeros(max(int(view.doc.max()), int(docs.max())) + 1, np.bool_)
    wanted[docs] = True
    return wanted[view.doc]


def _numbers(connection: sqlite3.Connection, query: str, parameters: Sequence[object]) -> NDArray[np.int64]:
    return np.fromiter((row[0] for row in connection.execute(query, tuple(parameters))), np.int64)
