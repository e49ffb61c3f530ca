"""The least coherent cluster as a card: why it is incoherent, what follows and what helps most."""

from __future__ import annotations

import streamlit as st

from app import frame, jobs, session
from app.apart import Call
from app.diagnose import effects
from cascal.dataset.snapshot import Snapshot
from cascal.diagnose.coherence import (
    Coherence,
    incoherence_rule,
    incoherence_told,
    incoherent,
)
from cascal.diagnose.cohering import what_makes_coherent
from cascal.number_format import capitalised


def worst() -> None:
    """The card of the least coherent cluster, with its remedies; nothing where none is low."""
    now = session.snapshot()
    low = incoherent(now)
    if not low:
        return
    one, rule = low[0], incoherence_rule(now.router.thresholds.min_silhouette)
    with st.container(border=True, gap="small", key="worst"):
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.badge("Incoherent", color="orange", help=f"{capitalised(rule)}.")
            more = f" and {len(low) - 1} more, in the table below" if len(low) > 1 else ""
            st.markdown(f"**{frame.escape(f'{now.labels[one.cluster]}{more}')}**")
        st.text(incoherence_told(now, one).replace(" %", "\u00a0%"))
        what_helps(now, one, "cohere")


def cohesion_key(cluster: int) -> str:
    """The job that tries out what would make a cluster coherent."""
    return f"cohere:{session.snapshot_token()}:{cluster}"


def what_helps(now: Snapshot, chosen: Coherence, code: str) -> None:
    """Thresholds that make other clusters of its queries, each tried out, with one click.

    code : what the keys of the buttons are made of
    """
    with st.container(key=f"remedies_{code}"):
        found = jobs.show(
            cohesion_key(chosen.cluster),
            "What would make it coherent?",
            Call.of(what_makes_coherent, now, chosen.cluster),
            at_once=chosen.low(now.router.thresholds.min_silhouette),
            about="Tried out: merging it with its nearest, merging less, other joining, other min "
            "silhouettes. Fewer clusters, other starts, more queries, no repeats and other "
            "encoders are tried out on the split that it came from, below.",
            line="asked",
        )
        if not found:
            return
        effects.cohesion_rows(code, found, chosen.cluster)
