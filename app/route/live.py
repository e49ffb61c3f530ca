"""Live calls on the page Route: off by default, impossible without endpoints."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import frame, heeded, session
from app.route.question import Decision
from cascal.collection.ask_selected import (
    LiveAnswer,
    LiveVote,
    ask_live,
    destinations,
    reachable,
    tally,
)
from cascal.datatypes import CascalError, Query
from cascal.number_format import decimal


def live(decision: Decision) -> None:
    """A switch, a button, and the answers as they come with cost, seconds and the vote."""
    if session.read_only():
        return
    st.subheader("Ask these models now", anchor=False)
    try:
        models = reachable(session.dataset().models, decision.trace.selected)
    except CascalError as error:
        st.caption(frame.shown_refusal(error))
        return
    places = destinations(models)
    st.caption(frame.escape(f"The data set, not you, names where the query would go: {places}."))
    on = st.toggle(  # its key: a yes to some hosts is none to others
        "Send the query to the chosen models", key=f"live_on:{places}", value=False
    )
    if not on:
        st.caption("Off. Nothing is sent anywhere until you switch it on and press the button.")
        return
    if not st.button("Ask", type="primary", icon=":material/send:"):
        return
    query = _query(decision)
    slots = {spec.name: st.empty() for spec in models}
    for name, slot in slots.items():
        slot.skeleton(height=40)
        slot.text(f"{name}: waiting")
    vote, came, router = st.empty(), {}, heeded.snapshot().router

    def told(found: LiveAnswer) -> None:
        came[found.response.model] = found
        slots[found.response.model].text(_line(found))
        ordered = [came[spec.name] for spec in models if spec.name in came]
        sentence = _vote(tally(router, ordered), len(ordered), len(models))
        vote.markdown(f"**{frame.escape(sentence)}**")

    with frame.refusals():
        for one in ask_live(models, query, told):
            with st.expander(frame.escape(f"What {one.response.model} said")):
                st.text(one.response.text or one.sentence)


def _query(decision: Decision) -> Query:
    """A stored query brings its options along; a typed one is asked as it is."""
    data = session.dataset()
    if decision.stored is None:
        return Query("typed", decision.trace.task, decision.text)
    part, row = data.part(decision.stored[0]), decision.stored[1]
    return Query(
        part.votes.query_ids[row],
        part.votes.tasks[row],
        decision.text,
        options=part.options[row],
        several=not part.votes.option_counts[row],
    )


def _line(found: LiveAnswer) -> str:
    response = found.response
    said = response.answer if response.answer is not None else found.sentence or response.status
    cost = f", ${decimal(response.cost, 5)}" if response.cost == response.cost else ""
    seconds = f", {decimal(response.latency, 1)} s" if response.latency == response.latency else ""
    return f"{response.model}: {said}{seconds}{cost}"


def _vote(found: LiveVote, n_answers: int, n_asked: int) -> str:
    state = f"{n_answers} of {n_asked} have answered"
    if found.answer is None:
        return f"No answer yet ({state})"
    others = f", with {', '.join(found.supporters[1:])}" if found.supporters[1:] else ""
    cost = f"${decimal(found.cost, 5)}" if np.isfinite(found.cost) else "cost unknown"
    return (
        f"Vote: {found.answer}, winning model {found.model}{others} ({state}; "
        f"{cost}, {decimal(found.seconds, 1)} s)"
    )
