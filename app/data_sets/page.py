"""Data: can votes stand in for labels, and where do the models disagree?"""

from __future__ import annotations

import streamlit as st

from app import frame, session
from app.data_sets import importing, models, quality, queries
from app.data_sets.encoding_missing import encode_missing
from app.data_sets.headline import can_be_shown, headline
from app.data_sets.loaded import loaded
from app.no_data import demo_button

TABS = {
    "Agreement": queries.queries,
    "Models": models.models,
    "Quality": quality.quality_of_training,
    "Data sets": loaded,
    "Import": importing.importer,
}
WITHOUT_VECTORS = ("Data sets", "Import")
"""All that can be shown of a data set that was not encoded."""

if session.current_info() is None:
    st.title("Bring responses you already have", anchor=False)
    st.caption(
        "Queries and what your models answered: a table (Parquet, CSV, JSONL), MMLU-Pro result "
        "zips or the released CASCAL files. No labels are needed."
    )
    importing.importer()
    demo_button()
else:
    headline()
    encode_missing()
    names, key = list(TABS), "data_tab"
    if not can_be_shown():
        names, key = list(WITHOUT_VECTORS), "data_tab_without_vectors"
    tabs = st.tabs(names, on_change="rerun", key=key)
    for tab, show in zip(tabs, map(TABS.__getitem__, names), strict=True):
        if tab.open:
            with tab, frame.refusals():
                show()
