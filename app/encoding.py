"""The encoder that the data name, and the question before an endpoint of theirs gets a text."""

from __future__ import annotations

import streamlit as st

from app import frame, session
from cascal.encode.encoders import Encoder, endpoint_host


def confirmed_encoder(name: str) -> Encoder | None:
    """The encoder of a data set; None while an endpoint's host waits for a yes, asked here.

    Whoever made the workspace chose that host: it gets no text unasked, and never a key.
    """
    host = endpoint_host(name)
    confirmed: set[str] = st.session_state.setdefault("confirmed_hosts", set())
    if host and host not in confirmed:
        shown = frame.escape(host)
        st.warning(
            f"The data set, not you, names the host of its encoder: {shown}. It would get the "
            "text, and no key.",
            title="Nothing has been sent yet",
        )
        if not st.button(f"Send to {shown}", icon=":material/send:"):
            return None
        confirmed.add(host)
    return session.encoder(name)
