"""`multidb serve`: the API on a socket, from the first byte to a clean stop."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import shlex
import signal
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from fastapi import FastAPI

from api import serving
from api.commands import load_settings
from api.http import create_app
from api.logging import set_up_logging
from api.samples import QUESTION, ingest_samples
from api.secret import is_loopback
from api.settings import Settings
from api.terminal import CommandFailed, note, progress, say


def serve(host: str | None, port: int | None, samples: bool) -> None:
    """Serve until SIGINT or SIGTERM; running answers may finish within the grace time."""
    settings = load_settings(**{key: value for key, value in (("host", host), ("port", port)) if value is not None})
    set_up_logging(settings.log_level)
    with _listening(settings) as listener:
        url = serving.url_of(settings, listener)
        app = create_app(settings, url=url)
        config = serving.config_of(settings, app)
        # The lifespan is entered below and not by uvicorn, so that a start that fails says why in one line.
        config.lifespan = "off"
        server = _Server(config, app, lambda: _greet(settings, url))
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(_run(server, app, settings, listener, samples))


class _Server(serving.Server):
    """The server, with signals that stop it and do nothing else."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        # Uvicorn's own would raise the signal again afterwards, and end the process before the stores are closed.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


async def _run(server: _Server, app: FastAPI, settings: Settings, listener: socket.socket, samples: bool) -> None:
    async with app.router.lifespan_context(app):
        if samples:
            await _bring_samples(app, settings)
        gc.freeze()
        gc.enable()
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
    try:
        listener = serving.bind(settings)
    except OSError as error:
        told = f"cannot listen on {settings.host}:{settings.port}: {error.strerror}"
        raise CommandFailed(f"{told}; choose another with --port, or --port 0 for a free one") from error
    with listener:
        # From here on clients queue: whoever reads our address in the folder's lock may call at once.
        listener.listen(serving.BACKLOG)
        yield listener


def _greet(settings: Settings, url: str) -> None:
    message = shlex.quote(json.dumps({"message": QUESTION}))
    command = _command(settings)
    token = "" if is_loopback(settings.host) else _bearer(command)
    say(f"Ready at {url} (data in {settings.home}, stop with Ctrl-C). Open it in a browser, or try, from any folder:\n")
    kinds = "-H 'Accept: text/event-stream' -H 'Content-Type: application/json'"
    say(f"  curl -N {url}/api/v1/chat/message {token}{kinds} -d {message}\n")
    say(f'  {command} ask "{QUESTION}"\n')


def _bearer(command: str) -> str:
    return f'-H "Authorization: Bearer $({command} token --tenant local --user local)" '


def _command(settings: Settings) -> str:
    """How this `multidb` is called from any folder."""
    launcher = Path(sys.prefix) / "bin" / "multidb"
    return f"MULTIDB_HOME={shlex.quote(os.path.abspath(settings.home))} {shlex.quote(str(launcher))}"
