"""Starts, resumes, cancels and recovers runs, apart from any HTTP connection.

message.py   what was asked, and how a run's record keeps it
admit.py     lease -> record -> reservation -> user turn -> run.started: the order that loses nothing
writer.py    numbers events and keeps them in groups
replay.py    matches what a repeated run says against what was already sent
reconcile.py makes a resumed run's stream agree with its answer
recall.py    answers that were given before, given again
generate.py  drives the graph and collects what it says
close.py     answer turn, charge, terminal events: each exactly once
attempt.py   one attempt: the first, or one after a crash or a store's failure
runs.py      the tasks: one per run
hosted.py    runs whose answer is made elsewhere, step by step: LangGraph Studio
housekeeping.py   opens them, expires events
"""
