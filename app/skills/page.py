"""Skill map: who is good at what, and what moves when the thresholds move?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from app import filters, frame, heeded, selection, selection_links, session, turns
from app.no_data import no_data
from app.pages import EXPLORE, HEADLINE
from app.skills import cluster_table, confidences, map_panel, naming, panels, portraits
from cascal import charts
from cascal.counted import counted, percent
from cascal.dataset.snapshot import Snapshot
from cascal.diagnose.coherence import below_zero_sentence

TITLE = "Who is good at what?"
NAMED = 3
"""Models with their task in the headline."""
LAYOUT = Path(__file__).with_name("layout.css")


@st.fragment(key=HEADLINE)
def _headline() -> None:
    with session.one_look(), frame.refusals():
        heeded.notice(heeded.SHOWN)
        now = heeded.snapshot()
        said = below_zero_sentence(now) if _of_silhouettes() else _who_gets(now)
        st.title(frame.headline(said), anchor=False)


def _of_silhouettes() -> bool:
    """Whether the colours of the map are silhouettes, which only training queries have."""
    return st.session_state.get("colour") == "silhouette" and selection.shown().split == "train"


def _who_gets(now: Snapshot) -> str:
    """Who is asked for what: of the tasks that go to one model the most, else of all queries."""
    order = np.argsort(-now.share, kind="stable")[: now.n_models_in_use].tolist()
    names, shares = now.router.models, now.share
    if len(order) == 1:
        return f"{names[order[0]]} is asked for all queries"
    if domains := charts.domains(now)[:NAMED]:
        said = [(one.model, f"{percent(one.share)} of {one.task}") for one in domains]
        return f"{_listed(said)}{_rest(now, domains)}"
    said = [(names[one], f"{percent(shares[one])}") for one in order[:2]]
    if rest := order[2:]:
        others = names[rest[0]] if len(rest) == 1 else f"{counted(len(rest), 'other')}"
        said.append((others, f"{percent(shares[rest].sum())}"))
    return _listed(said)


def _listed(shares: list[tuple[str, str]]) -> str:
    (model, what), *others = shares
    return ", ".join([f"{model} is asked for {what}", *(" for ".join(one) for one in others)])


def _rest(now: Snapshot, named: Sequence[charts.Domain]) -> str:
    """Who gets most queries of the other tasks together, in the same breath."""
    found = charts.rest_of_domains(now, named)
    if found is None:
        return ""
    tasks = counted(found.n_tasks, "other task")
    return f"; {percent(found.share)} of the queries of {tasks} go to {found.model}"


@st.fragment(key=EXPLORE)
def _explore() -> None:
    """All that follows what is chosen: a click runs this alone, not the sidebar and the page."""
    with turns.turn(), session.one_look(), frame.refusals():
        heeded.prepare()
        with st.container(
            horizontal=True, gap="small", vertical_alignment="center", key="map_filters"
        ):
            filters.search(key="/")
            filters.choices()
            by = map_panel.controls(session.dataset())
        filters.chosen_line()
        with st.container(horizontal=True, gap="small", key="map_row"):
            map_side = st.container(key="map_side")
            with st.container(width=panels.WIDTH, key="beside"):
                panels.change_strip()
                with st.container(key="inspector", height=panels.HEIGHT, border=False):
                    panels.beside_the_map()
            with map_side:  # after the card, which a click waits for
                map_panel.skill_map(by)
        panels.samples()
        cluster_table.cluster_table()
        map_panel.table_twin()
        selection_links.show()
        portraits.portraits()
        naming.naming()
        confidences.confidences()


if session.current_info() is None:
    no_data(
        TITLE,
        "who is good at what: every query a point, in the colour of the model that is asked first",
    )
else:
    st.html(LAYOUT)
    frame.notice(session.dataset())
    session.snapshot()  # where it is refused, the sentence stands in place of the page
    _headline()
    for fault in selection_links.open_clusters():
        st.warning(frame.escape(fault))
    _explore()
