from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.launcher import SCRIPT
from api.secret import load_secret_of
from api.settings import Settings
from memory.errors import FolderLocked, InvalidToken
from memory.folder import hold_folder
from memory.identity import API_AUDIENCE, server_audience, verify
from tests.cli.conftest import Run

ROOT = Path(__file__).resolve().parents[2]


def spawned(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MULTIDB_", "COV_"))}
    return subprocess.run(
        [sys.executable, "-P", "-m", "api.cli", *arguments],
        cwd=ROOT,
        env={**plain, "MULTIDB_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_command(run: Run):
    shown = run("--help").out
    for name in (
        "serve",
        "ingest",
        "search",
        "ask",
        "chat",
        "documents",
        "mcp",
        "token",
        "backup",
        "restore",
        "doctor",
    ):
        assert f"  {name} " in shown


@pytest.mark.parametrize(
    "arguments",
    [["nothing"], ["ask", "--nothing"], ["documents", "nothing"], ["mcp", "nothing"], ["serve", "--port", "x"]],
)
def test_wrong_usage_ends_with_2_and_says_why(run: Run, arguments: list[str]):
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err


def test_the_launcher_works_from_any_folder(tmp_path: Path):
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "__init__.py").write_text("raise RuntimeError('the wrong memory')")
    launcher = Path(sys.prefix) / "bin" / "multidb"
    if not launcher.exists() or launcher.read_text() != SCRIPT:
        pytest.fail("the environment has no launcher; `make test` makes it")
    done = subprocess.run([launcher, "documents", "--help"], cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_a_closed_pipe_is_no_fault(ingested: Path):
    command = f"{sys.executable} -P -m api.cli documents list | true"
    environment = {**os.environ, "MULTIDB_HOME": str(ingested)}
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env=environment, capture_output=True, timeout=60, check=False
    )
    assert b"Traceback" not in done.stderr
    assert b"Fault" not in done.stderr


def test_a_fault_of_ours_is_named_without_a_traceback(tmp_path: Path):
    code = "import api.cli, api.terminal, sys; sys.argv = ['multidb', 'doctor']\n"
    broken = "def broken(*a): raise KeyError('oops')\nimport api.commands.doctor as d; d.load_settings = broken\n"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code + broken + "api.cli.main()"],
        cwd=ROOT,
        env={**os.environ, "MULTIDB_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "KeyError" in done.stderr
    assert "MULTIDB_DEBUG" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_folder_that_serves_nothing_is_waited_for_and_then_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from api import client

    monkeypatch.setattr(client, "WAIT_S", 0.2)
    async with hold_folder(tmp_path, "another command"):
        with pytest.raises(FolderLocked, match="another command"):
            async with client.open_library(Settings(home=tmp_path)):
                pass


@pytest.mark.parametrize("door", ["open_library", "open_assistant"])
async def test_a_server_that_takes_the_folder_between_look_and_entry_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, door: str
):
    from api import client
    from api.client_http import HttpClient

    looks = iter(["", "http://127.0.0.1:9"])

    async def look(home: Path) -> str:
        return next(looks)

    monkeypatch.setattr(client, "serving_url", look)
    async with hold_folder(tmp_path, "multidb serve"), getattr(client, door)(Settings(home=tmp_path)) as opened:
        assert isinstance(opened, HttpClient)


def test_a_locked_folder_ends_with_4(run: Run, home: Path):
    import asyncio

    from api import client

    async def held() -> int:
        async with hold_folder(home, "another command"):
            return (await asyncio.to_thread(spawned, "restore", str(ROOT / "README.md"), home=home)).returncode

    assert asyncio.run(held()) == 4
    assert client.WAIT_S > 0


def test_a_token_says_who_it_is_for(run: Run, home: Path):
    done = run("token", "--tenant", "acme", "--user", "ana", "--role", "reader", "--role", "editor", "--group", "staff")
    scope = verify(done.out.strip(), API_AUDIENCE, load_secret_of(Settings(home=home)))
    assert (scope.tenant_id, scope.user_id, scope.groups) == ("acme", "ana", ("staff",))
    assert set(scope.roles) == {"reader", "editor"}


def test_a_token_for_an_mcp_server_opens_that_one_only(run: Run, home: Path):
    done = run("token", "--tenant", "acme", "--user", "ana", "--server", "vector_search")
    secret = load_secret_of(Settings(home=home))
    assert verify(done.out.strip(), server_audience("vector_search"), secret).user_id == "ana"
    for other in (API_AUDIENCE, server_audience("user_quota")):
        with pytest.raises(InvalidToken):
            verify(done.out.strip(), other, secret)
    assert run("token", "--tenant", "acme", "--user", "ana", "--server", "nonsense").code == 2


@pytest.mark.parametrize("arguments", [["--tenant", "a"], ["--tenant", "a", "--user", " "], ["--user", "b"]])
def test_a_token_names_somebody(run: Run, arguments: list[str]):
    assert run("token", *arguments).code == 2


@pytest.mark.parametrize("role", ["system", "admin", ""])
def test_a_token_grants_no_other_role(run: Run, role: str):
    done = run("token", "--tenant", "a", "--user", "b", "--role", role)
    assert (done.code, done.out) == (2, "")


def test_doctor_looks_at_every_part(filled: Run):
    done = filled("doctor", "--json")
    assert done.code == 0
    parts = {finding["part"]: finding["state"] for finding in done.json["findings"]}
    assert {"python", "data folder", "secret", "synthesizer", "judge", "embedder", "documents", "index"} <= set(parts)
    assert set(parts.values()) == {"ok"}


def test_doctor_says_what_to_do_about_a_damaged_store(filled: Run, home: Path):
    (home / "documents.db").write_bytes(b"not a database" * 1000)
    done = filled("doctor")
    assert done.code == 1
    assert "failed" in done.out
    assert "->" in done.out


def test_doctor_asks_for_a_secret_beyond_loopback(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MULTIDB_HOST", "0.0.0.0")
    done = run("doctor")
    assert done.code == 1
    assert "MULTIDB_SECRET" in done.out


def test_doctor_warns_of_a_secret_that_others_can_read(filled: Run, home: Path):
    load_secret_of(Settings(home=home))
    (home / "secret").chmod(0o644)
    done = filled("doctor")
    assert done.code == 0
    assert "chmod 600" in done.out


def test_a_model_that_nobody_provides_is_named(filled: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MULTIDB_MODEL_SYNTHESIZER", "nobody:model")
    done = filled("doctor")
    assert done.code == 1
    assert "nobody:model" in done.out
    done = filled("ask", "Who is the harbour master?")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("Error: the model 'nobody:model' cannot be opened")
    assert "defect" not in done.err


def test_a_file_where_the_data_folder_should_be_is_named(run: Run, home: Path):
    home.write_text("a file")
    done = run("search", "harbour")
    assert done.code == 4
    assert f"the data folder {home} cannot be used" in done.err


def test_an_interrupted_ingestion_says_that_it_can_go_on(run: Run, corpus: Path, monkeypatch: pytest.MonkeyPatch):
    from api.commands import ingest

    async def interrupted(*given: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(ingest, "ingest", interrupted)
    done = run("ingest", str(corpus))
    assert done.code == 130
    assert "run it again" in done.err
