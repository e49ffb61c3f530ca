"""The part of the Overview that says when routing pays back what it cost to learn."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import frame, heeded, session, shared_results
from cascal.dataset.payback import find_payback, find_score_payback
from cascal.dataset.scored_evidence import ScoreEvidence
from cascal.verdicts.payback import (
    DEFAULT_DAILY,
    DEFAULT_HORIZON,
    DEFAULT_TOLERANCE,
    Outcome,
    Payback,
    Terms,
)

MARKS: dict[Outcome, str] = {
    "pays back": ":green[:material/check_circle:]",
    "never": ":red[:material/do_not_disturb_on:]",
    "not shown equal": ":orange[:material/help:]",
    "unknown": ":orange[:material/help:]",
}


def of_scores(terms: Terms, scores: ScoreEvidence) -> Payback:
    """When it pays back where answers are open-ended."""
    return find_score_payback(session.workspace(), session.dataset(), scores, terms)


def of_setting(terms: Terms) -> Payback:
    """When the setting in use pays back."""
    return find_payback(session.workspace(), heeded.snapshot(), terms)


def payback(found: Payback, place: DeltaGenerator, *, by_scores: bool = False) -> None:
    """Spending against saving, at the terms that are stated below it.

    place : where the terms are; by_scores : where answers are open-ended
    """
    st.subheader(f"{MARKS[found.outcome]} {frame.headline(_headline(found))}", anchor=False)
    constant = heeded.snapshot().constant  # by what it was chosen stands in the headline
    said = [found.basis.replace(constant.words, constant.name)]
    if found.outcome != "unknown":
        said.insert(0, found.spending.sentence)
    if found.interval:
        said.insert(0, f"{found.interval}.")
    frame.sentence(" ".join(said))
    cost = heeded.snapshot().ungated.cost
    if not by_scores and cost.known:
        place.caption(frame.escape(cost.sentence))


def _headline(found: Payback) -> str:
    if found.outcome != "pays back":
        return found.headline
    return f"The setting in use {found.headline.removeprefix('It ')}"


def stated_terms(place: DeltaGenerator) -> tuple[Terms, DeltaGenerator]:
    """Queries a day and to come, the price of a label, points that may be lost; folded."""
    with place.expander("Queries a day and to come, price of a label, points that may be lost"):
        spent = st.container()
        return _terms(), spent


def _terms() -> Terms:
    with st.grid(2, min_column_width=150):
        st.number_input(
            "Queries a day",
            min_value=1,
            value=DEFAULT_DAILY,
            step=100,
            key=shared_results.DAILY,
            persist_state="session",
            help="What is told in days goes by it.",
        )
        st.number_input(
            "Queries to come",
            min_value=1,
            value=DEFAULT_HORIZON,
            step=10_000,
            key=shared_results.HORIZON,
            persist_state="session",
        )
        st.number_input(
            "US dollars a label",
            min_value=0.0,
            value=None,
            step=0.1,
            key=shared_results.LABEL_PRICE,
            placeholder="labels do not count",
            persist_state="session",
        )
        st.number_input(
            "Points that may be lost",
            min_value=0.0,
            max_value=99.0,
            value=100 * DEFAULT_TOLERANCE,
            step=0.5,
            key=shared_results.TOLERANCE,
            persist_state="session",
            help="Of right first answers. What to ship and when it pays back both go by it.",
        )
    return shared_results.terms()
