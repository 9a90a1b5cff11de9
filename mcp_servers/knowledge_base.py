"""MCP server `knowledge_base`: curated questions and answers; anyone may look them up, editors may change them.

An entry is also a document `kb:<entry_id>` with one passage of kind `answer`, so that it is found by meaning: the
passage is the answer, its context is the question. The AnswerStore is the truth and is written first; repeating a
put after a crash in between writes the document again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult
from pydantic import BaseModel, Field

from mcp_servers.backends import Backends, Prices
from mcp_servers.callers import Caller, require
from mcp_servers.entries import forget_entry, match_entries, publish_entry
from mcp_servers.replies import DELETES, READS, WRITES, answering, reply, server, tool
from memory.errors import Conflict, NotFound
from memory.ids import digest
from memory.records import AnswerEntry, Scope

NAME = "knowledge_base"
INSTRUCTIONS = """Curated answers of the organisation; prefer one that truly answers the question over your own words.
`look_up` finds entries by meaning. Only editors can `put_entry` and `delete_entry`: read the entry first and pass
its revision, so that nobody's edit is lost."""

EntryId = Annotated[str, Field(min_length=1, max_length=200, description="entry_id of an entry.")]
Category = Annotated[str, Field(min_length=1, max_length=100)]


class Match(BaseModel):
    """A curated entry and how near it is to the question: cosine in [-1, 1]."""

    entry: AnswerEntry
    similarity: float


class Matches(BaseModel):
    """Entries that are near a question, best first."""

    matches: tuple[Match, ...]


class Stored(BaseModel):
    """An entry as it is kept now."""

    entry: AnswerEntry


class Categories(BaseModel):
    """Category -> how many entries it has."""

    categories: Mapping[str, int]


class Entries(BaseModel):
    """One page of entries by entry_id; pass `next` as `after` for the following page, null on the last."""

    entries: tuple[AnswerEntry, ...]
    next: str | None


class Deleted(BaseModel):
    """`deleted` is false when there was no such entry any more."""

    entry_id: str
    deleted: bool


def build_server(stores: Backends, caller: Caller, prices: Prices | None = None) -> MCPServer:
    """Return the server over these stores; `prices` is not used here."""
    tools = _KnowledgeBase(stores, caller)
    listed = [
        tool(tools.look_up, "Look up curated answers", READS),
        tool(tools.list_categories, "List categories", READS),
        tool(tools.list_entries, "List entries", READS),
        tool(tools.get_entry, "Read an entry", READS),
        tool(tools.put_entry, "Add or edit an entry", WRITES),
        tool(tools.delete_entry, "Delete an entry", DELETES),
    ]
    return server(NAME, "Curated answers", INSTRUCTIONS, listed)


@dataclass(frozen=True, slots=True)
class _KnowledgeBase:
    stores: Backends
    caller: Caller

    @answering
    async def look_up(
        self,
        ctx: Context,
        question: Annotated[str, Field(min_length=1, max_length=4000)],
        top_k: Annotated[int, Field(ge=1, le=20, description="At most this many entries.")] = 3,
    ) -> Annotated[CallToolResult, Matches]:
        """Find curated answers by the meaning of a question, best first; far ones too, so look at the similarity."""
        found = await match_entries(self.stores, self.caller(ctx, NAME), question, top_k)
        return reply(Matches(matches=tuple(Match(entry=entry, similarity=cosine) for entry, cosine in found)))

    @answering
    async def list_categories(self, ctx: Context) -> Annotated[CallToolResult, Categories]:
        """List the categories and how many entries each has."""
        counts = await self.stores.answers.categories(self.caller(ctx, NAME))
        return reply(Categories(categories=counts))

    @answering
    async def list_entries(
        self,
        ctx: Context,
        category: Category | None = None,
        after: Annotated[str | None, Field(max_length=500, description="`next` of the page before.")] = None,
        limit: Annotated[int, Field(ge=1, le=100)] = 20,
    ) -> Annotated[CallToolResult, Entries]:
        """List entries, of one category or all, a page at a time."""
        page = await self.stores.answers.page(self.caller(ctx, NAME), category, after, limit)
        return reply(Entries(entries=page.items, next=page.next))

    @answering
    async def get_entry(self, ctx: Context, entry_id: EntryId) -> Annotated[CallToolResult, Stored]:
        """Return one entry with its revision."""
        return reply(Stored(entry=await self.stores.answers.get(self.caller(ctx, NAME), entry_id)))

    @answering
    async def put_entry(
        self,
        ctx: Context,
        category: Category,
        question: Annotated[str, Field(min_length=1, max_length=2000)],
        answer: Annotated[str, Field(min_length=1, max_length=20_000)],
        idempotency_key: Annotated[
            str, Field(min_length=8, max_length=200, description="Your own id of this change; repeat it on a retry.")
        ],
        entry_id: EntryId | None = None,
        expected_revision: Annotated[
            int, Field(ge=0, description="0 for a new entry, else the revision you have read.")
        ] = 0,
    ) -> Annotated[CallToolResult, Stored]:
        """Add an entry (without entry_id, revision 0) or edit one; for editors. Repeating a call changes nothing."""
        scope = self.caller(ctx, NAME)
        require(scope, "editor", "changing curated answers")
        if entry_id is None and expected_revision:
            raise ToolError("an edit needs the entry_id; for a new entry leave expected_revision at 0")
        # A key belongs to its user: another user's same key must not reach this one's entry.
        new_id = digest("entry", scope.tenant_id, scope.user_id, idempotency_key)
        wanted = AnswerEntry(
            entry_id or new_id, category, question, answer, expected_revision + 1, scope.user_id, datetime.now(UTC)
        )
        stored = await self._put(scope, wanted)
        await publish_entry(self.stores, scope, stored)
        return reply(Stored(entry=stored))

    @answering
    async def delete_entry(self, ctx: Context, entry_id: EntryId) -> Annotated[CallToolResult, Deleted]:
        """Delete an entry for good; for editors. Deleting it again is no error."""
        scope = self.caller(ctx, NAME)
        require(scope, "editor", "deleting curated answers")
        outcomes = await asyncio.gather(
            self.stores.answers.delete(scope, entry_id),
            forget_entry(self.stores, scope, entry_id),
            return_exceptions=True,
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, NotFound):
                raise outcome
        return reply(Deleted(entry_id=entry_id, deleted=not isinstance(outcomes[0], NotFound)))

    async def _put(self, scope: Scope, wanted: AnswerEntry) -> AnswerEntry:
        try:
            return await self.stores.answers.put(scope, wanted, wanted.revision - 1)
        except Conflict as error:
            stored = await self.stores.answers.get(scope, wanted.entry_id)
            if _same(stored, wanted):
                return stored
            raise ToolError(
                f"entry {wanted.entry_id!r} is at revision {stored.revision}, not {wanted.revision - 1}: read it "
                "with get_entry, merge, and put it with that revision and a new idempotency_key"
            ) from error


def _same(stored: AnswerEntry, wanted: AnswerEntry) -> bool:
    return (stored.revision, stored.category, stored.question, stored.answer) == (
        wanted.revision,
        wanted.category,
        wanted.question,
        wanted.answer,
    )
