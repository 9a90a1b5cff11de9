"""Cases made of runs: `multidb eval add` keeps one, `multidb eval review` lists the answers that people disliked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.commands import load_settings
from evals.house import House
from evals.past import Past, open_past, past_run
from evals.rows import rows_of
from memory.records import Feedback, Scope
from tools.calls import SearchRequest

FILE = Path("evals") / "cases.jsonl"
PASSAGES = 8
PAGE = 200


@dataclass(frozen=True, slots=True)
class Expected:
    """What a run should have answered. answers: () with is_answerable False: that the sources do not say."""

    answers: tuple[str, ...]
    is_answerable: bool = True
    note: str = ""


def cases_file(given: Path | None) -> Path:
    """Where cases are kept: the file that was named, or one in the data folder."""
    return given or load_settings().home / FILE


async def add_case(run_id: str, scope: Scope, expected: Expected, path: Path) -> dict[str, Any]:
    """Keep a run as a case that brings its passages, for `multidb eval answers --data FILE`.

    A case of the same run is replaced.

    Raises:
        NotFound: the user has no such run.
    """
    settings = load_settings()
    async with open_past(settings) as house:
        past = await past_run(house, settings, scope, run_id)
        row = await _row(house, past, expected)
    await asyncio.to_thread(_keep, path, row)
    return row


async def review(scope: Scope, path: Path) -> list[dict[str, Any]]:
    """Return what the tenant's users disliked and nobody has made a case of, newest first.

    Raises:
        AccessDenied: the scope is not an operator's.
    """
    known = {str(row.get("id")) for row in await asyncio.to_thread(_kept, path)}
    settings = load_settings()
    async with open_past(settings) as house:
        disliked = [one for one in await _disliked(house, scope) if one.run_id not in known]
        return [await _review_row(house, scope, one) for one in disliked]


def _kept(path: Path) -> list[dict[str, Any]]:
    return rows_of(path) if path.is_file() else []


def _keep(path: Path, row: dict[str, Any]) -> None:
    rows = [*(one for one in _kept(path) if one.get("id") != row["id"]), row]
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text("".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in rows), encoding="utf-8")
    fresh.replace(path)


async def _row(house: House, past: Past, expected: Expected) -> dict[str, Any]:
    said = [{"role": turn.role, "text": turn.text} for turn in past.history]
    row: dict[str, Any] = {
        "id": past.record.run_id,
        "text": past.record.message,
        **({"turns": [*said, {"role": "user", "text": past.record.message}]} if said else {}),
        "answers": list(expected.answers),
        "answerable": expected.is_answerable,
        "contexts": await _contexts(house, past),
        "was": past.result.get("answer", ""),
    }
    return {**row, "note": expected.note} if expected.note else row


async def _contexts(house: House, past: Past) -> list[dict[str, str]]:
    """The passages that were cited, then what the question finds now; each once."""
    scope = past.record.scope
    cited = [str(one["passage_id"]) for one in past.result.get("citations", ())]
    kept = await house.stores.documents.passages(scope, cited)
    found = await house.agent.tools.search(scope, SearchRequest(past.record.message, top_k=PASSAGES))
    passages = {one.passage_id: one for one in (*kept, *(hit.passage for hit in found.hits))}
    return [{"title": one.context, "text": one.text} for one in passages.values()]


async def _disliked(house: House, scope: Scope) -> Sequence[Feedback]:
    found: list[Feedback] = []
    after: str | None = None
    while True:
        page = await house.stores.feedback.page(scope, "down", after, PAGE)
        found += page.items
        if (after := page.next) is None:
            return found


async def _review_row(house: House, scope: Scope, one: Feedback) -> dict[str, Any]:
    """The rating with the question, where the run is this user's."""
    runs = await house.stores.runs.of_thread(scope, one.thread_id)
    run = next((run for run in runs if run.run_id == one.run_id), None)
    answer = json.loads(run.result).get("answer", "") if run and run.result else ""
    return {
        "run_id": one.run_id,
        "at": one.created_at.isoformat(timespec="seconds"),
        "comment": one.comment,
        "question": run.message if run else "",
        "answer": answer,
    }
