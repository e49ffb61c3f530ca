"""Evaluate: which router is best on these queries, and by how much?"""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import cautions, frame, heeded, label_entry, session, shared_results, shipping
from app.evaluate.cost import cost
from app.evaluate.differences import differences
from app.evaluate.experiments import experiments
from app.evaluate.presets import presets
from app.evaluate.routers import meanwhile, routers, to_ship
from app.evaluate.tab_answers import tab_answers
from app.evaluate.waiting import waits
from app.evaluate.what_if import what_if
from app.evaluate.where import where
from app.no_data import no_data
from app.scored import scored_page
from app.terms.glossary import explained
from cascal.compare.comparison import Comparison
from cascal.compare.rival import answer, find_rival
from cascal.dataset.scored import score_counts

OF_COMPARISON = {
    "Routers": routers,
    "Cost": cost,
    "Where it gains": where,
    "Head to head": differences,
}
ALONE = {"Presets": presets, "What if": what_if, "Experiments": experiments}
TAB = "evaluate_tab"
WITHOUT_GOLD = {"Presets": presets, "Experiments": experiments}


def _scores_unused() -> None:
    """Where votes are compared: that scores are there, and are not what this page goes by."""
    counts = score_counts(shared_results.response_scores())
    if counts:
        listed = "; ".join(one.sentence for one in counts)
        st.caption(
            frame.escape(
                f"This page goes by right and wrong answers. There are also scores from 0 to 1, "
                f"which it does not use ({listed}): `cascal scores` says what they say."
            )
        )


def _title(comparison: Comparison | None, basis: DeltaGenerator) -> None:
    """Whether this router pays, and as soon as all are compared what is better still.

    basis : where it is said what that rests on
    """
    rival = None if comparison is None else find_rival(comparison)
    judged = heeded.contenders_and_verdict()
    if judged is None:
        st.title("Which router is best?", anchor=False)
        return
    found = shipping.known() if rival is not None or shipping.was_shown() else None
    rows = [] if comparison is None else to_ship(comparison)
    gain = rows[0].gain if rows else None
    st.title(frame.headline(answer(judged[1], rival, found, gain)), anchor=False)
    with basis:
        st.caption(
            frame.escape(
                f"Over always asking {judged[1].constant.words}. Points of right first answers, "
                "paired, with the 95 % interval."
            )
        )
        if found is not None:
            st.markdown(explained(frame.headline(found.sentence), "cost weight"))
        if rival is not None:
            why_not = "" if found is None else rival.not_shipped(found)
            frame.sentence(f"{rival.sentence} {why_not}".rstrip())
        elif comparison is None:
            frame.sentence("Whether another is better is said here as soon as all are compared.")


def _labels(names: list[str], comparison: Comparison | None) -> list[str]:
    """The names of the tabs, with their answers as soon as these are known; the open one stays."""
    answers = {} if comparison is None else tab_answers(comparison)
    labels = {name: f"{name}: {answers[name]}" if name in answers else name for name in names}
    opened = str(st.session_state.get(TAB, "")).partition(":")[0]
    st.session_state[TAB] = labels.get(opened, labels[names[0]])
    return list(labels.values())


def _without_gold() -> None:
    st.title("Without gold answers, accuracies cannot be compared", anchor=False)
    st.caption("The Overview shows the verdict that needs no labels. Reports can be opened here.")
    label_entry.few_labels()
    tabs = st.tabs(list(WITHOUT_GOLD), on_change="rerun", key="evaluate_tab_without_gold")
    for tab, show in zip(tabs, WITHOUT_GOLD.values(), strict=True):
        if tab.open:
            with tab, frame.refusals():
                show()


if session.current_info() is None:
    no_data(
        "Which router is best?",
        "what this router is worth beside always asking one model and beside twenty others",
    )
else:
    frame.notice(session.dataset())
    test = session.dataset().test
    if session.dataset().by_scores:
        scored_page()
    elif test is None or not test.has_gold:
        _scores_unused()
        _without_gold()
    else:
        head, basis = st.container(), st.container()
        notes, progress = st.container(), st.container()
        with progress:  # what follows keeps its place: else the tabs stand twice for a while
            comparison = shared_results.comparison()
        with head:
            _title(comparison, basis)
        with notes:
            cautions.line()
            heeded.notice(heeded.COMPARED)
            _scores_unused()
            label_entry.few_labels()
        names = [*OF_COMPARISON, *ALONE]
        tabs = st.tabs(_labels(names, comparison), on_change="rerun", key=TAB)
        for name, tab in zip(names, tabs, strict=True):
            if tab.open:
                with tab, frame.refusals():
                    if name in ALONE:
                        ALONE[name]()
                    elif comparison is not None:
                        OF_COMPARISON[name](comparison)
                    elif name == "Routers":
                        meanwhile()
                    else:
                        waits("This tab needs all routers, which are compared above.")
