"""Taking a swept value: the state that it makes, what that changed, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from app import frame, history, session, tried, values
from app.values import DEFAULTS, Values
from cascal.compare.sweep import Curve, Name
from cascal.compare.sweep_answer import change_between
from cascal.dataset.snapshot import routed_queries
from cascal.settings import joining_name

USED = "used_value_of_sweep"


@dataclass(frozen=True, kw_only=True)
class Used:
    """A value in use: which threshold, what it was before, and the state that it made."""

    name: Name
    before: float | None
    state: Values


def state_with(name: Name, value: float | None) -> Values:
    """The present state of the controls with one threshold at another value."""
    state = values.present()
    if name == "prune_jaccard":
        return replace(state, share=joining_name(value) or DEFAULTS.share)
    number = float(value or 0.0)
    if name == "cost_weight":
        return replace(state, cost=number)
    if name == "merge_distance":
        return replace(state, merge=number)
    return replace(state, silhouette=number)


def use(found: Curve, value: float | None) -> None:
    """Take a value of a curve. For callbacks."""
    state = state_with(found.name, value)
    history.change_to(state)
    st.session_state[USED] = Used(name=found.name, before=found.now, state=state)


def used(curves: dict[Name, Curve]) -> None:
    """What the value that was taken here changed, until another state."""
    told: Used | None = st.session_state.get(USED)
    if told is None or told.state != values.present():
        st.session_state.pop(USED, None)
        return
    found = curves.get(told.name)
    places = [] if found is None else [point.value(found.name) for point in found.points]
    if found is None or told.before not in places:
        return
    was = places.index(told.before)
    part, models = tried.part(), session.fit().models
    routed = routed_queries(len(part), session.dataset())
    change = change_between(found, was, found.at_now, part, models, routed)
    with st.container(border=True, key="used_value"):
        st.markdown(f":material/check_circle: **In use: {frame.escape(change)}**")
        st.button("Undo", key="undo_value", icon=":material/undo:", on_click=_undo)


def _undo() -> None:
    history.undo()
    st.session_state.pop(USED, None)
