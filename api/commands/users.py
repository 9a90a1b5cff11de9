"""`multidb users erase`: forget a person."""

from __future__ import annotations

from api.client import open_users
from api.commands import load_settings
from api.terminal import printable, say, say_json, usage
from memory.records import LOCAL, Scope


async def erase(user_id: str, tenant_id: str, as_json: bool) -> None:
    """Forget a user, through the server that holds the folder if there is one; say what was forgotten."""
    if not user_id.strip() or not tenant_id.strip():
        usage("USER and --tenant must not be empty")
    async with open_users(load_settings(), Scope(tenant_id, LOCAL.user_id, (), LOCAL.roles)) as users:
        erased = await users.erase_user(user_id)
    if as_json:
        return say_json({**erased})
    counts = f"{erased['conversations']} conversations and {erased['documents']} documents forgotten"
    say(f"{counts}; ledger and audit say {printable(erased['pseudonym'])}")
