"""Is it alive, is it ready, what does it count."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response

from api.errors import Problem
from api.routes.parts import Parts
from api.secret import is_loopback
from api.security import Caller, identify, require
from api.wiring import App
from memory.errors import ModelUnavailable, StoreError
from memory.ports import TurnStore
from memory.records import SYSTEM

router = APIRouter(tags=["operations"])
PROBE_S = 2.0
SPARED = frozenset({"redis", "cassandra", "mongodb"})
"""Technologies without which answers, or parts of them, go on or are refused one by one; the others are fatal."""


@router.get("/health/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@router.get("/health/ready")
async def ready(request: Request, parts: Parts) -> Response:
    """Every part and how it stands; 503 when one is gone that must not be. Details are for operators.

    What is degraded without a part is 200: all replicas share that part's server, and none would be left to say so.
    """
    states = await _states(parts)
    down = [state for state in states.values() if state["status"] == "down"]
    status = "not ready" if any(state["needed"] for state in down) else "degraded" if down else "ready"
    body: dict[str, Any] = {"status": status}
    if _is_operator(request, parts):
        body |= {"parts": states, "stores": _stores(parts)}
    return JSONResponse(body, 503 if status == "not ready" else 200, {"Cache-Control": "no-store"})


@router.get("/metrics")
async def metrics(caller: Caller, parts: Parts, request: Request) -> Response:
    """Counters in Prometheus' text format; operators only."""
    require(caller, "operator")
    with suppress(StoreError):
        parts.metrics.show_outbox(await parts.stores.turns.lag())
    text = generate_latest(parts.metrics.registry)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def _is_operator(request: Request, parts: App) -> bool:
    try:
        caller = identify(parts.settings, parts.secret, request.headers.get("authorization"))
    except Problem:
        return False
    return "operator" in caller.roles or (is_loopback(parts.settings.host) and "authorization" not in request.headers)


async def _states(parts: App) -> Mapping[str, dict[str, Any]]:
    stores = parts.stores
    probes: dict[str, Awaitable[object]] = {
        "answers": stores.answers.categories(_PROBE),
        "feedback": stores.feedback.of_thread(_PROBE, "probe"),
        "accounts": stores.accounts.users(_PROBE, None, 1),
        "ledger": stores.ledger.usage(_PROBE),
        "audit": stores.audit.page(_PROBE, 0, 1),
        "documents": stores.documents.last_sequence(SYSTEM),
        "runs": stores.runs.unfinished(SYSTEM),
        "checkpoints": stores.checkpointer.aget_tuple({"configurable": {"thread_id": "probe"}}),
        "cache": stores.cache.get(_PROBE, "probe"),
        "index": stores.index.status(),
        "embedder": stores.embedder.embed_query("probe"),
    }
    spared = {port for server in stores.servers if server.technology in SPARED for port in server.ports}
    if "documents" in spared:
        spared.add("index")  # it follows the documents, wherever it is
    judged = (_state(probe, needed=name not in spared) for name, probe in probes.items())
    turns, *answers = await asyncio.gather(_turns(stores.turns), *judged)
    return {"turns": turns, **dict(zip(probes, answers, strict=True)), **await _agent(parts)}


async def _turns(turns: TurnStore) -> dict[str, Any]:
    """How conversations are kept; where turns may wait in an outbox, answers go on without their store."""
    state = await _state(turns.threads(_PROBE, "", None, 1))
    try:
        lag = await turns.lag()
    except StoreError:
        return state
    if not lag.outbox:
        return state
    return {**state, "needed": False, "waiting": lag.waiting, "oldest_s": round(lag.oldest_s), "refused": lag.refused}


async def _agent(parts: App) -> dict[str, dict[str, Any]]:
    """How the agent stands; while it starts, questions are taken, and answered as soon as it has."""
    state = parts.agent.state
    if state != "up":
        return {"agent": {"status": state, "needed": True}}
    servers = {
        f"mcp:{name}": {
            "status": "down" if link.circuit == "open" else "up",
            "needed": False,
            "open_clients": link.open_clients,
        }
        for name, link in (await parts.agent.get()).tools.status().items()
    }
    return {"agent": {"status": state, "needed": True}, **servers}


def _stores(parts: App) -> dict[str, dict[str, Any]]:
    """Each server and file, its circuit as it is after the probes, and whether its loss makes this process unready."""
    return {
        server.name: {
            "circuit": server.breaker.state,
            "needed": server.technology not in SPARED,
            "ports": server.ports,
            "server": server.breaker.name,
        }
        for server in parts.stores.servers
    }


async def _state(probe: Awaitable[object], *, needed: bool = True) -> dict[str, Any]:
    try:
        async with asyncio.timeout(PROBE_S):
            await probe
    except (StoreError, ModelUnavailable, TimeoutError) as error:
        return {"status": "down", "needed": needed, "reason": type(error).__name__}
    return {"status": "up", "needed": needed}


_PROBE = SYSTEM
