"""Makes a resumed run's stream agree with its answer.

A checkpoint can be on disk while the last words that its step streamed are not: the resumed graph then does not say
them again. Whatever clients lack or hold wrongly is written from the finished answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from api.runs.replay import RESTARTED, Said
from api.runs.writer import body_of
from graphs.emit import fields_of
from memory.records import Answer, Claim


def reconcile(held: Sequence[Said], answer: Answer) -> Sequence[Said]:
    """Return what has to be written after `held` (what clients know) for them to hold the answer's claims."""
    shown, judged = _shown(held)
    wanted = {claim.id: claim for claim in answer.claims}
    wrong = [claim_id for claim_id, text in shown.items() if not _begins(wanted.get(claim_id), text)]
    missing: list[dict[str, Any]] = []
    if wrong:
        missing.append({"type": RESTARTED, "reason": "the answer was written anew after an interruption"})
        shown, judged = {}, {}
    for claim in answer.claims:
        if judged.get(claim.id) == "claim.retracted":
            continue
        if rest := claim.text.strip()[len(shown.get(claim.id, "").strip()) :]:
            missing.append({"type": "answer.delta", "claim_id": claim.id, "text": rest})
        if (verdict := _verdict(claim)) is not None and verdict["type"] != judged.get(claim.id):
            missing.append(verdict)
    return [Said(part["type"], body_of(part)) for part in missing]


def _shown(held: Sequence[Said]) -> tuple[dict[str, str], dict[str, str]]:
    """Text of each claim that clients show, and the last verdict on it; a retracted one is shown no more."""
    shown: dict[str, str] = {}
    judged: dict[str, str] = {}
    for said in held:
        if said.kind == RESTARTED:
            shown, judged = {}, {}
        if said.kind not in ("answer.delta", "claim.supported", "claim.retracted"):
            continue
        part: Mapping[str, str] = orjson.loads(said.body)
        claim_id = part["claim_id"]
        if said.kind == "answer.delta":
            shown[claim_id] = shown.get(claim_id, "") + part["text"]
        else:
            judged[claim_id] = said.kind
    gone = {claim_id for claim_id, kind in judged.items() if kind == "claim.retracted"}
    return {claim_id: text for claim_id, text in shown.items() if claim_id not in gone}, judged


def _begins(claim: Claim | None, text: str) -> bool:
    return claim is not None and claim.text.strip().startswith(text.strip())


def _verdict(claim: Claim) -> dict[str, Any] | None:
    match claim.verdict:
        case "supported":
            citations = [fields_of(citation) for citation in claim.citations]
            return {"type": "claim.supported", "claim_id": claim.id, "citations": citations}
        case "unsupported" | "contradicted":
            return {
                "type": "claim.retracted",
                "claim_id": claim.id,
                "verdict": claim.verdict,
                "reason": claim.reason,
            }
        case "pending" | "unjudged":
            return None
