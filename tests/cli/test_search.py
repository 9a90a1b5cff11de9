from __future__ import annotations

from pathlib import Path

import pytest

from api.filters import parse_filters
from memory.records import Range
from tests.cli.conftest import Run

FIELDS = ["document_id", "source", "title", "start", "end", "text", "score"]


def test_search_prints_the_documented_fields_best_first(filled: Run):
    passages = filled("search", "who is the harbour master", "--json").json["passages"]
    assert all(list(passage) == FIELDS for passage in passages)
    assert passages[0]["source"] == "port/harbour.md"
    scores = [passage["score"] for passage in passages]
    assert scores == sorted(scores, reverse=True)


def test_a_found_passage_is_the_documents_own_text(filled: Run):
    passage = filled("search", "oven", "--top", "1", "--json").json["passages"][0]
    text = filled("documents", "show", passage["document_id"], "--json").json["text"]
    assert text[passage["start"] : passage["end"]] == passage["text"]


def test_a_filter_narrows_the_search(filled: Run):
    only = filled("search", "harbour oven boats", "--filter", "source=port/kitchen.md", "--json").json["passages"]
    assert {passage["source"] for passage in only} == {"port/kitchen.md"}


def test_a_range_narrows_by_the_typed_field_of_a_row(filled: Run):
    found = filled("search", "boat", "--filter", "length_m>=11", "--filter", "length_m<=12", "--json").json["passages"]
    assert len(found) == 1
    assert "Albatross" in found[0]["text"]


def test_a_number_in_an_equality_matches_a_typed_field(filled: Run):
    found = filled("search", "boat", "--filter", "sails=2", "--json").json["passages"]
    assert [("Pelican" in passage["text"]) for passage in found] == [True]


def test_input_gives_one_object_a_line_in_order(filled: Run, tmp_path: Path):
    (tmp_path / "queries").write_text("oven\n\nharbour master\n")
    lines = filled("search", "--input", "queries", "--top", "1").lines
    assert [line["passages"][0]["source"] for line in lines] == ["port/kitchen.md", "port/harbour.md"]


def test_nothing_found_is_no_failure(run: Run):
    assert run("search", "anything", "--json").json == {"passages": []}
    done = run("search", "anything")
    assert (done.code, done.out) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a", "--input", "queries"],
        ["--input", "nothing"],
        [" "],
        ["a", "--top", "0"],
        ["a", "--filter", "no sign"],
        ["a", "--filter", "n>=many"],
    ],
)
def test_search_refuses_arguments_that_make_no_sense(run: Run, home: Path, arguments: list[str]):
    done = run("search", *arguments)
    assert (done.code, done.out) == (2, "")
    assert not home.exists()


@pytest.mark.parametrize(
    ("rules", "filters"),
    [
        (["kind=table"], {"kind": "table"}),
        (["a=x", "a=y"], {"a": ("x", "y")}),
        (["a=1"], {"a": ("1", 1)}),
        (["a=1.5"], {"a": ("1.5", 1.5)}),
        (["a=nan"], {"a": "nan"}),
        (["a=true"], {"a": ("true", True)}),
        (["a=x=y"], {"a": "x=y"}),
        (["a = b c"], {"a": "b c"}),
        (["a="], {"a": ""}),
        (["a>=2"], {"a": Range(2, None)}),
        (["a>=2", "a<=5"], {"a": Range(2, 5)}),
        (["a>=2", "a>=3"], {"a": Range(3, None)}),
        ([], {}),
    ],
)
def test_filters_are_read(rules: list[str], filters: dict[str, object]):
    assert parse_filters(rules) == filters


@pytest.mark.parametrize("rules", [["a"], ["=b"], ["a>b"], ["a>=b"], ["a=1", "a<=2"], ["a>=nan"], ["a<=inf"], [""]])
def test_rules_that_are_no_filters_are_refused(rules: list[str]):
    with pytest.raises(ValueError, match=r".+"):
        parse_filters(rules)
