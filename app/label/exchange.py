"""Labels out to a spreadsheet or an annotation tool, and back in."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from app import frame, session
from app.uploads import file_name
from cascal.dataset.label_desk import Desk
from cascal.number_format import counted

MOST_MB = 16


def exchange(desk: Desk, n_planned: int) -> None:
    """The planned queries as a file, and a filled-in file back; both as `cascal label` does it."""
    if session.read_only():
        st.info("This dashboard only shows: no draw is handed out and no label stored from here.")
        return
    st.caption(
        "One row a query. Fill in `answer` (a letter, a free answer, skip or bad), or `right_1` "
        "and `right_2`; keep every row and every id. What comes back is checked against the draw "
        "and its settings."
    )
    download(desk, n_planned, "label_file_out")
    turn = st.session_state.get("label_file_turn", 0)
    upload = st.file_uploader(
        "Filled-in file",
        type=["csv", "tsv", "json", "jsonl", "parquet"],
        key=f"label_file_{turn}",
        max_upload_size=MOST_MB,
    )
    if upload is not None and st.button("Read its labels", key="read_labels"):
        _read(desk, upload.name, upload.getvalue())


def download(desk: Desk, n_planned: int, key: str) -> None:
    """A button that hands out the planned queries, with the labels that this person gave."""
    n_queries = min(n_planned, len(desk.draw.frame))
    st.download_button(
        f"{counted(n_queries, 'query')} as CSV",
        lambda: _file(desk, n_planned),
        file_name=f"label-{desk.dataset}.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
        disabled=not n_queries,
        key=key,
    )


def _file(desk: Desk, n_planned: int) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "label.csv"
        desk.write(path, n_planned)
        return path.read_bytes()


def _read(desk: Desk, name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / file_name(name)
        path.write_bytes(content)
        done = desk.read(path)
    known = f", {done.n_known} were known" if done.n_known else ""
    st.session_state["label_file_turn"] = st.session_state.get("label_file_turn", 0) + 1
    st.toast(frame.escape(f"{counted(done.n_added, 'label')} stored{known}."))
    st.rerun()
