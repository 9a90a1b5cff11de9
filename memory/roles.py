"""Which role a store demands. What a user may do beyond that is decided at the doors."""

from __future__ import annotations

from memory.errors import AccessDenied
from memory.records import Role, Scope


def require_role(scope: Scope, role: Role) -> None:
    """Pass if the scope has the role; the process itself (`system`) may do what an operator may.

    Raises:
        AccessDenied: it has not.
    """
    if role not in scope.roles and "system" not in scope.roles:
        raise AccessDenied(f"this needs the {role} role")
