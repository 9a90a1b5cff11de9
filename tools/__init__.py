"""The agent's hands: the client side of our MCP servers."""
