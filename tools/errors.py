"""What a tool call raises.

ToolCallError
├── ToolUnavailable   the server is gone, too slow, or its circuit is open; the run goes on degraded
└── ToolRefused       the server answered that it will not do this; the message says what to change
"""

from __future__ import annotations


class ToolCallError(Exception):
    """Base of what a tool call raises; `server` names whom we asked."""

    def __init__(self, server: str, message: str) -> None:
        """Keep the server's name beside the message."""
        super().__init__(f"{server}: {message}")
        self.server = server


class ToolUnavailable(ToolCallError):
    """No usable answer within the time limit."""


class ToolRefused(ToolCallError):
    """The server refused, with a reason that the caller can act on."""
