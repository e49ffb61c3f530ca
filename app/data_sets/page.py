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
    loaded, models, worth, importing = st.tabs(names, on_change="rerun", key="data_tab")
    if loaded.open:
        with loaded, frame.refusals():
            panels.loaded()
    if models.open:
        with models, frame.refusals():
            panels.models()
    if worth.open:
        with worth, frame.refusals():
            quality.quality_of_training()
    if importing.open:
        with importing, frame.refusals():
            importing.importer()
