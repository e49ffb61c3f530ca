"""The panels of the page Skill map: what changed, the inspector, the selection."""

from __future__ import annotations

import streamlit as st

from app import card, filters, frame, heeded, label_entry, notes, selection, session, theme
from app.terms.glossary import mark, meaning
from cascal import charts
from cascal.dataset.part import Part
from cascal.dataset.query_card import contested_rows
from cascal.dataset.snapshot import routed_queries
from cascal.datatypes import FloatArray, IntArray
from cascal.diagnose import MIN_QUERIES
from cascal.evaluate import first_share
from cascal.number_format import agreeing, counted, percent, signed
from cascal.routing.leaders import cluster_leaders
from cascal.verdicts.verdict import span

N_SAMPLES = 6
WIDTH = 340
HEIGHT = 560
"""Of the inspector where the page's layout does not stretch it to the height of the map."""
INSPECTOR = "inspector"
OPENED = "inspector_opened"
"""How often a card was opened from elsewhere on the page."""


def change_strip() -> None:
    """Four numbers, each with its change against the pinned state where it is another one."""
    now = heeded.snapshot()
    pinned, change = heeded.change()
    same, n_flipped = pinned is now, int(change.flipped.sum())
    moved_what = routed_queries(n_flipped, now.dataset).partition(" ")[2]
    with st.grid(2, min_column_width=120, gap="xsmall", key="changes"):
        moved = change.clusters_after - change.clusters_before
        frame.metric(
            "Skill clusters",
            f"{change.clusters_after}",
            signed(moved, 0) if moved else "",
            meaning("skill cluster"),
            below="vs pinned" if moved else "as pinned",
        )
        frame.metric(
            "Routes flipped",
            f"{percent(change.flipped_share, 1)}",
            "" if same else f"{n_flipped:,}",
            f"Of {routed_queries(len(change.flipped), now.dataset)}, those that get another first "
            "model than in the pinned state.",
            below="nothing is moved yet" if same else moved_what,
        )
        if now.evaluation is not None and change.gain is not None:
            gain = change.gain
            proven = not same and not gain.low <= 0 <= gain.high
            frame.metric(
                "First model right",
                f"{percent(now.evaluation.top1_accuracy, 1)}",
                "" if same else signed(100 * gain.value, 1),
                "On the gold test queries. The change is paired; its 95 % interval holds for this "
                "change alone, those of Sweep for all values at once, so they are wider. It is "
                "red or green where the interval leaves out 0.",
                gain.value > 0 if proven else None,
                below="of the gold test queries" if same else f"pts {span(gain)}",
            )
        frame.models_in_use(now)


def beside_the_map() -> None:
    """The chosen query, else the only cluster, else all that is chosen, else the shares."""
    rows = selection.selected_rows()
    filters.chosen()
    if selection.picked_query() is not None:
        card.card()
    elif rows is None:
        _shares()
    elif selection.inspected_cluster() is not None:
        _inspector()
    elif not len(rows):
        st.info(frame.escape(f"{filters.sentence()}."))
    else:
        _ranked(rows)


def _colours() -> dict[str, str]:
    return theme.colors_by_name((model.name for model in session.dataset().models), "model")


def _shares() -> None:
    before, _ = heeded.change()
    drawn = selection.shown()
    rows = drawn.rows if len(drawn.rows) else selection.all_rows()
    what = f"{len(rows):,} {selection.SPLITS[drawn.split]} queries"
    st.subheader(f"Who gets the {what}", anchor=False)
    now, then = (one.routes(drawn.split) for one in (heeded.snapshot(), before))
    _share_table(first_share(now, rows), first_share(then, rows))
    st.caption("Click a point to see its query; draw a lasso to rank the models inside it.")


def _share_table(now: FloatArray, before: FloatArray) -> None:
    # a table, not a figure: it is updated in place, a figure would be mounted anew at every move
    table = charts.share_frame(heeded.snapshot().router.models, now, before)
    moved, colours = ["change"] if table["change"].any() else [], _colours()
    dots = [f"color: {colours.get(model, theme.MUTED)}" for model in table["model"]]
    st.dataframe(
        frame.written(table.assign(dot="⬤"), {"change": 1}, ["change"]).apply(
            lambda _: dots, subset=["dot"]
        ),
        hide_index=True,
        column_order=["dot", "model", "share", *moved],
        alt="Share of the queries that each model gets first, and its change",
        column_config={
            "dot": st.column_config.TextColumn("", width=20, help="The model's colour on the map."),
            "model": st.column_config.TextColumn("Model", width=100),
            "share": st.column_config.ProgressColumn(
                "First for",
                format="%.1f %%",
                min_value=0,
                max_value=100.0,
                width=115,
            ),
            "change": st.column_config.NumberColumn(
                "± pts", width=55, help="Against the pinned state."
            ),
        },
    )


def _ranked(rows: IntArray) -> None:
    shown, (before, _) = selection.shown(), heeded.change()
    st.subheader(f"Best models for {_these(rows)}", anchor=False)
    _followed()
    if shown.split == "train":
        fit = session.fit()
        frame_ = charts.selection_frame(fit.ranked(rows), fit.models)
        said = (
            f"Mean {mark('consensus score')} of these queries alone, with 95 % interval; routes go "
            "by whole clusters."
        )
        of_one = f"The {mark('consensus score')} of each model; one query has no interval."
    else:
        ranked = shown.part.ranked(rows)
        frame_ = charts.selection_frame(ranked, shown.part.votes.models)
        said = (
            f"Share of right answers with 95 % interval; {ranked.n_queries:,} of the queries "
            f"{agreeing(ranked.n_queries, 'has', 'have')} a gold answer."
        )
        of_one = "100 %: right by the gold answer, 0 %: wrong; one query has no interval."
        if not ranked.n_queries:
            of_one = "No gold answer is known of it."
    st.caption(of_one if len(rows) == 1 else said)
    few = len(rows) < MIN_QUERIES
    figure = charts.interval_figure(
        frame_, "model", "mean", _colours(), percent=shown.split == "test", muted=few
    )
    frame.chart(figure, "selection_ranking", "Models ranked over the selected queries.")
    if len(rows) == 1:
        st.caption("Grey, as one query ranks no models.")
    elif few:
        st.caption(f"Only {counted(len(rows), 'query')}: the intervals are wide.")
    st.markdown("**Who gets them**")
    now, then = (one.routes(shown.split) for one in (heeded.snapshot(), before))
    _share_table(first_share(now, rows), first_share(then, rows))


def _followed() -> None:
    """What became of the picked clusters since they were picked."""
    for picked in selection.current().clusters:
        what = filters.followed(picked)
        if what:
            st.caption(frame.escape(what))


def _inspector() -> None:
    cluster = selection.inspected_cluster()
    if cluster is None:
        return
    now = heeded.snapshot()
    clusters = now.router.clusters
    st.subheader(frame.headline(charts.cluster_name(now.names[cluster])), anchor=False)
    _followed()
    size = int(clusters.sizes[cluster])
    task = now.router.tasks[clusters.task[cluster]]
    st.caption(frame.escape(f"Cluster {cluster} · {task} · {counted(size, 'training query')}"))
    notes.of_cluster(cluster)
    st.caption("Most typical queries:")
    for row in now.typical(cluster):
        st.text(charts.shorten(session.dataset().train.texts[row], 160))
    table = charts.ranking_frame(now.router, cluster)
    figure = charts.interval_figure(table, "model", "mean", _colours(), muted=size < MIN_QUERIES)
    frame.chart(figure, "cluster_ranking", "Models of the cluster, as the router ranks them.")
    aside = cluster_leaders(now.router)[cluster].aside
    st.caption(
        f"Mean {mark('consensus score')} with 95 % interval, in the order in which the router "
        "picks at the cluster's centre."
        + (frame.escape(f" By consensus alone first: {aside}.") if aside else "")
    )
    if len(now.router.models) > 1:
        label_entry.button(
            "Label whether the first is right", "label_cluster", "cluster", of_cluster=str(cluster)
        )


def samples() -> None:
    """The most contested of the chosen queries, and who disagrees."""
    rows, now = selection.selected_rows(), selection.shown()
    if rows is None or not len(rows):
        return
    st.subheader(f"Who disagrees in {frame.escape(_chosen_name(rows))}", anchor=False)
    contested = contested_rows(now.part, rows)[:N_SAMPLES]
    with st.grid(3, min_column_width=260):
        for row in contested.tolist():
            _sample(now.part, row)


def _these(rows: IntArray) -> str:
    return f"{agreeing(len(rows), 'this', 'these')} {counted(len(rows), 'query')}"


def _chosen_name(rows: IntArray) -> str:
    cluster = selection.inspected_cluster()
    if cluster is None:
        return _these(rows)
    return charts.cluster_name(heeded.snapshot().names[cluster])


def _sample(part: Part, row: int) -> None:
    query_id = part.votes.query_ids[row]
    with st.container(border=True, gap="small", height="stretch"):
        st.text(charts.shorten(part.texts[row], 240))
        st.caption(frame.escape(charts.who_disagrees(part.votes, row)))
        st.button(
            "Open this query",
            key=f"open_{query_id}",
            type="tertiary",
            icon=":material/open_in_full:",
            on_click=_open,
            args=(query_id,),
        )


def _open(query_id: str) -> None:
    """Open the card of a query from below the map, and bring it into view."""
    selection.pick_query(query_id)
    st.session_state[OPENED] = st.session_state.get(OPENED, 0) + 1
