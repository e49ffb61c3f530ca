"""The skill map alone: synthetic skills, a slider that recolours, what Python read.

Query parameters: n points, view and group as a link would restore them; the rest is set by the
widgets.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace

import numpy as np
import streamlit as st

from app import theme
from app.map_component.component import (
    Area,
    Fact,
    Flips,
    MapSelection,
    MapSpec,
    Picture,
    clear_selection,
    points_in_polygon,
    render_map,
)
from cascal.charts.outlines import Outline, outline

SUBJECTS = [
    *("algebra word problems", "contract law", "organic chemistry", "thermodynamics"),
    *("cell biology", "macroeconomics", "formal logic", "world history", "graph algorithms"),
    *("clinical cases", "moral scenarios", "electric circuits", "number theory", "marketing"),
    *("<b>bold</b> & $x$ claims", "astronomy"),
]

st.set_page_config(page_title="Skill map", layout="wide")


@st.cache_resource
def cloud(n: int) -> tuple[np.ndarray, ...]:
    """Return x, y, subject and margin of n synthetic queries."""
    rng = np.random.default_rng(3)
    turn = np.arange(len(SUBJECTS)) * 2.4  # a sunflower: even, and no two alike
    centers = (np.stack([1.4 * np.cos(turn), np.sin(turn)]) * np.sqrt(turn + 1)).T * 1.25
    subject = rng.choice(len(SUBJECTS), n, p=rng.dirichlet(np.full(len(SUBJECTS), 4.0)))
    spread = rng.normal(size=(n, 2)) * rng.uniform(0.35, 1.0, (len(SUBJECTS), 1))[subject]
    bend = np.sin(spread[:, :1] * 2.0) * 0.4
    xy = centers[subject] + spread + np.hstack([np.zeros((n, 1)), bend])
    margin = np.clip(rng.beta(2, 3, n) + 0.2 * np.cos(xy[:, 0]), 0, 1)
    margin[rng.random(n) < 0.03] = np.nan
    return *xy.astype(np.float32).T, subject.astype(np.int16), margin.astype(np.float32)


@st.cache_resource
def hover_texts(n: int) -> list[str]:
    """Return one text per point; the first is an attack."""
    texts = [f"Query {i}: which of the following statements about it holds?" for i in range(n)]
    texts[0] = "<img src=x onerror=alert(1)><b>bold</b><a href='https://example.org'>link</a>"
    return texts


@st.cache_resource
def shapes_of(n: int) -> list[Outline | None]:
    """Return the outlines of the subjects, made once as the page does."""
    x, y, subject, _ = cloud(n)
    xy = np.column_stack([x, y])
    return [outline(xy, np.flatnonzero(subject == s)) for s in range(len(SUBJECTS))]


def marked(view: str | None, groups: list[str]) -> MapSelection | None:
    """Return what a link asks for, as a page would hold it; None without one."""
    if view is None and not groups:
        return None
    x0, x1, y0, y1 = map(float, (view or "-6,6,-6,6").split(","))
    return MapSelection(groups=tuple(groups), view=(x0, x1, y0, y1))


def spec_of(
    n: int, clusters: int, mode: str, extras: list[str], selection: MapSelection | None
) -> MapSpec:
    x, y, subject, margin = cloud(n)
    group = (subject % clusters).astype(np.int16)
    names = tuple(" + ".join(SUBJECTS[i::clusters]) for i in range(clusters))
    colors = theme.palette("cluster", theme.mode())[:clusters]
    chosen = {"group": group, "group_names": names, "group_colors": colors}
    if mode == "margin":
        chosen = {"value": margin, "value_title": "Margin of the route", "value_range": (0.0, 1.0)}
    if "labels" in extras:
        centers = [(x[subject == s].mean(), y[subject == s].mean()) for s in range(len(SUBJECTS))]
        sizes = np.bincount(subject, minlength=len(SUBJECTS))
        order = np.argsort(-sizes, kind="stable")
        shapes = shapes_of(n)
        chosen["areas"] = [
            Area(
                name=SUBJECTS[s],
                peak=tuple(map(float, centers[s])),
                rings=shapes[s].rings if shapes[s] else (),
                share=float(sizes[s] / sizes.max()),
                code=int(s % clusters) if mode == "cluster" else -1,
            )
            for s in order
        ]
    if "highlight" in extras:
        chosen["highlight"] = group < 3
    if "marker" in extras:
        near = np.argsort((x - 1) ** 2 + (y - 1) ** 2)[:5]
        chosen |= {
            "marker": (1.0, 1.0, "Your query"),
            "neighbors": tuple(zip(x[near].tolist(), y[near].tolist(), strict=True)),
        }
    before = st.session_state.get("clusters_before", clusters)
    moved = np.flatnonzero(subject % before != group)
    if before != clusters or "flips" in st.session_state:
        st.session_state["flips"] = True
        chosen["flips"] = Flips(
            key=f"{before}-{clusters}",
            sentence=f"{len(moved):,} flipped",
            rows=moved,
            before=subject[moved] % before,
            after=group[moved],
            colors=theme.palette("cluster", theme.mode()),
        )
    st.session_state["clusters_before"] = clusters
    spec = MapSpec(
        x=x,
        y=y,
        ids=np.arange(n, dtype=np.int32) * 2,
        data_key=f"harness-{n}",
        hover=hover_texts(n),
        selection=selection,
        picture=Picture(
            title=f"{clusters} skill clusters of <synthetic> queries",
            subtitle="harness · simulated",
            footer=f"min silhouette 0.05 · {clusters} clusters",
            name="harness-map",
        ),
        group_title="Skill cluster",
        data_facts=(Fact("Task", subject, tuple(SUBJECTS)),),
        facts=(Fact("Skill cluster", group, names),),
        revision=f"{mode}-{clusters}",
        mode=theme.mode(),
        alt=f"Map of {n} synthetic queries",
        caption=f"{n:,} queries in {clusters} skill clusters. Near means similar.",
        **chosen,
    )
    if clusters == 16 or mode != "cluster":
        return spec
    pinned = {"group": subject, "group_names": tuple(SUBJECTS)}
    colors = theme.palette("cluster", theme.mode())[:16]
    return replace(spec, pinned=replace(spec, **pinned, group_colors=colors))


def stepped(by: int) -> None:
    st.session_state["steps"] = [*st.session_state.get("steps", []), by]


def noted(selection: MapSelection) -> None:
    st.session_state["calls"] = st.session_state.get("calls", 0) + 1


@st.fragment(key="map_panel")
def panel() -> None:
    controls, main = st.columns([1, 4])
    with controls:
        n = int(st.query_params.get("n", 5000))
        clusters = st.slider("Clusters", 2, 16, 16, key="clusters")
        mode = st.radio("Colour", ["cluster", "margin"], key="mode")
        extras = st.pills(
            "Extras",
            ["labels", "highlight", "marker", "moved"],
            default=["labels"],
            selection_mode="multi",
        )
        st.button("Clear from Python", on_click=clear_selection, args=("map",))
        linked = st.query_params.get("view"), st.query_params.get_all("group")
    with main:
        start = time.perf_counter()
        spec = spec_of(n, clusters, mode, extras, marked(*linked))
        with st.container(border=True) if "moved" in extras else contextlib.nullcontext():
            picked = render_map(spec, key="map", on_select=noted, on_step=stepped)
        spent = (time.perf_counter() - start) * 1000
    inside = (
        None if picked.polygon is None else len(points_in_polygon(picked.polygon, spec.x, spec.y))
    )
    near = None
    if picked.view is not None:
        x0, x1, y0, y1 = picked.view
        near = int(((spec.x >= x0) & (spec.x <= x1) & (spec.y >= y0) & (spec.y <= y1)).sum())
    with controls:
        st.text(f"near={near}")
        st.text(f"clicked={picked.clicked} count={picked.count} inside={inside}")
        st.text(f"vertices={len(picked.polygon or ())} calls={st.session_state.get('calls', 0)}")
        st.text(f"steps: {st.session_state.get('steps', [])}")
        st.text_input("Search", key="map_search")
        st.text(f"groups: {' | '.join(picked.groups)}")
        st.text(f"view: {picked.view}")
        st.text(f"spent in Python: {spent:.1f} ms")


panel()
