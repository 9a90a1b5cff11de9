"""`make studio`: the server of `langgraph dev` on this house, which says plainly what is local and what is not.

LangGraph's own command also keeps every thread, state and all, in a folder `.langgraph_api` where it is started. Here
threads live as long as the process; what lasts is what any run leaves in the data folder: record, charge and turns.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from api.serving import bind
from api.settings import Settings
from api.studio.app import COMMAND, PAGE, app
from memory.folder import find_holder

ROOT = Path(__file__).resolve().parent.parent.parent
HOST = "127.0.0.1"
PORT = 2024
WORKERS = 4
"""Steps under way at once; a run that pauses takes none."""
NOTICE = """
Studio's API answers at {url}. Open, not in Safari, which lets no page call this machine:

  {page}/studio/?baseUrl={url}

That page is hosted by LangChain and may ask you to sign in there. What it shows is fetched from here by your browser,
by LangChain's code. This server sends nothing anywhere: documents, questions and answers stay in {home}.
Ctrl-C stops it.
"""


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal; return the exit code."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="LangGraph Studio on the data folder.")
    parser.add_argument("--port", type=int, default=PORT)
    port: int = parser.parse_args(arguments).port
    settings = Settings().model_copy(update={"host": HOST, "port": port})
    if trouble := _trouble(settings):
        sys.stderr.write(f"Error: {trouble}\n")
        return 1
    url = f"http://{HOST}:{port}"
    notice = NOTICE.format(url=url, page=PAGE, home=settings.home.absolute())
    app.state.on_ready = lambda: _ready(notice)
    _serve(port)
    return 0


def _trouble(settings: Settings) -> str:
    """Say what keeps Studio from starting, and what to do; "" if nothing does."""
    if (holder := find_holder(settings.home)) is not None:
        where = f" at {holder.url}" if holder.url else ""
        return (
            f"{settings.home} is in use by `{holder.command}` (process {holder.pid}){where}. Stop that first, or give "
            f"Studio a folder of its own: MULTIDB_HOME=DIR {COMMAND}"
        )
    try:
        bind(settings).close()
    except OSError as error:
        return f"port {settings.port} cannot be used ({error.strerror}). Try another: {COMMAND} PORT=N"
    return ""


def _serve(port: int) -> None:
    config: Mapping[str, Any] = orjson.loads((ROOT / "langgraph.json").read_bytes())
    for talkative in ("langgraph_api.cli", "langgraph_api.timing.timer"):
        logging.getLogger(talkative).setLevel(logging.ERROR)  # a greeting, and advice for who deploys to a cluster
    # Installed for Studio only: `.venv-studio`, requirements-studio.txt.
    importlib.import_module("langgraph_api.cli").run_server(
        HOST,
        port,
        graphs={name: {**graph, "path": _absolute(graph["path"])} for name, graph in config["graphs"].items()},
        http={**config["http"], "app": _absolute(config["http"]["app"])},
        env=config["env"],
        n_jobs_per_worker=WORKERS,
        disable_persistence=True,
    )


def _ready(notice: str) -> None:
    """Say so. LangGraph's server is told to write no threads at all, and would still write them when it stops."""
    database = importlib.import_module("langgraph_runtime_inmem.database")
    for kept in (database.GLOBAL_STORE, database.GLOBAL_RETRY_COUNTER._counters):
        kept.flag = "r"
    sys.stdout.write(notice)
    sys.stdout.flush()


def _absolute(path: str) -> str:
    return str(ROOT / path)


if __name__ == "__main__":
    sys.exit(main())
