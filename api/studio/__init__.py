"""LangGraph Studio on this house's stores: the agent's graph between an admission and a close of its own.

served.py  what langgraph.json names; `langgraph dev` loads it under a second name, so it defines nothing
state.py   what Studio shows and takes: question, reply, state, context
graph.py   the agent's nodes, each inside an ordinary run
app.py     opens the house once, and says who may talk to it
start.py   `make studio`
"""
