"""What the reader chose on the page Skill map: one object that everything on the page follows.

A chosen cluster is its queries: when a threshold moves, the cluster that is most like it follows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import streamlit as st

from app import heeded, held, history, session, stored, values
from app.map_component.spec import Polygon, points_in_polygon
from app.values import Values
from cascal import charts
from cascal.compare.slices import groups_in
from cascal.computing.remembered import remembered
from cascal.dataset import query_filters
from cascal.dataset.part import Part
from cascal.dataset.snapshot import flipped
from cascal.dataset.successor import Successor, successor
from cascal.datatypes import BoolArray, IntArray, Split, read_only

POINTS: dict[Split, str] = {"train": "Training queries", "test": "Test queries"}
"""The choice of the queries on the map, by split."""
SPLITS: dict[Split, str] = {"train": "training", "test": "test"}
"""What the queries of a split are called."""
Flag = Literal["disagree", "wrong", "right", "flipped", "far", "noted"]
FLAGS: dict[Flag, str] = {
    "disagree": "models disagree",
    "wrong": "router wrong",
    "right": "router right",
    "flipped": "flipped",
    "far": "far",
    "noted": "noted",
}
"""What is true of the queries that a flag chooses."""


@dataclass(frozen=True, kw_only=True)
class PickedCluster:
    """A cluster as it was when it was picked: its name and the rows of its queries."""

    name: str
    train: tuple[int, ...]
    test: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Everything that the reader chose; what has several conditions must meet all of them.

    data     : name, content and encoder of the data set that it belongs to
    query_id : whose card is open; it leaves the other queries alone
    queries  : ids of single queries; region: lasso or box; clusters: any of these
    tasks, models : any of these tasks, any of these first models
    unread   : models of which any gave no answer that can be read
    apart    : models of which any did not give the answer that most give
    kept     : columns and their values: any of the values of a column, of every column named
    search   : words that the text holds; flags: all of these are true
    """

    data: str = ""
    query_id: str | None = None
    queries: tuple[str, ...] = ()
    region: Polygon | None = None
    clusters: tuple[PickedCluster, ...] = ()
    tasks: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    search: str = ""
    flags: tuple[Flag, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()

    @property
    def narrows(self) -> bool:
        """Whether it leaves any query out."""
        return any((self.queries, self.region, self.clusters)) or self.filters

    @property
    def filters(self) -> bool:
        """Whether it leaves queries out by what they are, not by where on the map they lie."""
        conditions = (self.tasks, self.models, self.flags, self.kept, self.unread, self.apart)
        return any(conditions) or bool(self.search.strip())


@dataclass(frozen=True, eq=False)
class Shown:
    """What the map shows now: which split, the rows that have a place."""

    split: Split
    part: Part
    rows: IntArray


def shown() -> Shown:
    """The queries on the map."""
    data = session.dataset()
    split: Split = "train"
    if st.session_state.get("points") == POINTS["test"] and data.test is not None:
        split = "test"
    part = data.part(split)
    return Shown(split, part, _placed(part))


@remembered  # asked for twenty times a run
def _placed(part: Part) -> IntArray:
    """The rows that have a place on the map."""
    return read_only(np.flatnonzero(np.isfinite(part.xy).all(axis=1)))


@remembered
def placed_texts(part: Part) -> tuple[str, ...]:
    """The texts of these rows."""
    return tuple(part.texts[row] for row in _placed(part).tolist())


def current() -> Selection:
    """What is chosen; nothing where the data set is another one than it was."""
    data = session.dataset_token()
    chosen: Selection | None = st.session_state.get("selection")
    return chosen if chosen is not None and chosen.data == data else Selection(data=data)


def choose(chosen: Selection) -> None:
    """Let this be chosen."""
    st.session_state["selection"] = chosen


def clear() -> None:
    """Choose nothing."""
    choose(Selection(data=session.dataset_token()))


def show_flipped() -> None:
    """Choose the routed queries that have another first model than in the pinned state."""
    choose(Selection(data=session.dataset_token(), flags=("flipped",)))
    tested = session.dataset().test is not None
    held.put(points=POINTS["test" if tested else "train"])


def show_unread(model: str) -> None:
    """Choose the queries on which this model gave no answer that can be read."""
    choose(Selection(data=session.dataset_token(), unread=(model,)))


def show_change(before: Values, after: Values) -> None:
    """Pin one state, go to another and choose what flips between them. For callbacks."""
    st.session_state["pinned"] = before
    if after != values.present():
        history.change_to(after)
    show_flipped()


def all_rows() -> IntArray:
    """Rows of all queries of the shown split, with or without a place on the map."""
    return np.arange(len(shown().part))


def selected_rows() -> IntArray | None:
    """Rows of the shown queries that meet every condition; None without any."""
    chosen, now = current(), shown()
    if not chosen.narrows:
        return None
    noted = stored.notes() if "noted" in chosen.flags else ()
    state = (chosen, now.split, heeded.token(), heeded.pinned_token(), noted)
    held = st.session_state.get("selected_rows")
    if held is None or held[0] != state:
        held = st.session_state["selected_rows"] = (state, np.flatnonzero(_meets(chosen, now)))
    rows: IntArray = held[1]
    return rows


def _meets(chosen: Selection, now: Shown) -> BoolArray:
    part, routes = now.part, heeded.snapshot().routes(now.split)
    meets = np.ones(len(part), dtype=bool)
    if chosen.queries:
        meets &= np.isin(part.votes.query_ids, chosen.queries)
    if chosen.region:
        meets &= _inside(chosen.region, part)
    if chosen.clusters:
        meets &= np.any([_in_cluster(one, now.split) for one in chosen.clusters], axis=0)
    if chosen.tasks:
        meets &= np.isin(part.votes.tasks, chosen.tasks)
    if chosen.models:
        meets &= np.isin(np.array(routes.models)[routes.selected[:, 0]], chosen.models)
    meets &= _as_models_answer(chosen, part)
    if chosen.search.strip():
        meets &= query_filters.holds_words(part, chosen.search)
    for name in dict.fromkeys(column for column, _ in chosen.kept):
        meets &= _has_value(chosen, name, now.split)
    for flag in chosen.flags:
        meets &= _TRUE_OF[flag](now)
    return meets


def _as_models_answer(chosen: Selection, part: Part) -> BoolArray:
    """Queries that the named models left unreadable, and answered unlike most."""
    meets = np.ones(len(part), dtype=bool)
    if chosen.unread:
        meets &= query_filters.is_unread(part, chosen.unread)
    if chosen.apart:
        meets &= query_filters.is_apart(part, chosen.apart)
    return meets


def _has_value(chosen: Selection, name: str, split: Split) -> BoolArray:
    group, names = groups_in(session.dataset(), split, name)
    wanted = [names.index(value) for column, value in chosen.kept if column == name]
    return np.isin(group, wanted)


def _inside(region: Polygon, part: Part) -> BoolArray:
    inside = np.zeros(len(part), dtype=bool)
    inside[points_in_polygon(region, part.xy[:, 0], part.xy[:, 1])] = True
    return inside


def _in_cluster(picked: PickedCluster, split: Split) -> BoolArray:
    """Queries of its successor; those that it had where it has none."""
    member, now = heeded.snapshot().clusters(split), became(picked)
    if now.cluster is not None:
        return np.asarray(member == now.cluster)
    rows = picked.train if split == "train" else picked.test
    return np.isin(np.arange(len(member)), rows)


def _first_right(now: Shown) -> BoolArray:
    return query_filters.first_model_right(now.part, heeded.snapshot().routes(now.split)) == 1


def _first_wrong(now: Shown) -> BoolArray:
    return query_filters.first_model_right(now.part, heeded.snapshot().routes(now.split)) == 0


def flipped_queries(now: Shown) -> BoolArray:
    """(Q,) queries with another first model than in the pinned state."""
    before, _ = heeded.change()
    return flipped(before, heeded.snapshot(), now.split)


_TRUE_OF: dict[Flag, Callable[[Shown], BoolArray]] = {
    "disagree": lambda now: query_filters.models_disagree(now.part),
    "wrong": _first_wrong,
    "right": _first_right,
    "flipped": flipped_queries,
    "far": lambda now: query_filters.lies_far(heeded.snapshot(), now.split),
    "noted": lambda now: np.isin(now.part.votes.query_ids, list(stored.noted_queries())),
}


def became(picked: PickedCluster) -> Successor:
    """What a picked cluster is at the present thresholds."""
    members = np.array(picked.train, dtype=np.int64)
    return successor(members, heeded.snapshot().router.clusters.assignment)


def as_picked(cluster: int) -> PickedCluster:
    """A present cluster, to be followed."""
    now = heeded.snapshot()
    splits: tuple[Split, ...] = ("train", "test")
    train, test = (tuple(np.flatnonzero(now.clusters(s) == cluster).tolist()) for s in splits)
    return PickedCluster(name=charts.cluster_name(now.names[cluster]), train=train, test=test)


def pick_clusters(*clusters: int) -> None:
    """Choose clusters; the card of a query closes, and a region gives way."""
    picked = tuple(map(as_picked, clusters))
    choose(replace(current(), clusters=picked, query_id=None, region=None, queries=()))


def present_clusters() -> tuple[int, ...]:
    """What the picked clusters are now; one that has dissolved is none."""
    followed = (became(one).cluster for one in current().clusters)
    return tuple(dict.fromkeys(one for one in followed if one is not None))


def inspected_cluster() -> int | None:
    """The only picked cluster, if that is all that is chosen."""
    chosen, clusters = current(), present_clusters()
    others = replace(chosen, clusters=())
    if others.narrows or len(chosen.clusters) != 1 or len(clusters) != 1:
        return None
    return clusters[0]


def pick_query(query_id: str | None) -> None:
    """Open the card of a query and show it on the map, or close the card."""
    choose(replace(current(), query_id=query_id))
    place = picked_query()
    if place is not None:
        held.put(points=POINTS[place[0]])


def picked_query() -> tuple[Split, int] | None:
    """Split and row of the chosen query; None without one, or if the data set does not have it."""
    query_id = current().query_id
    return None if query_id is None else session.dataset().find(query_id)


def leads_through(split: Split, row: int) -> IntArray | None:
    """The chosen queries, which the card of one of them leads through; None: its cluster."""
    rows = selected_rows()
    led = rows is not None and split == shown().split and row in rows
    return rows if led else None
