"""The numbers that Word shows before headings and items of lists: they stand in no text, only in rules to count by."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any, NamedTuple

from memory.ingest.loaders.docx_text import W, value_of
from memory.ingest.loaders.xml import parse

MAX_BASES = 10
BULLET = "-"
_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
_PLACE = re.compile(r"%([1-9])")
_LEVELS = 9
_DIGITS = 6


class Level(NamedTuple):
    """How a level counts. kind: Word's name of its numerals; shown: its text, with %1 for the first level's number."""

    first: int
    kind: str
    shown: str
    style: str
    legal: bool


class Numbers:
    """Counts the paragraphs of a document in their order."""

    def __init__(self, document: Any, styles: dict[str, Any]) -> None:
        """Take the rules of a document that has any, and its styles by id."""
        self._styles = styles
        self._levels: dict[str, dict[int, Level]] = {}
        self._shared: dict[str, str] = {}
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)
        rules = next((rel.target_part for rel in document.part.rels.values() if _is_rules(rel)), None)
        if rules is not None:
            self._learn(parse(rules.blob))

    def mark(self, paragraph: Any) -> str:
        """Count a paragraph; return what Word shows before it, BULLET for any bullet, "" for no item."""
        number, depth = self._place(paragraph)
        level = self._levels.get(number, {}).get(depth)
        if level is None:
            return BULLET if number not in ("", "0") else ""
        if level.kind in ("bullet", "none"):
            return BULLET if level.kind == "bullet" else ""
        counts = self._counts[self._shared[number]]
        counts[depth] = counts.get(depth, level.first - 1) + 1
        for deeper in range(depth + 1, _LEVELS):
            counts.pop(deeper, None)
        return self._shown(number, level).strip()

    def _shown(self, number: str, level: Level) -> str:
        levels, counts = self._levels[number], self._counts[self._shared[number]]

        def said(found: re.Match[str]) -> str:
            at = int(found[1]) - 1
            of = levels.get(at, level)
            return numeral(counts.get(at, of.first), "decimal" if level.legal else of.kind)

        return _PLACE.sub(said, level.shown)

    def _learn(self, rules: Any) -> None:
        abstract = {rule.get(f"{W}abstractNumId"): _levels(rule) for rule in rules.iter(f"{W}abstractNum")}
        for rule in rules.iter(f"{W}num"):
            number, of = str(rule.get(f"{W}numId")), value_of(rule, f"{W}abstractNumId")
            self._levels[number], self._shared[number] = dict(abstract.get(of, {})), of
            for change in rule.iter(f"{W}lvlOverride"):
                depth = _whole(change.get(f"{W}ilvl"))
                self._levels[number] |= _levels(change)
                first, level = value_of(change, f"{W}startOverride"), self._levels[number].get(depth)
                if first and level is not None:
                    self._levels[number][depth] = level._replace(first=_whole(first, 1))
                    self._shared[number] = f"{of}/{number}"

    def _place(self, paragraph: Any) -> tuple[str, int]:
        """The list and depth of a paragraph: its own, or those of its style or of what that is based on."""
        number, depth = (
            value_of(paragraph, f"{W}pPr/{W}numPr/{W}numId"),
            value_of(paragraph, f"{W}pPr/{W}numPr/{W}ilvl"),
        )
        name = value_of(paragraph, f"{W}pPr/{W}pStyle")
        for _ in range(MAX_BASES):
            style = self._styles.get(name)
            if number or style is None:
                break
            number = value_of(style, f"{W}pPr/{W}numPr/{W}numId")
            depth = depth or value_of(style, f"{W}pPr/{W}numPr/{W}ilvl") or self._depth_of(number, name)
            name = value_of(style, f"{W}basedOn")
        return number, _whole(depth)

    def _depth_of(self, number: str, style: str) -> str:
        return next((str(at) for at, level in self._levels.get(number, {}).items() if level.style == style), "")


def numeral(count: int, kind: str) -> str:
    """A count in Word's numerals; those that are not known here as digits."""
    if kind.endswith("Letter") and count > 0:
        letters = chr(ord("a") + (count - 1) % 26) * min((count - 1) // 26 + 1, 5)
        return letters.upper() if kind.startswith("upper") else letters
    if kind.endswith("Roman") and 0 < count < 4000:
        letters = ""
        for worth, sign in _ROMAN:
            letters += sign * (count // worth)
            count %= worth
        return letters.upper() if kind.startswith("upper") else letters
    return f"{count:02d}" if kind == "decimalZero" else str(count)


def _levels(rule: Any) -> dict[int, Level]:
    return {
        _whole(level.get(f"{W}ilvl")): Level(
            first=_whole(value_of(level, f"{W}start"), 1),
            kind=value_of(level, f"{W}numFmt") or "decimal",
            shown=value_of(level, f"{W}lvlText"),
            style=value_of(level, f"{W}pStyle"),
            legal=level.find(f"{W}isLgl") is not None,
        )
        for level in rule.iter(f"{W}lvl")
    }


def _is_rules(relation: Any) -> bool:
    return relation.reltype.endswith("/numbering") and not relation.is_external


def _whole(text: Any, otherwise: int = 0) -> int:
    text = str(text or "")
    return int(text) if text.isdecimal() and len(text) < _DIGITS else otherwise
