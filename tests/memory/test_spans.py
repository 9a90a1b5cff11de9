"""The reader that points: what it gives, in what it cuts what it reads, and what is told when it cannot read."""

from __future__ import annotations

import asyncio
import threading
from itertools import pairwise

import numpy as np
import pytest

from memory.embeddings.bert import build_reader
from memory.embeddings.runtime import session_of, tokenizer_of
from memory.embeddings.weights import tokenizer_file
from memory.errors import ModelUnavailable
from memory.sentences import split_sentences
from memory.span_ports import NOTHING, Span, Spans, Text
from memory.spans import onnx
from memory.spans.onnx import open_span_reader
from memory.spans.windows import MAX_ANSWER, MAX_SPANS, MAX_TOKENS, Window, merged, pointed, windows
from tests.support.tiny_reader import SHAPE, scores_by_hand, tiny_weights, write_tiny_reader

LONG = " ".join(f"Sentence {number} tells of the naïve café in 東京 and its {number} cups." for number in range(60))
HARBOUR = Text("Harbour", "The naïve Übersee café 東京 🍵 opened in 1987. It closed on Sundays 👩‍🚀 for good.")


@pytest.fixture(scope="module")
def tokenizer():
    return tokenizer_of(tokenizer_file())


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write_tiny_reader(tmp_path_factory.mktemp("reader"))


@pytest.mark.parametrize(("exact", "most"), [(True, 1e-4), (False, 0.35)])
def test_the_graph_gives_what_the_weights_give_by_hand(tokenizer, exact, most):
    weights = tiny_weights()
    session = session_of(build_reader(weights, SHAPE, exact=exact))
    for window in windows(tokenizer, "When did the café open?", HARBOUR):
        tokens = np.array([window.ids])
        (scores,) = session.run(None, {"input_ids": tokens, "attention_mask": np.ones_like(tokens)})
        assert np.abs(scores[0] - scores_by_hand(weights, window.ids)).max() < most


@pytest.mark.parametrize("asked", ["When did the café open", "When did the café open.", "When did the café open ?? "])
def test_a_question_is_read_with_its_mark_however_it_was_typed(tokenizer, asked):
    (typed,), (marked,) = (windows(tokenizer, text, HARBOUR) for text in (asked, "When did the café open?"))
    assert typed.ids == marked.ids


def test_nothing_asked_stays_nothing(tokenizer):
    (window,) = windows(tokenizer, " ", HARBOUR)
    assert tokenizer.decode(window.ids[: window.first], skip_special_tokens=True) == "harbour"


def test_a_loud_token_does_not_drown_the_others(tokenizer):
    """Its first figure is a thousand times theirs; each token is rounded to int8 by a scale of its own."""
    weights, (window,) = tiny_weights(), windows(tokenizer, "When did the café open?", HARBOUR)
    for part in ("word", "position", "token_type"):
        rows = weights[f"embeddings.{part}_embeddings.weight"]
        rows[:, 0] = rows[:, 1:].mean(1)
    weights["embeddings.word_embeddings.weight"][window.ids[1], 0] += 1000
    weights["embeddings.LayerNorm.weight"][0], weights["embeddings.LayerNorm.bias"][0] = 200, 0
    for part in ("query", "key", "value"):
        weights[f"encoder.layer.0.attention.self.{part}.weight"][:, 0] = 0
    session, tokens = session_of(build_reader(weights, SHAPE)), np.array([window.ids])
    (scores,) = session.run(None, {"input_ids": tokens, "attention_mask": np.ones_like(tokens)})
    off = np.abs(scores[0] - scores_by_hand(weights, window.ids)).max(1)
    assert np.delete(off, 1).max() < 0.35


def test_what_is_masked_changes_nothing(tokenizer):
    session = session_of(build_reader(tiny_weights(), SHAPE, exact=True))
    (window,) = windows(tokenizer, "When?", HARBOUR)
    alone = np.array([window.ids])
    padded = np.array([[*window.ids, 7, 8, 9]])
    mask = np.array([[1] * len(window.ids) + [0] * 3])
    (short,) = session.run(None, {"input_ids": alone, "attention_mask": np.ones_like(alone)})
    (long,) = session.run(None, {"input_ids": padded, "attention_mask": mask})
    assert np.abs(long[0, : len(window.ids)] - short[0]).max() < 1e-4


async def test_spans_are_exact_places_in_the_text_and_none_lies_in_another(file):
    async with open_span_reader(file) as reader:
        (found,) = await reader.spans("When did the café open?", [HARBOUR])
    assert 0 < len(found.best) <= MAX_SPANS
    assert [span.score for span in found.best] == sorted((span.score for span in found.best), reverse=True)
    taken: set[int] = set()
    for span in found.best:
        said = HARBOUR.text[span.start : span.end]
        assert said
        assert said == said.strip()
        assert not taken & set(range(span.start, span.end))
        taken |= set(range(span.start, span.end))


async def test_a_text_is_read_the_same_whatever_is_read_with_it(file):
    async with open_span_reader(file) as reader:
        alone = await reader.spans("When?", [HARBOUR])
        beside = await reader.spans("When?", [Text("", LONG), HARBOUR, Text("", "Short.")])
    assert beside[1] == alone[0]


async def test_a_text_without_a_word_holds_nothing(file):
    async with open_span_reader(file) as reader:
        found = await reader.spans("When?", [Text("Title", ""), Text("", " \n\t ")])
        assert await reader.spans("When?", []) == []
    assert found == [Spans(), Spans()]
    assert found[0].score == NOTHING


async def test_lone_surrogates_are_read(file):
    async with open_span_reader(file) as reader:
        (found,) = await reader.spans("\udcff?", [Text("\ud800", "It opened \udcff in 1987.")])
    assert found.best


@pytest.mark.parametrize("question", ["When did it open?", "why " * 200])
def test_windows_hold_every_token_fit_the_model_and_break_between_sentences(tokenizer, question):
    cut = list(windows(tokenizer, question, Text("A title that is rather longer than sixteen tokens " * 3, LONG)))
    ends = {end for _, end in split_sentences(LONG)}
    assert len(cut) > 2
    assert all(len(window.ids) <= MAX_TOKENS for window in cut)
    assert all(window.offsets[-1][1] in ends for window in cut)
    seen = {offset for window in cut for offset in window.offsets}
    assert seen == set(tokenizer.encode(LONG, add_special_tokens=False).offsets)
    assert all(after.offsets[0][0] < before.offsets[-1][1] for before, after in pairwise(cut))


def test_a_sentence_that_fits_no_window_is_cut(tokenizer):
    cut = list(windows(tokenizer, "What?", Text("", "word " * 1000)))
    assert sum(len(window.offsets) for window in cut) == 1000


def test_no_span_is_longer_than_an_answer_and_scores_are_above_not_here():
    count = 100
    window = Window([0] * (count + 3), 2, [(at, at + 1) for at in range(count)])
    scores = np.zeros((count + 3, 2), np.float32)
    scores[0] = 1.0
    scores[2, 0] = scores[2 + 99, 1] = 10.0
    found = pointed(window, scores)
    assert all(span.end - span.start <= MAX_ANSWER for span in found.best)
    assert found.best[0].score == pytest.approx(10.0 + 0.0 - 2.0)


def test_variants_are_the_same_answer_begun_and_ended_otherwise():
    window = Window([0] * 8, 2, [(at, at + 1) for at in range(6)])
    scores = np.zeros((8, 2), np.float32)
    scores[3, 0], scores[4, 0], scores[5, 1], scores[6, 1] = 5.0, 4.0, 6.0, 5.5
    found = pointed(window, scores)
    assert [(span.start, span.end) for span in found.variants[:4]] == [(1, 4), (1, 5), (2, 4), (2, 5)]
    assert found.variants[0] == found.best[0]
    again = merged([found, found])
    assert (again.best[0], again.variants) == (found.best[0], found.variants)


def test_not_here_is_as_probable_as_its_scores_say():
    window = Window([0] * 5, 2, [(0, 1), (2, 3)])
    scores = np.array([[9, 9], [50, 50], [0, 0], [0, 0], [50, 50]], np.float32)
    assert pointed(window, scores).absent == pytest.approx(1.0, abs=1e-3)  # question and last mark are no answer
    assert pointed(window, scores - np.array([[18, 18], *[[0, 0]] * 4], np.float32)).absent < 1e-3


def test_windows_say_together_what_each_says():
    early, late = Spans((Span(0, 4, 1.0),), 0.9), Spans((Span(2, 6, 3.0), Span(8, 9, -1.0)), 0.2)
    assert merged([early, late]) == Spans((Span(2, 6, 3.0), Span(8, 9, -1.0)), 0.2)
    assert merged([]) == Spans()


async def test_a_file_that_is_not_there_is_told_with_the_way_out(tmp_path):
    async with open_span_reader(tmp_path / "none.onnx") as reader:
        with pytest.raises(ModelUnavailable, match="MULTIDB_READER=off"):
            await reader.spans("When?", [HARBOUR])


async def test_a_damaged_file_is_told_and_never_loaded(file, tmp_path):
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(file.read_bytes()[:-1] + b"x")
    damaged.with_suffix(".sha256").write_text(file.with_suffix(".sha256").read_text(), encoding="ascii")
    async with open_span_reader(damaged) as reader:
        with pytest.raises(ModelUnavailable, match="checksum"):
            await reader.spans("When?", [HARBOUR])


@pytest.fixture
def slow(monkeypatch):
    """Reading waits until the test lets it; the list tells what was begun."""
    go, full, begun = threading.Event(), threading.Event(), []

    def wait(_parts, _question, text):
        begun.append(text)
        if len(begun) == onnx.THREADS:
            full.set()
        assert go.wait(5)
        return Spans()

    monkeypatch.setattr(onnx, "read", wait)
    yield go, full, begun
    go.set()


async def test_reading_ends_at_its_time_limit_and_begins_no_further_text(file, slow):
    go, _, begun = slow
    async with open_span_reader(file, time_limit_s=0.05) as reader:
        with pytest.raises(ModelUnavailable, match="within"):
            await reader.spans("When?", [Text(str(number), HARBOUR.text) for number in range(10)])
        go.set()
    assert len(begun) == onnx.THREADS


async def test_who_gives_up_stops_the_reading_between_two_texts(file, slow):
    go, full, begun = slow
    async with open_span_reader(file) as reader:
        reading = asyncio.create_task(reader.spans("When?", [Text(str(number), HARBOUR.text) for number in range(10)]))
        assert await asyncio.to_thread(full.wait, 5)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        go.set()
    assert len(begun) == onnx.THREADS


async def test_what_was_read_for_a_question_is_not_read_again(file, monkeypatch):
    asked = []

    def note(_parts, question, text):
        asked.append((question, text))
        return Spans((Span(0, 3, float(len(asked))),), 0.5)

    monkeypatch.setattr(onnx, "read", note)
    monkeypatch.setattr(onnx, "KEPT", 2)
    short = Text("", "It closed.")
    async with open_span_reader(file) as reader:
        first = await reader.spans("When?", [HARBOUR, HARBOUR, short])
        assert await reader.spans("When?", [short, HARBOUR]) == [first[2], first[0]]
        assert asked == [("When?", HARBOUR), ("When?", short)]
        await reader.spans("Who?", [HARBOUR, short])
        await reader.spans("When?", [HARBOUR])
    assert asked[2:] == [("Who?", HARBOUR), ("Who?", short), ("When?", HARBOUR)]


async def test_a_file_is_loaded_once_in_a_process(file):
    async with open_span_reader(file) as first, open_span_reader(file) as second:
        await asyncio.gather(first.spans("", ()), second.spans("", ()))
        assert first.name == second.name != "span-reader"
    assert onnx.load(file) is onnx.load(file)
