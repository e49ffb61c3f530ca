"""What the page Label asks about: the purpose, and what belongs to it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app import label_entry, session
from app.label import sides
from cascal.dataset.label_questions import (
    ASKED,
    Question,
    cluster_question,
    family_question,
    settings_question,
)
from cascal.store import PURPOSES, Purpose


def question() -> Question:
    """The question that is asked now, with its draw; NotApplicable says why there is none."""
    for name, value in st.session_state.pop(label_entry.WANTED, {}).items():
        st.session_state[name] = value
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        purpose: Purpose = st.selectbox(
            "What do you want to know?",
            PURPOSES,
            format_func=ASKED.__getitem__,
            key="purpose",
            bind="query-params",
            width=330,
        )
        return _OF_PURPOSE[purpose]()


def _family() -> Question:
    return label_entry.question("family", lambda: family_question(session.snapshot()))


def _cluster() -> Question:
    labels = session.snapshot().labels
    cluster: int = st.selectbox(
        "Cluster",
        range(len(labels)),
        format_func=labels.__getitem__,
        key="label_cluster",
        bind="query-params",
        width=330,
    )
    return label_entry.question(
        f"cluster:{cluster}", lambda: cluster_question(session.snapshot(), cluster)
    )


def _settings() -> Question:
    runs = sides.runs()
    known = sides.names(runs)
    one = st.selectbox("First", known, key="between", bind="query-params", width=200)
    other = st.selectbox(
        "Second",
        known,
        index=known.index(sides.other_preset()),
        key="against",
        bind="query-params",
        width=200,
    )
    first, second = sides.side(one, runs), sides.side(other, runs)
    names = first.name, second.name
    if names[0] == names[1]:
        names = f"{one} ({names[0]})", f"{other} ({names[1]})"
    return label_entry.question(
        f"{first.token}:{second.token}",
        lambda: settings_question(first.snapshot(), second.snapshot(), names, second.record),
    )


_OF_PURPOSE: dict[Purpose, Callable[[], Question]] = {
    "routing": label_entry.routing,
    "settings": _settings,
    "family": _family,
    "cluster": _cluster,
}
