from __future__ import annotations

import gc
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest

from tests.cli.conftest import Ran, Run, call

ROOT = Path(__file__).resolve().parents[2]
START_S = 60


class Serving:
    """A `multidb serve` process, and what it printed."""

    def __init__(self, home: Path, *options: str) -> None:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("MULTIDB_")}
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "api.cli", "serve", "--port", "0", *options],
            cwd=ROOT,
            env={**plain, "MULTIDB_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.printed: list[str] = []
        self.url = ""

    def wait_until_ready(self) -> None:
        """Read until both lines are printed, or the process gives up, or START_S."""
        assert self.process.stdout is not None
        timer = threading.Timer(START_S, self.process.kill)
        timer.start()
        for line in self.process.stdout:
            self.printed.append(line.strip())
            if found := re.match(r"Ready at (\S+)", line):
                self.url = found[1]
            if " ask " in line:
                break
        timer.cancel()
        assert self.url, self.printed

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=30)
        return self.process.returncode, err


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory, ingested: Path) -> Iterator[Serving]:
    home = tmp_path_factory.mktemp("served") / "data"
    shutil.copytree(ingested, home)
    server = Serving(home)
    server.wait_until_ready()
    yield server
    if server.process.poll() is None:
        server.stop()


@pytest.fixture
def beside(serving: Serving, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Call the command on the folder that the server holds."""
    monkeypatch.setenv("MULTIDB_HOME", str(serving.home))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Ran:
        return call(capsys, *arguments)

    return run


@pytest.mark.skipif(shutil.which("curl") is None, reason="no `curl` is installed (Debian: apt-get install curl)")
def test_the_printed_curl_line_streams_an_answer(serving: Serving):
    (line,) = [line for line in serving.printed if line.startswith("curl -N ")]
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60, check=True)
    kinds = [row.removeprefix("event: ") for row in done.stdout.splitlines() if row.startswith("event: ")]
    assert kinds[0] == "run.started"
    assert kinds[-1] == "run.completed"


def test_the_printed_ask_line_works_in_a_fresh_shell_in_another_folder(serving: Serving, tmp_path: Path):
    (line,) = [line for line in serving.printed if " ask " in line]
    plain = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
    done = subprocess.run(
        ["sh", "-c", line], cwd=tmp_path, env=plain, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert not list(tmp_path.iterdir())


def test_the_command_asks_the_server_that_holds_the_folder(beside):
    told = beside("ask", "Who is the harbour master?", "--json").json
    assert "Ilse Okafor" in told["answer"]
    assert list(told) == ["run_id", "answer", "short_answer", "abstained", "confidence", "citations", "claims"]


def test_both_doors_find_the_same(beside, ingested: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked = ("search", "night at the pier", "--filter", "source=port/harbour.md", "--json")
    through_the_server = beside(*asked).json
    shutil.copytree(ingested, tmp_path / "alone")
    monkeypatch.setenv("MULTIDB_HOME", str(tmp_path / "alone"))
    alone = beside(*asked).json
    for passage in (*through_the_server["passages"], *alone["passages"]):
        passage["score"] = round(passage["score"], 6)
    assert through_the_server == alone


def test_ranges_and_lists_pass_through_the_server(beside):
    found = beside("search", "boat", "--filter", "length_m>=11", "--filter", "length_m<=12", "--json").json["passages"]
    assert ["Albatross" in passage["text"] for passage in found] == [True]
    assert len(beside("search", "boat", "--filter", "sails=2", "--json").json["passages"]) == 1


def test_documents_come_and_go_through_the_server(beside, tmp_path: Path):
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.md").write_text("The lighthouse keeper is Tove Lund.")
    (folder / "b.md").write_text("The ferry leaves at noon.")
    (folder / "bad.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    done = beside("ingest", "notes", "--json")
    assert (done.code, done.json["kept"]) == (3, 2)
    assert [refused["path"] for refused in done.json["refused"]] == ["notes/bad.pdf"]
    assert beside("ingest", "notes/a.md", "--json").json == {"kept": 0, "unchanged": 1, "refused": []}
    assert "Tove Lund" in beside("ask", "Who is the lighthouse keeper?", "--json").json["answer"]

    (folder / "b.md").unlink()
    (folder / "bad.pdf").unlink()
    assert "1 forgotten" in beside("ingest", "notes", "--prune").out
    rows = beside("documents", "list", "notes/", "--json").lines
    assert [row["source"] for row in rows] == ["notes/a.md"]
    assert beside("documents", "show", "notes/a.md").out == "The lighthouse keeper is Tove Lund.\n"
    assert beside("documents", "delete", rows[0]["document_id"]).code == 0
    assert beside("documents", "show", "notes/a.md").code == 1


def test_only_refused_files_end_with_1(beside, tmp_path: Path):
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    done = beside("ingest", "bad.pdf", "--json")
    assert (done.code, len(done.json["refused"])) == (1, 1)


def test_doctor_asks_the_server_for_its_parts(beside):
    done = beside("doctor", "--json")
    assert done.code == 0
    assert {"server", "documents", "index", "turns"} <= {finding["part"] for finding in done.json["findings"]}


def test_a_second_server_says_who_holds_the_folder(serving: Serving):
    second = Serving(serving.home)
    _, err = second.process.communicate(timeout=60)
    assert second.process.returncode == 4
    assert serving.url in err
    assert "Traceback" not in err


def test_a_backup_is_made_while_serving(beside, tmp_path: Path):
    assert beside("backup", "kept.tar.gz").code == 0
    assert (tmp_path / "kept.tar.gz").stat().st_size > 1000
    assert beside("restore", "kept.tar.gz", "--force").code == 4


def test_an_mcp_server_beside_it_passes_calls_on(serving: Serving):
    asked = {"jsonrpc": "2.0", "id": 1, "method": "initialize"}
    params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "api.cli", "mcp", "vector_search"],
        cwd=ROOT,
        env={**os.environ, "MULTIDB_HOME": str(serving.home)},
        input=orjson.dumps({**asked, "params": params}).decode() + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert orjson.loads(done.stdout.splitlines()[0])["result"]["serverInfo"]["name"] == "vector_search"


def test_the_log_is_json_without_message_text_and_sigterm_ends_cleanly(tmp_path: Path, ingested: Path):
    shutil.copytree(ingested, tmp_path / "data")
    server = Serving(tmp_path / "data")
    server.wait_until_ready()
    httpx.post(f"{server.url}/api/v1/chat/message", json={"message": "a secret question"}, timeout=30)
    code, err = server.stop()
    assert code == 0
    logged = [orjson.loads(line) for line in err.splitlines()]
    assert any(line.get("route") == "/api/v1/chat/message" for line in logged)
    assert "secret question" not in err


@pytest.fixture
def refused_start(run: Run) -> Iterator[Run]:
    """Call `serve` in this process, where it is not to start; what it sets for a server is set back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield run
    root.handlers[:] = handlers
    root.setLevel(level)
    gc.enable()


def test_beyond_loopback_it_does_not_start_without_a_secret(refused_start: Run):
    done = refused_start("serve", "--port", "0", "--host", "0.0.0.0")
    assert (done.code, done.out) == (1, "")
    assert "MULTIDB_SECRET" in done.err


def test_a_port_that_is_taken_is_named(refused_start: Run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = refused_start("serve", "--port", port)
    assert (done.code, done.out) == (1, "")
    assert port in done.err


def test_an_address_that_is_not_ours_is_named(refused_start: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MULTIDB_SECRET", "s" * 32)
    done = refused_start("serve", "--port", "0", "--host", "192.0.2.1")
    assert (done.code, done.out) == (1, "")
    assert "192.0.2.1" in done.err
