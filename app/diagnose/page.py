"""Diagnose: what is wrong with this router, and what would help?"""

from __future__ import annotations

import streamlit as st

from app import frame, heeded, session, shared_results
from app.diagnose import applied, coherence, incoherent, panels, silhouettes, ways
from app.no_data import no_data

if session.current_info() is None:
    no_data(
        "What is wrong with a router?",
        "what is wrong with a router, on what evidence, and what would help",
    )
else:
    frame.notice(session.dataset())
    heeded.notice(heeded.LEFT_OUT)
    headline = st.container(key="headline")
    ways.ways()
    found = st.container(key="issues")  # one place, however much is in it: the rest stays mounted
    with found:
        findings = shared_results.findings()
    with headline:  # before the evidence is sought: what was applied is said at once
        panels.title(findings)
        applied.strip(findings)
    with found:
        panels.issues(findings or [], incoherent.worst)
        if findings is not None:
            panels.checks(findings)
    coherence.coherence()
    silhouettes.silhouettes()
    coherence.second_better()
