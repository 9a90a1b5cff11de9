"""What the README tells a reader to type, typed: against a server with the sample corpus, port and home aside."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import docx
import fpdf
import pytest

from tests.docs.snippets import ROOT, commands_of, programs_of

PATIENCE_S = 60
LAUNCHER = f'#!/bin/sh\nexec {sys.executable} -P -m api.cli "$@"\n'
NO_CURL = "no `curl` is installed (Debian: apt-get install curl)"
COMMANDS = commands_of("README.md")
TYPED = [command for command in COMMANDS if command.startswith(("multidb ", "curl "))]
MADE = [command for command in COMMANDS if command not in TYPED]


class World(NamedTuple):
    """A reader's machine: where they are, what their shell knows, where the server listens."""

    folder: Path
    environment: dict[str, str]
    port: str

    def type(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command there, with nobody at the keyboard."""
        told = [re.sub(r"\b(localhost|127\.0\.0\.1):8000\b", rf"\1:{self.port}", part) for part in command]
        return subprocess.run(
            told,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("reader")
    environment = _environment(folder)
    _files(folder)
    command = [folder / "bin" / "multidb", "serve", "--port", "0", "--samples"]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        yield World(folder, environment, _port_of(process))
        process.terminate()


def _environment(folder: Path) -> dict[str, str]:
    """A shell that knows the command and has no settings."""
    bin_ = folder / "bin"
    bin_.mkdir()
    (bin_ / "multidb").write_text(LAUNCHER)
    (bin_ / "multidb").chmod(0o755)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MULTIDB_")}
    path = f"{bin_}{os.pathsep}{plain['PATH']}"
    return {**plain, "PATH": path, "HOME": str(folder), "PYTHONPATH": str(ROOT), "NO_PROXY": "*", "NO_COLOR": "1"}


def _files(folder: Path) -> None:
    """What the README's lines name."""
    (folder / "notes").mkdir()
    (folder / "notes" / "lease.md").write_text("# Lease\n\nIlse Okafor signed the lease in 2021.\n")
    (folder / "reports" / "2024").mkdir(parents=True)
    report = docx.Document()
    report.add_paragraph("Thermal runaway begins at 150 degrees.")
    report.save(str(folder / "reports" / "2024" / "cells.docx"))
    handbook = fpdf.FPDF()
    handbook.add_page()
    handbook.set_font("Helvetica", size=12)
    handbook.multi_cell(0, text="The vacuum pump is serviced in March and in September.")
    handbook.output(str(folder / "handbook.pdf"))
    (folder / "questions.txt").write_text("How long may I return unused goods?\n")


def _port_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    timer = threading.Timer(PATIENCE_S, process.kill)
    timer.start()
    for line in process.stdout:
        if found := re.search(r"Ready at http://127\.0\.0\.1:(\d+)", line):
            timer.cancel()
            return found[1]
    timer.cancel()
    pytest.fail("the server did not start")


@pytest.mark.parametrize("command", TYPED)
def test_a_command_of_the_readme_works_as_it_stands(world: World, command: str) -> None:
    if command.startswith("curl ") and shutil.which("curl") is None:
        pytest.skip(NO_CURL)

    done = world.type("bash", "-c", command)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("program", programs_of("README.md"), ids=lambda text: text.split("\n", 1)[0])
def test_a_program_of_the_readme_prints_an_answer(world: World, program: str) -> None:
    done = world.type(sys.executable, "-P", "-c", program)

    assert done.returncode == 0, done.stderr
    assert re.search(r"60 days|card", done.stdout), done.stdout
    assert "sources do not say" not in done.stdout


def test_curl_gets_an_answer_with_its_citation(world: World) -> None:
    if shutil.which("curl") is None:
        pytest.skip(NO_CURL)
    command = next(command for command in TYPED if "/v1/chat/completions" in command)

    assert '"quote":"You may return unused goods within 60 days' in world.type("bash", "-c", command).stdout


@pytest.mark.parametrize("command", MADE)
def test_a_target_that_the_readme_names_exists(command: str) -> None:
    target = re.search(r"\bmake ([a-z-]+)", command)

    assert target, f"{command!r} is typed by no test"
    assert re.search(rf"^{target[1]}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
