"""The panels of the page Skill map: what changed, the inspector, the selection, the clusters."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import frame, selection, session, theme
from app.skills import card
from cascal import charts
from cascal.dataset.query_card import contested_rows
from cascal.diagnose import MIN_QUERIES
from cascal.evaluate import effective_number
from cascal.explain import cluster_leaders
from cascal.settings import TASKS_MEASURED

N_SAMPLES = 6


def change_strip() -> None:
    """Four numbers, each with its change against the pinned state."""
    now = session.snapshot()
    _, change = session.change()
    moved = change.clusters_after - change.clusters_before
    with st.grid(4, min_column_width=170):
        st.metric(
            "Skill clusters",
            change.clusters_after,
            delta=moved,
            delta_color="off",
            delta_description="vs pinned",
            border=True,
            height="stretch",
        )
        st.metric(
            "Routes flipped",
            f"{change.flipped_share:.1%}",
            border=True,
            height="stretch",
            delta=int(change.flipped.sum()),
            delta_color="off",
            delta_arrow="off",
            delta_description=f"of {len(change.flipped):,} queries",
            help="Queries that get another first model than in the pinned state.",
        )
        if now.evaluation is not None and change.gain is not None:
            gain = change.gain
            st.metric(
                "First model right",
                f"{now.evaluation.top1_accuracy:.1%}",
                border=True,
                delta=round(100 * gain.value, 1),
                height="stretch",
                delta_description=f"pts [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]",
                help="On the gold test queries. The change is paired, with its 95 % interval.",
            )
        st.metric(
            "Models in use",
            f"{effective_number(now.share):.1f} of {len(now.router.models)}",
            border=True,
            height="stretch",
            help="Effective number of first models: 1 = one model gets everything.",
        )


def beside_the_map() -> None:
    """The chosen query, else the selection, else the inspected cluster, else the shares."""
    if selection.picked_query() is not None:
        card.card()
    elif selection.selected_rows() is not None:
        _selection()
    elif selection.picked_cluster() is not None:
        _inspector()
    else:
        _shares()


def _colours() -> dict[str, str]:
    return theme.colors_by_name((model.name for model in session.dataset().models), "model")


def _shares() -> None:
    before, _ = session.change()
    now = session.snapshot()
    routed = "test" if session.dataset().test is not None else "training"
    st.subheader(f"Who gets the {len(now.routes('test')):,} {routed} queries", anchor=False)
    # a table, not a figure: it is updated in place, a figure would be mounted anew at every move
    st.dataframe(
        charts.share_frame(now.router.models, now.share, before.share),
        hide_index=True,
        alt="Share of the queries that each model gets first, and its change",
        column_config={
            "model": st.column_config.TextColumn("Model", width=100),
            "share": st.column_config.ProgressColumn(
                "First for", format="%.1f %%", min_value=0, max_value=100, width=115
            ),
            "change": st.column_config.NumberColumn(
                "± pts", format="%+.1f", width=55, help="Against the pinned state."
            ),
        },
    )
    st.caption("Click a point to see its query; draw a lasso to rank the models inside it.")


def _selection() -> None:
    rows, shown = selection.selected_rows(), selection.shown()
    if rows is None:
        return
    st.subheader(f"Best models for these {len(rows):,} queries", anchor=False)
    st.button("Back to all queries", on_click=selection.clear_region, icon=":material/close:")
    if not len(rows):
        st.info("No query lies inside the selection. Draw it larger, or clear it.")
        return
    if shown.split == "train":
        fit = session.fit()
        frame_ = charts.selection_frame(fit.ranked(rows), fit.models)
        st.caption("Mean consensus score with 95 % interval.")
    else:
        ranked = shown.part.ranked(rows)
        frame_ = charts.selection_frame(ranked, shown.part.votes.models)
        st.caption(
            f"Share of right answers with 95 % interval; {ranked.n_queries:,} of the queries have "
            "a gold answer."
        )
    few = len(rows) < MIN_QUERIES
    figure = charts.interval_figure(
        frame_, "model", "mean", _colours(), percent=shown.split == "test", muted=few
    )
    frame.chart(figure, "selection_ranking", "Models ranked over the selected queries.")
    if few:
        st.caption(f"Only {len(rows)} queries: the intervals are wide.")


def _inspector() -> None:
    cluster = selection.picked_cluster()
    if cluster is None:
        return
    now = session.snapshot()
    clusters = now.router.clusters
    st.subheader(frame.escape(charts.cluster_name(now.names[cluster])), anchor=False)
    st.button(
        "Close", on_click=selection.pick_cluster, args=(None,), icon=":material/close:", key="close"
    )
    size = int(clusters.sizes[cluster])
    task = now.router.tasks[clusters.task[cluster]]
    st.caption(frame.escape(f"Cluster {cluster} · {task} · {size:,} training queries"))
    st.caption("Most typical queries:")
    for row in now.typical(cluster):
        st.text(charts.shorten(session.dataset().train.texts[row], 160))
    table = charts.ranking_frame(now.router, cluster)
    figure = charts.interval_figure(table, "model", "mean", _colours(), muted=size < MIN_QUERIES)
    frame.chart(figure, "cluster_ranking", "Models of the cluster, as the router ranks them.")
    aside = cluster_leaders(now.router)[cluster].aside
    st.caption(
        "Mean consensus score with 95 % interval, in the order in which the router picks at the "
        "cluster's centre."
        + (frame.escape(f" By consensus alone first: {aside}.") if aside else "")
    )


def samples() -> None:
    """Queries of the inspected cluster, the most contested first, and who disagrees."""
    cluster = selection.picked_cluster()
    if cluster is None:
        return
    data, now = session.dataset(), session.snapshot()
    contested = contested_rows(data.train, np.flatnonzero(now.clusters("train") == cluster))
    votes = data.train.votes
    name = frame.escape(charts.cluster_name(now.names[cluster]))
    st.subheader(f"Who disagrees in {name}", anchor=False)
    with st.grid(3, min_column_width=260):
        for row in contested[:N_SAMPLES].tolist():
            with st.container(border=True, gap="small", height="stretch"):
                st.text(charts.shorten(data.train.texts[row], 240))
                st.caption(frame.escape(charts.who_disagrees(votes, row)))
                query_id = votes.query_ids[row]
                st.button(
                    "Open this query",
                    key=f"open_{query_id}",
                    type="tertiary",
                    icon=":material/open_in_full:",
                    on_click=selection.pick_query,
                    args=(query_id,),
                )


def cluster_table() -> None:
    """All clusters; picking a row inspects it."""
    table = charts.clusters_frame(session.snapshot())
    st.subheader("All clusters", anchor=False)
    st.caption(f"{TASKS_MEASURED} *Clusters follow* in the sidebar chooses.")

    def picked() -> None:
        rows = frame.picked_rows("cluster_table")
        selection.pick_cluster(int(table["cluster"].iloc[rows[0]]) if rows else None)

    st.dataframe(
        table,
        key="cluster_table",
        on_select=picked,
        selection_mode="single-row",
        hide_index=True,
        height=360,
        alt="Skill clusters with task, size, best models and lead",
        column_order=("cluster", "name", "task", "queries", "top", "score", "lead", "aside"),
        column_config={
            "cluster": st.column_config.NumberColumn("No.", width="small"),
            "name": st.column_config.TextColumn("Name"),
            "task": st.column_config.TextColumn("Task"),
            "queries": st.column_config.ProgressColumn(
                "Queries", format="localized", min_value=0, max_value=int(table["queries"].max())
            ),
            "top": st.column_config.TextColumn(
                "Best three, best first", help="What the router picks at the cluster's centre."
            ),
            "aside": st.column_config.TextColumn(
                "By consensus alone",
                help="Where the mean consensus score names another first model, and why the "
                "router does not pick it.",
            ),
            "score": st.column_config.NumberColumn("Score", format="%.3f"),
            "lead": st.column_config.NumberColumn(
                "Lead", format="%.3f", help="Over the second model."
            ),
        },
    )
