"""The graph's nodes: async functions of state that return what they change. Which comes next is decided in routing."""
