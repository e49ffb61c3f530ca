"""Runs: what changed against the pinned state or a saved run, and what to take along?"""

from __future__ import annotations

from app import heeded, session
from app.no_data import no_data
from app.runs import changes, saved, states, take_along

TITLE = "What changed?"

if session.current_info() is None:
    no_data(TITLE, "what a change did to clusters, routes and verdict")
else:
    runs = session.workspace().runs()
    changes.changes(runs)
    states.label_where_they_differ(runs)
    heeded.choice()
    saved.table(runs)
    take_along.take_along()
