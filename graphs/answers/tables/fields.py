"""One cell of a row as `name: value` writes it: its column's name in words, its value and its unit."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from graphs.language.codes import codes_of, is_code

_BRACKETS = re.compile(r"^(?P<label>.*\S)\s*[(\[](?P<unit>[^()\[\]\d]{1,12})[)\]]$")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+|[^\w\s]+")
NUMBER = re.compile(r"[-+]?\d[\d.,\s]*")
_UNIT_NAMES = """
    EUR USD GBP CHF JPY SEK NOK DKK PLN CZK kg g mg lb oz km m cm mm ml l W kW kWh Wh V Hz MHz GHz kB MB GB TB
    mAh dB rpm kmh mph days hours minutes seconds weeks months years persons people pieces pages lumens
"""
_WRITTEN = {"pct": "%", "percent": "%", "celsius": "°C", "litres": "l", "liters": "l"}
_UNITS = {name.casefold(): name for name in _UNIT_NAMES.split()} | _WRITTEN


@dataclass(frozen=True, slots=True)
class Field:
    """One cell. label: its column's name in words, without the unit; start, end: characters of the value in the row."""

    label: str
    value: str
    unit: str
    start: int
    end: int

    @property
    def shown(self) -> str:
        """The value with its unit; a machine's true and false as a person says them."""
        plain = {"true": "yes", "false": "no"}.get(self.value.casefold(), self.value)
        return f"{plain} {self.unit}" if self.unit else plain


def field_of(match: re.Match[str]) -> Field:
    """The cell of a match of its name and value."""
    value = _whole(match["value"]).rstrip(" .\t;")
    label, unit = _named(match["name"].strip())
    is_number = bool(NUMBER.fullmatch(value))
    start = match.start("value")
    if is_number and unit:
        return Field(label, value, unit, start, start + len(value))
    return Field(_words(match["name"].strip()), value, "", start, start + len(value))


def as_written(cell: Field, name: str) -> Field:
    """A cell whose column keeps its capital letters: things are columns where the first has no name."""
    written = name.strip()
    return replace(cell, label=written) if cell.label == written.casefold() else cell


def _whole(value: str) -> str:
    """A cell as far as it goes: behind a number and a semicolon stands a cell without a name."""
    first = value.partition(";")[0]
    return first if NUMBER.fullmatch(first.strip()) else value


def _named(name: str) -> tuple[str, str]:
    """A column's name in words, and the unit that it ends with."""
    if is_code(name):
        return name, ""
    if match := _BRACKETS.match(name):
        return _words(match["label"]), match["unit"].strip()
    parts = _PARTS.findall(name)
    unit = _UNITS.get(parts[-1].casefold(), "") if len(parts) > 1 else ""
    kept = parts[: -2 if len(parts) > 2 and parts[-2].casefold() == "in" else -1] if unit else parts
    return _words(" ".join(kept)), unit


def _words(name: str) -> str:
    """`launch_year` and `launchYear` as `launch year`; codes, and what is written in capitals, stay as they are."""
    if not name.islower() and codes_of(name):
        return name
    parts = name.split() if " " in name else _PARTS.findall(name)
    return " ".join(part if part.isupper() and len(part) > 1 else part.casefold() for part in parts) or name
