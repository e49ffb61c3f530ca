"""Data: what is loaded, and can it be trusted?"""

from __future__ import annotations

import streamlit as st

from app import frame, session
from app.data_sets import importing, panels, quality

if session.current_info() is None:
    st.title("Bring responses you already have", anchor=False)
    st.caption(
        "Queries and what your models answered: a table (Parquet, CSV, JSONL), MMLU-Pro result "
        "zips or the released CASCAL files. No labels are needed."
    )
    importing.importer()
    panels.demo_button()
else:
    panels.headline()
    names = ["Data sets", "Models and agreement", "Quality", "Import"]
    loaded_tab, models_tab, quality_tab, import_tab = st.tabs(
        names, on_change="rerun", key="data_tab"
    )
    if loaded_tab.open:
        with loaded_tab, frame.refusals():
            panels.loaded()
    if models_tab.open:
        with models_tab, frame.refusals():
            panels.models()
    if quality_tab.open:
        with quality_tab, frame.refusals():
            quality.quality_of_training()
    if import_tab.open:
        with import_tab, frame.refusals():
            importing.importer()
