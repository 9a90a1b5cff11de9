"""The sentence to cite is read again with its neighbours alone: that says how the answer is cut out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from graphs.reader.closer import look_closer, surroundings
from graphs.reader.extractive import ExtractiveReader
from graphs.reader.features import Candidate, candidates
from graphs.reader.question import understand
from memory.errors import ModelUnavailable
from memory.span_ports import Span, Spans, Text
from tests.reader.support import make_hit, request

QUESTION = "Who finished the tower?"
SENTENCES = (
    *("The hill is green.", "A road was cut.", "The tower was finished by Bo Renn of Dale."),
    *("Guests came.", "It rained."),
)
HIT = make_hit("a", " ".join(SENTENCES), title="Towers")
NEAR = " ".join(SENTENCES[1:4])


@dataclass
class Twice:
    """Points at one answer in whole passages and at others in less; `fails`: it looks once only."""

    whole: str
    less: Mapping[str, float]
    fails: bool = False
    asked: list[Sequence[Text]] = field(default_factory=list)

    name = "twice"

    async def spans(self, question: str, texts: Sequence[Text]) -> Sequence[Spans]:
        self.asked.append(texts)
        if self.fails and len(self.asked) > 1:
            raise ModelUnavailable("the reader did not end within 5 s")
        return [_found(text.text, {self.whole: 5.0} if len(self.asked) == 1 else self.less) for text in texts]


def _found(text: str, scores: Mapping[str, float]) -> Spans:
    spans = [Span(text.index(said), text.index(said) + len(said), by) for said, by in scores.items() if said in text]
    best = tuple(sorted(spans, key=lambda span: -span.score))
    return Spans(best, 0.1 if best else 0.9, best)


def _sentence(text: str) -> Candidate:
    return next(one for one in candidates(understand(QUESTION, {}), [HIT]) if one.text == text)


async def test_the_answer_is_cut_out_as_the_second_look_has_it() -> None:
    reader = Twice("Bo Renn of Dale", {"Bo Renn": 6.0})
    reading = await ExtractiveReader(reader).read(request(QUESTION, HIT))
    assert reading.claims[0].text == SENTENCES[2]
    assert reading.short_answer == "Bo Renn"
    assert reader.asked[1] == [Text("Towers", NEAR)]


async def test_without_a_second_look_the_first_has_to_do_and_the_reading_says_so() -> None:
    reading = await ExtractiveReader(Twice("Bo Renn of Dale", {}, fails=True)).read(request(QUESTION, HIT))
    assert reading.short_answer == "Bo Renn of Dale"
    assert [part.part for part in reading.degraded] == ["reader"]


async def test_spans_of_the_second_look_count_from_the_passage() -> None:
    best = _sentence(SENTENCES[2])
    assert (await look_closer(Twice("", {}), QUESTION, best)).span(best) is None
    span = (await look_closer(Twice("Bo Renn", {}), QUESTION, best)).span(best)
    assert span is not None
    assert HIT.passage.text[span.start : span.end] == "Bo Renn"


def test_a_sentence_is_looked_at_with_the_one_before_and_the_one_after() -> None:
    text = HIT.passage.text
    for at, around in ((2, NEAR), (0, " ".join(SENTENCES[:2])), (4, " ".join(SENTENCES[3:]))):
        start, end = surroundings(_sentence(SENTENCES[at]))
        assert text[start:end] == around
