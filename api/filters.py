"""Reads `key=value`, `key>=n` and `key<=n` as the filters of a search."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from memory.records import Filters, FilterValue, Range, Scalar

RULE = re.compile(r"(?P<key>[^<>=]+?)\s*(?P<sign>>=|<=|=)\s*(?P<value>.*)", re.DOTALL)


def parse_filters(rules: Iterable[str]) -> Filters:
    """Return the filters that rules spell; equal keys with `=` mean any of their values.

    A value that reads as a number or as true or false also matches the typed field of a record.

    Raises:
        ValueError: a rule is none of the three forms, or mixes `=` with a range on one key.
    """
    values: dict[str, list[Scalar]] = {}
    ranges: dict[str, Range] = {}
    for rule in rules:
        match = RULE.fullmatch(rule.strip())
        if match is None:
            raise ValueError(f"a filter is KEY=VALUE, KEY>=N or KEY<=N, not {rule!r}")
        key, sign, value = match["key"].strip(), match["sign"], match["value"]
        if sign == "=":
            values.setdefault(key, []).extend(_readings(value))
        else:
            ranges[key] = _narrowed(ranges.get(key, Range()), sign, _number(rule, value))
    return _merged(values, ranges)


def _merged(values: Mapping[str, list[Scalar]], ranges: Mapping[str, Range]) -> Filters:
    if both := values.keys() & ranges.keys():
        raise ValueError(f"{sorted(both)[0]!r} is asked to equal something and to lie in a range; choose one")
    merged: dict[str, FilterValue] = {
        key: tuple(found) if len(found) > 1 else found[0] for key, found in values.items()
    }
    return {**merged, **ranges}


def _readings(value: str) -> list[Scalar]:
    if value.lower() in ("true", "false"):
        return [value, value.lower() == "true"]
    try:
        number = float(value)
    except ValueError:
        return [value]
    if not math.isfinite(number):
        return [value]
    return [value, int(number) if number.is_integer() and abs(number) < 2**53 else number]


def _number(rule: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{rule!r} needs a number after its sign")
    return number


def _narrowed(found: Range, sign: str, bound: float) -> Range:
    if sign == ">=":
        return Range(bound if found.gte is None else max(found.gte, bound), found.lte)
    return Range(found.gte, bound if found.lte is None else min(found.lte, bound))
