"""The section Silhouettes of the page Diagnose: how clearly the strong queries split."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import frame, selection, session, theme
from cascal import charts
from cascal.datatypes import NotApplicable
from cascal.diagnose.silhouettes import SilhouetteBench, Split, silhouette_bench, split_of

N_LOWEST = 10
TEXT_LENGTH = 160
COLUMNS: dict[str, Any] = {
    "task": "Task",
    "model": "Model",
    "strong": st.column_config.NumberColumn("Strong queries", format="localized"),
    "k": st.column_config.NumberColumn("Clusters in force", help="1: not split."),
    "best_k": st.column_config.NumberColumn("Best k"),
    "best": st.column_config.NumberColumn("Best silhouette", format="%.3f"),
    "above": st.column_config.NumberColumn(
        "Above min silhouette", format="%+.3f", help="Below 0: not split."
    ),
}


@st.fragment
def silhouettes() -> None:
    """All candidates, one task and model of them by k, one split query by query."""
    st.subheader("Silhouettes", anchor=False)
    try:
        bench = silhouette_bench(session.fit(), session.current_thresholds().min_silhouette)
    except NotApplicable as error:
        st.info(frame.escape(f"There is no silhouette to show. {error}"), icon=":material/info:")
        return
    _overview(bench)
    task, model = _cell(bench)
    if not len(bench.splits(task, model)):
        st.info("This model has no two different strong queries in this task: nothing to split.")
        return
    _by_k(bench, task, model)
    _split(bench, task, model)


def _overview(bench: SilhouetteBench) -> None:
    known, split = int((bench.best_k > 0).sum()), int((bench.k > 1).sum())
    sentence = (
        f"{split:,} of {known:,} splits reach min silhouette {bench.min_silhouette:g}: there the "
        "strong queries of a model in a task are several clusters, elsewhere one."
    )
    st.caption(
        f"{sentence} Each cell: the best silhouette over all numbers of clusters; in brackets how "
        "many are in force. Empty: nothing to split."
    )
    figure = charts.bench_figure(bench, theme.SEQUENTIAL[theme.mode()])
    frame.chart(figure, "silhouette_bench", f"{sentence} The table below has every number.")
    with st.expander("All silhouettes as a table", on_change="rerun", key="bench_rows") as opened:
        if opened.open:
            table = charts.bench_frame(bench)
            by_k = {
                name: st.column_config.NumberColumn(name, format="%.3f")
                for name in table.columns
                if name not in COLUMNS
            }
            st.dataframe(
                table,
                hide_index=True,
                key="bench_table",
                column_config={**COLUMNS, **by_k},
                alt="Silhouettes of every task and model",
                placeholder="–",
            )


def _cell(bench: SilhouetteBench) -> tuple[int, int]:
    """The task and model that the reader looks at; at first the weakest."""
    first = bench.weakest
    with st.container(horizontal=True):
        task: str = st.selectbox("Task", bench.tasks, index=first[0], key="silhouette_task")
        model: str = st.selectbox("Model", bench.models, index=first[1], key="silhouette_model")
    return bench.tasks.index(task), bench.models.index(model)


def _by_k(bench: SilhouetteBench, task: int, model: int) -> None:
    sentence = _in_force(bench, task, model)
    st.markdown(f"**{frame.escape(sentence)}**")
    st.caption(
        "Of all numbers of clusters the one with the highest silhouette counts, and only if it "
        "reaches the dashed line. Move *Min silhouette* in the sidebar to move the line."
    )
    figure = charts.splits_figure(bench, task, model, theme.accent())
    frame.chart(figure, "silhouette_by_k", sentence)


def _in_force(bench: SilhouetteBench, task: int, model: int) -> str:
    best, n = bench.best[task, model], bench.n_strong[task, model]
    what = f"the {n:,} strong queries of {bench.models[model]} in {bench.tasks[task]}"
    margin = abs(best - bench.min_silhouette)
    if bench.k[task, model] > 1:
        return f"{bench.k[task, model]} clusters of {what}: {margin:.3f} above the threshold"
    return f"One cluster of {what}: the best split is {margin:.3f} below the threshold"


def _split(bench: SilhouetteBench, task: int, model: int) -> None:
    """The silhouette plot of one number of clusters, the best one at first."""
    options = bench.splits(task, model).tolist()
    k: int = st.segmented_control(
        "Clusters",
        options,
        default=int(bench.best_k[task, model]),
        required=True,
        key=f"silhouette_k_{task}_{model}",
    )
    split, data = split_of(session.fit(), task, model, k), session.dataset()
    names = charts.split_names(split, data, bench.tasks[task])
    sentence = (
        f"Mean silhouette {split.mean:.3f}; {split.below_zero:.0%} of {len(split.rows):,} queries "
        "lie below 0, on average nearer to another cluster than to their own."
    )
    st.caption(sentence)
    frame.chart(charts.split_figure(split, names, theme.palette("cluster")), "split", sentence)
    st.dataframe(
        charts.split_frame(split, names),
        hide_index=True,
        key="split_table",
        column_config={
            "cluster": "Cluster",
            "queries": st.column_config.NumberColumn("Strong queries", format="localized"),
            "mean": st.column_config.NumberColumn("Mean silhouette", format="%.3f"),
            "below": st.column_config.NumberColumn("Below 0, %", format="%.1f"),
        },
        alt="Clusters of the split",
        placeholder="–",
    )
    _lowest(split, names)


def _lowest(split: Split, names: tuple[str, ...]) -> None:
    train, places = session.dataset().train, split.lowest(N_LOWEST).tolist()
    st.markdown(f"**The {len(places)} queries that fit their cluster least**")
    with st.grid(2, min_column_width=320):
        for place in places:
            row = int(split.rows[place])
            query_id = train.votes.query_ids[row]
            with st.container(border=True, gap="xsmall", height="stretch"):
                value, name = split.silhouettes[place], names[split.cluster[place]]
                number = f"{value:.3f}".replace("-", "−")
                st.caption(frame.escape(f"{number} · {name}"))
                st.text(charts.shorten(train.texts[row], TEXT_LENGTH))
                if st.button(
                    "Open on the skill map",
                    key=f"low_{query_id}",
                    type="tertiary",
                    icon=":material/open_in_full:",
                    on_click=selection.pick_query,
                    args=(query_id,),
                ):
                    st.switch_page(frame.page_file("skills"))
