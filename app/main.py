"""Page config, navigation and sidebar of the dashboard."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
if str(ROOT.parent) not in sys.path:  # `streamlit run` only adds the folder of this file
    sys.path.insert(0, str(ROOT.parent))

import streamlit as st  # noqa: E402 (the path comes first)

from app import controls, frame, strips  # noqa: E402

st.set_page_config(page_title="CASCAL Studio", layout="wide")

PAGES = [  # without icons: an icon of a page would be fetched from another host as favicon
    st.Page(frame.page_file("overview"), title="Overview", default=True),
    st.Page(frame.page_file("data_sets"), title="Data", url_path="data"),
    st.Page(frame.page_file("skills"), title="Skill map", url_path="map"),
    st.Page(frame.page_file("route"), title="Route", url_path="route"),
    st.Page(frame.page_file("label"), title="Label", url_path="label"),
    st.Page(frame.page_file("evaluate"), title="Evaluate", url_path="evaluate"),
    st.Page(frame.page_file("diagnose"), title="Diagnose", url_path="diagnose"),
    st.Page(frame.page_file("sweep"), title="Sweep", url_path="sweep"),
    st.Page(frame.page_file("collect"), title="Collect", url_path="collect"),
    st.Page(frame.page_file("runs"), title="Runs", url_path="runs"),
]

page = st.navigation(PAGES, position="top")
with frame.refusals():
    places = controls.sidebar()
    page.run()
    strips.fill_late(places)
