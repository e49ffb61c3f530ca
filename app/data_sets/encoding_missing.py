"""What the page Data offers where texts have no vector yet."""

from __future__ import annotations

import streamlit as st

from app import encoding, frame, session
from cascal.encode.encoders import MINILM
from cascal.number_format import counted


def encode_missing() -> None:
    """Offer to encode what has no vector yet: without, nothing can be shown."""
    info = session.current_info()
    if info is None:
        return
    missing = session.workspace().texts_without_vectors(info.name, encoding.encoder_name())
    if not missing:
        return
    st.warning(
        f"{counted(len(missing), 'text of this data set has', 'texts of this data set have')} "
        "no vector yet."
    )
    if session.read_only():
        return
    name = st.text_input(
        "Encoder",
        value=MINILM,
        key="encoder_name",
        help="A sentence-transformers name or folder, endpoint:MODEL@BASE_URL, or hashing "
        "(needs nothing, knows no synonyms).",
    )
    if st.button(
        f"Encode {counted(len(missing), 'text')}", type="primary", icon=":material/scatter_plot:"
    ):
        with frame.refusals():
            with frame.progress("Loading the encoder") as tell:
                n_cut = encoding.embed(info.name, name, tell)
            if n_cut:
                st.warning(
                    f"{counted(n_cut, 'text was cut: it is', 'texts were cut: they are')} longer "
                    "than the encoder reads."
                )
            st.rerun()
