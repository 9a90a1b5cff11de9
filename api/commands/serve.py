"""`multidb serve`: the API on a socket, from the first byte to a clean stop."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from api.commands import load_settings
from api.http import create_app
from api.logs import configure_logs
from api.samples import QUESTION, ingest_samples
from api.secret import is_loopback
from api.settings import Settings
from api.terminal import CommandFailed, note, progress, say

SEND_BUFFER = 32 * 1024
"""Bytes of kernel memory for a reader that does not read; Linux would give megabytes. Accepted sockets inherit it."""
BACKLOG = 2048
HOME_DEFAULT = Path("data")


def serve(host: str | None, port: int | None, samples: bool) -> None:
    """Serve until SIGINT or SIGTERM; running answers may finish within the grace time."""
    settings = load_settings(**{key: value for key, value in (("host", host), ("port", port)) if value is not None})
    configure_logs(settings.log_level)
    with _listening(settings) as listener:
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
        app = create_app(settings, url=url_of(settings))
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=round(settings.shutdown_grace_s) + 1,
        )
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(_run(_Server(config, app, settings), app, settings, listener, samples))


class _Server(uvicorn.Server):
    """Uvicorn, told to end event streams when it stops, and to leave the signals to us."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, settings: Settings) -> None:
        super().__init__(config)
        self._app = app
        self._settings = settings

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        # Uvicorn's own would raise the signal again afterwards, and end the process before the stores are closed.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _greet(self._settings)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.streams.stopping.set()
        await super().shutdown(sockets)


async def _run(server: _Server, app: FastAPI, settings: Settings, listener: socket.socket, samples: bool) -> None:
    # The lifespan is entered here and not by uvicorn, so that a start that fails says why in one line.
    async with app.router.lifespan_context(app):
        if samples:
            await _bring_samples(app, settings)
        await server.serve([listener])


async def _bring_samples(app: FastAPI, settings: Settings) -> None:
    with progress("Reading the samples") as on_progress:
        done = await ingest_samples(app.state.parts.stores, settings.home, on_progress)
    if done is not None:
        note(f"Sample corpus: {done.kept} documents kept, {len(done.refused)} refused")
        for path, reason in done.refused:
            note(f"refused  {path}: {reason}")


@contextmanager
def _listening(settings: Settings) -> Generator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        try:
            listener.bind((settings.host, settings.port))
            # From here on clients queue: whoever reads our address in the folder's lock may call at once.
            listener.listen(BACKLOG)
        except OSError as error:
            told = f"cannot listen on {settings.host}:{settings.port}: {error.strerror}"
            raise CommandFailed(f"{told}; choose another with --port, or --port 0 for a free one") from error
        yield listener


def url_of(settings: Settings) -> str:
    """Return where a program on this machine reaches the server."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _greet(settings: Settings) -> None:
    message = shlex.quote(json.dumps({"message": QUESTION}))
    command = _command(settings)
    token = "" if is_loopback(settings.host) else _bearer(command)
    say(f"Ready at {url_of(settings)} (data in {settings.home}, stop with Ctrl-C). Ask it:\n")
    kinds = "-H 'Accept: text/event-stream' -H 'Content-Type: application/json'"
    say(f"  curl -N {url_of(settings)}/api/v1/chat/message {token}{kinds} -d {message}\n")
    say(f'  {command} ask "{QUESTION}"\n')


def _bearer(command: str) -> str:
    return f'-H "Authorization: Bearer $({command} token --tenant local --user local)" '


def _command(settings: Settings) -> str:
    """How this `multidb` is called from the folder that we were called in."""
    launcher = Path(sys.prefix) / "bin" / "multidb"
    here = Path.cwd()
    shown = launcher.relative_to(here) if launcher.is_relative_to(here) else launcher
    home = "" if settings.home == HOME_DEFAULT else f"MULTIDB_HOME={shlex.quote(os.path.abspath(settings.home))} "
    return f"{home}{shlex.quote(str(shown))}"
