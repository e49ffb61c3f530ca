"""Page config, navigation and sidebar of the dashboard."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
if str(ROOT.parent) not in sys.path:  # `streamlit run` only adds the folder of this file
    sys.path.insert(0, str(ROOT.parent))

import streamlit as st  # noqa: E402 (the path comes first)

from app import controls, frame, heeded, held, sent, strips, turns  # noqa: E402
from app.chart_files import chart_files  # noqa: E402
from app.pages import PAGES  # noqa: E402
from app.skills import moves  # noqa: E402
from app.terms import glossary  # noqa: E402
from app.tour import tour  # noqa: E402

held.keep()
frame.draw_by_parts(False)  # until all that this run draws was sent
st.set_page_config(page_title="CASCAL Studio", layout="wide")
st.html(ROOT / "theme.css")

# without icons: an icon of a page would be fetched from another host as favicon
page = st.navigation(
    [
        st.Page(frame.page_file(folder), title=title, url_path=address, default=not address)
        for folder, (title, address) in PAGES.items()
    ],
    position="top",
)
glossary.listen()
here = next(folder for folder, (_, address) in PAGES.items() if address == page.url_path)
complete = False
with turns.turn(), frame.refusals():
    if here == "skills":
        heeded.prepare()
    else:
        moves.leave()
    places = controls.sidebar()
    tour.lead()
    frame.go_on(here)
    page.run()
    chart_files.offer()
    strips.fill_late(places)
    tour.show()
    complete = True
if sent.SENT.wait() and complete:
    frame.draw_by_parts(not tour.goes_on())  # what a step of it says follows every move
