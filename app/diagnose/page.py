"""Diagnose: what is wrong with this router, and what would help?"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app import frame, heeded, session, shared_results
from app.diagnose import applied, coherence, incoherent, panels, silhouettes, ways
from app.no_data import no_data

LAYOUT = Path(__file__).with_name("layout.css")

if session.current_info() is None:
    no_data(
        "What is wrong with a router?",
        "what is wrong with a router, on what evidence, and what would help",
    )
else:
    st.html(LAYOUT)
    frame.notice(session.dataset())
    heeded.notice(heeded.LEFT_OUT)
    # Every part has its place from the start: what comes late pushes no button away.
    headline, proof = st.container(key="headline"), st.container(key="applied")
    ways.ways()
    worst, found = st.container(key="worst_place"), st.container(key="issues")
    with headline:
        findings = shared_results.findings(panels.looking)
    with proof:
        applied.strip(findings)
    with worst:
        incoherent.worst()
    with found:
        if findings is None:
            panels.found_so_far()
        else:
            panels.issues(findings)
            panels.checks(findings)
    if findings is not None:
        with headline:  # after the cards: of remedies whose trial has just ended it says no less
            panels.title(findings)
    coherence.coherence()
    silhouettes.silhouettes()
    coherence.second_better()
