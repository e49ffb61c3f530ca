"""What the map in the browser and the page tell each other about what is chosen."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app import heeded, selection, session
from app.map_component.component import clear_selection
from app.map_component.spec import MapSelection, Polygon
from app.selection import Flag, Selection
from cascal import charts
from cascal.compare.slices import column_names
from cascal.dataset.query_card import query_card

KEY = "skill_map"
RIGHT: tuple[Flag, ...] = ("right", "wrong")
"""Flags that the legend of right and wrong stands for."""


def marked() -> MapSelection:
    """What the map marks as chosen; the browser is told anew if it shows something else."""
    place, chosen, rows = selection.picked_query(), selection.current(), selection.selected_rows()
    mark = MapSelection(
        clicked=place[1] if place is not None and place[0] == selection.shown().split else None,
        polygon=chosen.region,
        count=None if rows is None else len(rows),
        groups=_entries(chosen),
        view=st.session_state.get("map_view"),
    )
    if _comparable(mark) != st.session_state.get("map_shows", MapSelection()):
        clear_selection(KEY)
    st.session_state["map_shows"] = _comparable(mark)
    return mark


def _comparable(mark: MapSelection) -> MapSelection:
    return replace(mark, count=None, view=None, groups=tuple(sorted(mark.groups)))


def _entries(chosen: Selection) -> tuple[str, ...]:
    """The entries of the map's legend that are chosen, by what colours the map."""
    labels = charts.cluster_labels(heeded.snapshot())
    by: dict[str, tuple[str, ...]] = {
        "model": chosen.models,
        "task": chosen.tasks,
        "cluster": tuple(labels[cluster] for cluster in selection.present_clusters()),
        "kept": tuple(value for column, value in chosen.kept if column == _column()),
        "correct": tuple(flag for flag in RIGHT if flag in chosen.flags),
    }
    return by.get(st.session_state.get("colour", "model"), ())


def _column() -> str:
    """The column whose values colour the map."""
    known, chosen = column_names(session.dataset()), st.session_state.get("kept_of")
    return chosen if chosen in known else known[0]


def _choose_entries(names: tuple[str, ...]) -> None:
    """Choose what the entries of the legend stand for; entries of what is unknown are the map's."""
    by, chosen = st.session_state.get("colour", "model"), selection.current()
    if by == "model":
        models = heeded.snapshot().router.models
        selection.choose(replace(chosen, models=tuple(one for one in names if one in models)))
    elif by == "task":
        tasks = set(selection.shown().part.votes.tasks)
        selection.choose(replace(chosen, tasks=tuple(one for one in names if one in tasks)))
    elif by == "cluster":
        labels = charts.cluster_labels(heeded.snapshot())
        selection.pick_clusters(*(labels.index(one) for one in names if one in labels))
    elif by == "kept":
        others_kept = tuple(one for one in chosen.kept if one[0] != _column())
        now = tuple((_column(), name) for name in names)
        selection.choose(replace(chosen, kept=(*others_kept, *now)))
    elif by == "correct":
        others = tuple(flag for flag in chosen.flags if flag not in RIGHT)
        entries: tuple[Flag, ...] = tuple(flag for flag in RIGHT if flag in names)
        only = entries if len(entries) == 1 else ()  # both together leave nothing out
        selection.choose(replace(chosen, flags=(*others, *only)))


def on_select(done: MapSelection) -> None:
    """Take what the reader did on the map: only what is new there changes what is chosen."""
    done = replace(done, polygon=_rounded(done.polygon))
    before: MapSelection = st.session_state.get("map_shows", MapSelection())
    st.session_state["map_view"] = done.view
    st.session_state["map_shows"] = now = _comparable(done)
    if now == before:
        return
    marks = (before.clicked, before.polygon)
    if now == MapSelection() and any(one is not None for one in marks):
        selection.clear()
    elif now.polygon != before.polygon:
        _draw(now.polygon)
    elif now.clicked is not None and now.clicked != before.clicked:
        _open(now.clicked)
    else:
        _choose_entries(now.groups)


def _open(row: int) -> None:
    part = selection.shown().part
    if 0 <= row < len(part):
        query_id = part.votes.query_ids[row]
        selection.choose(replace(selection.current(), query_id=query_id))


def _draw(region: Polygon | None) -> None:
    """A region takes the place of clusters and of single queries; the card makes room."""
    chosen = selection.current()
    selection.choose(replace(chosen, region=region, query_id=None, clusters=(), queries=()))


def step(by: int) -> None:
    """Go to the previous or next query, as the buttons of the card do."""
    place = selection.picked_query()
    if place is None:
        return
    card = query_card(heeded.snapshot(), *place, among=selection.leads_through(*place))
    query_id = card.before if by < 0 else card.after
    if query_id is not None:
        selection.pick_query(query_id)


def _rounded(polygon: Polygon | None) -> Polygon | None:
    """As it is written into a link, so that the link chooses the same queries."""
    if polygon is None:
        return None
    return tuple((float(f"{x:.4g}"), float(f"{y:.4g}")) for x, y in polygon)
