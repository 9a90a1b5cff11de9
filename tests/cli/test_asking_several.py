"""A message that asks several things, through everything that serves users by default."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run
from tests.cli.scripted import completed, delta, ended, stands, started
from tests.cli.test_ask import shown


def test_both_halves_are_answered_each_with_its_citation(filled: Run):
    said = filled("ask", "Who is the harbour master, and how long does bread bake?", "--json").json
    assert said["answer"].startswith("The harbour master is Ilse Okafor.")
    assert "Bread bakes for 40 minutes." in said["answer"]
    assert {one["source"] for one in said["citations"]} >= {"port/harbour.md", "port/kitchen.md"}


def test_a_half_that_the_sources_do_not_say_is_named(filled: Run):
    done = filled("ask", "What does a night at the north pier cost, and who is the lighthouse keeper?")
    answer, _, sources = done.out.partition("\nSources\n")
    assert answer.startswith("A night at the north pier costs 28 euros.")
    assert answer.rstrip().endswith("I did not find in the sources who the lighthouse keeper is.")
    assert "lighthouse" not in sources


def test_cells_of_one_row_are_told_one_by_one(filled: Run):
    said = filled("ask", "What are the length and the sails of the Pelican?", "--json").json
    assert "length: 14.0 m" in said["answer"]
    assert "sails: 2" in said["answer"]


async def test_what_is_said_behind_the_claims_is_added_to_what_is_shown(capsys: pytest.CaptureFixture[str]):
    script = (delta("c1", "It is red."), stands("c1"), completed("It is red. I did not find in the sources why."))
    out, _ = await shown(capsys, started(), *script, ended())
    assert out == "It is red. I did not find in the sources why.\n"
