"""The tab Data sets of the page Data: what is loaded, its scores and vectors, and its end."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import columns, frame, session, shared_results
from cascal.dataset.scored import score_counts
from cascal.number_format import counted


def loaded() -> None:
    """All data sets, the vectors of the chosen one, and deletion."""
    _all_sets()
    _scores()
    _vectors()
    _delete()


def _all_sets() -> None:
    known = session.datasets()
    st.dataframe(
        pd.DataFrame(
            {
                "name": [info.name for info in known],
                "origin": [info.origin for info in known],
                "answers": [", ".join(info.answer_origins) for info in known],
                "train": [info.n_train for info in known],
                "test": [info.n_test for info in known],
                "models": [info.n_models for info in known],
                "responses": [info.n_responses for info in known],
            }
        ),
        hide_index=True,
        alt="Data sets of the workspace",
        column_config={
            "name": "Data set",
            "origin": "Kind",
            "answers": st.column_config.TextColumn(
                "Answers of queries", help="gold: may serve as truth. generated: never does."
            ),
            "train": columns.number("Training queries", format="localized"),
            "test": columns.number("Test queries", format="localized"),
            "models": columns.number("Models"),
            "responses": columns.number("Responses", format="localized"),
        },
    )
    chosen = session.current_info()
    if chosen is not None:
        st.subheader("What the import did, and what it left out", anchor=False)
        for line in chosen.note.splitlines() or ["Nothing was noted."]:
            st.text(f"• {line}")


def _scores() -> None:
    """Who scored how many responses; nothing where nobody did."""
    counts = score_counts(shared_results.response_scores())
    if not counts:
        return
    st.subheader("Scores from 0 to 1", anchor=False)
    for one in counts:
        st.text(f"• {one.sentence}")
    st.caption(
        "A kind of evidence beside votes and gold answers: origins are never mixed. `cascal "
        "scores` hands out more; the card of a query shows them."
    )


def _vectors() -> None:
    info = session.current_info()
    if info is None:
        return
    st.subheader("Vectors and map", anchor=False)
    n_queries = info.n_train + info.n_test
    for encoder, covered, dimension in session.workspace().encoders(info.name):
        st.text(
            f"{encoder}: {covered:,} of {counted(n_queries, 'query')}, "
            f"{counted(dimension, 'dimension')}"
        )


def _delete() -> None:
    info = session.current_info()
    if info is None or session.read_only():
        return
    with st.expander("Remove this data set"):
        st.caption(
            "Queries, responses, map and saved runs are removed for good, from the file too."
        )
        sure = st.checkbox(frame.escape(f"Yes, delete {info.name}"), key=f"sure_{info.name}")
        if st.button("Delete", disabled=not sure, icon=":material/delete:"):
            session.workspace().delete_dataset(info.name)
            st.session_state.pop("dataset", None)
            st.rerun()
