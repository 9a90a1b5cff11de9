"""Run log, leases and cache, one adapter per technology."""
