"""Two sources that give different values for one thing; where it might be another thing, nothing is said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from graphs.answers.measures import Measure, differ, measures, of_kind
from graphs.answers.polarity import is_polar, polarity
from graphs.answers.said import Said, stems
from graphs.answers.subjects import days_of, is_same_subject, stamp_of
from graphs.reader.question import Question

LEAD = "The sources disagree: "
_FREE = stems(
    """
    please note total accept allow receive deliver delivery receipt purchase order buy day date time period deadline
    window limit length duration price cost charge fee pay number amount have get take give last run set offer provide
    come include current currently now today customer people person item goods product back calendar working business
    say tell need many much often mean know apply valid full exactly entitle right grant annual
    """
)
"""Words that may stand in one of the sentences without making it one about something else."""
_MEASURED = frozenset({"money", "duration", "date", "number"})
_CONDITION = re.compile(
    r"\b(?:if|unless|except|only|when|where|while|until|formerly|previously|former|used to|no longer|instead|originally"
    r"|initially|previous|earlier|later|additional|another|extra|second|maximum|minimum|usually|normally|sometimes|other)\b",
    re.I,
)
_ROLE = re.compile(
    r"^\W*(?:who|which (?:person|company|city))\s+(?:is|leads|heads|runs|chairs"
    r"|owns|directs|manages)\b|^\W*what(?: is|'s)"
    r" the (?:name|capital)\b",
    re.I,
)
_WAS = re.compile(r"\b(?:did|was|were|had)\b|^how (?:many|much) (?:[\w-]+ ){1,3}?\w+ed\b", re.I)
_NOT = re.compile(r"\b(?:not|never|no|cannot|can't|isn't|aren't|don't|doesn't)\b", re.I)
_NAME = re.compile(r"[^\W\d_a-z][\w'’-]+(?:\s+(?:of|de|von|van|der)\s+[^\W\d_a-z][\w'’-]+|\s+[^\W\d_a-z][\w'’-]+)*")


def find_rival(question: Question, first: Said, others: Sequence[Said]) -> Said | None:
    """The first of some sentences that disagrees with one."""
    return next((other for other in others if disagreement(question, first, other)), None)


def can_be_disputed(question: Question, first: Said) -> bool:
    """Whether a sentence gives the one value that a question asks for; cheap, and no for most questions."""
    if question.kind in _MEASURED:
        return _value(question, first) is not None
    if is_polar(question.text):
        return polarity(question.text, first) != ""
    return _ROLE.match(question.text) is not None


def disagreement(question: Question, first: Said, second: Said) -> str:
    """Say how two sentences disagree about a question, newest first; "" unless they certainly do.

    Source: the cases that count as one thing follow what people call a contradiction of facts, not of scope or time;
    de Marneffe, Rafferty and Manning, Finding Contradictions in Text, ACL 2008.
    """
    if first.hit.passage.document_id == second.hit.passage.document_id or not _same_predicate(question, first, second):
        return ""
    values = _values(question, first, second)
    if values is None:
        return ""
    rows = list(zip((first, second), values, strict=True))
    if _is_of_each_time(question, first, second):
        return ""
    stamps = [stamp_of(said.hit) for said in (first, second)]
    if stamps[0].order and stamps[1].order and stamps[1].order > stamps[0].order:
        rows, stamps = rows[::-1], stamps[::-1]
    labels = _labels([said for said, _ in rows], [stamp.label for stamp in stamps])
    told = [f"{label} says {value}" for label, (_, value) in zip(labels, rows, strict=True)]
    return f"{LEAD}{told[0]}; {told[1]}."


def _is_of_each_time(question: Question, first: Said, second: Said) -> bool:
    """Whether two documents of different dates each tell what was then: how many came to this meeting."""
    if question.kind == "date" or not _WAS.search(question.text):
        return False
    mine, theirs = days_of(first.hit.title), days_of(second.hit.title)
    return bool(mine and theirs and mine != theirs)


def newest_first(first: Said, second: Said) -> tuple[Said, Said]:
    """Two sentences in the order in which a disagreement tells them."""
    mine, theirs = stamp_of(first.hit).order, stamp_of(second.hit).order
    return (second, first) if mine and theirs and theirs > mine else (first, second)


def _labels(pair: Sequence[Said], stamps: Sequence[str]) -> list[str]:
    """What to call the two documents, so that they can be told apart."""
    labels = [
        f"{said.label} ({stamp})" if stamp and stamp not in said.label else said.label
        for said, stamp in zip(pair, stamps, strict=True)
    ]
    if labels[0] == labels[1]:
        return [f"{label} ({said.hit.source})" for label, said in zip(labels, pair, strict=True)]
    return labels


def _same_predicate(question: Question, first: Said, second: Said) -> bool:
    """Whether two sentences say all that is asked, of one subject, and otherwise nothing that could tell them apart."""
    if any(said.hit.passage.kind == "record" or _CONDITION.search(said.text) for said in (first, second)):
        return False
    asked = frozenset(stems(" ".join(question.text.split()))) - _FREE
    if not asked or not all(asked <= said.stems | said.around for said in (first, second)):
        return False
    return (
        is_same_subject(first, second, asked)
        and not _own(question, first, second)
        and not _own(question, second, first)
    )


def _own(question: Question, said: Said, other: Said) -> frozenset[str]:
    """What one sentence says beside its values and the other, its title and the question do not."""
    plain, asked = said.text, stems(question.text)
    for name in _named(question, said) if _ROLE.match(question.text) else ():
        plain = plain.replace(name, " ")
    for one in reversed(measures(plain)):
        plain = plain[: one.start] + " " + plain[one.end :]
    plain = _NOT.sub(" ", plain)
    names = {stem for match in _NAME.finditer(plain) if match.start() for stem in stems(match.group())}
    own = stems(plain) - other.stems - asked - (said.around & other.around)
    return frozenset(own - _FREE | (own & names))


def _values(question: Question, first: Said, second: Said) -> tuple[str, str] | None:
    """The two values as they are written, if they cannot both be right."""
    answers = polarity(question.text, first), polarity(question.text, second)
    if all(answers) and answers[0] != answers[1]:
        return answers[0].casefold(), answers[1].casefold()
    mine, theirs = _value(question, first), _value(question, second)
    if mine is not None and theirs is not None:
        return (mine.text, theirs.text) if differ(mine, theirs) else None
    return _names(question, first, second) if _ROLE.match(question.text) else None


def _value(question: Question, said: Said) -> Measure | None:
    """The one value of the kind that is asked for; None if there is none, or several."""
    found = of_kind(measures(said.text), question.kind)
    return found[0] if len(found) == 1 else None


def _names(question: Question, first: Said, second: Said) -> tuple[str, str] | None:
    """The two names that hold one part; the sentences must be the same word by word otherwise."""
    mine, theirs = (list(_named(question, said)) for said in (first, second))
    if len(mine) != 1 or len(theirs) != 1 or stems(mine[0]) & stems(theirs[0]):
        return None
    plain = [
        said.text.replace(name, "…").casefold().strip(" .") for said, name in ((first, mine[0]), (second, theirs[0]))
    ]
    return (mine[0], theirs[0]) if plain[0] == plain[1] else None


def _named(question: Question, said: Said) -> Iterator[str]:
    """Names of a sentence that the question does not say."""
    known = stems(question.text)
    return (match.group() for match in _NAME.finditer(said.text) if stems(match.group()) - known)
