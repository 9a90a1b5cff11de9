"""Clauses that a question names by number: which passages hold them, and the sentences that answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from graphs.answers.polarity import is_polar
from graphs.answers.said import Said, sentences_of, stems
from graphs.reader.question import Question, understand
from graphs.reader.spans import fits_kind, values_of
from graphs.reading import Reading
from memory.records import Citation, Claim, Hit
from memory.sentences import STOPWORDS, words

FOUND = 0.9
"""What an answer is worth that is the very clause asked for."""
SHORT, FIRST = 6, 4
"""A clause of at most SHORT sentences is told whole, a longer one by its FIRST."""
ANSWERED = 0.6
"""What one is worth at least whose sentence, in that clause, holds all that is asked, and a value of the kind."""
BRIEF = 2
MOST_OPTIONS = 5
_FAMILIES = (
    ("clause", "section", "sec", "article", "art", "paragraph", "para", "rule", "item", "§"),
    ("chapter",),
    ("step",),
    ("schedule",),
    ("appendix", "annex", "exhibit"),
)
"""Names of a numbered part; those of one family stand for each other."""
_NEED_LABEL = frozenset({"schedule", "appendix", "annex", "exhibit"})
"""Their number alone, `2. Delivery`, is another part's."""
_LETTERED = "schedule|appendix|annex|exhibit|article|section|chapter"
_LABEL = "|".join(name for family in _FAMILIES for name in family if name != "§")
_NUMBER = r"\d{1,3}(?:\.\d{1,3})*[A-Za-z]?"
"""`12A` is a part of its own."""
_LETTER = r"(?-i:[IVX]{1,5}|[A-Z])"
_ASKED = re.compile(
    rf"(?:\b(?P<label>{_LABEL})\.?\s+(?:no\.?\s+|number\s+)?|(?P<sign>§)\s*)(?P<number>{_NUMBER})(?![^\W_]|%|[.,-]?\d|\s*[-–]\s*\d)"
    rf"|\b(?P<lettered>{_LETTERED})\s+(?P<letter>{_LETTER})(?=\s*(?:$|[?.!,;:)]|(?:of|in|to|say|cover|contain)\b))",
    re.I,
)
_MARK = re.compile(
    rf"^[ \t]*(?P<hash>\#{{1,6}}[ \t]+)?[*_]*(?:(?P<label>{_LABEL})\.?[ \t]+|(?P<sign>§+)[ \t]*)?"
    rf"(?P<number>{_NUMBER}|{_LETTER})(?P<point>[.):]?)[*_]*(?P<dash>[ \t]*[-–—:])?(?=[ \t]|$)[ \t]*[*_]*"
    r"(?P<next>[^\s]?)",
    re.I | re.M,
)
_IN_WORDS = """
    one|first two|second three|third four|fourth five|fifth six|sixth seven|seventh eight|eighth nine|ninth ten|tenth
    eleven|eleventh twelve|twelfth
"""
_SPELLED = {str(number): forms for number, forms in enumerate(_IN_WORDS.split(), 1)}
_ROMAN = {"I": 1, "V": 5, "X": 10}
_ASKING = stems(
    """
    say state cover contain content read provide regulate deal describe explain tell show summarise summarize summary
    quote cite mean text wording word include govern require set give look need know title please exist list
    many much long often
    """
)
_OF_DOCUMENTS = stems(
    """
    document contract agreement handbook manual guide policy rules regulations terms conditions act law statute lease
    treaty charter bylaws paper report file book text version edition
    """
)
_IN = re.compile(r"\b(?:of|in|from|under|according to)\s+(?:the|our|my|this|your)?\s*(?P<name>[^?,;]+)", re.I)


class Reference(NamedTuple):
    """A numbered part that a question names.

    label: as the question calls it, lower-case, "§" for the sign. number: its levels, `4.2` as ("4", "2").
    rest: the question without it. named: stems of the document that it is said to stand in, as far as one is.
    """

    label: str
    number: tuple[str, ...]
    rest: str
    named: frozenset[str]

    @property
    def written(self) -> str:
        """The number as it was written."""
        return ".".join(self.number)


class Clause(NamedTuple):
    """hit.passage.text[start:end]: what a passage holds of a clause. is_plain: only an item's number says so."""

    hit: Hit
    start: int
    end: int
    is_plain: bool


def reference_of(question: str) -> Reference | None:
    """The one numbered part that a question names; None if there is none, or several."""
    found = list(_ASKED.finditer(question))
    if len(found) != 1:
        return None
    match = found[0]
    label = (match["label"] or match["sign"] or match["lettered"]).casefold()
    rest = f"{question[: match.start()].rstrip()} {question[match.end() :].lstrip()}".strip()
    named = frozenset[str]().union(*(stems(one["name"]) for one in _IN.finditer(rest)))
    return Reference(label, tuple((match["number"] or match["letter"]).split(".")), rest, named)


def search_words(asked: Reference) -> str:
    """What to look for where a clause is to be found by its words: its number, and what the question says beside."""
    beside = [word for word in words(asked.rest) if word not in STOPWORDS and not stems(word) <= _ASKING]
    return " ".join([asked.label.replace("§", ""), asked.written, *beside]).strip()


def find_clauses(asked: Reference, hits: Iterable[Hit]) -> list[Clause]:
    """What passages hold of the clause, in reading order, of the one document that is meant; none if nobody has it.

    A document that the question names goes before one that calls its parts so, that before the best found.
    """
    documents = alike(asked, hits)
    return documents[0] if documents else []


def alike(asked: Reference, hits: Iterable[Hit]) -> list[list[Clause]]:
    """What is held of the clause by each document that could be meant as well as any other, best found first."""
    known = list({hit.passage.passage_id: hit for hit in hits}.values())
    found = [clause for hit in known if (clause := _clause_in(asked, hit))]
    if any(asked.named & _title(hit) for hit in known):
        found = [clause for clause in found if asked.named & _title(clause.hit)]
    by_document: dict[str, list[Clause]] = {}
    for clause in found:
        by_document.setdefault(clause.hit.passage.document_id, []).append(clause)
    says = re.compile(rf"\b{re.escape(asked.label)}s?\b", re.I)
    calling = {hit.passage.document_id for hit in known if says.search(hit.passage.text)}
    worth = {
        one: max((*_preference(asked, clause), one in calling) for clause in own) for one, own in by_document.items()
    }
    most = max(worth.values(), default=None)
    return [_in_order(own) for one, own in by_document.items() if worth[one] == most]


def clause_options(question: str, hits: Sequence[Hit]) -> tuple[str, ...]:
    """The documents, one of which must be meant, where a question asks what a number says that several of them have."""
    asked = reference_of(question)
    rows = alike(asked, hits) if asked else []
    if asked is None or any(_topic(asked, own[0].hit) for own in rows):
        return ()
    titles = tuple(dict.fromkeys(own[0].hit.title for own in rows if own[0].hit.title))[:MOST_OPTIONS]
    return titles if len(titles) > 1 else ()


def _in_order(found: Sequence[Clause]) -> list[Clause]:
    kept = [clause for clause in found if not clause.is_plain] or found
    return sorted(kept, key=lambda one: (one.hit.passage.ordinal, one.start))


def of_clause(question: str, reading: Reading) -> Reading | None:
    """A reading of a question that names a clause, from that clause; None where nothing is to be changed."""
    asked = reference_of(question)
    if asked is None:
        return None
    found = find_clauses(asked, reading.ranked)
    if not found:
        texts = [f"{' '.join(hit.passage.heading)} {hit.passage.text}" for hit in reading.ranked]
        is_known = any(_speaks_of(asked, text) for text in texts) or not any(_counts(asked, text) for text in texts)
        return None if is_known else replace(reading, short_answer="", answerable=0.0)
    sentences = [said for clause in found for said in sentences_of([clause.hit]) if _holds(clause, said)]
    if not sentences:
        return None
    topic = _topic(asked, found[0].hit)
    if not topic:
        told = sentences if len(sentences) <= SHORT else sentences[:FIRST]
        return replace(reading, claims=tuple(map(_claim, told)), short_answer="", answerable=FOUND)
    return None if is_polar(question) else _preferred(asked, topic, reading, sentences)


def _preferred(asked: Reference, topic: frozenset[str], reading: Reading, sentences: Sequence[Said]) -> Reading | None:
    """A reading with the claims from the clause, else its sentence that says most of what is asked.

    Where that is none, sentences that only mention the clause still point to it: it is told if it is brief.
    """
    held = [said.citation() for said in sentences]
    inside = tuple(claim for claim in reading.claims if any(_overlaps(claim.citations[0], one) for one in held))
    best = max(sentences, key=lambda said: len(topic & said.stems))
    if not inside and topic & best.stems:
        inside = (_claim(best),)
    if not inside and len(sentences) <= BRIEF and any(_speaks_of(asked, claim.text) for claim in reading.claims):
        inside = tuple(map(_claim, sentences))
    if not inside:
        return None
    short = reading.short_answer if any(reading.short_answer in claim.text for claim in inside[:1]) else ""
    is_sure = _answers(understand(asked.rest, {}), topic, inside[0], best)
    worth = max(reading.answerable, ANSWERED) if is_sure else reading.answerable
    return replace(reading, claims=inside, short_answer=short, answerable=worth)


def _answers(question: Question, topic: frozenset[str], claim: Claim, best: Said) -> bool:
    """Whether a claim is the sentence of a clause that holds all that is asked, and a value of the kind."""
    is_best = _overlaps(claim.citations[0], best.citation())
    has_value = bool(values_of(question, best.text)) and fits_kind(question, best.text) > 0
    return is_best and has_value and topic <= best.stems | best.around


def _topic(asked: Reference, hit: Hit) -> frozenset[str]:
    """What a question wants to know of a clause; empty if it asks for what it says."""
    return stems(asked.rest) - _ASKING - _OF_DOCUMENTS - _title(hit) - stems(" ".join(hit.passage.heading))


def _title(hit: Hit) -> frozenset[str]:
    return stems(f"{hit.title} {hit.source.rpartition('/')[2]}")


def _preference(asked: Reference, clause: Clause) -> tuple[int, bool, int]:
    beside = stems(asked.rest) & (_title(clause.hit) | stems(" ".join(clause.hit.passage.heading)))
    return len(asked.named & _title(clause.hit)), not clause.is_plain, len(beside)


def _speaks_of(asked: Reference, text: str) -> bool:
    """Whether a text names the part: `step 3`, `Step: 3`, `step three`, `the third step`."""
    label, written = _label(asked), re.escape(asked.written)
    forms = [rf"{label}\.?[:\s]*{written}(?![.\w])", rf"\b{written}(?=\))"]
    if spelled := _SPELLED.get(asked.written):
        forms += [rf"{label}\s+(?:{spelled})\b", rf"\b(?:{spelled})\s+{label}"]
    return re.search("|".join(forms), text, re.I) is not None


def _counts(asked: Reference, text: str) -> bool:
    """Whether a text has parts of that name at all, each with its number."""
    return (
        re.search(rf"{_label(asked)}\.?[:\s]*(?:\d|[IVX]+\b)|^[ \t#*]*\d{{1,3}}(?:\.\d|[.)][ \t])", text, re.I | re.M)
        is not None
    )


def _label(asked: Reference) -> str:
    return "§" if asked.label == "§" else rf"\b{asked.label}s?"


def _clause_in(asked: Reference, hit: Hit) -> Clause | None:
    """What a passage holds of a clause: all of it under its heading, or the lines from its number to the next."""
    text = hit.passage.text
    for heading in hit.passage.heading:
        mark = _MARK.match(heading)
        if mark and heading != hit.title and _is_part(asked, mark):
            return Clause(hit, 0, len(text), is_plain=False)
    marks = [mark for mark in _MARK.finditer(text) if _opens(mark)]
    for at, mark in enumerate(marks):
        if _is_part(asked, mark):
            return Clause(hit, mark.start(), _end(asked, marks[at + 1 :], len(text)), not _is_marked(mark))
    return None


def _end(asked: Reference, following: Sequence[re.Match[str]], length: int) -> int:
    """Where a clause ends: at the next number of its level or above. Items are counted anew within a deeper one."""
    for mark in following:
        is_item = not _is_marked(mark) and len(asked.number) > 1
        if not is_item and not _is_part(asked, mark):
            return mark.start()
    return length


def _is_marked(mark: re.Match[str]) -> bool:
    """Whether a line says more than an item of a list does: a heading, a name of its part, or several levels."""
    return bool(mark["hash"] or mark["label"] or mark["sign"] or "." in mark["number"])


def _opens(mark: re.Match[str]) -> bool:
    """Whether a line opens a part, instead of going on with a sentence: `Clause 4.2 does not apply` does not."""
    begins = not mark["next"] or not (mark["next"].islower() or mark["next"].isdigit())
    if mark["hash"] or mark["label"] or mark["sign"]:
        return bool(mark["point"] or mark["dash"]) or begins
    if not mark["number"][0].isdigit():
        return False
    return begins and ("." in mark["number"] or mark["point"] in (".", ")"))


def _is_part(asked: Reference, mark: re.Match[str]) -> bool:
    """Whether a line or heading opens what was asked for, or a part of it."""
    label = (mark["label"] or mark["sign"] or "").casefold()[:10]
    label = "§" if label.startswith("§") else label
    if label and not any({label, asked.label} <= set(family) for family in _FAMILIES):
        return False
    has_letter = not (mark["number"][0].isdigit() and asked.number[0][0].isdigit())
    if not label and (has_letter or asked.label in _NEED_LABEL):
        return False
    number = mark["number"].split(".")
    rows = zip(asked.number, number, strict=False)
    return len(number) >= len(asked.number) and all(_keys(one) & _keys(other) for one, other in rows)


def _keys(number: str) -> set[str]:
    """What a number may be written as: a Roman one is a letter too."""
    if not number.isalpha() or not set(number) <= _ROMAN.keys():
        return {number.lstrip("0").upper() or "0"}
    values = [_ROMAN[letter] for letter in number]
    return {number, str(sum(_signed(values)))}


def _signed(values: Sequence[int]) -> Iterator[int]:
    for value, following in zip(values, [*values[1:], 0], strict=True):
        yield -value if value < following else value


def _holds(clause: Clause, said: Said) -> bool:
    return clause.start <= said.start and said.end <= clause.end


def _overlaps(one: Citation, other: Citation) -> bool:
    return one.passage_id == other.passage_id and one.start < other.end and other.start < one.end


def _claim(said: Said) -> Claim:
    return Claim("", said.text, (said.citation(),))
