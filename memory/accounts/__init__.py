"""Users, quota ledger and audit log, one adapter per technology."""
