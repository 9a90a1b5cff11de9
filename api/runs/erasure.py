"""Forgets a person: everything that is theirs, wherever it is kept. What is broken off is asked for again.

Each step finds what is left, so that it does not matter where an attempt ended; nothing remembers how far one came.
What was charged stays under a name that leads to nobody, and the audit says that somebody was erased, not who.
"""

from __future__ import annotations

from dataclasses import dataclass

from api.errors import Problem
from api.runs.runs import Runs
from memory.errors import NotFound
from memory.ids import new_id
from memory.records import Scope
from memory.stores import Stores

PAGE = 100
ROUNDS = 5
"""Conversations that are begun meanwhile are found by the next round; somebody who goes on asking is not erased."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What was forgotten. pseudonym: stands for the user in the ledger and the audit from now on."""

    pseudonym: str
    conversations: int
    documents: int


async def erase_user(runs: Runs, stores: Stores, operator: Scope, user_id: str) -> Erased:
    """Forget a user of the operator's tenant, who may be the operator.

    Turns, runs, events, checkpoints, ratings, cached values, documents of their own, plans and their name in ledger and
    audit. Curated answers and documents of the tenant stay. Calling it again, also for somebody who was never seen,
    forgets what came since.

    Raises:
        Problem: thread_busy, a conversation does not end.
        StoreError: a store is away; calling again goes on.
    """
    user, pseudonym = Scope(operator.tenant_id, user_id), f"erased-{new_id()}"
    conversations = await _forget_threads(runs, stores, user)
    documents = await _forget_documents(stores, user)
    await stores.cache.delete_prefix(user, "")
    await stores.ledger.pseudonymise(user, pseudonym)
    await stores.accounts.forget_user(user)
    detail = f"{conversations} conversations, {documents} documents"
    await stores.audit.append(operator, "user.erase", pseudonym, detail)
    # The last: whoever erases themselves is an actor once more until here.
    await stores.audit.forget_actor(user)
    return Erased(pseudonym, conversations, documents)


async def _forget_threads(runs: Runs, stores: Stores, user: Scope) -> int:
    count = 0
    for _ in range(ROUNDS):
        threads = {*await stores.runs.threads(user)}
        after: str | None = None
        while True:
            page = await stores.turns.threads(user, "", after, PAGE)
            threads.update(thread.thread_id for thread in page.items)
            if (after := page.next) is None:
                break
        if not threads:
            return count
        for thread_id in sorted(threads):
            await runs.erase_thread(user, thread_id)
        count += len(threads)
    raise Problem("thread_busy", "conversations are begun while they are erased; try again")


async def _forget_documents(stores: Stores, user: Scope) -> int:
    """Forget the documents that only this user, or nobody without them, was given."""
    own, after = list[str](), None
    if not await stores.documents.owns(user):
        await stores.index.catch_up()  # an attempt may have ended between document and index
        return 0
    while True:
        page = await stores.documents.page(user, "", after, PAGE)
        readable = [await stores.documents.get(user, item.document_id) for item in page.items]
        own += [document.document_id for document in readable if document.access.owner == user.user_id]
        if (after := page.next) is None:
            break
    for document_id in own:
        try:
            await stores.documents.delete(user, document_id)
        except NotFound:
            continue
    await stores.index.catch_up()
    return len(own)
