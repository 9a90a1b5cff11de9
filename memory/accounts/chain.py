"""How the audit chain is sealed, whichever adapter keeps it. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

from memory.ids import digest
from memory.records import AuditEntry


def seal(tenant_id: str, entry: AuditEntry, before: str) -> str:
    """Return the digest of an entry (its own digest is left out) that follows one with the digest `before`."""
    at = entry.at.astimezone(UTC).isoformat()
    return digest(before, tenant_id, str(entry.sequence), at, entry.actor, entry.action, entry.target, entry.detail)


def sealed(tenant_id: str, entry: AuditEntry, before: str) -> AuditEntry:
    """Return the entry with its digest."""
    return replace(entry, digest=seal(tenant_id, entry, before))


def fits(tenant_id: str, entry: AuditEntry, expected: int, before: str) -> bool:
    """Tell whether an entry is the one that follows."""
    return entry.sequence == expected and entry.digest == seal(tenant_id, entry, before)
