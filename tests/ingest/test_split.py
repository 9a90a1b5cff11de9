from __future__ import annotations

import pytest

from memory.ingest.loaders.delimited import load as load_delimited
from memory.ingest.loaders.markdown import load as load_markdown
from memory.ingest.parsed import Parsed, Raw, TextBuilder
from memory.ingest.split import Piece, Splitter
from memory.sentences import split_sentences


def count(text: str) -> int:
    return len(text.split())


def split(parsed: Parsed, title: str = "Title", max_tokens: int = 256) -> list[Piece]:
    return Splitter(count, max_tokens).split(parsed, title)


def markdown(text: str) -> Parsed:
    return next(load_markdown(Raw("x.md", text.encode())))  # type: ignore[return-value]


def texts(parsed: Parsed, pieces: list[Piece]) -> list[str]:
    return [parsed.text[piece.start : piece.end] for piece in pieces]


def test_small_paragraphs_of_a_section_are_joined_and_sections_are_not() -> None:
    parsed = markdown("# Shop\n\nOne.\n\nTwo.\n\n## Hours\n\nThree.\n")
    pieces = split(parsed, "Shop")
    assert texts(parsed, pieces) == ["One.\n\nTwo.", "Three."]
    assert [piece.context for piece in pieces] == ["Shop", "Shop > Hours"]
    assert pieces[1].heading == ("Shop", "Hours")


def test_a_heading_with_nothing_under_it_is_found_too() -> None:
    parsed = markdown("# Shop\n\nOne.\n\n## Closed on Sunday\n")
    assert texts(parsed, split(parsed)) == ["One.", "Closed on Sunday"]


@pytest.mark.parametrize(
    ("heading", "is_found"),
    [
        ("4.2.0 (2026-09-30)", True),
        ("Board meeting, 3 May 2026", True),
        ("Lentil soup (serves 4)", True),
        ("Deadline: 1 June", True),
        ("4.2.0", False),
        ("2.1 Scope", False),
        ("Opening hours", False),
        ("Notes (see below)", False),
    ],
)
def test_a_heading_that_tells_more_than_a_name_is_found_beside_what_is_under_it(heading: str, is_found: bool) -> None:
    parsed = markdown(f"# {heading}\n\nOne.\n")
    assert texts(parsed, split(parsed)) == [heading, "One."][not is_found :]


@pytest.mark.parametrize("max_tokens", [16, 40, 100])
def test_a_long_paragraph_is_cut_between_sentences_only(max_tokens: int) -> None:
    text = " ".join(f"Sentence number {number} has exactly nine words in it." for number in range(60))
    parsed = markdown(text)
    pieces = split(parsed, "", max_tokens)
    whole = {text[start:end] for start, end in split_sentences(text)}
    found = [piece[start:end] for piece in texts(parsed, pieces) for start, end in split_sentences(piece)]
    assert set(found) == whole
    assert len(found) == 60
    assert all(count(piece) <= max_tokens - 2 for piece in texts(parsed, pieces))


def test_only_a_sentence_beyond_the_embedder_is_cut_and_nothing_of_it_is_lost() -> None:
    text = "word, " * 100 + "end."
    parsed = markdown(text)
    pieces = split(parsed, "", 32)
    assert all(count(piece) <= 30 for piece in texts(parsed, pieces))
    assert " ".join(texts(parsed, pieces)).split() == text.split()


def test_an_endless_word_does_not_hang_the_splitter() -> None:
    builder = TextBuilder()
    builder.add("a" * 10_000)
    parsed = Parsed(builder.text(), tuple(builder.blocks), "text/plain")
    pieces = Splitter(len, 256).split(parsed, "t")
    assert "".join(texts(parsed, pieces)) == "a" * 10_000


def test_a_row_is_one_passage_with_its_number_its_fields_and_its_column_names() -> None:
    data = b"name,price,stock\nTent,349.00,yes\nStove,79.50,no\n"
    parsed = next(load_delimited(Raw("x.csv", data)))
    pieces = split(parsed, "Catalogue")
    assert texts(parsed, pieces) == ["name: Tent; price: 349.00; stock: yes", "name: Stove; price: 79.50; stock: no"]
    assert [piece.row for piece in pieces] == [1, 2]
    assert pieces[0].fields == (("name", "Tent"), ("price", 349.0), ("stock", True))
    assert {piece.kind for piece in pieces} == {"record"}


def test_a_later_piece_of_a_long_row_says_which_row_it_belongs_to() -> None:
    review = " ".join(f"This is sentence {number} of a long review." for number in range(40))
    parsed = next(load_delimited(Raw("x.csv", f"name,stars,review\nTent,5,{review}\nStove,4,Fine.\n".encode())))
    pieces = split(parsed, "Reviews", 64)
    assert all(piece.row == 1 for piece in pieces[:-1])
    assert all("name: Tent" in piece.context for piece in pieces[1:-1])
