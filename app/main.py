"""Page config, navigation and sidebar of the dashboard."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
if str(ROOT.parent) not in sys.path:  # `streamlit run` only adds the folder of this file
    sys.path.insert(0, str(ROOT.parent))

import streamlit as st  # noqa: E402 (the path comes first)

from app import controls, frame  # noqa: E402

st.set_page_config(page_title="CASCAL Studio", layout="wide")

PAGES = [
    st.Page(
        ROOT / "views" / "overview.py", title="Overview", icon=":material/verified:", default=True
    ),
    st.Page(ROOT / "views" / "data.py", title="Data", icon=":material/database:", url_path="data"),
    st.Page(ROOT / "views" / "skills.py", title="Skill map", icon=":material/hub:", url_path="map"),
    st.Page(
        ROOT / "views" / "route.py", title="Route", icon=":material/alt_route:", url_path="route"
    ),
]

page = st.navigation(PAGES, position="top")
with frame.refusals():
    controls.sidebar()
    page.run()
