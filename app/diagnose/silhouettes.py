"""The section Silhouettes of the page Diagnose: how clearly the strong queries split."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from app import frame, history, selection, session, theme, values
from app.arrive import arrive
from app.diagnose import cell, live_chart, raising, ways
from app.terms.glossary import mark
from app.values import SILHOUETTES
from cascal import charts
from cascal.datatypes import NotApplicable
from cascal.diagnose.coherence import incoherent
from cascal.diagnose.cohering import held_by
from cascal.diagnose.silhouettes import SilhouetteBench, Split, silhouette_bench, split_of
from cascal.number_format import agreeing, counted, decimal, percent

N_LOWEST = 10
TEXT_LENGTH = 160
COLUMNS: dict[str, Any] = {
    "task": "Task",
    "model": "Model",
    "strong": st.column_config.NumberColumn("Strong queries", format="localized"),
    "k": st.column_config.NumberColumn("Clusters in force", help="1: not split."),
    "best_k": st.column_config.NumberColumn("Best k"),
    "best": st.column_config.NumberColumn("Best silhouette"),
    "above": st.column_config.NumberColumn("Above min silhouette", help="Below 0: not split."),
}


MOVED = "silhouette_line_moved"
INTO = "silhouettes_of"
"""The state and the cluster in force that were looked into, and how often."""


def look_into(cluster: int) -> None:
    """Bring the reader here, and say how a cluster in force and the split belong together."""
    _, _, turn = st.session_state.get(INTO, ("", 0, 0))
    st.session_state[INTO] = (session.snapshot_token(), cluster, turn + 1)


@st.fragment
def silhouettes() -> None:
    """All candidates, one task and model of them by k, one split query by query."""
    if st.session_state.pop(MOVED, False):
        st.rerun()  # a dragged line moves the slider: all of the page follows
    token, cluster, turn = st.session_state.get(INTO, ("", 0, 0))
    with st.container(key="silhouettes_here", gap=None):
        st.subheader("Silhouettes of the splits that clusters are made from", anchor=ways.BENCH)
        arrive("silhouettes_here", turn)
    try:
        bench = silhouette_bench(session.fit(), session.current_thresholds().min_silhouette)
    except NotApplicable as error:
        st.info(frame.escape(f"There is no silhouette to show. {error}"), icon=":material/info:")
        return
    overview = st.container()
    now, low = session.snapshot(), incoherent(session.snapshot())
    origin = cell.of_cluster(bench, now, low[0]) if low else None
    task, model = cell.choose(bench, origin or bench.weakest)
    with overview:
        _overview(bench, (task, model))
    if not len(bench.splits(task, model)):
        st.info("This model has no two different strong queries in this task: nothing to split.")
        return
    st.markdown(f"**{frame.escape(_in_force(bench, task, model))}**")
    if (task, model) == origin:
        st.caption(frame.escape(f"{now.labels[low[0].cluster]}, which is incoherent, began here."))
    told = st.container()
    by_k, plot = st.columns(2, gap="medium")
    with plot:
        k = cell.choose_k(bench, task, model)
        split = split_of(session.fit(), task, model, k)
        names = charts.split_names(split, session.dataset(), bench.tasks[task])
        _split(split, tuple(name.removeprefix(f"{bench.tasks[task]} · ") for name in names))
    if token == session.snapshot_token():
        told.info(frame.escape(_held(cluster, split, names, bench.models[model])))
    with by_k:
        _by_k(bench, task, model)
    raising.raising(bench, task, model, k)
    _queries(split, names)


def _overview(bench: SilhouetteBench, chosen: tuple[int, int]) -> None:
    sentence = (
        f"A split makes several clusters of a model's strong queries in a task, where it reaches "
        f"min silhouette {bench.min_silhouette:g}: {bench.used}."
    )
    explained = sentence.replace("strong queries", mark("strong set", "strong queries"))
    st.caption(
        f"{explained} Clusters in force are merged and joined from these and hold all queries: one "
        "can be incoherent though its split is clear. A cell shows the best "
        f"{mark('silhouette')} of any number of clusters, and in brackets, where there is room, "
        "the number in force; grey is below the threshold. Click a cell to look into it."
    )
    scale = theme.CELLS[theme.mode()]
    figure = charts.bench_figure(bench, scale, theme.OFF[theme.mode()], chosen)
    alt = f"{sentence} The table below has every number."
    if live_chart.served():
        live_chart.live_chart(
            figure,
            key="silhouette_bench",
            alt=alt,
            on_click=lambda click: cell.pick(bench, round(click.y), round(click.x)),
        )
    else:
        frame.chart(figure, "silhouette_bench", alt)
    with st.expander("All silhouettes as a table", on_change="rerun", key="bench_rows") as opened:
        if opened.open:
            _table(bench)


def _table(bench: SilhouetteBench) -> None:
    table = charts.bench_frame(bench)
    by_k = {
        name: st.column_config.NumberColumn(name) for name in map(str, table) if name not in COLUMNS
    }
    st.dataframe(
        frame.written(table, dict.fromkeys(("best", "above", *by_k), 3), ["above"]),
        hide_index=True,
        key="bench_table",
        column_config={**COLUMNS, **by_k},
        alt="Silhouettes of every task and model",
        placeholder="–",
    )


def _by_k(bench: SilhouetteBench, task: int, model: int) -> None:
    """Every model of the task by k, the chosen one in colour, and the threshold."""
    st.caption(
        "Of all numbers of clusters the one with the highest silhouette counts, and only if it "
        f"reaches the line. Grey: the other models in {frame.escape(bench.tasks[task])}. "
        + ("Drag the line, or move" if live_chart.served() else "Move")
        + " *Min silhouette* in the sidebar."
    )
    alt = f"{_in_force(bench, task, model)}. {bench.models[model]} by number of clusters."
    figure = charts.splits_figure(
        bench,
        task,
        model,
        theme.accent(),
        ends=SILHOUETTES,
        labelled=not live_chart.served(),
    )
    if not live_chart.served():
        frame.chart(figure, "silhouette_by_k", alt)
        return
    best = bench.best[np.isfinite(bench.best)]
    live_chart.live_chart(
        figure,
        key="silhouette_by_k",
        alt=alt,
        on_click=lambda click: _pick_split(bench, task, click),
        line=live_chart.Line(
            name="min silhouette", at=bench.min_silhouette, ends=SILHOUETTES, step=0.01, values=best
        ),
        on_line=_move_threshold,
    )


def _pick_split(bench: SilhouetteBench, task: int, click: live_chart.Click) -> None:
    if click.meta is not None:
        cell.pick(bench, task, click.meta, round(click.x))


def _move_threshold(value: float) -> None:
    """Set the control as its slider would; undo brings the old value back."""
    now = values.present()
    if value != now.silhouette:
        history.change_to(replace(now, silhouette=value))
    st.session_state[MOVED] = True


def _in_force(bench: SilhouetteBench, task: int, model: int) -> str:
    best, n = bench.best[task, model], bench.n_strong[task, model]
    what = f"the {counted(n, 'strong query')} of {bench.models[model]} in {bench.tasks[task]}"
    margin = abs(best - bench.min_silhouette)
    if bench.k[task, model] > 1:
        clusters = counted(bench.k[task, model], "cluster")
        return f"{clusters} of {what}: {decimal(margin, 3)} above the threshold"
    return f"One cluster of {what}: the best split is {decimal(margin, 3)} below the threshold"


def _split(split: Split, names: tuple[str, ...]) -> None:
    """The silhouette plot of one number of clusters."""
    sentence = (
        f"Mean silhouette {decimal(split.mean, 3)}; {percent(split.below_zero)} of "
        f"{counted(len(split.rows), 'query')} lie below 0, on average nearer to another cluster "
        "than to their own."
    )
    st.caption(sentence)
    frame.chart(charts.split_figure(split, names, theme.palette("cluster")), "split", sentence)


def _held(cluster: int, split: Split, names: tuple[str, ...], model: str) -> str:
    """How a cluster in force and a split of one model's strong queries belong together."""
    now = session.snapshot()
    counts = held_by(split, now.router.clusters.assignment, cluster)
    where = ", ".join(
        f"{counts[at]:,} in “{names[at]}”"
        for at in np.argsort(-counts, kind="stable")
        if counts[at]
    )
    n_queries, n_strong = int(now.router.clusters.sizes[cluster]), int(counts.sum())
    said = f"in this split they lie: {where}" if where else "none of them is in this split"
    return (
        "A cluster in force is not a cluster of one split: the centres of every model's split are "
        "merged and joined, and then each training query of the task goes to the nearest. Of "
        f"{counted(n_queries, 'query')} of “{now.labels[cluster]}” {n_strong:,} "
        f"{agreeing(n_strong, 'is strong', 'are strong')} for {model}; {said}."
    )


def _queries(split: Split, names: tuple[str, ...]) -> None:
    """Its clusters in numbers, and the queries that fit least."""
    with st.expander("Clusters of this split, and the queries that fit least"):
        st.dataframe(
            frame.written(charts.split_frame(split, names), {"mean": 3}),
            hide_index=True,
            key="split_table",
            column_config={
                "cluster": "Cluster",
                "queries": st.column_config.NumberColumn("Strong queries", format="localized"),
                "mean": st.column_config.NumberColumn("Mean silhouette"),
                "below": st.column_config.NumberColumn("Below 0, %", format="%.1f"),
            },
            alt="Clusters of the split",
            placeholder="–",
        )
        _lowest(split, names)


def _lowest(split: Split, names: tuple[str, ...]) -> None:
    train, places = session.dataset().train, split.lowest(N_LOWEST).tolist()
    st.markdown(f"**The {counted(len(places), 'query')} that fit their cluster least**")
    with st.grid(2, min_column_width=320):
        for place in places:
            row = int(split.rows[place])
            query_id = train.votes.query_ids[row]
            with st.container(border=True, gap="xsmall", height="stretch"):
                value, name = split.silhouettes[place], names[split.cluster[place]]
                st.caption(frame.escape(f"{decimal(value, 3)} · {name}"))
                st.text(charts.shorten(train.texts[row], TEXT_LENGTH))
                st.button(
                    "Open on the skill map",
                    key=f"low_{query_id}",
                    type="tertiary",
                    icon=":material/open_in_full:",
                    on_click=frame.open_page,
                    args=("skills", selection.pick_query, query_id),
                )
