"""A question about a table while it is read: which of its words are understood, and what they mean in that table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from graphs.answers.said import stems
from graphs.answers.tables.table import Column, Table
from graphs.language.lexicon import meaning
from graphs.language.verbs import word_set

_BEGUN = 5
"""Letters from which two stems that begin alike are taken for forms of one word."""
TOKEN = re.compile(r"\d[\d.,]*\d|\d|[^\W\d_]+(?:['’](?!s\b)[^\W\d_]+)?|['’]s\b|[^\w\s]")
FREE = word_set(
    """
    a an the of in by from with at to for on that which is are was were be being do does did has have had there all any
    every each our your their its my we you they it us me i these those currently now today table list and please exist
    sell offer carry 's ’s , | ? . ! " “ ” - ( )
    """
)
_DETERMINERS = word_set("a an the all any every each our your their its my")
_CUES = tuple(
    (stems(labels), frozenset(meaning(word) for word in said.split()))
    for labels, said in (
        ("price cost fee amount", "cost costs price priced costing cheaper cheapest expensive dearer pricier priciest"),
        ("weight mass", "weigh weighs weighing heavy heavier heaviest lighter lightest"),
        ("height", "tall taller tallest high"),
        ("length", "long longer longest short shorter shortest"),
        ("supplier vendor", "supplied delivered provided come comes"),
        ("manufacturer maker brand producer", "made produced manufactured built come comes"),
        ("warehouse location shelf site", "stored kept located held found"),
        ("department team", "work works working belong belongs"),
        ("office city location", "work works working based located live lives"),
        ("stock", "stock left available"),
        ("author", "written wrote"),
    )
)
"""Names of columns -> words by which a question means them."""
_ASIDE = stems(
    "shipping delivery installation setup repair deposit old previous former gross load user max maximum min minimum"
    " purchase wholesale packaging"
)
"""Words of a column's name by which it is another price or weight than the thing's own, unless they are asked for."""


class NotUnderstood(Exception):
    """A part of the question has no certain meaning in this table."""


@dataclass
class Asked:
    """A question while it is read. words: what is not understood yet, `|` for what is; kept: all of them."""

    table: Table
    words: list[str]
    kept: tuple[str, ...]
    fits: list[tuple[Column, frozenset[int]]] = field(default_factory=list[tuple[Column, frozenset[int]]])
    extreme: tuple[Column, bool] | None = None
    told: Column | None = None
    has_head: bool = False

    @property
    def text(self) -> str:
        """The words in lower case, a space between them."""
        return " ".join(self.words).casefold()

    def take(self, start: int, end: int) -> int:
        """Mark the words of text[start:end] as understood, and say how many stand before them."""
        first, last = self.text[:start].count(" "), self.text[:end].count(" ")
        self.words[first : last + 1] = ["|"] * (last + 1 - first)
        return first

    def find(self, run: Sequence[str]) -> int | None:
        """Where words of these stems follow each other and are more than free ones; None if they do not."""
        return next((at for at in self._places(run) if not self._is_free(at, run)), None)

    def find_free(self, run: Sequence[str]) -> int | None:
        """Where only free words are of these stems, `on` for the cell `on`; None if there are none."""
        free = (at for at in self._places(run) if self._is_free(at, run))
        return next((at for at in free if not self._determines(at)), None)

    def _places(self, run: Sequence[str]) -> Iterator[int]:
        said = [meaning(word.casefold()) for word in self.words]
        spans = range(len(said) - len(run) + 1 if run else 0)
        return (at for at in spans if said[at : at + len(run)] == list(run))

    def _determines(self, at: int) -> bool:
        """Whether a word stands before the noun that it goes with: `all products`, `a clock`; not `for all`."""
        behind = self.words[at + 1 : at + 2]
        return self.words[at] in _DETERMINERS and any(word == "|" or not is_free(word) for word in behind)

    def _is_free(self, at: int, run: Sequence[str]) -> bool:
        return all(map(is_free, self.words[at : at + len(run)]))

    def columns(self) -> tuple[Column, ...]:
        """The columns that decide."""
        return (*(column for column, _ in self.fits), *((self.extreme[0],) if self.extreme else ()))


def is_free(word: str) -> bool:
    """Whether a word of a question says nothing of its own, as it is written: `us` and `it`, not `US` and `IT`."""
    return word in FREE or word == "I"


def means(word: str, column: Column) -> bool:
    """Whether a word is of a column's name, a form of one (`supplied` of supplier), or what is said of such columns."""
    said = meaning(word.casefold())
    if word.casefold() in FREE or not word.isalpha():
        return False
    begun = any(len(said) >= _BEGUN and len(one) >= _BEGUN and one[:_BEGUN] == said[:_BEGUN] for one in column.stems)
    return said in column.stems or begun or any(column.stems & labels and said in cues for labels, cues in _CUES)


def only(columns: Sequence[Column]) -> Column:
    """The one column; NotUnderstood of none or several."""
    if len(columns) != 1:
        raise NotUnderstood
    return columns[0]


def ordered(table: Table) -> list[Column]:
    """The columns of numbers or of dates."""
    return [column for column in table.columns if column.numbers or column.days]


def apt(asked: Asked) -> list[Column]:
    """The columns that can be ordered and are about the thing itself, or about what the question names."""
    said = stems(" ".join(asked.kept))
    return [column for column in ordered(asked.table) if not (column.stems & _ASIDE) - said]
