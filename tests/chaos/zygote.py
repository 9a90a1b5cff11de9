"""A process that has imported the server once and forks a real one for each start: `python -m tests.chaos.zygote`.

Each line on stdin is a JSON request to start a server; the reply line holds its pid once it accepts connections
(`{"pid", "ready": false}` if it died on the way). Imports are the slowest part of a start: forked, hundreds of real
processes can be killed in minutes. Nothing that owns a thread or a loop is made before the fork.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve start requests until stdin ends."""
    from tests.chaos import server

    server.prepare()

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        reply = start(json.loads(line), server.serve)
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


def start(request: dict[str, Any], serve: Any) -> dict[str, Any]:
    """Fork one server and wait until it says that it is ready, or is gone."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _become_server(request, writing, serve)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        return {"pid": pid, "ready": pipe.read(1) == b"r"}


def _become_server(request: dict[str, Any], ready: int, serve: Any) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # A server that outlived its test would take up the runs of the next one on the same database.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    log = os.open(Path(request["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    try:
        serve(request, lambda: os.write(ready, b"r"))
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stderr.flush()
        os._exit(0)


if __name__ == "__main__":
    main()
