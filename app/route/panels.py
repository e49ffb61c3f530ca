"""The panels of the page Route: the question, the decision explained, a file of queries."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from app import encoding, frame, session, theme
from app.map_component.component import render_map
from app.map_component.spec import MapSpec
from cascal import charts
from cascal.datatypes import FloatArray
from cascal.encode.layout import place
from cascal.encode.neighbours import nearest_in_order
from cascal.explain import RouteTrace, explain
from cascal.importers.texts import read_texts

N_NEIGHBOURS = 5
MAX_PICKS = 400


@dataclass(frozen=True, eq=False)
class Decision:
    """A routed text with its vector and trace."""

    text: str
    vector: FloatArray
    trace: RouteTrace


def _example() -> str:
    data = session.dataset()
    part = data.test if data.test is not None else data.train
    return part.texts[len(part.texts) // 3]


def _stored() -> str:
    """Which queries are at hand to be tried."""
    return "test" if session.dataset().test is not None else "training"


def _pick_example() -> None:
    """Put the next stored query into the box."""
    data = session.dataset()
    part = data.test if data.test is not None else data.train
    at = st.session_state.get("example", 0) + 1
    st.session_state["example"] = at
    st.session_state["query_text"] = part.texts[(at * 617) % len(part.texts)]


def ask() -> Decision | None:
    """The box for a query; returns the decision once there is a text."""
    text = st.text_area(
        "Query",
        key="query_text",
        height=96,
        placeholder=f"For example: {_example()[:160]}",
        persist_state="session",
    )
    with st.container(horizontal=True, gap="small"):
        st.button("Route it", type="primary", icon=":material/alt_route:")
        st.button(f"Try a {_stored()} query", on_click=_pick_example, icon=":material/casino:")
    text = text.strip()
    if not text:
        return None
    data, now = session.dataset(), session.snapshot()
    vector = _vector(text)
    if vector is None:
        return None
    return Decision(text, vector, explain(now.router, vector, now.labels)) if data else None


def _vector(text: str) -> FloatArray | None:
    """The vector of a text: a stored one, else encoded now; None while that is not allowed."""
    data = session.dataset()
    for part in (data.train, data.test):
        if part is not None and text in part.texts:
            return np.asarray(part.vectors.vectors[part.texts.index(text)])
    encoder = encoding.confirmed_encoder(data.encoder)
    if encoder is None:
        return None
    with st.spinner("Encoding the query", show_time=True):
        vector = encoder.encode([text])[0]
    return np.asarray(vector)


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
        f"Type a query, or try one of the {_stored()} queries. You see the models it would go to, "
        "the skill clusters behind the decision and what would have to change for another one."
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
    with right:
        _clusters(trace)
        _changes(trace)
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
        "Expected consensus score of each model at this place, with its 95 % interval where one "
        "is defined. Errors that the models share are not in the intervals."
    )


def _changes(trace: RouteTrace) -> None:
    st.subheader("What would change it", anchor=False)
    for sentence in trace.what_would_change:
        st.text(f"• {sentence}")


def _clusters(trace: RouteTrace) -> None:
    st.subheader("Clusters that decided", anchor=False)
    names = charts.cluster_labels(session.snapshot())
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
            "cluster": st.column_config.TextColumn("Cluster", width=195),
            "weight": st.column_config.ProgressColumn(
                "Weight", format="%.0f %%", min_value=0, max_value=100, width=95
            ),
            "distance": st.column_config.NumberColumn("Distance", format="%.2f", width=70),
            "alone": st.column_config.TextColumn(
                "Alone", width=110, help="What this cluster alone would choose."
            ),
        },
    )
    if trace.fallback_limit is not None:
        st.caption(
            f"Fallback to the global ranking: {trace.fallback_share:.0%} (acts beyond a distance "
            f"of {trace.fallback_limit:g})."
        )
    st.caption(f"Effective number of clusters blended: {trace.effective_clusters:.1f}.")


def _near(decision: Decision) -> list[tuple[int, float]]:
    """Rows of the nearest training queries and their distances, nearest first."""
    vectors = session.dataset().train.vectors.vectors
    vector = decision.vector[None, :].astype(vectors.dtype)
    _, rows, cosines = next(nearest_in_order(vector, vectors, min(N_NEIGHBOURS, len(vectors))))
    return list(zip(rows[0].tolist(), (1.0 - cosines[0]).tolist(), strict=True))


def _position(decision: Decision) -> None:
    data, now = session.dataset(), session.snapshot()
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
        legend_title=f"{len(rows):,} training queries",
        caption="Colour: first model. Lines: the nearest training queries.",
    )
    render_map(spec, key="route_map", height=680)


def _neighbours(decision: Decision) -> None:
    """The nearest training queries, and how each model did there."""
    st.subheader("The nearest training queries", anchor=False)
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


def batch() -> None:
    """A file in, decisions out; no model is called."""
    st.caption(
        "A .txt file with one query a line, or CSV, JSONL or Parquet with a column text. No model "
        "is called; the decisions can be downloaded."
    )
    upload = st.file_uploader(
        "File of queries", type=["txt", "csv", "tsv", "jsonl", "json", "parquet"], key="batch_file"
    )
    if upload is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"queries{Path(upload.name).suffix.lower()}"
        path.write_bytes(upload.getvalue())
        texts = read_texts(path)
    now, data = session.snapshot(), session.dataset()
    encoder = encoding.confirmed_encoder(data.encoder)
    if encoder is None:
        return
    with frame.progress("Encoding") as tell:
        vectors = encoder.encode(texts.texts, tell)
    routes = now.router.route(vectors)
    table = charts.decisions_frame(routes, texts.query_ids, texts.texts)
    st.subheader(f"{len(table):,} queries routed", anchor=False)
    if texts.refused:
        st.warning(f"{len(texts.refused)} rows hold no text and were left out.")
    st.dataframe(table, hide_index=True, alt="Decision for every query of the file")
    st.download_button(
        "Download as CSV",
        charts.safe_csv(table),
        "routes.csv",
        "text/csv",
        on_click="ignore",
    )
