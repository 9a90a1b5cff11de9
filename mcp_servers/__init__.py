"""MCP servers over the ports: vector_search, knowledge_base, user_quota."""
