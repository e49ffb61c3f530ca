"""Data: what is loaded, and can it be trusted?"""

from __future__ import annotations

import streamlit as st

from app import data_panels, frame, import_panel, quality_panels, session

if session.current_info() is None:
    st.title("Bring responses you already have", anchor=False)
    st.caption(
        "Queries and what your models answered: a table (Parquet, CSV, JSONL), MMLU-Pro result "
        "zips or the released CASCAL files. No labels are needed."
    )
    import_panel.importer()
    data_panels.demo_button()
else:
    data_panels.headline()
    names = ["Data sets", "Models and agreement", "Quality", "Import"]
    loaded, models, worth, importing = st.tabs(names, on_change="rerun", key="data_tab")
    if loaded.open:
        with loaded, frame.refusals():
            data_panels.loaded()
    if models.open:
        with models, frame.refusals():
            data_panels.models()
    if worth.open:
        with worth, frame.refusals():
            quality_panels.quality_of_training()
    if importing.open:
        with importing, frame.refusals():
            import_panel.importer()
