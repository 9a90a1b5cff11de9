"""Filters of `$vectorSearch`: the operators that MongoDB documents, over declared paths, and what they mean."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from bson import ObjectId


class Refused(Exception):
    """What a server answers instead of results."""

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


COMPARISONS = {
    "$eq": lambda held, asked: held == asked,
    "$ne": lambda held, asked: held != asked,
    "$gt": lambda held, asked: held > asked,
    "$gte": lambda held, asked: held >= asked,
    "$lt": lambda held, asked: held < asked,
    "$lte": lambda held, asked: held <= asked,
    "$in": lambda held, asked: held in asked,
    "$nin": lambda held, asked: held not in asked,
}
NEGATIVE = {"$ne", "$nin"}
LISTS = {"$in", "$nin"}
COMBINED = {"$and": all, "$or": any, "$nor": lambda parts: not any(parts)}
VALUES = (bool, int, float, str, datetime, ObjectId, UUID)


def check_filter(asked: Any, paths: set[str]) -> None:
    """Refuse a filter with an operator, a path or a value that is not allowed."""
    if not isinstance(asked, dict):
        raise Refused("filter must be a document")
    for key, value in asked.items():
        if key in COMBINED:
            if not isinstance(value, list) or not value:
                raise Refused(f"{key} must be a nonempty array")
            for part in value:
                check_filter(part, paths)
        elif key.startswith("$"):
            raise Refused(f"unknown top level operator in filter: {key}")
        elif key not in paths:
            raise Refused(f"Path '{key}' needs to be indexed as filter")
        else:
            _check_condition(value)


def _check_condition(condition: Any) -> None:
    for operator, value in (condition if isinstance(condition, dict) else {"$eq": condition}).items():
        if operator == "$not":
            _check_condition(value)
        elif operator == "$exists":
            if not isinstance(value, bool):
                raise Refused("$exists needs a boolean")
        elif operator not in COMPARISONS:
            raise Refused(f"operator {operator} is not allowed in a filter of $vectorSearch")
        elif operator in LISTS and not isinstance(value, list):
            raise Refused(f"{operator} needs an array")
        elif not all(isinstance(one, VALUES) for one in (value if operator in LISTS else [value])):
            raise Refused(f"a filter compares booleans, numbers, strings, dates and ids, not {value!r}")


def matches(document: dict[str, Any], asked: dict[str, Any]) -> bool:
    """Tell whether a document passes a checked filter."""
    return all(
        COMBINED[key](matches(document, part) for part in value)
        if key in COMBINED
        else _holds(values_at(document, key), value)
        for key, value in asked.items()
    )


def values_at(document: Any, path: str) -> list[Any]:
    """Return the values at a dotted path; those of an array one by one."""
    found = [document]
    for name in path.split("."):
        found = [inner[name] for inner in found if isinstance(inner, dict) and name in inner]
        found = [one for inner in found for one in (inner if isinstance(inner, list) else [inner])]
    return found


def _holds(held: list[Any], condition: Any) -> bool:
    return all(
        _compared(held, operator, value)
        for operator, value in (condition if isinstance(condition, dict) else {"$eq": condition}).items()
    )


def _compared(held: list[Any], operator: str, value: Any) -> bool:
    if operator == "$not":
        return not _holds(held, value)
    if operator == "$exists":
        return bool(held) == value
    compare = COMPARISONS[operator]
    quantifier = all if operator in NEGATIVE else any
    return quantifier(compare(one, value) for one in held if operator in NEGATIVE | LISTS or _same_kind(one, value))


def _same_kind(one: Any, other: Any) -> bool:
    numbers = (int, float)
    if isinstance(one, bool) or isinstance(other, bool):
        return isinstance(one, bool) and isinstance(other, bool)
    return isinstance(one, type(other)) or (isinstance(one, numbers) and isinstance(other, numbers))
