"""A file of queries on the page Route."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from app import encoding, frame, heeded, session
from app.uploads import file_name
from cascal import charts
from cascal.importers.texts import read_texts
from cascal.number_format import counted


def batch() -> None:
    """A file in, decisions out; no model is called."""
    st.caption(
        "A .txt file with one query a line, or CSV, JSONL or Parquet with a column text. No model "
        "is called; the decisions can be downloaded."
    )
    upload = st.file_uploader(
        "File of queries", type=["txt", "csv", "tsv", "jsonl", "json", "parquet"], key="batch_file"
    )
    if upload is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"queries{Path(file_name(upload.name)).suffix.lower()}"
        path.write_bytes(upload.getvalue())
        texts = read_texts(path)
    now, data = heeded.snapshot(), session.dataset()
    encoder = encoding.confirmed_encoder(data.encoder)
    if encoder is None:
        return
    with frame.progress("Encoding") as tell:
        vectors = encoder.encode(texts.texts, tell)
    routes = now.router.route(vectors)
    table = charts.decisions_frame(routes, texts.query_ids, texts.texts)
    st.subheader(f"{counted(len(table), 'query')} routed", anchor=False)
    if texts.refused:
        st.warning(
            f"{counted(len(texts.refused), 'row without text was', 'rows without text were')} left "
            "out."
        )
    st.dataframe(table, hide_index=True, alt="Decision for every query of the file")
    st.download_button(
        "Download as CSV",
        charts.safe_csv(table),
        "routes.csv",
        "text/csv",
        on_click="ignore",
    )
