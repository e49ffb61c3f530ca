"""Label: which few answers decide, and what do they say?"""

from __future__ import annotations

import streamlit as st

from app import frame, session
from app.label import choice, scoring, work
from app.no_data import no_data
from cascal.datatypes import CascalError


def _of_the_data() -> None:
    """Labels or scores of the chosen data set; without vectors the way to them."""
    try:
        data = session.dataset()
    except CascalError as error:
        st.title("A few labels decide, once it is known which", anchor=False)
        st.caption(frame.shown_refusal(error))
        words, icon = "Encode them on Data", ":material/scatter_plot:"
        st.page_link(frame.page_file("data_sets"), label=words, icon=icon)
        return
    frame.notice(data)
    if data.by_scores:
        scoring.scoring()
        return
    place = st.empty()
    with frame.refusals():
        work.labelling(choice.choice(), place)


if session.current_info() is None:
    no_data("A few labels decide", "what a few dozen labels, one click each, say about routing")
else:
    _of_the_data()
