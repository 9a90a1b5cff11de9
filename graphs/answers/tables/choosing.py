"""Which rows of a table a question asks for: a list, a count or an extreme, by its own columns and values.

Every word of a question has to be understood: one that is left over means that something else is asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, cast

from graphs.answers.said import stems
from graphs.answers.tables.asking import FREE, TOKEN, Asked, NotUnderstood, apt, is_free, means, only, ordered
from graphs.answers.tables.bounds import plain, read_bounds, read_numbers
from graphs.answers.tables.cells import column_of, contains, read_values, refuse_open_words
from graphs.answers.tables.directions import word_before
from graphs.answers.tables.rows import GRANTED, GRANTING
from graphs.answers.tables.table import Column, Table
from graphs.language.lexicon import meaning
from graphs.language.verbs import word_set
from memory.sentences import words

Mode = Literal["list", "count", "extreme"]
_COUNT = re.compile(r"^(?:how many|(?:what|which) is the number of|what 's the number of|count)\b")
_VALUE = re.compile(r"^(?:how much (?:is|does|do)|what does)\b")
_ONE = re.compile(r"^(?:what|which) (?:is|'s|’s|was)\b")
_ALL = re.compile(
    r"^(?:who (?=works?\b)"
    r"|(?:please |can you |could you )?(?:list|name|show(?: me)?|give me|tell me|find)\b(?: me\b)?"
    r"(?: (?:which|what)\b)?"
    r"|what are (?=the |all |our |your )|(?:which|what)(?! (?:are|were|do|does|did|can|will)\b))"
)
_ROWS = stems("row rows entry entries record records")
_GOODS = stems("product item article model good goods sku")
_PEOPLE = stems("people person employee staff colleague member worker")
_OF_GOODS = stems("sku model price stock brand ean gtin")
_OF_PEOPLE = stems("role department position job salary birthday")
"""What columns are called beside a mere `name`, where the rows are goods, or people."""
_OF_NAMES = stems("name title label code number id key ref reference") | _GOODS | _PEOPLE
"""Words of the naming column's name by which rows may be what the title says."""
_OTHERS = word_set("for with under to against near like")
"""Words behind which a name is somebody else than who is asked for."""
_COUNTS = stems("number count total amount quantity")
_AMOUNTS = stems("stock quantity availability available inventory units amount seats")
_STOCK = stems("stock availability available")
_OF_STOCK = word_set("stock available availability in on hand is current currently now left quantity qty units pieces")
_LEFT = word_set("have has got left stock available own keep hold")
_OF_LISTS = stems(
    "list catalogue directory overview register inventory data sheet export price prices stock file all our current"
)
"""Words of a table's title that say what it is, not what its rows are."""
_PRICES = "price cost fee rent fare rate tariff admission charge"
_SUPERLATIVES: tuple[tuple[re.Pattern[str], frozenset[str], bool], ...] = tuple(
    (re.compile(rf"\b(?:{said})\b"), stems(labels), is_most)
    for said, labels, is_most in (
        ("cheapest|least expensive", _PRICES, False),
        ("most expensive|dearest|priciest|costliest", _PRICES, True),
        ("heaviest", "weight mass", True),
        ("lightest", "weight mass", False),
        ("tallest", "height", True),
        ("longest", "length duration", True),
        ("shortest", "length duration height", False),
        ("widest", "width", True),
        ("deepest", "depth", True),
        ("fastest", "speed", True),
        ("slowest", "speed", False),
        ("largest|biggest", "size area volume capacity population", True),
        ("smallest", "size area volume capacity population", False),
        ("newest|latest|most recent", "launched released founded published introduced", True),
        ("oldest|earliest", "launched released founded published introduced", False),
    )
)
_OF_COLUMN = re.compile(
    r"(?<!\bat )\b(?P<most>highest|largest|greatest|biggest|longest|most|maximum)\b"
    r"|(?<!\bat )\b(?P<least>lowest|smallest|shortest|least|fewest|minimum)\b"
)
_SPELLED = {name: str(at) for at, name in enumerate(("two", "three", "four", "five", "six", "seven", "eight"), start=2)}
_OUT = re.compile(r"\b(?:not (?:currently )?in stock|out of stock|sold out|(?:unavailable|not available)(?! in\b))\b")
_IN = re.compile(r"\b(?:in stock|available(?! in\b))\b")
_NOT = re.compile(
    r"\b(?:not|no|non|without|aren['’]t|isn['’]t|do(?:es)?(?:n['’]t| not) have)"
    r"(?: -)?(?: (?:have|allow|permit|include|offer|provide|come with))?(?: a| an)?$"
)

_MAY = word_set("may can")
_VERB_AS_NOUN = re.compile(r"(?:which|what)(?: is the \w+)? (?P<noun>offers?|lists?|tables?)\b")
"""Words that say nothing of their own as verbs, and are what is asked for as nouns."""


class Chosen(NamedTuple):
    """places: of the rows that fit, in the table's order. columns: those that decide.

    told: the one whose cells are worth telling. is_cell: the cell is asked for, not the row that has it.
    """

    mode: Mode
    places: tuple[int, ...]
    told: Column | None = None
    is_cell: bool = False
    columns: tuple[Column, ...] = ()


def may_ask_for_rows(question: str) -> bool:
    """Whether a question has the form of one for a list, a count or an extreme, before any table is seen."""
    text = " ".join(TOKEN.findall(question)).casefold()
    if _COUNT.match(text) or _ALL.match(text):
        return True
    is_one = bool(_VALUE.match(text) or _ONE.match(text))
    return is_one and bool(_OF_COLUMN.search(text) or any(said.search(text) for said, _, _ in _SUPERLATIVES))


def choose(question: str, table: Table) -> Chosen | None:
    """The rows that a question asks for; None unless every word of it is understood, and where no row fits."""
    said = question.casefold() if question.isupper() else question
    spoken = cast(list[str], TOKEN.findall(said.strip().rstrip("?.! ")))
    written = plain(" ".join(_SPELLED.get(word, word) for word in spoken)).split()
    asked = Asked(table, list(written), tuple(word.casefold() for word in written))
    try:
        return _chosen(asked)
    except NotUnderstood:
        return None


def _chosen(asked: Asked) -> Chosen | None:
    text = asked.text
    opening = next((found for form in (_COUNT, _VALUE, _ONE, _ALL) if (found := form.match(text))), None)
    if opening is None:
        return None
    if (noun := _VERB_AS_NOUN.match(text)) and not stems(noun["noun"]) <= asked.table.naming | asked.table.around:
        return None
    asked.take(0, opening.end() - (opening[0].endswith(" ")))
    for read in (_superlative, read_bounds, read_values, _stock, _truths, read_numbers, _head, _names, _cues):
        read(asked)
    refuse_open_words(asked)
    mode: Mode = "count" if opening.re is _COUNT else "extreme" if asked.extreme else "list"
    is_one = opening.re in (_VALUE, _ONE)
    if (
        not all(map(is_free, asked.words))
        or (asked.extreme is not None) != (mode == "extreme")
        or (is_one and mode == "list")
    ):
        return None
    if (not asked.has_head and mode != "extreme") or (mode == "count" and _may_ask_for_amount(asked)):
        return None
    is_cell = opening.re is _VALUE or not asked.has_head or _names_column(asked, opening.end())
    return _picked(asked, mode, is_cell)


def _may_ask_for_amount(asked: Asked) -> bool:
    """Whether `how many` may ask how many pieces there are of a thing, which a cell says, and not how many rows.

    Of a noun that is one row's name, `sopranos` in a table of voices, a count of rows says nothing.
    """
    if any(not one.label and len(fits) == 1 for one, fits in asked.fits):
        return True
    amounts = [one for one in asked.table.columns if one.stems & _AMOUNTS and one.numbers]
    if not amounts or any(one is asked.told for one in amounts):
        return False
    is_none = any(one in amounts and not any(one.numbers[at] for at in fits) for one, fits in asked.fits)
    return not is_none and (bool(_LEFT & set(asked.kept)) or any(not one.label for one, _ in asked.fits))


def _names_column(asked: Asked, end: int) -> bool:
    """Whether the column of the extreme is what is asked for: `what is the price of the cheapest lamp`."""
    behind = [word for word in asked.kept[" ".join(asked.kept)[:end].count(" ") + 1 :] if word not in FREE]
    return bool(asked.extreme and behind and stems(behind[0]) and stems(behind[0]) <= asked.extreme[0].stems)


def _picked(asked: Asked, mode: Mode, is_cell: bool) -> Chosen | None:
    """What the conditions leave, and of that the most or the least."""
    places = [at for at in range(len(asked.table.rows)) if all(at in fits for _, fits in asked.fits)]
    if not places:
        return None
    if asked.extreme is None:
        if mode == "list" and len(places) == 1 and not any(one.label for one, _ in asked.fits):
            return None  # `which log levels are there?` does not ask for the row that is called so
        return Chosen(mode, tuple(places), asked.told, columns=asked.columns())
    column, is_most = asked.extreme
    values = column.days or column.numbers
    if any(at not in values for at in places):
        return None
    best = (max if is_most else min)(values[at] for at in places)
    return Chosen(mode, tuple(at for at in places if values[at] == best), column, is_cell, asked.columns())


def _superlative(asked: Asked) -> None:
    """`the heaviest`, or `the highest reorder level`."""
    if (named := _OF_COLUMN.search(asked.text)) and (column := _column_behind(asked, named.end())):
        asked.take(*named.span())
        asked.extreme = column, bool(named["most"])
        return
    for said, labels, is_most in _SUPERLATIVES:
        if found := said.search(asked.text):
            asked.take(*found.span())
            asked.extreme = only([one for one in apt(asked) if one.stems & labels]), is_most
            return
    if named and named[0] in ("most", "least"):
        asked.take(*named.span())
        asked.extreme = (
            only([one for one in apt(asked) if any(means(word, one) for word in asked.kept)]),
            bool(named["most"]),
        )


def _column_behind(asked: Asked, end: int) -> Column | None:
    """The only column that can be ordered whose name follows; its words are taken."""
    at = asked.text[:end].count(" ") + 1
    run: list[str] = []
    known = frozenset[str]().union(*(column.stems for column in asked.table.columns))
    for word in asked.words[at:]:
        if not stems(word) <= known or not stems(word):
            break
        run += stems(word)
    named = [column for column in ordered(asked.table) if run and set(run) <= column.stems]
    exact = [column for column in named if column.stems == frozenset(run)]
    if not run or len(exact or named) != 1:
        return None
    asked.words[at : at + len(run)] = ["|"] * len(run)
    return (exact or named)[0]


def _stock(asked: Asked) -> None:
    """`out of stock` and `in stock`, by the one column that says it of every row."""
    for said, is_in in ((_OUT, False), (_IN, True)):
        if found := said.search(asked.text):
            stocks = [one for one in asked.table.columns if _is_stock(one)]
            if not stocks and any(asked.find(_mark(one)) is not None for one in asked.table.columns):
                return  # `available for rent`
            column = only(stocks)
            if any(other is column for other, _ in asked.fits):
                return
            held = column.truths or {at: number > 0 for at, number in column.numbers.items()}
            if len(held) < len(asked.table.rows):
                raise NotUnderstood
            asked.take(*found.span())
            asked.fits.append((column, frozenset(at for at, is_held in held.items() if is_held == is_in)))
            return


def _is_stock(column: Column) -> bool:
    """Whether a column says how many there are of a thing: not the least of it, what it is worth, or since when."""
    said = frozenset(words(column.label))
    is_plain = column.unit is None or not column.unit.dimension
    return bool(column.stems & _STOCK) and said <= _OF_STOCK and is_plain


def _truths(asked: Asked) -> None:
    """Columns of yes and no that the question names: `waterproof`, `not waterproof`."""
    for column in asked.table.columns:
        run = _mark(column)
        at = asked.find(run)
        if at is None:
            continue
        before = " ".join(asked.words[:at]).casefold()
        denied = _NOT.search(before)
        if denied and len(column.truths) < len(asked.table.rows):
            raise NotUnderstood
        if denied:
            asked.take(*denied.span())
        asked.words[at : at + len(run)] = ["|"] * len(run)
        fits = frozenset(place for place, is_so in column.truths.items() if is_so != bool(denied))
        asked.fits.append((column, fits))
        asked.words = ["|" if stems(word) & GRANTING or word in _MAY else word for word in asked.words]


def _mark(column: Column) -> list[str]:
    """The stems by which a question says a column of yes and no; [] of another column."""
    said = TOKEN.findall(column.label.casefold()) if column.truths else []
    named = [word for word in said if word not in ("is", "has")]
    return [meaning(word) for word in named if not stems(word) & GRANTED] or [meaning(word) for word in named]


def _head(asked: Asked) -> None:
    """The noun for any row: what the naming column or the table is called, or a like word for goods or people."""
    named = asked.table.naming | (asked.table.around if asked.table.naming <= _OF_NAMES else frozenset[str]())
    heads = _ROWS | asked.table.naming | _titled(asked.table)
    beside = [stems(one.label) for one in asked.table.columns] if asked.table.naming <= _OF_NAMES else []
    kinds = [
        nouns
        for nouns, telling in ((_GOODS, _OF_GOODS), (_PEOPLE, _OF_PEOPLE))
        if named & nouns or any(label & telling for label in beside)
    ]
    heads = heads.union(*kinds)
    asked.has_head = asked.has_head or (asked.kept[0] == "who" and _PEOPLE in kinds)
    for at, word in enumerate(asked.words):
        if not stems(word) or not stems(word) <= heads:
            continue
        counts = [one for one in asked.table.columns if _is_count_of(word, one)]
        if counts and not stems(word) <= asked.table.naming:
            if not any(one is counted for one in asked.columns() for counted in counts):
                raise NotUnderstood
            continue
        asked.words[at] = "|"
        asked.has_head = True


def _is_count_of(word: str, column: Column) -> bool:
    """Whether a column says how many there are of what a noun names: `Employees`, `Number of employees`."""
    return bool(column.numbers) and stems(word) == column.stems - _COUNTS


def _titled(table: Table) -> frozenset[str]:
    """The one noun of a table's title, of which all rows are kinds; names that say it of some leave that open.

    A table whose rows are named as something else, as departments are, is only about what its title says.
    """
    if not table.naming <= _OF_NAMES:
        return frozenset()
    labels = frozenset[str]().union(*(column.stems for column in table.columns))
    nouns = frozenset(one for one in table.around - labels - _OF_LISTS if one.isalpha())
    saying = sum(nouns <= stems(row.name.value) for row in table.rows)
    return nouns if len(nouns) == 1 and saying in (0, len(table.rows)) else frozenset()


def _names(asked: Asked) -> None:
    """Words in the names of rows: the noun itself (`tide clocks`), or a name written as one (`Polaris products`)."""
    for start, run in _left(asked):
        is_name = all(word[:1].isupper() or word[:1].isdigit() for word in run)
        if not is_name and (asked.has_head or any(not is_free(word) for word in asked.words[:start])):
            continue
        told = tuple(meaning(word.casefold()) for word in run)
        places = frozenset(at for at, row in enumerate(asked.table.rows) if contains(row.name.value, told))
        if not is_name and set(told) & asked.table.around:
            raise NotUnderstood
        elsewhere = [
            one for one in asked.table.columns if any(contains(cell.value, told) for cell in one.cells.values())
        ]
        if places and word_before(asked.kept, start) in _OTHERS:
            raise NotUnderstood
        if not places or elsewhere:
            _part_of_value(asked, start, run, elsewhere if not places else [])
            continue
        asked.words[start : start + len(run)] = ["|"] * len(run)
        asked.fits.append((Column("", {at: asked.table.rows[at].name for at in places}), places))
        asked.has_head = True


def _part_of_value(asked: Asked, start: int, run: Sequence[str], columns: Sequence[Column]) -> None:
    """A name that only one value of one column has in it: `Lindqvist` for `Lindqvist AB`."""
    told = tuple(meaning(word.casefold()) for word in run)
    if len(columns) != 1 or columns[0].numbers or not columns[0].is_clear:
        return
    column_of(asked, start, told, columns)
    fits = {at: cell.value for at, cell in columns[0].cells.items() if contains(cell.value, told)}
    if len(set(fits.values())) == 1 and all(word[:1].isupper() for word in run):
        asked.words[start : start + len(run)] = ["|"] * len(run)
        asked.fits.append((columns[0], frozenset(fits)))


def _left(asked: Asked) -> list[tuple[int, list[str]]]:
    """Runs of words that are not understood yet and carry meaning, with their places."""
    runs: list[tuple[int, list[str]]] = []
    for at, word in enumerate(asked.words):
        if is_free(word) or not word[:1].isalnum() or any(means(word, one) for one in asked.columns()):
            continue
        if runs and runs[-1][0] + len(runs[-1][1]) == at:
            runs[-1][1].append(word)
        else:
            runs.append((at, [word]))
    return runs


def _cues(asked: Asked) -> None:
    """Words that name a column which decides: its name, or the verb for it."""
    for at, word in enumerate(asked.words):
        if any(means(word, column) for column in asked.columns()):
            asked.words[at] = "|"
