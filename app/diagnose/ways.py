"""Links from the top of the page Diagnose to its parts, each with its answer in a few words."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import frame, session
from cascal.datatypes import NotApplicable
from cascal.diagnose.coherence import coherence, incoherent
from cascal.diagnose.seconds import second_better_told
from cascal.diagnose.silhouettes import silhouette_bench
from cascal.number_format import agreeing

INCOHERENT, BENCH, SECOND = "incoherent", "silhouettes", "second"
"""The anchors of the parts; that of the silhouettes is always there."""


def ways() -> None:
    """One line: how many clusters are incoherent, the bench, and where a second model is better."""
    with st.container(horizontal=True, gap="small", key="ways"):
        for anchor, says in ((INCOHERENT, _incoherent()), (BENCH, _bench()), (SECOND, _second())):
            if says:
                st.markdown(f"[{frame.escape(says)}](#{anchor})", width="content")


def _incoherent() -> str:
    now = session.snapshot()
    known = [one for one in coherence(now) if np.isfinite(one.mean)]
    low = incoherent(now)
    if not known:
        return "Coherence: one cluster a task"
    return f"{len(low) or 'No'} incoherent {agreeing(len(low) or 1, 'cluster', 'clusters')}"


def _bench() -> str:
    try:
        bench = silhouette_bench(session.fit(), session.current_thresholds().min_silhouette)
    except NotApplicable:
        return "Silhouettes"
    return f"Silhouettes: {bench.used}"


def _second() -> str:
    return second_better_told(session.snapshot())
