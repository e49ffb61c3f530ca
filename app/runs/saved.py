"""Saved runs on the page Runs: save the present state, list what is saved, open or delete one."""

from __future__ import annotations

import shlex

import numpy as np
import pandas as pd
import streamlit as st

from app import access, columns, frame, heeded, history, session, values
from app.values import Values
from cascal import charts
from cascal.dataset.saved_runs import labels_of, make_run, preset_of, state_of
from cascal.datatypes import CascalError
from cascal.store import Run


def save() -> None:
    """Save the present state under a name, with a note."""
    if session.read_only():
        return
    with (
        st.form("save_run", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        name = st.text_input("Save the present state as", key="run_name", placeholder="monday")
        note = st.text_input("Note", key="run_note", placeholder="before merging more")
        done = st.form_submit_button("Save", icon=":material/bookmark_add:")
    if done:
        with frame.refusals():
            session.workspace().save_run(
                make_run(session.dataset(), heeded.snapshot(), name.strip(), note.strip())
            )
            st.rerun()


def table(runs: list[Run]) -> None:
    """All runs, and what can be done with one."""
    st.subheader(f"Saved runs ({len(runs)})" if runs else "No run is saved yet", anchor=False)
    save()
    if not runs:
        st.caption(
            "A saved run holds settings, thresholds and numbers; it is made again to the "
            "bit, so that what is changed later can be compared with it."
        )
        return
    right = [one.numbers.get("top1_accuracy") for one in runs]
    st.space("medium")  # for the buttons of the table, which else lie on "Save"
    st.dataframe(
        pd.DataFrame(
            {
                "name": [one.name for one in runs],
                "dataset": [one.dataset for one in runs],
                "preset": [preset_of(one) for one in runs],
                "merge": [one.thresholds.get("merge_distance") for one in runs],
                "silhouette": [one.thresholds.get("min_silhouette") for one in runs],
                "clusters": [one.numbers.get("n_clusters") for one in runs],
                "right": charts.in_percent([np.nan if value is None else value for value in right]),
                "labels": [labels_of(one) or None for one in runs],
                "saved": [f"{one.created_at:%Y-%m-%d %H:%M}" for one in runs],
                "note": [one.note or None for one in runs],
            }
        ),
        hide_index=True,
        alt="Saved runs",
        placeholder="–",
        column_config={
            "name": "Run",
            "dataset": "Data set",
            "preset": "Preset",
            "merge": columns.number("Merge distance"),
            "silhouette": columns.number("Min silhouette"),
            "clusters": columns.number("Clusters"),
            "right": columns.number("First model right", format="%.1f %%"),
            "labels": st.column_config.TextColumn(
                "Labels", help="Which labels the saved router heeds, and what follows."
            ),
            "saved": "Saved (UTC)",
            "note": "Note",
        },
    )
    _one({one.name: one for one in runs})


def _one(runs: dict[str, Run]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        run = runs[st.selectbox("Run", list(runs), key="one_run")]
        state = controls_of(run)
        st.button(
            "Open",
            icon=":material/tune:",
            key="open_run",
            disabled=state is None,
            help="Moves the controls to where they were in this run; Undo brings them back."
            if state is not None
            else "No position of the controls gives the settings of this run.",
            on_click=_open,
            args=(runs,),
        )
        key = f"delete_run_{run.name}"  # a second click, as soon as it is gone, is not the next's
        if not session.read_only() and st.button("Delete", icon=":material/delete:", key=key):
            session.workspace().delete_run(run.name)
            st.rerun()
    st.caption("Made again in a fresh process, and compared to the bit:")
    where = shlex.quote(access.shown_path(session.workspace().path))
    st.code(f"cascal runs {shlex.quote(run.name)} -w {where}", language=None, wrap_lines=True)


def controls_of(run: Run) -> Values | None:
    """The controls at which a run was saved; None where they cannot say it."""
    try:
        return values.values_of(*state_of(run))
    except CascalError:  # of another version of the program
        return None


def _open(runs: dict[str, Run]) -> None:
    """Of the run that the menu shows by now: the button may have been drawn beside another."""
    run = runs.get(st.session_state["one_run"])
    state = None if run is None else controls_of(run)
    if run is not None and state is not None:
        st.session_state["dataset_wanted"] = run.dataset
        history.change_to(state)
