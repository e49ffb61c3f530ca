"""The panels of the page Route: the decision explained."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import streamlit as st

from app import card, frame, heeded, session, theme
from app.areas import areas
from app.map_component.component import render_map
from app.map_component.spec import MapSelection, MapSpec
from app.route import others
from app.route.question import Decision
from app.terms.glossary import mark
from cascal import charts
from cascal.datatypes import FloatArray
from cascal.encode.layout import place
from cascal.encode.neighbours import nearest_in_order
from cascal.explain import NEAREST_QUERIES, RouteTrace
from cascal.number_format import capitalised, counted, decimal, percent

AROUND = 0.16
"""Of the map's width and height to either side of the middle: what is in view at least."""
ROOM = 1.15
"""So much larger is the view than what it must hold."""
MAP_KEY = (
    f"Rings and lines: the {NEAREST_QUERIES} nearest training queries. Outlines in colour: the "
    "clusters that decided; in grey the others. Points: the first model. Reset view shows all."
)
UNUSUAL = 0.9
"""From this share of the training queries on that lie nearer, the page says so at its top."""


def title(decision: Decision | None) -> None:
    """Where the query goes is the headline; below it stand whether that is right, and why."""
    if decision is None:
        st.title("Where would a query go? Type one, or click an example", anchor=False)
        return
    trace = decision.trace
    st.title(frame.headline(trace.headline), anchor=False)
    if outcome := _outcome(decision):
        st.markdown(f"**{frame.headline(outcome)}**")
    with st.container(key="route_why", gap="xsmall"):
        st.markdown(
            frame.headline(" ".join(filter(None, [f"{capitalised(trace.because)}.", trace.nearby])))
        )
        if trace.far:
            st.warning(frame.headline(trace.caution), icon=":material/explore_off:")
        st.caption(frame.headline(_lead(trace)))


def answer(decision: Decision) -> None:
    """The decision and the evidence for it."""
    trace = decision.trace
    if trace.by_labels:
        st.text(trace.by_labels)
    left, right = st.columns(2, gap="large")
    with left:
        _scores(trace)
    with right:
        _clusters(trace)
        others.changes(decision)
    _answers(decision)
    _position(decision)
    _neighbours(decision)
    _trace(trace)


def _outcome(decision: Decision) -> str:
    """Whether the chosen model is right, where this is a query of the data set with gold."""
    return "" if decision.stored is None else card.of_query(*decision.stored).outcome


def _lead(trace: RouteTrace) -> str:
    """Whether the lead may be chance, who votes along, and what the task is taken to be."""
    said = []
    if trace.doubt:
        second = trace.models[1].model
        how = "is ahead without the bonus;" if trace.by_bonus else "may be as good:"
        said.append(f"{second} {how} {trace.doubt[0].lower()}{trace.doubt[1:]}")
    if others := ", ".join(trace.selected[1:]):
        said.append(f"If {len(trace.selected)} vote: also {others}.")
    if trace.within is not None and trace.within > UNUSUAL and not trace.far:
        said.append(trace.remoteness)
    return " ".join([*said, f"Task: {trace.task} ({trace.task_rule})."])


def _scores(trace: RouteTrace) -> None:
    st.subheader("Scores of the models", anchor=False)
    data = session.dataset()
    colours = theme.colors_by_name((model.name for model in data.models), "model")
    figure = charts.interval_figure(charts.trace_frame(trace), "model", "mean", colours)
    frame.chart(figure, "route_scores", "Score of every model with its 95 % interval.")
    st.caption(
        f"Expected {mark('consensus score')} of each model at this place: how far it agrees with "
        "the others, weighted by confidence, without any gold answer. With its 95 % interval where "
        "one is defined; errors that the models share are not in it. "
        f"{frame.headline(trace.beside_consensus)}"
    )


def _clusters(trace: RouteTrace) -> None:
    st.subheader("Clusters that decided", anchor=False)
    names = heeded.snapshot().labels
    st.table(  # its cells wrap at words: no name is cut
        pd.DataFrame(
            {
                "Skill cluster": [frame.escape(names[one.cluster]) for one in trace.clusters],
                "Weight": [frame.headline(percent(one.weight, 1)) for one in trace.clusters],
                mark("distance", "Cosine distance"): [
                    decimal(one.distance, 2) for one in trace.clusters
                ],
                "Alone it would choose": [frame.escape(one.first_alone) for one in trace.clusters],
            }
        ).set_index("Skill cluster")
    )
    if trace.fallback_limit is not None:
        st.caption(
            f"{mark('fallback', 'Fallback')} to the global ranking: "
            f"{percent(trace.fallback_share)} "
            f"(acts beyond a cosine distance of {trace.fallback_limit:g})."
        )
    st.caption(
        f"Their weights are {mark('blend', 'blended')} as if "
        f"{decimal(trace.effective_clusters, 1)} "
        "clusters counted alike."
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
    _, rows, cosines = next(nearest_in_order(vector, vectors, min(NEAREST_QUERIES, len(vectors))))
    return list(zip(rows[0].tolist(), (1.0 - cosines[0]).tolist(), strict=True))


def _position(decision: Decision) -> None:
    data, now = session.dataset(), heeded.snapshot()
    rows = data.train.placed
    if len(rows) < NEAREST_QUERIES:
        return
    trace = decision.trace
    st.subheader(
        "Far from all that is on the map" if trace.far else "Its place on the map", anchor=False
    )
    xy = data.train.xy[rows]
    near = [row for row, _ in _near(decision)]
    x, y = place(decision.vector[None, :], data.train.vectors.vectors[rows], xy)[0]
    colouring = charts.colour_map(now, data, "train", "model")
    colours = theme.colors_by_name((model.name for model in data.models), "model")
    drawn = areas(now, "model", colouring.names, {one.cluster for one in trace.clusters})
    decided = [ring for one in drawn if one.code >= 0 for ring in one.rings[:1]]
    in_view = np.concatenate([[[x, y]], data.train.xy[near], *decided])
    spec = MapSpec(
        x=xy[:, 0],
        y=xy[:, 1],
        ids=rows.astype(np.int32),
        data_key=f"route:{session.dataset_token()}:{decision.text}",
        group=None if colouring.group is None else colouring.group[rows],
        group_names=colouring.names,
        group_colors=tuple(colours.get(name, theme.MUTED) for name in colouring.names),
        areas=drawn,
        selection=MapSelection(view=around(in_view, xy)),
        marker=(float(x), float(y), "this query, really farther" if trace.far else "this query"),
        neighbors=tuple((float(x), float(y)) for x, y in data.train.xy[near]),
        hover=[data.train.texts[row][:80] for row in rows],
        revision=decision.text[:40],
        mode=theme.mode(),
        alt="The query on the map, with lines to its nearest training queries.",
        legend_title=f"{counted(len(rows), 'training query')}",
        caption=" ".join(filter(None, [_caption(trace), MAP_KEY])),
    )
    render_map(spec, key="route_map", height=560)


def _caption(trace: RouteTrace) -> str:
    """How far the query is, and that the map cannot show it where it is far."""
    if not trace.far:
        return trace.remoteness
    return (
        "The map has places for training queries only: it draws this query among the nearest of "
        f"them, though it is unlike them. {trace.remoteness}"
    )


def around(places: FloatArray, xy: FloatArray) -> tuple[float, float, float, float]:
    """The part of the map that holds all places (n, 2), in the map's proportions: x0, x1, y0, y1.

    xy (Q, 2) : all points; as little as can be is seen beyond them
    """
    low, high, span = places.min(axis=0), places.max(axis=0), np.ptp(xy, axis=0)
    middle, extent = (low + high) / 2, float(((high - low) / span).max())
    half = np.minimum(max(AROUND, ROOM * extent / 2), ROOM / 2) * span
    edge = (ROOM - 1) / 2 * span  # beyond the outermost points nothing is to be seen
    middle = np.clip(middle, xy.min(axis=0) - edge + half, xy.max(axis=0) + edge - half)
    (x0, y0), (x1, y1) = (middle - half).tolist(), (middle + half).tolist()
    return x0, x1, y0, y1


def _neighbours(decision: Decision) -> None:
    """The nearest training queries, each with its cluster and where it goes."""
    with st.expander(f"The {NEAREST_QUERIES} nearest training queries"):
        _list_neighbours(decision)


def _list_neighbours(decision: Decision) -> None:
    data, now = session.dataset(), heeded.snapshot()
    cluster, first = now.clusters("train"), now.routes("train").selected[:, 0]
    for row, distance in _near(decision):
        with st.container(border=True, gap="xsmall"):
            st.text(charts.shorten(data.train.texts[row], 300))
            name, model = now.labels[cluster[row]], now.router.models[first[row]]
            st.markdown(frame.escape(f"Goes to {model} · {name}"))
            answers = charts.who_disagrees(data.train.votes, row)
            st.caption(
                frame.escape(
                    f"Who answered what: {answers} · cosine distance {decimal(distance, 2)}"
                )
            )


def _trace(trace: RouteTrace) -> None:
    with st.expander("The whole trace as JSON"):
        st.code(
            json.dumps(trace.to_dict(), indent=1, ensure_ascii=False),
            language=None,
            wrap_lines=True,
        )
