"""The real server with crash points in it: what the zygote forks.

Everything is the product's own; only the stores' writes, the graph's nodes, the runs' own points and the frames on the
wire may kill the process.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import graphs.graph
from api.http import create_app
from api.serving import Server, bind, config_of
from api.settings import Settings
from api.wiring import Faults
from tests.chaos.points import CrashPoints, around, wrap_asgi, wrap_stores

NODES = ("researcher", "synthesizer", "judge", "responder")
LATE = (
    "api.agent",
    "langchain_openai",
    "memory.checkpoints.sqlite",
    "memory.documents.sqlite",
    "memory.embeddings.minilm",
    "memory.index.local",
    "memory.runs.sqlite",
    "memory.turns.sqlite",
    "onnxruntime",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
)
"""What a server imports when it needs it; here before the fork, for every server of a storm."""


def prepare() -> None:
    """Import everything, once for all servers."""
    for module in LATE:
        importlib.import_module(module)


def serve(request: dict[str, Any], ready: Callable[[], object]) -> None:
    """Serve until killed; `ready` is called once connections are accepted."""
    points = CrashPoints(request["crash"], Path(request["record"]) if request["record"] else None)
    for name in NODES:
        setattr(graphs.graph, name, _node(getattr(graphs.graph, name), name, points))
    settings = Settings.model_validate(
        {**Settings().model_dump(), "home": Path(request["home"]), "port": request["port"], **request["settings"]}
    )
    faults = Faults(wrap=lambda stores: wrap_stores(stores, points), crash=lambda name: points.hit(f"at:{name}"))
    api = create_app(settings, faults, url=f"http://127.0.0.1:{request['port']}")
    config: Any = config_of(settings, api)
    config.app = wrap_asgi(api, points)
    Server(config, api, ready).run([bind(settings)])


def _node(node: Any, name: str, points: CrashPoints) -> Any:
    return wraps(node)(around(node, f"node.{name}", points))
