"""Real servers without Docker, for tests: `python -m tests.services up | stop | status`. See docs/services.md."""
