"""Every claim about another project in docs/comparison.md has a page behind it."""

from __future__ import annotations

import re

from tests.docs.snippets import ROOT

PAGE = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")


def test_every_cell_about_a_peer_links_to_a_page_or_says_that_nothing_was_found() -> None:
    rows = [line.split(" | ")[2:] for line in PAGE.split("## Side by side")[1].split("##")[0].splitlines()[4:]]

    assert sum(map(len, rows)) > 50
    assert [cell for row in rows for cell in row if "][" not in cell and "not found" not in cell] == []


def test_every_link_is_given_and_every_given_link_is_used() -> None:
    used = set(re.findall(r"\]\[(\w+)\]", PAGE))
    given = set(re.findall(r"^\[(\w+)\]: https://", PAGE, re.MULTILINE))

    assert used == given
