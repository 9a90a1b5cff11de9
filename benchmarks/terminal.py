"""Draw the first minutes at the terminal: `python -m benchmarks.terminal [docs/terminal.svg] [PORT]`.

Clones the repository into a temporary folder, runs there what the picture shows, and draws what was printed, when it
was printed: an SVG that moves by key frames alone. Long lines are cut, the folder's path is shortened to `~`, and a
wait of more than a second is shown as one second.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from html import escape
from pathlib import Path
from typing import NamedTuple

from benchmarks.machine import ROOT

COLUMNS = 96
LONGEST_WAIT_S = 1.0
TYPED_S = 0.9
READ_S = 0.7
LINE_PX = 18
LEFT_PX, TOP_PX = 20, 56
WIDTH_PX = 830
NOTES = "# Huts\n\nThe Ravine hut sleeps twelve. It is open from June to early October, and the key hangs at the inn.\n"
ASKED = ("How many people does the Ravine hut sleep?", "What is the wingspan of an albatross?")


class Line(NamedTuple):
    """A line as it was shown: at_s counts the shortened time from the beginning."""

    at_s: float
    text: str
    kind: str


class Recording:
    """Lines and the time that the picture takes for them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[Line] = []
        self.now_s = 0.4

    def typed(self, command: str) -> None:
        """A command, typed at a person's pace."""
        if self.lines:
            self.now_s += READ_S
            self.lines.append(Line(self.now_s, "", "said"))
        self.lines.append(Line(self.now_s, command, "typed"))
        self.now_s += TYPED_S

    def said(self, process: subprocess.Popen[str], until: str | None = None) -> None:
        """What a process prints, up to a line that begins with `until`, or to its end."""
        assert process.stdout
        before = time.perf_counter()
        for line in process.stdout:
            waited_s, before = time.perf_counter() - before, time.perf_counter()
            self.now_s += min(waited_s, LONGEST_WAIT_S)
            text = line.rstrip("\n").replace(str(self.folder), "~").expandtabs(2)
            self.lines.append(Line(self.now_s, text, "said"))
            if until and text.startswith(until):
                return


def record(folder: Path, port: int) -> Recording:
    """Run the commands in a fresh clone and keep what they print."""
    clone = folder / "multidb"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True, timeout=120)
    (clone / "notes").mkdir()
    (clone / "notes" / "huts.md").write_text(NOTES, encoding="utf-8")
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": str(COLUMNS), "PYTHONUNBUFFERED": "1"}
    environment.pop("VIRTUAL_ENV", None)
    recording = Recording(clone)

    def run(command: str) -> subprocess.Popen[str]:
        recording.typed(command)
        return subprocess.Popen(
            ["sh", "-c", f"exec {command}"],
            cwd=clone, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip

    with run("make run" if port == 8000 else f"make run PORT={port}") as server:
        try:
            recording.said(server, until="Ready at")
            for command in (".venv/bin/multidb ingest notes", *(f'.venv/bin/multidb ask "{one}"' for one in ASKED)):
                with run(command) as process:
                    recording.said(process)
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)
    return recording


def draw(recording: Recording) -> str:
    """Return the picture; without motion, or where none is wanted, it shows the end."""
    height = TOP_PX + LINE_PX * len(recording.lines) + 6
    rows = "\n".join(_row(number, line) for number, line in enumerate(recording.lines))
    commands = ", then ".join(line.text for line in recording.lines if line.kind == "typed")
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX} {height}" role="img"
  aria-labelledby="t d" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13.5">
  <title id="t">From a fresh clone to an answer, at the terminal</title>
  <desc id="d">{escape(commands)}; what they printed. Made by python -m benchmarks.terminal.</desc>
  <style>
    text {{ white-space: pre; fill: #dfe5ee; animation: appear 1ms both }}
    .typed {{ fill: #ffffff; font-weight: 600 }}
    .prompt {{ fill: #7fb38f }}
    .faint {{ fill: #9aa4b5 }}
    @keyframes appear {{ from {{ visibility: hidden }} to {{ visibility: visible }} }}
    @media (prefers-reduced-motion: reduce) {{ text {{ animation: none }} }}
  </style>
  <rect width="{WIDTH_PX}" height="{height}" rx="10" fill="#161b24"/>
  <circle cx="20" cy="20" r="5" fill="#5b6578"/><circle cx="38" cy="20" r="5" fill="#5b6578"/>
  <circle cx="56" cy="20" r="5" fill="#5b6578"/>
{rows}
</svg>
"""


def _row(number: int, line: Line) -> str:
    prompt = '<tspan class="prompt">$ </tspan>' if line.kind == "typed" else ""
    faint = line.text.startswith(("Making", "Installing", "    ", "Sample corpus"))
    text = line.text if len(line.text) <= COLUMNS else f"{line.text[: COLUMNS - 1]}…"
    place = f'x="{LEFT_PX}" y="{TOP_PX + LINE_PX * number}" class="{"faint" if faint else line.kind}"'
    return f'  <text {place} style="animation-delay: {line.at_s:.2f}s">{prompt}{escape(text)}</text>'


def main() -> None:
    """Record and draw."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "terminal.svg"
    with tempfile.TemporaryDirectory() as folder:
        recording = record(Path(folder), int(sys.argv[2]) if len(sys.argv) > 2 else 8000)
    target.write_text(draw(recording), encoding="utf-8")
    print(f"{target}: {len(recording.lines)} lines in {recording.now_s:.1f} s")


if __name__ == "__main__":
    main()
