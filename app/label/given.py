"""The labels that there are, by whom and when; where people disagree; taking them along."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app import frame, session
from app.label import exchange
from cascal import charts
from cascal.dataset.evidence import Evidence
from cascal.dataset.label_desk import Desk
from cascal.dataset.label_questions import ASKED
from cascal.number_format import counted
from cascal.store import Label

COLUMNS: dict[str, Any] = {
    "query": st.column_config.TextColumn("Query", width=380),
    "label": "Label",
    "person": "Labelled by",
    "on": "On (UTC)",
    "for": "For the question",
    "state": "State",
}
TABS = ("Labels given", "Disagreements", "Take along, bring back")


def labels(desk: Desk, found: Evidence, n_planned: int) -> None:
    """Three tabs, of which only the open one is made."""
    tabs = st.tabs(TABS, on_change="rerun", key="label_tab")
    given, disagreements, along = tabs
    if given.open:
        with given:
            _given(desk, desk.store.labels(desk.dataset))
    if disagreements.open:
        with disagreements:
            _disagreements(desk, desk.store.labels(desk.dataset), found)
    if along.open:
        with along, frame.refusals():
            exchange.exchange(desk, n_planned)


def _given(desk: Desk, every: list[Label]) -> None:
    """Every label of the data set with its origin; chosen ones can be deleted."""
    if not every:
        st.caption("Nobody has labelled anything here yet.")
        return
    newest = every[::-1]
    st.dataframe(
        pd.DataFrame([_row(one) for one in newest]),
        hide_index=True,
        key="labels_given",
        on_select="rerun",
        selection_mode="multi-row",
        alt="Every label with who gave it, when and for what",
        column_config=COLUMNS,
    )
    n_outdated = sum(not one.current for one in every)
    if n_outdated:
        st.warning(
            f"{counted(n_outdated, 'label is', 'labels are')} on queries that were edited "
            "since: kept, and not used."
        )
    picked = [newest[row] for row in frame.picked_rows("labels_given") if row < len(newest)]
    if picked and not session.read_only():
        labels = counted(len(picked), "label")
        with st.popover(f"Delete {labels}", icon=":material/delete:"):
            st.caption("Deleted for good, whoever gave them: no verdict counts them any more.")
            st.button(
                f"Yes, delete {labels}",
                key="delete_labels",
                on_click=_delete,
                args=(desk, picked),
            )


def _row(label: Label) -> dict[str, str]:
    return {
        "query": _text(label.query_id),
        "label": label.words,
        "person": label.person,
        "on": f"{label.created_at:%Y-%m-%d %H:%M}",
        "for": ASKED[label.purpose],
        "state": "in force" if label.current else "outdated: the query was edited",
    }


def _text(query_id: str) -> str:
    data = session.dataset()
    place = data.find(query_id)
    return charts.shorten(data.part(place[0]).texts[place[1]], 160) if place else query_id


def _delete(desk: Desk, picked: list[Label]) -> None:
    for one in picked:
        desk.store.delete_labels(desk.dataset, query_id=one.query_id, person=one.person)


def _disagreements(desk: Desk, every: list[Label], found: Evidence) -> None:
    """The queries on which people contradict each other, with what each said."""
    if not found.disputed:
        many = len(found.people) > 1
        st.caption(
            "Nobody contradicts anybody."
            if many
            else "Only one person has labelled. Another one labels the same queries under another "
            "name, and both are counted as one label, their mean."
        )
        return
    rows = []
    for query_id in found.disputed:
        said = [one for one in every if one.query_id == query_id and one.current]
        rows += [
            {"query": _text(query_id), "person": one.person, "label": one.words} for one in said
        ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        alt="Queries on which people disagree, with what each said",
        column_config=COLUMNS,
    )
    st.caption("Each counts as the mean of what was said, until somebody takes a label back.")
