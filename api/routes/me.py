"""`GET /api/v1/me`: who am I here, and what is left."""

from __future__ import annotations

from fastapi import APIRouter

from api.routes.parts import Parts
from api.schemas import MeOut
from api.security import Caller
from graphs.context import LIMITS

router = APIRouter(prefix="/api/v1", tags=["account"])


@router.get("/me")
async def get_me(caller: Caller, parts: Parts) -> MeOut:
    """The caller, the plan, and what a run of each effort may cost at most."""
    quota = await parts.stores.ledger.usage(caller)
    return MeOut(
        tenant_id=caller.tenant_id,
        user_id=caller.user_id,
        roles=caller.roles,
        plan=quota.plan.name,
        used_tokens=quota.used_tokens,
        reserved_tokens=quota.reserved_tokens,
        remaining_tokens=quota.remaining_tokens,
        resets_at=quota.resets_at,
        prices={effort: limits.tokens for effort, limits in LIMITS.items()},
    )
