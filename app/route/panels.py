"""The panels of the page Route: the decision explained."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import streamlit as st

from app import card, frame, heeded, session, theme
from app.map_component.component import render_map
from app.map_component.spec import MapSpec
from app.route.question import Decision, stored_name
from app.terms.glossary import mark, meaning
from cascal import charts
from cascal.counted import counted
from cascal.encode.layout import place
from cascal.encode.neighbours import nearest_in_order
from cascal.explain import RouteTrace

N_NEIGHBOURS = 5


def title(decision: Decision | None) -> None:
    """Where the query goes is the headline."""
    if decision is None:
        st.title("Where would a query go, and why?", anchor=False)
        return
    trace = decision.trace
    first = frame.escape(trace.models[0].model)
    how = ", narrowly" if trace.doubt else ""
    st.title(f"This query goes to {first}{how}", anchor=False)


def hint() -> None:
    """The empty state of the page."""
    st.caption(
        f"Type a query, or try one of the {stored_name()} queries. You see the models it "
        "would go to, the skill clusters behind the decision and what would have to change for "
        "another one."
    )


def answer(decision: Decision) -> None:
    """The decision and the evidence for it."""
    trace = decision.trace
    st.text(_lead(trace))
    others = ", ".join(trace.selected[1:])
    also = f" If {len(trace.selected)} vote: also {others}." if others else ""
    st.caption(frame.escape(f"Task: {trace.task} ({trace.task_rule}).{also}"))
    if trace.by_labels:
        st.text(trace.by_labels)
    if trace.far:
        st.warning(trace.caution, icon=":material/explore_off:")
    left, right = st.columns(2, gap="large")
    with left:
        _scores(trace)
        _changes(trace)
    with right:
        _clusters(trace)
        _answers(decision)
    _position(decision)
    _neighbours(decision)
    _trace(trace)


def _lead(trace: RouteTrace) -> str:
    """How far the first model is ahead of the second one, and whether that may be chance."""
    if len(trace.models) < 2:
        return "It is the only model."
    second = trace.models[1].model
    if trace.doubt:
        return f"{second} may be as good: {trace.doubt[0].lower()}{trace.doubt[1:]}"
    return f"Ahead of {second} by {trace.lead:.3f}."


def _scores(trace: RouteTrace) -> None:
    st.subheader("Scores of the models", anchor=False)
    data = session.dataset()
    colours = theme.colors_by_name((model.name for model in data.models), "model")
    figure = charts.interval_figure(charts.trace_frame(trace), "model", "mean", colours)
    frame.chart(figure, "route_scores", "Score of every model with its 95 % interval.")
    st.caption(
        f"Expected {mark('consensus score')} of each model at this place, with its 95 % interval "
        "where one is defined. Errors that the models share are not in the intervals."
    )


def _changes(trace: RouteTrace) -> None:
    st.subheader("What would change it", anchor=False)
    for sentence in trace.what_would_change:
        st.text(f"• {sentence}")


def _clusters(trace: RouteTrace) -> None:
    st.subheader("Clusters that decided", anchor=False)
    names = charts.cluster_labels(heeded.snapshot())
    st.dataframe(
        pd.DataFrame(
            {
                "cluster": [names[one.cluster] for one in trace.clusters],
                "weight": [100 * one.weight for one in trace.clusters],
                "distance": [one.distance for one in trace.clusters],
                "alone": [one.first_alone for one in trace.clusters],
            }
        ),
        hide_index=True,
        alt="Clusters that decided, with weight, distance and the model each would choose alone",
        column_config={
            "cluster": st.column_config.TextColumn("Cluster", width=220),
            "weight": st.column_config.ProgressColumn(
                "Weight", format="%.0f %%", min_value=0, max_value=100, width=80
            ),
            "distance": st.column_config.NumberColumn(
                "Distance", format="%.2f", width=68, help=meaning("distance")
            ),
            "alone": st.column_config.TextColumn(
                "Alone", width=104, help="What this cluster alone would choose."
            ),
        },
    )
    if trace.fallback_limit is not None:
        st.caption(
            f"{mark('fallback', 'Fallback')} to the global ranking: {trace.fallback_share:.0%} "
            f"(acts beyond a distance of {trace.fallback_limit:g})."
        )
    st.caption(
        f"Effective number of clusters {mark('blend', 'blended')}: {trace.effective_clusters:.1f}."
    )


def _answers(decision: Decision) -> None:
    """What the models of the pool answered, where this is a query of the data set."""
    if decision.stored is None:
        return
    split, row = decision.stored
    st.subheader("What the models answered", anchor=False)
    with st.container(key="route_answers", gap="small"):
        card.answers(card.of_query(split, row))


def _near(decision: Decision) -> list[tuple[int, float]]:
    """Rows of the nearest training queries and their distances, nearest first."""
    vectors = session.dataset().train.vectors.vectors
    vector = decision.vector[None, :].astype(vectors.dtype)
    _, rows, cosines = next(nearest_in_order(vector, vectors, min(N_NEIGHBOURS, len(vectors))))
    return list(zip(rows[0].tolist(), (1.0 - cosines[0]).tolist(), strict=True))


def _position(decision: Decision) -> None:
    data, now = session.dataset(), heeded.snapshot()
    rows = data.train.placed
    if len(rows) < N_NEIGHBOURS:
        return
    st.subheader("Its place on the map", anchor=False)
    xy = data.train.xy[rows]
    near = [row for row, _ in _near(decision)]
    x, y = place(decision.vector[None, :], data.train.vectors.vectors[rows], xy)[0]
    colouring = charts.colour_map(now, data, "train", "model")
    colours = theme.colors_by_name((model.name for model in data.models), "model")
    spec = MapSpec(
        x=xy[:, 0],
        y=xy[:, 1],
        ids=rows.astype(np.int32),
        data_key=f"route:{session.dataset_token()}",
        group=None if colouring.group is None else colouring.group[rows],
        group_names=colouring.names,
        group_colors=tuple(colours.get(name, theme.MUTED) for name in colouring.names),
        marker=(float(x), float(y), "this query"),
        neighbors=tuple((float(x), float(y)) for x, y in data.train.xy[near]),
        hover=[data.train.texts[row][:80] for row in rows],
        revision=decision.text[:40],
        mode=theme.mode(),
        alt="The query on the map of the training queries, with lines to its nearest neighbours.",
        legend_title=f"{counted(len(rows), 'training query')}",
        caption="Colour: first model. Lines: the nearest training queries.",
    )
    render_map(spec, key="route_map", height=680)


def _neighbours(decision: Decision) -> None:
    """The nearest training queries, and how each model did there."""
    with st.expander(f"The {N_NEIGHBOURS} nearest training queries"):
        _list_neighbours(decision)


def _list_neighbours(decision: Decision) -> None:
    data, fit = session.dataset(), session.fit()
    scores = fit.consensus
    order = [fit.models.index(one.model) for one in decision.trace.models]
    for row, distance in _near(decision):
        with st.container(border=True, gap="small"):
            st.text(charts.shorten(data.train.texts[row], 300))
            marks = ", ".join(f"{fit.models[m]} {scores[row, m]:.2f}" for m in order[:5])
            st.caption(
                frame.escape(
                    f"distance {distance:.2f} · {data.train.votes.tasks[row]} · consensus scores: "
                    f"{marks}"
                )
            )
            st.caption(frame.escape(charts.who_disagrees(data.train.votes, row)))


def _trace(trace: RouteTrace) -> None:
    with st.expander("The whole trace as JSON"):
        st.code(json.dumps(trace.to_dict(), indent=1, ensure_ascii=False), language=None)
