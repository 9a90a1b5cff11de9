"""Whether two documents speak of one thing, and which of them is the newer."""

from __future__ import annotations

import re
from typing import NamedTuple

from graphs.answers.said import Said, stems
from graphs.language.quantities import Day, find_values
from memory.records import Hit
from memory.sentences import words

_OF_A_DOCUMENT = stems(
    """
    faq faqs help terms conditions policy policies handbook guide manual website site page pages brochure leaflet
    notice version edition draft update updated memo email mail newsletter report document note notes overview summary
    general information info about old new current archive archived revised copy final part chapter section intranet
    wiki blog post news article announcement rules regulations statement details questions answers frequently asked
    delivery shipping returns return orders order payment customer service support shop store company employee staff
    """
)
"""Words of titles that name a kind of document or a department of it, and no subject."""
_DATES = ("date", "published", "updated", "last_updated", "modified", "valid_from", "effective", "year")
_VERSIONS = ("version", "revision", "edition")
_NEUTRAL = frozenset(
    {
        *_DATES,
        *_VERSIONS,
        "fingerprint",
        "author",
        "created",
        "from",
        "to",
        "message_id",
        "kind",
        "status",
        "owner",
        "id",
        "category",
    }
)
_VERSION = re.compile(r"\bv(?:ersion)?\.?\s*(\d+(?:\.\d+)*)\b", re.I)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b(?:-[01]\d(?:-[0-3]\d)?)?")


class Stamp(NamedTuple):
    """When a document is from. order: larger is newer, () if nobody knows; label: as it is written, "" likewise."""

    order: tuple[float, ...] = ()
    label: str = ""


def is_same_subject(first: Said, second: Said, asked: frozenset[str]) -> bool:
    """Whether titles, headings and fields leave no doubt that two sentences are about one thing.

    What differs between the titles may only name a kind of document, a date or words of the question.
    """
    if _fields(first.hit) ^ _fields(second.hit) and _fields_clash(first.hit, second.hit):
        return False
    mine, theirs = _topic(first) - asked, _topic(second) - asked
    return mine == theirs


def stamp_of(hit: Hit) -> Stamp:
    """When a document is from, by its fields, else its title, else its source."""
    for key in _DATES:
        if (found := _dated(str(hit.metadata.get(key, "")))).order:
            return found
    for key in _VERSIONS:
        if match := re.match(r"v?(\d+(?:\.\d+)*)$", str(hit.metadata.get(key, "")).strip()):
            return _version(match)
    for text in (hit.title, hit.source.rpartition("/")[2]):
        if match := _VERSION.search(text):
            return _version(match)
        if match := _YEAR.search(text):
            return _dated(match.group())
    return Stamp()


def _version(match: re.Match[str]) -> Stamp:
    return Stamp(tuple(float(part) for part in match[1].split(".")), f"version {match[1]}")


def _dated(text: str) -> Stamp:
    """A date as it is written; a bare year is one too."""
    if re.fullmatch(r"(?:19|20)\d\d", text.strip()):
        return Stamp((float(text), 0.0, 0.0), text.strip())
    day = next((row.value for row in find_values(text) if isinstance(row.value, Day)), None)
    return Stamp((day.year, day.month, day.day), text.strip()) if day is not None and day.year else Stamp()


def days_of(title: str) -> frozenset[str]:
    """The days, months and years that a title names, as they are written."""
    found = [row for row in find_values(title) if isinstance(row.value, Day)]
    return frozenset([*(title[row.start : row.end] for row in found), *_YEAR.findall(title)])


def topic_of(hit: Hit) -> frozenset[str]:
    """What a document's title names, beside its kind and its date."""
    return _subject(hit.title)


def _topic(said: Said) -> frozenset[str]:
    """What title and headings name."""
    return _subject(f"{said.hit.title} {' '.join(said.hit.passage.heading)}")


def _subject(text: str) -> frozenset[str]:
    plain = _YEAR.sub(" ", _VERSION.sub(" ", text))
    dates = [row for row in find_values(plain) if isinstance(row.value, Day)]
    for row in reversed(dates):
        plain = plain[: row.start] + " " + plain[row.end :]
    return stems(" ".join(words(plain))) - _OF_A_DOCUMENT


def _fields(hit: Hit) -> frozenset[tuple[str, str]]:
    return frozenset((key, str(value)) for key, value in hit.metadata.items() if key not in _NEUTRAL)


def _fields_clash(first: Hit, second: Hit) -> bool:
    """Whether one field has two values: another product, another country."""
    shared = (first.metadata.keys() & second.metadata.keys()) - _NEUTRAL
    return any(first.metadata[key] != second.metadata[key] for key in shared)
