"""What is chosen on the page Skill map, and how it is drawn there, in the address and back.

Clusters are numbers there, those at the thresholds of the same address.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

import numpy as np
import streamlit as st

from app import heeded, selection, session
from app.map_component.spec import MAX_VERTICES, Polygon
from app.selection import FLAGS, POINTS, Flag, Selection
from cascal import charts
from cascal.compare.slices import column_names, groups_in
from cascal.datatypes import CascalError

MAX_IDS = 50


def read() -> list[str]:
    """Choose what the address asks for; a sentence for everything that it cannot have."""
    asked = [name for name in _NAMES if name in st.query_params]
    if not asked:
        return []
    try:
        return _Reader(selection.current()).read()
    except CascalError:
        return [_fault(name, st.query_params[name]) for name in asked]


def open_clusters() -> list[str]:
    """Choose the clusters of the address, once its thresholds are those of the page."""
    numbers: list[str] = st.session_state.pop("link_clusters", [])
    n_clusters = len(heeded.snapshot().router.clusters)
    known = [one for one in numbers if one.isdecimal() and int(one) < n_clusters]
    if known:
        picked = tuple(selection.as_picked(int(one)) for one in dict.fromkeys(known))
        selection.choose(replace(selection.current(), clusters=picked))
    return [_fault("cluster", one) for one in numbers if one not in known]


def show() -> None:
    """Let the address say what is chosen and how it is drawn."""
    for name, written in _written().items():
        values = [one for one in written if one]
        if not values:
            st.query_params.pop(name, None)
        elif st.query_params.get_all(name) != values:
            st.query_params[name] = values


def _written() -> dict[str, list[str]]:
    """Each parameter with its values; none where it is as in the beginning."""
    chosen, state = selection.current(), st.session_state
    colour, view = state.get("colour", "model"), state.get("map_view")
    return {
        "query": [chosen.query_id] if selection.picked_query() and chosen.query_id else [],
        "queries": list(chosen.queries[:MAX_IDS]),
        "cluster": [str(cluster) for cluster in selection.present_clusters()],
        "region": [";".join(f"{x:.4g},{y:.4g}" for x, y in chosen.region or ())],
        "task": list(chosen.tasks),
        "model": list(chosen.models),
        "unread": list(chosen.unread),
        "apart": list(chosen.apart),
        "search": [chosen.search.strip()],
        "only": list(chosen.flags),
        "kept": [_pair(*one) for one in chosen.kept],
        "points": ["test"] if selection.shown().split == "test" else [],
        "colour": [colour] if colour != "model" else [],
        "skill_of": [str(state.get("skill_of", ""))] if colour == "skill" else [],
        "kept_of": [str(state.get("kept_of", ""))] if colour == "kept" else [],
        "zoom": [",".join(f"{end:.4g}" for end in view or ())],
    }


_NAMES = (
    *("query", "queries", "cluster", "region", "task", "model", "search", "only"),
    *("unread", "apart", "kept", "points", "colour", "skill_of", "kept_of", "zoom"),
)


def _pair(column: str, value: str) -> str:
    return f"{column}={value}"


def _fault(name: str, value: str) -> str:
    return f"The link asks for {name} {value[:60]!r}, which is not here."


class _Reader:
    """Reads one address into a selection, and keeps what is wrong with it."""

    def __init__(self, chosen: Selection) -> None:
        self.chosen = chosen
        self.faults: list[str] = []

    def read(self) -> list[str]:
        """Choose all that the data set has."""
        self._points()
        self._colour()
        self._numbers("zoom", 2, 2, self._zoom)
        self._numbers("region", 3, MAX_VERTICES, self._region)
        self._names()
        self._queries()
        search = st.query_params.get("search", "")[:500]
        st.session_state["link_clusters"] = st.query_params.get_all("cluster")[:MAX_IDS]
        selection.choose(replace(self.chosen, search=search))
        return self.faults

    def _known(self, name: str, known: Collection[str]) -> tuple[str, ...]:
        asked = st.query_params.get_all(name)
        self.faults += [_fault(name, one) for one in asked if one not in known]
        return tuple(dict.fromkeys(one for one in asked if one in known))

    def _points(self) -> None:
        splits = POINTS if session.dataset().test is not None else ("train",)
        for split in self._known("points", splits):
            st.session_state["points"] = POINTS["test" if split == "test" else "train"]

    def _colour(self) -> None:
        known = set(charts.COLOUR_TITLES)
        if not selection.shown().part.has_gold:
            known.remove("correct")
        if selection.shown().split == "test":
            known.remove("silhouette")
        for colour in self._known("colour", known):
            st.session_state["colour"] = colour
        for model in self._known("skill_of", {one.name for one in session.dataset().models}):
            st.session_state["skill_of"] = model
        for column in self._known("kept_of", column_names(session.dataset())):
            st.session_state["kept_of"] = column

    def _names(self) -> None:
        data = session.dataset()
        part = selection.shown().part
        tasks = self._known("task", set(part.votes.tasks))
        pool = {model.name for model in data.models}
        models, unread, apart = (self._known(one, pool) for one in ("model", "unread", "apart"))
        only = self._known("only", FLAGS)
        flags: tuple[Flag, ...] = tuple(flag for flag in FLAGS if flag in only)
        pairs = {
            _pair(column, value): (column, value)
            for column in column_names(data)
            for value in groups_in(data, "train", column)[1]
        }
        kept = tuple(pairs[one] for one in self._known("kept", pairs))
        self.chosen = replace(
            self.chosen,
            tasks=tasks,
            models=models,
            flags=flags,
            kept=kept,
            unread=unread,
            apart=apart,
        )

    def _queries(self) -> None:
        part = selection.shown().part
        queries = self._known("queries", set(part.votes.query_ids))
        self.chosen = replace(self.chosen, queries=queries)
        query_id = st.query_params.get("query")
        place = None if query_id is None else session.dataset().find(query_id)
        if query_id is not None and place is None:
            self.faults.append(_fault("query", query_id))
        elif place is not None:
            st.session_state["points"] = POINTS[place[0]]
            self.chosen = replace(self.chosen, query_id=query_id)

    def _numbers(self, name: str, least: int, most: int, take: Callable[[Polygon], bool]) -> None:
        text = st.query_params.get(name)
        if text is None:
            return
        pairs = text.replace(";", ",").split(",")
        try:
            ends = np.array(pairs, dtype=float).reshape(-1, 2)
        except ValueError:
            ends = np.zeros((0, 2))
        sound = least <= len(ends) <= most and np.isfinite(ends).all()
        if not sound or not take(tuple((float(x), float(y)) for x, y in ends)):
            self.faults.append(_fault(name, text))

    def _zoom(self, ends: Polygon) -> bool:
        (x0, x1), (y0, y1) = ends
        if x0 < x1 and y0 < y1:
            st.session_state["map_view"] = (x0, x1, y0, y1)
        return x0 < x1 and y0 < y1

    def _region(self, vertices: Polygon) -> bool:
        self.chosen = replace(self.chosen, region=vertices)
        return True
