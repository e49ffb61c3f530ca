"""Evaluate: which router is best on these queries, and by how much?"""

from __future__ import annotations

import streamlit as st

from app import frame, session
from app.evaluate import panels, work


def _title() -> None:
    found = session.contenders_and_verdict()
    st.title(frame.escape(found[1].sentence) if found else "Which router is best?", anchor=False)


def _without_gold() -> None:
    st.title("Without gold answers, accuracies cannot be compared", anchor=False)
    st.caption("The Overview shows the verdict that needs no labels. Reports can be opened here.")
    panels.experiments()


NAMES = ("Routers", "Cost", "Where it gains", "A right, B wrong", "What if", "Experiments")

if session.current_info() is None:
    st.title("Which router is best?", anchor=False)
    frame.empty("There are no data yet.", "data_sets", "Import responses")
else:
    frame.notice(session.dataset())
    test = session.dataset().test
    if test is None or not test.has_gold:
        _without_gold()
    else:
        _title()
        comparison = work.comparison()
        tabs = dict(zip(NAMES, st.tabs(NAMES, on_change="rerun", key="evaluate_tab"), strict=True))
        of_comparison = {
            "Routers": panels.routers,
            "Cost": panels.cost,
            "Where it gains": panels.where,
            "A right, B wrong": panels.differences,
        }
        for name, tab in tabs.items():
            if tab.open:
                with tab, frame.refusals():
                    if name == "What if":
                        panels.what_if()
                    elif name == "Experiments":
                        panels.experiments()
                    elif comparison is not None:
                        of_comparison[name](comparison)
