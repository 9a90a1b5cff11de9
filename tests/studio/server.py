"""LangGraph's server on a temporary data folder, in a process that cannot call anybody unnoticed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from api.settings import Settings
from memory.ingest.pipeline import IngestOptions, ingest
from memory.records import LOCAL
from memory.stores import open_stores

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = ROOT / ".venv-studio" / "bin"
START = (str(BIN / "python"), "-m", "api.studio.start", "--port")
DEV = (str(BIN / "langgraph"), "dev", "--no-browser", "--no-reload", "--port")
READY = {START: "Ctrl-C stops it.", DEV: "API Docs"}
LIGHTHOUSE = """# The lighthouse

The lighthouse of Norderend is 41 metres tall. It was built in 1907. Its light reaches 23 sea miles.
The keeper climbs 208 steps every evening.
"""
WITNESS = """

def note(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        with open({path!r}, "a") as calls:
            calls.write(f"{{event}} {{args[1] if event != 'socket.getaddrinfo' else args[0]}}\\n")

sys.addaudithook(note)
"""

needs_studio = pytest.mark.skipif(not BIN.exists(), reason="needs LangGraph's server: make studio-install")


@dataclass
class Server:
    """A running server. calls: every address that its process asked for."""

    url: str
    process: subprocess.Popen[str]
    proxy: socket.socket
    calls: Path
    folder: Path
    output: str = ""

    def stop(self) -> int:
        """End it as Ctrl-C does; return its exit code."""
        self.process.send_signal(signal.SIGINT)
        self.output += self.process.communicate(timeout=30)[0]
        return self.process.returncode

    @property
    def left(self) -> Sequence[str]:
        """What it called that is not this machine, by name, address or through a proxy."""
        called = self.calls.read_text(encoding="utf-8").splitlines() if self.calls.exists() else []
        own = ("127.0.0.1", "::1", "localhost", "/")
        strangers = [call for call in called if not any(name in call for name in own)]
        try:
            asking = self.proxy.accept()[0]
        except BlockingIOError:
            return strangers
        with asking:
            asking.settimeout(5)
            return [*strangers, f"through the proxy: {asking.recv(200)!r}"]


async def fill(home: Path) -> None:
    """Make a data folder with one document about a lighthouse."""
    source = home.parent / "lighthouse.md"
    source.write_text(LIGHTHOUSE, encoding="utf-8")
    async with open_stores(Settings(home=home)) as stores:
        await ingest(LOCAL, [source], stores, IngestOptions(base=home.parent), lambda _: None)


@contextmanager
def serving(command: tuple[str, ...], home: Path, **settings: str) -> Generator[Server]:
    """Start a server and wait until it says that it is ready; it is stopped in any case."""
    folder = home.parent / "started-here"
    folder.mkdir()
    for name in ("api", "langgraph.json"):
        (folder / name).symlink_to(ROOT / name)
    calls = home.parent / "calls"
    (folder / "sitecustomize.py").write_text(WITNESS.format(path=str(calls)), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as proxy, socket.create_server(("127.0.0.1", 0)) as free:
        proxy.setblocking(False)
        port = free.getsockname()[1]
        free.close()
        environment = {**_environment(proxy), "MULTIDB_HOME": str(home), "PYTHONPATH": f"{folder}:{ROOT}", **settings}
        process = subprocess.Popen(
            [*command, str(port)],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        server = Server(f"http://127.0.0.1:{port}", process, proxy, calls, folder)
        try:
            server.output = _until(process, READY[command])
            with httpx.Client(transport=httpx.HTTPTransport(retries=7)) as http:
                http.get(f"{server.url}/ok", timeout=60)
            yield server
        finally:
            process.kill()
            process.communicate()


def _environment(proxy: socket.socket) -> Mapping[str, str]:
    """A person's environment that would trace if it were let, and a proxy that sees who calls."""
    address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "NO_COLOR": "1",
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_API_KEY": "lsv2_a_key_that_must_not_be_used",
        **{f"{kind}_proxy": address for kind in ("http", "https", "all")},
        **{f"{kind}_PROXY": address for kind in ("HTTP", "HTTPS", "ALL")},
    }


def _until(process: subprocess.Popen[str], words: str) -> str:
    """Read what a process says up to some words."""
    assert process.stdout is not None
    output = ""
    for line in process.stdout:
        output += line
        if words in line:
            return output
    pytest.fail(f"it ended with {process.wait()}: {output[-3000:]}")
