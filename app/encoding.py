"""The encoder that the data name: loading it, encoding with it, and the question before a text
goes to an endpoint of theirs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import streamlit as st

from app import folders, frame, session
from cascal.columns import Progress
from cascal.dataset.encoding import draw_map, encode_dataset
from cascal.datatypes import CascalError, FloatArray
from cascal.encode.batches import Encoder
from cascal.encode.encoders import MINILM, endpoint_host, load_encoder


@st.cache_resource(show_spinner="Loading the encoder", max_entries=2)
def encoder(name: str) -> Encoder:
    """The encoder for typed queries, loaded once."""
    return load_encoder(folders.encoder_source(name))


def warm_up(name: str) -> None:
    """Load an encoder of this machine while the reader still types; an endpoint is never asked."""
    if endpoint_host(name) or name in _warmed:
        return
    _warmed.add(name)
    threading.Thread(target=_warm, args=(name,), name="cascal-encoder", daemon=True).start()


_warmed: set[str] = set()


def _warm(name: str) -> None:
    with suppress(CascalError):  # whoever types a query is told
        encoder(name).encode(["What is warm?"])


def encoder_name() -> str:
    """The encoder of the chosen data set; MiniLM where there is none yet."""
    info = session.current_info()
    encoders = session.workspace().encoders(info.name) if info is not None else ()
    return encoders[0][0] if encoders else MINILM


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
    return encoder(name)


def embedder() -> Callable[[Sequence[str]], FloatArray]:
    """What tells near-duplicates apart while queries are generated: hashing, at once and here.

    It knows no synonyms; `cascal generate` uses MiniLM unless told otherwise.
    """
    return load_encoder("hashing").encode


def embed(dataset: str, name: str, progress: Progress) -> int:
    """Encode what has no vector yet and draw the map. Returns the number of texts cut."""
    encoded = encode_dataset(session.workspace(), dataset, encoder(name), progress)
    draw_map(session.workspace(), dataset, encoded.encoder, progress)
    return encoded.n_cut or 0


def draw_current_map() -> None:
    """Draw the map of the chosen data set."""
    data = session.dataset()
    draw_map(session.workspace(), data.info.name, data.encoder)
