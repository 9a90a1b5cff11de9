"""`multidb documents versions` and `rollback`, on the folder itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run

NOTE = "notes/pier.md"


@pytest.fixture
def changed(run: Run, tmp_path: Path) -> Run:
    """A note that was read three times, each time with another fee."""
    (tmp_path / "notes").mkdir()
    for fee in ("28 euros", "31 euros", "35 euros"):
        (tmp_path / NOTE).write_text(f"# Pier\n\nA night at the north pier costs {fee}.\n")
        assert run("ingest", "notes").code == 0
    return run


def fee(run: Run) -> str:
    (found,) = run("search", "night at the pier", "--json").json["passages"]
    return found["text"].split("costs ")[1].strip()


def test_versions_are_listed_with_the_current_one_first(changed: Run):
    rows = changed("documents", "versions", NOTE, "--json").lines
    assert [(row["number"], row["is_current"]) for row in rows] == [(3, True), (2, False), (1, False)]
    assert "current" in changed("documents", "versions", NOTE).out.splitlines()[0]


def test_rollback_goes_to_the_version_before_and_to_a_named_one(changed: Run):
    assert changed("documents", "rollback", NOTE).code == 0
    assert fee(changed) == "31 euros."
    assert changed("documents", "rollback", NOTE, "--json").json["rolled_back"]
    assert fee(changed) == "28 euros."
    done = changed("documents", "rollback", NOTE)
    assert (done.code, done.out) == (1, "")
    assert "multidb documents versions" in done.err
    assert changed("documents", "rollback", NOTE, "3").code == 0
    assert fee(changed) == "35 euros."
    assert not changed("documents", "rollback", NOTE, "3", "--json").json["rolled_back"]


def test_a_rollback_stands_until_the_file_changes(changed: Run, tmp_path: Path):
    changed("documents", "rollback", NOTE, "1")
    assert changed("ingest", "notes", "--json").json == {"kept": 0, "unchanged": 1, "refused": []}
    assert fee(changed) == "28 euros."
    last = (tmp_path / NOTE).read_text()
    (tmp_path / NOTE).write_text(last.replace("35", "28"))
    changed("ingest", "notes")
    (tmp_path / NOTE).write_text(last)
    assert changed("ingest", "notes", "--json").json["kept"] == 1
    assert fee(changed) == "35 euros."


def test_a_copy_is_deleted_by_its_own_name(run: Run, tmp_path: Path):
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text("# Same\n\nThe very same words.\n")
    run("ingest", "a.md", "b.md")
    run("documents", "delete", "b.md")
    assert [row["source"] for row in run("documents", "list", "--json").lines] == ["a.md"]


def test_as_many_versions_are_kept_as_the_setting_says(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MULTIDB_KEPT_VERSIONS", "1")
    for words in ("Alpha comes first.", "Beta comes second."):
        (tmp_path / "a.md").write_text(words)
        run("ingest", "a.md")
    assert len(run("documents", "versions", "a.md", "--json").lines) == 1
