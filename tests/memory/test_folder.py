"""The data folder: one owner at a time, and a secret."""

from __future__ import annotations

import asyncio
import os
import stat
import sys

import pytest

from memory.errors import FolderLocked, InvalidInput, StoreCorrupt, StoreUnavailable
from memory.folder import Holder, find_holder, hold_folder, load_secret
from tests.support.kill import ROOT

HOLD = """
import asyncio, pathlib, sys
from memory.folder import hold_folder
async def main():
    async with hold_folder(pathlib.Path(sys.argv[1]), "multidb serve", "http://127.0.0.1:8000"):
        print("held", flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


async def held_by_another(home):
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLD, str(home)), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert await child.stdout.readline() == b"held\n"
    return child


async def test_a_held_folder_tells_by_whom_and_is_free_after_a_kill(tmp_path):
    child = await held_by_another(tmp_path)
    assert find_holder(tmp_path) == Holder(child.pid, "multidb serve", "http://127.0.0.1:8000")
    with pytest.raises(FolderLocked, match=f"multidb serve.*{child.pid}.*http://127.0.0.1:8000"):
        async with hold_folder(tmp_path, "multidb ingest"):
            pass
    child.kill()
    await child.communicate()
    assert find_holder(tmp_path) is None
    async with hold_folder(tmp_path, "multidb ingest"):
        assert find_holder(tmp_path).command == "multidb ingest"
    assert find_holder(tmp_path) is None


async def test_one_process_holds_a_folder_once(tmp_path):
    async with hold_folder(tmp_path / "new", "first"):
        with pytest.raises(FolderLocked):
            async with hold_folder(tmp_path / "new", "second"):
                pass


async def test_somebody_who_looks_does_not_stop_who_takes(tmp_path):
    async def look():
        for _ in range(200):
            find_holder(tmp_path)
            await asyncio.sleep(0)

    async def take():
        for _ in range(20):
            async with hold_folder(tmp_path, "taker"):
                pass

    await asyncio.gather(look(), take())
    assert find_holder(tmp_path) is None


def test_nobody_holds_a_folder_that_is_not_there(tmp_path):
    assert find_holder(tmp_path / "none") is None


async def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable):
        async with hold_folder(tmp_path / "file" / "home", "x"):
            pass


async def test_the_secret_is_made_once_and_private(tmp_path):
    secrets = await asyncio.gather(*(asyncio.to_thread(load_secret, tmp_path / "home") for _ in range(8)))
    assert len(set(secrets)) == 1
    assert len(secrets[0]) >= 32
    assert stat.S_IMODE(os.stat(tmp_path / "home" / "secret").st_mode) == 0o600
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["secret"]


def test_a_short_secret_is_refused(tmp_path):
    (tmp_path / "secret").write_text("short")
    with pytest.raises(StoreCorrupt):
        load_secret(tmp_path)


def test_a_configured_secret_goes_before_the_folder_s_own(tmp_path):
    assert (
        load_secret(tmp_path, "a configured secret of 32 bytes or more") == b"a configured secret of 32 bytes or more"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_short_configured_secret_is_refused(tmp_path):
    with pytest.raises(InvalidInput):
        load_secret(tmp_path, "short")
