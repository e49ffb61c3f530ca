"""The map of the page Skill map, and its twin as a table."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from app import encoding, filters, frame, heeded, notes, selection, session, theme, values
from app.areas import areas
from app.controls import describe
from app.map_component.component import render_map
from app.map_component.spec import Fact, MapSpec, Picture
from app.selection import Shown, placed_texts, selected_rows, shown
from app.skills import exchange, moves
from cascal import charts
from cascal.compare.slices import NONE, OTHER, column_names
from cascal.dataset.dataset import Dataset
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import BoolArray, IntArray
from cascal.number_format import counted

COLOURED_CLUSTERS = 20
TWIN_ROWS = 2000
HEIGHT = 740


def controls(data: Dataset) -> charts.ColourBy:
    """Which queries are drawn, and what colours them."""
    filters.points()
    by: charts.ColourBy = st.selectbox(
        "Colour",
        colours(),
        key="colour",
        format_func=lambda by: f"Colour: {charts.COLOUR_TITLES[by].lower()}",
        persist_state="session",
        label_visibility="collapsed",
        width=235,
    )
    if by == "skill":
        _whose_skill(data)
    if by == "kept":
        _which_column(data)
    return by


def colours() -> list[charts.ColourBy]:
    """What can colour the queries that are drawn."""
    known = list(charts.COLOUR_TITLES)
    if not shown().part.has_gold:
        known.remove("correct")
    if shown().split == "test":
        known.remove("silhouette")
    return known


def _which_column(data: Dataset) -> None:
    st.selectbox(
        "Column",
        column_names(data),
        key="kept_of",
        persist_state="session",
        label_visibility="collapsed",
        width=200,
    )


def _whose_skill(data: Dataset) -> None:
    st.selectbox(
        "Model",
        sorted(model.name for model in data.models),
        key="skill_of",
        persist_state="session",
        label_visibility="collapsed",
        width=200,
    )


def _group_colours(
    data: Dataset, by: charts.ColourBy, colouring: charts.Colouring, snapshot: Snapshot
) -> tuple[str, ...]:
    if by == "model":
        named = theme.colors_by_name((model.name for model in data.models), "model")
        return tuple(named.get(name, theme.MUTED) for name in colouring.names)
    if by == "correct":
        return theme.right_and_wrong()
    palette = theme.palette("cluster")
    if by == "kept":
        return _value_colours(colouring.names)
    if by == "task":
        return tuple(palette[i % len(palette)] for i in range(len(colouring.names)))
    sizes = snapshot.router.clusters.sizes
    largest = {
        int(c): i for i, c in enumerate(np.argsort(-sizes, kind="stable")[:COLOURED_CLUSTERS])
    }
    return tuple(palette[largest[c]] if c in largest else theme.MUTED for c in range(len(sizes)))


def _value_colours(names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of clusters; what is no single value is muted."""
    palette = theme.palette("cluster")
    return tuple(theme.MUTED if n in (OTHER, NONE) else palette[i] for i, n in enumerate(names))


def _highlight(now: Shown) -> BoolArray | None:
    chosen = selected_rows()
    return None if chosen is None else np.isin(now.rows, chosen)


def _legend_title(now: Shown, lit: BoolArray | None) -> str:
    """How many queries the entries of the legend count."""
    some = "" if lit is None else f"{np.count_nonzero(lit):,} of "
    return f"{some}{len(now.rows):,} {selection.SPLITS[now.split]} queries"


def _spec(data: Dataset, by: charts.ColourBy) -> MapSpec:
    now, snapshot = shown(), heeded.snapshot()
    title, colours = _colours(data, now, by, snapshot)
    xy = now.part.xy[now.rows]
    n_clusters, lit = len(snapshot.router.clusters), _highlight(now)
    task, model, cluster = (_fact(data, now, known) for known in ("task", "model", "cluster"))
    agreed = Fact(charts.COLOUR_TITLES["agreement"], *charts.agreement_groups(now.part))
    spec = MapSpec(
        x=xy[:, 0],
        y=xy[:, 1],
        ids=now.rows.astype(np.int32),
        data_key=f"{session.dataset_token()}:{now.split}",
        **colours,
        flips=moves.flips(data, now),
        picture=_picture(data, title, n_clusters),
        legend_title=_legend_title(now, lit),
        highlight=lit,
        greyed_act=not selection.current().filters,
        selection=exchange.marked(),
        hover=placed_texts(now.part),
        data_facts=(task, _of(agreed, now.rows)),
        facts=(cluster, model),
        revision=f"{session.current_settings().name}:{session.current_thresholds()!r}:{by}",
        mode=theme.mode(),
        alt=f"Map of {counted(len(now.rows), 'query')} in {counted(n_clusters, 'skill cluster')}, "
        f"coloured by {title.lower()}. The table below the map lists the same.",
        caption="Near = alike in wording.",
    )
    pinned, _ = heeded.change()
    if pinned is snapshot:
        return spec
    return replace(spec, pinned=replace(spec, **_colours(data, now, by, pinned)[1]))


def _picture(data: Dataset, title: str, n_clusters: int) -> Picture:
    """What is written on a saved picture."""
    return Picture(
        title=f"{counted(n_clusters, 'skill cluster')}, coloured by {title.lower()}",
        subtitle=f"{data.info.name} · {frame.origin(data)}",
        footer=describe(values.present()),
        name=re.sub(r"[^\w.-]+", "-", f"skill-map-{data.info.name}"),
    )


def _colours(
    data: Dataset, now: Shown, by: charts.ColourBy, snapshot: Snapshot
) -> tuple[str, dict[str, Any]]:
    """What the colours mean, and the fields of the map that make them."""
    skill_of, kept_of = (st.session_state.get(name) for name in ("skill_of", "kept_of"))
    colouring = charts.colour_map(snapshot, data, now.split, by, skill_of, kept_of)
    if colouring.group is None:
        value = None if colouring.value is None else colouring.value[now.rows]
        return colouring.title, {
            "areas": areas(snapshot, by, ()),
            "value": value,
            "value_title": colouring.scale_title or colouring.title,
            "value_range": colouring.value_range,
            "value_break": colouring.value_break,
            "value_marks": colouring.value_marks,
            "value_unknown": colouring.unknown,
        }
    return colouring.title, {
        "areas": areas(snapshot, by, colouring.names),
        "group": colouring.group[now.rows],
        "group_title": colouring.title,
        "group_names": colouring.names,
        "group_colors": _group_colours(data, by, colouring, snapshot),
    }


def _fact(data: Dataset, now: Shown, by: charts.ColourBy) -> Fact:
    """What the card of a query says of it: what a colour would show."""
    colouring = charts.colour_map(heeded.snapshot(), data, now.split, by)
    codes = colouring.group if colouring.group is not None else np.zeros(len(now.part), np.int64)
    return _of(Fact(colouring.title, codes, colouring.names), now.rows)


def _of(fact: Fact, rows: IntArray) -> Fact:
    return replace(fact, codes=fact.codes[rows])


def skill_map(by: charts.ColourBy) -> None:
    """The map, or how to draw it."""
    data = session.dataset()
    if not len(shown().rows):
        st.info("These queries have no place on a map yet.")
        if not session.read_only() and st.button("Draw the map", type="primary"):
            with st.spinner("Placing the queries (UMAP); a minute for 7,000"):
                encoding.draw_current_map()
            st.rerun()
        return
    render_map(
        _spec(data, by),
        key=exchange.KEY,
        height=HEIGHT,
        on_select=exchange.on_select,
        on_step=exchange.step,
    )


def table_twin() -> None:
    """The points of the map as a table, for screen readers and for copying."""
    with st.expander("The points of the map as a table", on_change="rerun", key="twin") as twin:
        if not twin.open:
            return
        now, chosen = shown(), selected_rows()
        rows = (now.rows if chosen is None else chosen)[:TWIN_ROWS]
        table = charts.queries_frame(heeded.snapshot(), now.split, rows)
        st.dataframe(
            notes.with_notes(
                table.assign(text=[charts.shorten(text, 300) for text in table["text"]])
            ),
            hide_index=True,
            alt="The queries on the map with task, cluster and first model",
        )
        st.caption(frame.escape(f"{len(rows):,} of {counted(len(now.rows), 'query')}."))
