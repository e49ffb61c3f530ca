"""Which clusters are incoherent: the silhouettes of the queries in the clusters in force."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from app import frame, selection, session
from app.diagnose import cell, panels
from app.terms.glossary import mark, meaning
from cascal import charts
from cascal.counted import counted
from cascal.dataset.snapshot import Snapshot
from cascal.diagnose import CHECKS
from cascal.diagnose.coherence import Coherence
from cascal.diagnose.coherence import coherence as measured
from cascal.diagnose.silhouettes import silhouette_bench

OPEN, LOOK = "open_coherent_cluster", "look_into_cluster"
COLUMNS: dict[str, Any] = {
    "cluster": st.column_config.TextColumn("Cluster", width="medium"),
    "queries": st.column_config.NumberColumn("Training queries", format="localized"),
    "mean": st.column_config.NumberColumn(
        "Mean silhouette", format="%.3f", help=meaning("silhouette")
    ),
    "below": st.column_config.NumberColumn(
        "Below 0, %", format="%.1f", help="On average nearer to another cluster of the task."
    ),
    "nearest": st.column_config.TextColumn("Nearest cluster", width="medium"),
    "distance": st.column_config.NumberColumn(
        "Distance to it", format="%.2f", help=meaning("distance")
    ),
}


@st.fragment
def coherence() -> None:
    """Every cluster in force, the least coherent first; a chosen one opens on the map."""
    st.subheader("Which clusters are incoherent?", anchor=False)
    now = session.snapshot()
    clusters = measured(now)
    merge = mark("merge distance")
    st.caption(
        f"{frame.escape(_sentence(now.labels, clusters))} A {merge} above *Distance to it* makes "
        "the two one."
    )
    st.dataframe(
        charts.coherence_frame(now, clusters),
        hide_index=True,
        key="coherence",
        on_select="rerun",
        selection_mode="single-row",
        column_config=COLUMNS,
        alt="Clusters in force with their mean silhouette",
        placeholder="–",
        height=320,
    )
    picked = [row for row in frame.picked_rows("coherence") if row < len(clusters)]
    _actions(now, clusters[picked[0]] if picked else clusters[0])


def _actions(now: Snapshot, chosen: Coherence) -> None:
    """Open a cluster on the map, or look at the splits that it came from."""
    st.text(f"{now.labels[chosen.cluster]}:")
    with st.container(horizontal=True, gap="small"):
        if st.button(
            "Open on the skill map",
            key=OPEN,
            icon=":material/open_in_full:",
            on_click=selection.pick_clusters,
            args=(chosen.cluster,),
        ):
            frame.open_page("skills")
        if np.isfinite(chosen.mean) and st.button(
            "Look into its silhouettes",
            key=LOOK,
            icon=":material/arrow_upward:",
            on_click=_look,
            args=(chosen.task, int(now.router.clusters.owner[chosen.cluster])),
        ):
            st.rerun()
        if st.button(
            "Colour the map by silhouette",
            key="silhouettes_on_map",
            icon=":material/palette:",
            on_click=_colour_map,
        ):
            frame.open_page("skills")


def _colour_map() -> None:
    """Training queries: only they have a silhouette in their cluster."""
    st.session_state["colour"] = "silhouette"
    st.session_state["points"] = selection.POINTS["train"]


def second_better() -> None:
    """Where the second model of a cluster is probably the better one."""
    evidence = CHECKS["CAS205"].evidence(session.snapshot())
    if evidence is None:
        return
    st.subheader("Where is the second model probably better?", anchor=False)
    if not evidence.table:
        st.caption("Nowhere: every cluster's first model is ahead by the cluster's own queries.")
        return
    st.caption(
        "Clusters whose own training queries put the second model ahead, with the probability by "
        "consensus scores; by gold answers, where there are some, from the nearest test queries."
    )
    panels.evidence_table(evidence.table, "second_better")


def _look(task: str, owner: int) -> None:
    threshold = session.current_thresholds().min_silhouette
    cell.pick_owner(silhouette_bench(session.fit(), threshold), task, owner)


def _sentence(labels: tuple[str, ...], clusters: list[Coherence]) -> str:
    known = [one for one in clusters if np.isfinite(one.mean)]
    if not known:
        return "Every task is one cluster: none lies beside another that its queries could be in."
    worst = known[0]
    n_other = len(clusters) - len(known)
    other = (
        f" Nothing can be said of {n_other}: alone in the task, or one query." if n_other else ""
    )
    return (
        f"Of {counted(len(known), 'cluster')} beside others of their task {labels[worst.cluster]} "
        f"is the least coherent: mean silhouette {worst.mean:.3f}, {worst.below_zero:.0%} of its "
        f"queries below 0.{other} Training queries, each beside the other clusters in force of its "
        "task."
    )
