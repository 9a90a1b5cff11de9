from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_ingest_counts_documents_and_leaves_the_unchanged_alone(run: Run, corpus: Path):
    first = run("ingest", str(corpus), "--json")
    assert (first.code, first.json) == (0, {"kept": 3, "unchanged": 0, "refused": []})
    assert run("ingest", str(corpus), "--json").json == {"kept": 0, "unchanged": 3, "refused": []}


def test_ingest_ends_with_3_when_some_files_are_refused(run: Run, tmp_path: Path):
    (tmp_path / "good.md").write_text("A lighthouse shines for 20 miles.")
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    done = run("ingest", "good.md", "bad.pdf", "--json")
    assert done.code == 3
    assert done.json["kept"] == 1
    (refused,) = done.json["refused"]
    assert refused["path"] == "bad.pdf"
    assert refused["reason"]


def test_ingest_ends_with_1_when_everything_is_refused(run: Run, tmp_path: Path):
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    done = run("ingest", "bad.pdf")
    assert done.code == 1
    assert "bad.pdf" in done.err


@pytest.mark.parametrize("missing", ["nothing.md", "no/such/folder", "*.nothing"])
def test_ingest_refuses_a_path_that_names_nothing(run: Run, home: Path, missing: str):
    done = run("ingest", missing)
    assert (done.code, done.out) == (2, "")
    assert missing in done.err
    assert not home.exists()


def test_ingest_takes_a_glob_that_the_shell_left_alone(run: Run, corpus: Path):
    assert run("ingest", f"{corpus}/*.md", "--json").json["kept"] == 2


def test_prune_forgets_the_documents_of_files_that_are_gone(run: Run, tmp_path: Path):
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.md").write_text("Alpha comes first.")
    (folder / "b.md").write_text("Beta comes second.")
    run("ingest", "notes")
    (folder / "b.md").unlink()
    assert run("ingest", "notes").code == 0
    assert len(run("documents", "list", "--json").lines) == 2
    assert "1 forgotten" in run("ingest", "notes", "--prune").out
    assert [row["source"] for row in run("documents", "list", "--json").lines] == ["notes/a.md"]


def test_documents_are_listed_by_source_below_a_prefix(filled: Run):
    rows = filled("documents", "list", "port/", "--json").lines
    assert [row["source"] for row in rows] == ["port/boats.csv", "port/harbour.md", "port/kitchen.md"]
    assert [row["source"] for row in filled("documents", "list", "port/k", "--json").lines] == ["port/kitchen.md"]


def test_documents_from_elsewhere_are_found_by_their_path(run: Run, home: Path, tmp_path: Path):
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "a.md").write_text("Far away.")
    assert run("ingest", str(tmp_path / "far")).code == 0
    assert len(run("documents", "list", f"{tmp_path}/far/", "--json").lines) == 1
    assert run("documents", "show", f"{tmp_path}/far/a.md").out == "Far away.\n"


def test_show_prints_the_documented_fields_by_id_and_by_source(filled: Run):
    shown = filled("documents", "show", "port/harbour.md", "--json").json
    assert list(shown) == ["document_id", "version_id", "source", "title", "text"]
    assert "Boats longer than 12 metres moor at the north pier." in shown["text"]
    assert filled("documents", "show", shown["document_id"], "--json").json == shown
    assert filled("documents", "show", "port/harbour.md").out == shown["text"] + "\n"


def test_delete_forgets_a_document_and_its_passages(filled: Run):
    assert filled("documents", "delete", "port/kitchen.md").code == 0
    assert "port/kitchen.md" not in filled("documents", "list").out
    assert filled("documents", "show", "port/kitchen.md").code == 1
    found = filled("search", "oven bread", "--json").json["passages"]
    assert all(passage["source"] != "port/kitchen.md" for passage in found)


def test_an_unknown_document_is_one_line_and_no_traceback(run: Run):
    done = run("documents", "show", "nothing")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("Error:")
    assert "Traceback" not in done.err
