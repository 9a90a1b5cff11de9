"""A whole table as rows and columns, read out of the passages that hold it; None where any of it is not clear."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from graphs.answers.said import Said, stems
from graphs.answers.tables.manners import Manner, manners_of
from graphs.answers.tables.rows import Field, fields_of, naming_field
from graphs.language.instructions import is_instruction
from graphs.language.quantities import Day, Quantity, find_values
from memory.records import Hit, Passage

FEWEST = 2
LONG = 120
"""Characters from which a cell stands on a line of its own, behind the row's other cells."""
_NAMING = stems("name title product item")
_SUM = re.compile(r"^(?:grand |sub-?)?(?:totals?|sum|average|mean)$", re.I)
_SET_OFF = re.compile(r"\s*[(\[][^()\[\]]*[)\]]|^[\W_]+|[\W_]+$")
_LEAD = re.compile(r"^(?:;[ \t]+)?(?P<name>[^:;\n]{1,40}):[ \t]+$")
_PARTS = re.compile(r"(?P<before>[^\d+-]*)(?P<number>[-+]?\d[\d.,]*)(?P<after>\D*(?:(?<=[mt])[23])?)")
_CURRENCIES = frozenset({"", "$", "€", "£"})
_EMPTY = frozenset({"-", "–", "—", "n/a", "na", "none", "null", "?", "tbd"})
_YES = frozenset({"yes", "true", "y", "✓", "✔"})
_NO = frozenset({"no", "false", "n", "✗", "✘"})


class Row(NamedTuple):
    """said: the line of its short cells. cells: column's name as the table writes it, in lower case -> its cell."""

    said: Said
    name: Field
    cells: Mapping[str, Field]


class _Line(NamedTuple):
    said: Said
    cells: Mapping[str, Field]


class Unit(NamedTuple):
    """What a column measures in. dimension: "" for a plain number; factor: of the column's unit to its base."""

    dimension: str = ""
    factor: float = 1.0


@dataclass(frozen=True)
class Column:
    """A column with the cells that hold something, by the place of their row. is_clear: no cell may lack a part.

    said: the line that it was, of a table that was turned.
    """

    label: str
    cells: Mapping[int, Field]
    is_clear: bool = True
    said: Said | None = None

    @cached_property
    def stems(self) -> frozenset[str]:
        """The words of its name by meaning."""
        return stems(self.label)

    @cached_property
    def numbers(self) -> Mapping[int, float]:
        """Its cells as numbers; empty unless all of them are, written in one manner and in one unit.

        `1.250` beside `950` leaves the manner open, and with it which is more; beside `2.400` it leaves only the scale.
        """
        read = [self.numbers_in(manner) for manner in manners_of(self.written.values())]
        is_open = len(read) > 1 and read[0] != read[1]
        if is_open and any(read[0][place] == read[1][place] for place in read[0]):
            return {}
        return read[0] if read and self.written else {}

    @cached_property
    def written(self) -> Mapping[int, str]:
        """The digits of its cells; empty unless all of them are a number, in one unit."""
        parts = {place: _PARTS.fullmatch(cell.value) for place, cell in self.cells.items()}
        units = {(cell.unit, _unit_text(parts[place])) for place, cell in self.cells.items()}
        if not self.is_clear or len(units) != 1:
            return {}
        found = {place: match["number"].rstrip(".,") for place, match in parts.items() if match}
        return found if len(found) == len(parts) else {}

    def numbers_in(self, manner: Manner) -> Mapping[int, float]:
        """Its cells as numbers that are written in a manner; without those that are not."""
        told = {place: manner.read(text) for place, text in self.written.items()}
        return {place: number for place, number in told.items() if number is not None}

    @cached_property
    def unit_name(self) -> str:
        """What is written beside its numbers, or behind the column's name; "" for plain ones."""
        named = {cell.unit or _unit_text(_PARTS.fullmatch(cell.value)) or "" for cell in self.cells.values()}
        return named.pop() if len(named) == 1 else ""

    @cached_property
    def unit(self) -> Unit | None:
        """What its numbers are measured in; None of a unit that is not known."""
        return _unit_of(self.unit_name)

    @cached_property
    def days(self) -> Mapping[int, tuple[int, int, int]]:
        """Its cells as dates; empty unless all are whole dates that can be read one way only."""
        found = {place: find_values(cell.value) for place, cell in self.cells.items()}
        days = {place: row[0].value for place, row in found.items() if len(row) == 1}
        told = {
            place: (day.year, day.month, day.day)
            for place, day in days.items()
            if isinstance(day, Day) and day.year and day.month and day.day and not day.swapped
        }
        return told if self.is_clear and len(told) == len(self.cells) else {}

    @cached_property
    def truths(self) -> Mapping[int, bool]:
        """Its cells as yes and no; empty unless all of them are."""
        told = {place: cell.value.casefold() for place, cell in self.cells.items()}
        return {place: text in _YES for place, text in told.items()} if set(told.values()) <= _YES | _NO else {}


@dataclass(frozen=True)
class Table:
    """Every row of a table that stands for a thing: rows of sums are left out."""

    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    around: frozenset[str]

    @cached_property
    def naming(self) -> frozenset[str]:
        """Stems of the name of the column that names the rows."""
        return stems(self.rows[0].name.label)

    def name_of(self, place: int) -> str:
        """A row's name; with its first cell where another row has the same."""
        row = self.rows[place]
        first = next(iter(row.cells.values()))
        is_shared = sum(other.name.value == row.name.value for other in self.rows) > 1
        return f"{row.name.value} ({first.value})" if is_shared and first != row.name else row.name.value


def table_of(hits: Sequence[Hit]) -> Table | None:
    """Read a table out of all its passages, in reading order; None where a row cannot be told apart for certain.

    The passages are one document's. Remembered: one table is asked many questions, and the judge reads it again.
    """
    return _table_of(hits[0].source, hits[0].title, tuple(hit.passage for hit in hits)) if hits else None


@lru_cache(maxsize=32)
def _table_of(source: str, title: str, passages: tuple[Passage, ...]) -> Table | None:
    lines: list[_Line] = []
    for passage in passages:
        found = _rows_of(Hit(passage, source, title, score=0.0, fused_rank=1))
        if found is None:
            return None
        lines += found
    numbers = [one.said.hit.passage.row for one in lines if one.said.hit.passage.kind == "record"]
    if any(is_instruction(one.said.text) for one in lines) or len(set(numbers)) < len(numbers):
        return None
    return _table(lines)


def _table(lines: Sequence[_Line]) -> Table | None:
    naming = _naming([one.cells for one in lines])
    if naming is None or any(naming not in one.cells for one in lines):
        return None
    kept = [one for one in lines if not _is_sum(one.cells[naming].value)]
    rows = tuple(Row(one.said, one.cells[naming], one.cells) for one in kept)
    if len(rows) < FEWEST:
        return None
    names = dict.fromkeys(name for row in rows for name in row.cells)
    return Table(rows, tuple(_column(name, rows) for name in names if name != naming), rows[0].said.around)


def _is_sum(name: str) -> bool:
    """Whether a row's name says that it is the sum of others, however it is set off: `Total:`, `TOTAL (all rooms)`."""
    return bool(_SUM.match(_SET_OFF.sub("", name)))


def _column(name: str, rows: Sequence[Row]) -> Column:
    held = {place: row.cells[name] for place, row in enumerate(rows) if name in row.cells}
    filled = {place: cell for place, cell in held.items() if cell.value.casefold() not in _EMPTY}
    labels = {cell.label for cell in held.values() if cell.unit} or {cell.label for cell in held.values()}
    clear = all(_is_whole(rows[place].said.text, cell) for place, cell in held.items())
    return Column(min(labels, key=len), filled, clear)


def _naming(cells: Sequence[Mapping[str, Field]]) -> str | None:
    """The column that names the rows: one that is called so, else the first that can tell one row from another."""
    if not cells:
        return None
    first = {name: one for name, one in cells[0].items() if not _is_amount(name, cells)}
    called = next((name for name, one in first.items() if stems(one.label) and stems(one.label) <= _NAMING), "")
    named = naming_field(tuple(first.values()))
    others = [name for name, one in first.items() if one == named] + [one for one in list(cells[0])[:1] if one in first]
    return called or next((name for name in others if _tells_apart(name, cells)), None)


def _is_amount(name: str, cells: Sequence[Mapping[str, Field]]) -> bool:
    """Whether a column is of numbers that are no keys, as whole ones in a first column called `Order` or `Year` are."""
    told = [row[name] for row in cells if name in row]
    parts = [_PARTS.fullmatch(one.value) for one in told]
    if not all(one and one["before"].strip() in _CURRENCIES and _unit_of(one["after"].strip()) for one in parts):
        return False
    is_key = name == next(iter(cells[0])) and not name.endswith("s")
    return not (is_key and all(one.value.isdecimal() and not one.unit for one in told))


def _tells_apart(name: str, cells: Sequence[Mapping[str, Field]]) -> bool:
    said = [row[name].value for row in cells if name in row]
    return len(set(said)) == len(said)


def _rows_of(hit: Hit) -> list[_Line] | None:
    """The rows of a passage, each the line of its short cells; None where a line may be no row, or none of its own."""
    text = hit.passage.text
    if "\n\n" in text:  # a second table begins
        return None
    found: list[_Line] = []
    behind: set[str] = set()
    for start, end in _lines(text):
        said = Said(hit, start, end)
        if len(cells := _cells(said)) > 1:
            found.append(_Line(said, cells))
            behind = set()
            continue
        label = said.text.partition(":")[0].casefold()
        if not found or end - start <= LONG or label in behind:
            return None
        behind.add(label)
    return found


def _lines(text: str) -> Iterator[tuple[int, int]]:
    for match in re.finditer(r"[^\n]+", text):
        line = match[0]
        yield match.start() + len(line) - len(line.lstrip()), match.start() + len(line.rstrip())


def _cells(line: Said) -> dict[str, Field]:
    """The cells of a row by their column's name as it is written; {} if two columns have one name."""
    found: dict[str, Field] = {}
    end = 0
    fields = fields_of(line)
    for field in fields:
        lead = line.text[end : field.start].rpartition("; ")[2]
        found[lead.strip().rstrip(":").casefold()] = field
        end = field.end
    return found if len(found) == len(fields) else {}


def _is_whole(text: str, cell: Field) -> bool:
    """Whether a cell ends where the next one begins: what has no name behind it may be a part of its value."""
    rest = text[cell.end :].lstrip(" .\t")
    following = rest.partition(": ")
    return not rest or bool(_LEAD.match(f"{following[0]}{following[1]}"))


def _unit_text(match: re.Match[str] | None) -> str | None:
    """What stands before and behind the number of a cell; None of no number."""
    return f"{match['before'].strip()} {match['after'].strip()}".strip() if match else None


def _unit_of(text: str) -> Unit | None:
    """A unit by its name; None of one that is not known."""
    if not text:
        return Unit()
    for written in (f"1 {text}", f"{text}1"):
        found = find_values(written)
        if len(found) == 1 and isinstance(found[0].value, Quantity) and found[0].value.dimension:
            is_all = found[0].end - found[0].start == len(written)
            return Unit(found[0].value.dimension, found[0].value.value) if is_all else None
    return None
