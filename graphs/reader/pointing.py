"""The short answer out of what the small reader points at: whole words, whole amounts, the value that is asked for."""

from __future__ import annotations

import re

from graphs.reader.dimensions import length_asked
from graphs.reader.edges import as_span, span_features
from graphs.reader.evidence import Evidence
from graphs.reader.features import Candidate
from graphs.reader.periods import birth_or_death, life_date, part_of_period
from graphs.reader.question import Question
from graphs.reader.slots import asked_slot, changed_value, extreme_value, later_value, told_of_noun, who_is_now
from graphs.reader.spans import Span, shortest_answer, values_of
from graphs.reader.weights import ReadWeights
from graphs.reader.whole import told_whole
from memory.span_ports import Span as Pointed

_SIGN_BEFORE = re.compile(r"[$€£¥]\s?$")
_AMOUNT_AFTER = re.compile(
    r"\s?%|\s(?:percent|per cent|million|billion|trillion|thousand|hundred)\b(?:\s(?:dollars|euros|pounds)\b)?"
    r"|\s(?:[A-Z]{3}|dollars?|euros?|pounds?|cents?|francs|yen)(?!\w)"
)
_SHORTENED = re.compile(r"(?:\b[^\W\d_]|\b(?:Inc|Ltd|Co|Corp|Jr|Sr|etc|St|No|Dr)|\..*)\.$", re.I)
"""A full stop that belongs to its word: `U.S.`, `Inc.`."""
_PAIRS = (("(", ")"), ("[", "]"), ("“", "”"))
_CURRENCY = frozenset(
    ["EUR", "USD", "GBP", "CHF", "JPY", "SEK", "NOK", "DKK", "PLN", "CZK", "AUD", "CAD", "INR", "CNY", "BRL"]
)


def pointed_answer(question: Question, best: Candidate, evidence: Evidence, weights: ReadWeights) -> str:
    """Return the span that the small reader points at in a sentence if it is sure of it, else what the rules find."""
    pointed = evidence.span(best)
    if pointed is None or pointed.score < weights.confident or life_date(question, best.text):
        return ruled_answer(question, best.text)
    sentence = best.hit.passage.text[best.start : best.end]
    found = [as_span(span, best.start, best.end) for span in cut_out(question, best, evidence, weights)]
    news = next((span for span in found if is_news(question, sentence, span)), None)
    if news is None:
        return ruled_answer(question, best.text)
    return told(question, sentence, news)


def ruled_answer(question: Question, sentence: str) -> str:
    """The shortest answer that the rules find, or the value beside what is asked where they took one of its like."""
    if dated := life_date(question, sentence):
        return sentence[dated.start : dated.end]
    said = shortest_answer(question, sentence)
    at = sentence.find(said) if said else -1
    return told(question, sentence, Span(at, at + len(said))) if at >= 0 else said


def told(question: Question, sentence: str, span: Span) -> str:
    """The short answer for a span of a sentence: the value beside what is asked, whole, or the part that is asked."""
    if changed := changed_value(question, sentence, span):
        return sentence[changed.start : changed.end].strip()
    rules = (who_is_now, told_of_noun, extreme_value, later_value, asked_slot, length_asked, birth_or_death)
    chosen = next((found for rule in rules if (found := rule(question, sentence, span))), span)
    whole = completed(sentence, told_whole(question, sentence, chosen))
    start, end = part_of_period(question, sentence, whole) or whole
    said = paired(sentence[start:end].strip())
    return said if end < len(sentence.rstrip()) or _SHORTENED.search(said) else said.removesuffix(".")


def paired(said: str) -> str:
    """A short answer without a bracket at its end or beginning whose other half is not in it, nor a bar."""
    said = said.strip("| ")
    for opening, closing in _PAIRS:
        if said.endswith(closing) and said.count(closing) > said.count(opening):
            said = said[:-1].rstrip()
        if said.startswith(opening) and said.count(opening) > said.count(closing):
            said = said[1:].lstrip()
    return said


def cut_out(question: Question, best: Candidate, evidence: Evidence, weights: ReadWeights) -> list[Pointed]:
    """The ways to begin and end the answer in a sentence, best first."""
    spans = evidence.variants(best)
    rows = span_features(question, best.hit.passage.text, spans)
    ranked = sorted(zip(rows, spans, strict=True), key=lambda pair: -weights.cut(pair[0]))
    return [span for _, span in ranked]


def is_news(question: Question, sentence: str, span: Span) -> bool:
    """Whether a span can be what is asked for: where a value is, it has to hold one."""
    said = sentence[span.start : span.end]
    return any(map(str.isdigit, said)) or bool(values_of(question, said)) or not values_of(question, sentence)


def completed(sentence: str, span: Span) -> Span:
    """A span grown to whole words, and an amount with its currency, scale or per cent."""
    start, end = span
    while start > 0 and sentence[start - 1 : start + 1].isalnum():
        start -= 1
    while end < len(sentence) and sentence[end - 1 : end + 1].isalnum():
        end += 1
    if sentence[start : start + 1].isdigit() and (sign := _SIGN_BEFORE.search(sentence[:start])):
        start = sign.start()
    if sentence[end - 1 : end].isdigit() and (unit := _AMOUNT_AFTER.match(sentence, end)):
        code = unit[0].strip()
        end = unit.end() if not code.isupper() or code in _CURRENCY else end
    return Span(start, end)
