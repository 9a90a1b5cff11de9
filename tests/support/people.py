"""Scopes that the contract suites speak for."""

from memory.records import Scope

ALICE = Scope("acme", "alice")
BOB = Scope("acme", "bob")
NAMESAKE = Scope("globex", "alice")
"""Another tenant's user with the same user id."""
OPERATOR = Scope("acme", "olga", roles=("reader", "operator"))
FOREIGN_OPERATOR = Scope("globex", "otto", roles=("reader", "operator"))
