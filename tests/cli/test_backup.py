from __future__ import annotations

import asyncio
import io
import json
import stat
import tarfile
from pathlib import Path

import pytest

from memory.backup import MANIFEST, restore_archive, write_archive
from memory.errors import InvalidInput, StoreCorrupt
from memory.sqlite import open_database
from tests.cli.conftest import Run


def test_what_was_backed_up_comes_back(filled: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    before = filled("documents", "list", "--json").out
    secret = (tmp_path / "data" / "secret").read_bytes() if (tmp_path / "data" / "secret").exists() else None
    assert filled("backup", "kept.tar.gz").code == 0
    assert stat.S_IMODE((tmp_path / "kept.tar.gz").stat().st_mode) == 0o600

    monkeypatch.setenv("MULTIDB_HOME", str(tmp_path / "other"))
    assert filled("restore", "kept.tar.gz").code == 0
    assert filled("documents", "list", "--json").out == before
    assert filled("search", "harbour master", "--json").json["passages"][0]["source"] == "port/harbour.md"
    assert secret is None or (tmp_path / "other" / "secret").read_bytes() == secret


def test_restore_replaces_data_only_when_told_to(filled: Run, tmp_path: Path):
    filled("backup", "kept.tar.gz")
    filled("documents", "delete", "port/kitchen.md")
    assert filled("restore", "kept.tar.gz").code == 1
    assert "port/kitchen.md" not in filled("documents", "list").out
    assert filled("restore", "kept.tar.gz", "--force").code == 0
    assert "port/kitchen.md" in filled("documents", "list").out
    assert "kitchen" in filled("search", "bread", "--json").json["passages"][0]["source"]


@pytest.mark.parametrize("arguments", [["backup", "no/folder/a.tar.gz"], ["backup", "."], ["restore", "nothing"]])
def test_a_backup_needs_a_file(filled: Run, arguments: list[str]):
    assert filled(*arguments).code == 2


def test_an_empty_folder_is_not_backed_up(run: Run, home: Path):
    home.mkdir()
    assert run("backup", "kept.tar.gz").code == 1


async def test_a_backup_beside_writers_is_a_state_that_existed(tmp_path: Path):
    """Two rows are always written together; a copy that holds one of them alone was torn."""
    home = tmp_path / "home"
    async with open_database(home / "chat.db") as database:
        await database.migrate("pairs", ("CREATE TABLE pairs (n INTEGER)",))
        stop = asyncio.Event()

        async def write() -> None:
            n = 0
            while not stop.is_set():
                n += 1
                await database.write(lambda c, n=n: c.executemany("INSERT INTO pairs VALUES (?)", [(n,), (n,)]))

        writing = asyncio.create_task(write())
        for copy in range(5):
            await asyncio.to_thread(write_archive, home, tmp_path / f"{copy}.tar.gz")
        stop.set()
        await writing
    for copy in range(5):
        restore_archive(tmp_path / f"{copy}.tar.gz", tmp_path / f"back{copy}", replace=False)
        async with open_database(tmp_path / f"back{copy}" / "chat.db") as database:
            odd = await database.read(
                lambda c: c.execute("SELECT n FROM pairs GROUP BY n HAVING count(*) <> 2").fetchall()
            )
        assert odd == []


def small_home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    (home / "secret").write_text("s" * 64)
    return home


def rewritten(archive: Path, change: str) -> Path:
    """A copy of an archive with one thing wrong."""
    damaged = archive.with_name("damaged.tar.gz")
    with tarfile.open(archive) as whole, tarfile.open(damaged, "w:gz") as copy:
        for member in whole.getmembers():
            data = whole.extractfile(member).read()  # pyright: ignore[reportOptionalMemberAccess]
            if change == "content" and member.name == "secret":
                data = b"x" * len(data)
            if change == "format" and member.name == MANIFEST:
                data = json.dumps({**json.loads(data), "format": "other"}).encode()
            if change == "name" and member.name == MANIFEST:
                data = data.replace(b'"secret"', b'"../secret"')
            if change == "missing" and member.name == "secret":
                continue
            member.size = len(data)
            copy.addfile(member, io.BytesIO(data))
    return damaged


@pytest.mark.parametrize("change", ["content", "format", "name", "missing"])
def test_a_damaged_archive_touches_nothing(tmp_path: Path, change: str):
    write_archive(small_home(tmp_path), tmp_path / "kept.tar.gz")
    target = tmp_path / "target"
    target.mkdir()
    (target / "secret").write_text("t" * 64)
    with pytest.raises(StoreCorrupt):
        restore_archive(rewritten(tmp_path / "kept.tar.gz", change), target, replace=True)
    assert (target / "secret").read_text() == "t" * 64
    assert [path.name for path in target.iterdir()] == ["secret"]


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\x00cut"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(StoreCorrupt):
        restore_archive(tmp_path / "x", tmp_path / "home", replace=False)


def test_an_archive_cannot_write_outside_the_folder(tmp_path: Path):
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("../escaped")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"evil"))
    with pytest.raises(StoreCorrupt):
        restore_archive(tmp_path / "evil.tar.gz", tmp_path / "home", replace=False)
    assert not (tmp_path / "escaped").exists()


def test_data_is_not_replaced_unasked(tmp_path: Path):
    home = small_home(tmp_path)
    write_archive(home, tmp_path / "kept.tar.gz")
    (home / "chat.db").write_bytes(b"")
    with pytest.raises(InvalidInput):
        restore_archive(tmp_path / "kept.tar.gz", home, replace=False)
