"""The part of the Overview that says when routing pays back what it cost to learn."""

from __future__ import annotations

import streamlit as st

from app import frame, heeded, session
from cascal.dataset.payback import find_payback, find_score_payback
from cascal.dataset.scored_evidence import ScoreEvidence
from cascal.verdicts.payback import DEFAULT_HORIZON, DEFAULT_TOLERANCE, Outcome, Terms

MARKS: dict[Outcome, str] = {
    "pays back": ":green[:material/check_circle:]",
    "never": ":red[:material/do_not_disturb_on:]",
    "not shown equal": ":orange[:material/help:]",
    "unknown": ":orange[:material/help:]",
}


def payback(scores: ScoreEvidence | None = None) -> None:
    """Spending against saving, at the horizon and the price of a label that are stated here.

    scores : what is gone by where answers are open-ended
    """
    shown = st.container()
    with st.expander("For how many queries this is reckoned, and at which price of a label"):
        spent = st.container()
        terms = _terms()
    store = session.workspace()
    if scores is not None:
        found = find_score_payback(store, session.dataset(), scores, terms)
    else:
        found = find_payback(store, heeded.snapshot(), terms)
    with shown:
        st.subheader(f"{MARKS[found.outcome]} {frame.headline(found.headline)}", anchor=False)
        constant = heeded.snapshot().constant  # by what it was chosen stands in the headline
        said = found.sentence.replace(constant.words, constant.name)
        known = found.outcome != "unknown"
        frame.sentence(f"{found.spending.sentence} {said}" if known else said)
    cost = heeded.snapshot().ungated.cost
    if scores is None and cost.known:
        spent.caption(frame.escape(cost.sentence))


def _terms() -> Terms:
    with st.container(horizontal=True):
        horizon = st.number_input(
            "Queries to come", min_value=1, value=DEFAULT_HORIZON, step=10_000, key="horizon"
        )
        price = st.number_input(
            "US dollars a label",
            min_value=0.0,
            value=None,
            step=0.1,
            key="label_price",
            placeholder="labels do not count",
        )
        points = st.number_input(
            "Points that may be lost",
            min_value=0.0,
            max_value=99.0,
            value=100 * DEFAULT_TOLERANCE,
            step=0.5,
            key="tolerance",
        )
    return Terms(label_price=price, horizon=int(horizon), tolerance=points / 100)
