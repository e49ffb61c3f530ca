"""Which clusters are incoherent: the silhouettes of the queries in the clusters in force."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from app import frame, held, selection, session
from app.diagnose import cell, panels, silhouettes, ways
from app.diagnose.incoherent import what_helps
from app.terms.glossary import meaning
from cascal import charts
from cascal.diagnose import CHECKS, MIN_QUERIES
from cascal.diagnose.coherence import Coherence, coherence_sentence, why_incoherent
from cascal.diagnose.coherence import coherence as measured
from cascal.diagnose.seconds import PROBABLY
from cascal.diagnose.silhouettes import silhouette_bench
from cascal.number_format import percent

HEIGHT = 213
"""Five rows of the table, the others are scrolled to."""
LOW = " (low)"
OPEN, LOOK = "open_coherent_cluster", "look_into_cluster"
COLUMNS: dict[str, Any] = {
    "cluster": st.column_config.TextColumn("Cluster", width=235),
    "queries": st.column_config.NumberColumn("Training queries", format="localized"),
    "mean": st.column_config.NumberColumn(
        "Mean silhouette",
        help=f"{meaning('silhouette')} Here of training queries, beside the other clusters of "
        "their task.",
    ),
    "below": st.column_config.NumberColumn(
        "Below 0, %", format="%.1f", help="On average nearer to another cluster of the task."
    ),
    "nearest": st.column_config.TextColumn("Nearest cluster", width="medium"),
    "distance": st.column_config.NumberColumn(
        "Distance to it",
        format="%.2f",
        help=f"{meaning('distance')} A merge distance above it makes the two one.",
    ),
}


@st.fragment
def coherence() -> None:
    """Every cluster in force, the least coherent first, and what would help the chosen one."""
    st.subheader("Which clusters are incoherent?", anchor=ways.INCOHERENT)
    now = session.snapshot()
    clusters, least = measured(now), now.router.thresholds.min_silhouette
    st.caption(frame.escape(coherence_sentence(now.labels, clusters, least)))
    if not any(np.isfinite(one.mean) for one in clusters):
        return
    st.dataframe(
        frame.written(charts.coherence_frame(now, clusters), {"mean": 3}),
        hide_index=True,
        key="coherence",
        on_select="rerun",
        selection_mode="single-row",
        column_config=COLUMNS,
        alt="Clusters in force with their mean silhouette",
        placeholder="–",
        height=HEIGHT,
    )
    picked = [row for row in frame.picked_rows("coherence") if row < len(clusters)]
    chosen = clusters[picked[0]] if picked else clusters[0]
    on_top = chosen.low(least) and chosen.cluster == clusters[0].cluster
    if on_top:
        said = f"{now.labels[chosen.cluster]}: why, and what helps, stands at the top of the page."
        st.caption(frame.escape(said))
    elif picked:
        low = LOW if chosen.low(least) else ""
        numbers = f"{now.labels[chosen.cluster]}: {chosen.measured}{low}."
        st.text(f"{numbers} {why_incoherent(now, chosen)}".replace(" %", "\u00a0%"))
    elif np.isfinite(chosen.mean):
        st.caption("Pick a cluster of the table to see what would raise its silhouettes.")
    _actions(chosen)
    if picked and not on_top and np.isfinite(chosen.mean):
        what_helps(now, chosen, "cohere_picked")


def _actions(chosen: Coherence) -> None:
    """Open a cluster on the map, or look at the splits that it came from."""
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Open on the skill map",
            key=OPEN,
            icon=":material/open_in_full:",
            on_click=frame.open_page,
            args=("skills", selection.pick_clusters, chosen.cluster),
        )
        if np.isfinite(chosen.mean) and st.button(
            "Look into its silhouettes",
            key=LOOK,
            icon=":material/arrow_downward:",
            help="The split that it came from, below.",
            on_click=_look,
            args=(chosen,),
        ):
            st.rerun()
        st.button(
            "Colour the map by silhouette",
            key="silhouettes_on_map",
            icon=":material/palette:",
            on_click=frame.open_page,
            args=("skills", _colour_map),
        )


def _colour_map() -> None:
    """Training queries: only they have a silhouette in their cluster."""
    held.put(colour="silhouette", points=selection.POINTS["train"])


def second_better() -> None:
    """Where the second model of a cluster is ahead, and where it is probably the better one."""
    evidence = CHECKS["CAS205"].evidence(session.snapshot())
    if evidence is None:
        return
    st.subheader("Where is the second model probably better?", anchor=ways.SECOND)
    if not evidence.table:
        st.caption("Nowhere: every cluster's first model is ahead by the cluster's own queries.")
        return
    st.caption(
        "Clusters whose own training queries put the second model ahead. *Estimate*: the "
        "probability of that by consensus scores, without any label. Probably: "
        f"{percent(PROBABLY)} or more, by gold answers where there are {MIN_QUERIES} or "
        "more of them."
    )
    panels.evidence_table(evidence.table, "second_better")


def _look(chosen: Coherence) -> None:
    now = session.snapshot()
    bench = silhouette_bench(session.fit(), now.router.thresholds.min_silhouette)
    found = cell.of_cluster(bench, now, chosen)
    if found is not None:
        cell.pick(bench, *found)
    silhouettes.look_into(chosen.cluster)
