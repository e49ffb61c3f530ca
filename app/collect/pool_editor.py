"""Whom to ask: the table of endpoints, and whether their servers answer."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import columns, frame
from app.collect import work
from app.collect.keys import MINE, POOL_FROM, SIMULATED
from cascal.endpoint.pool_file import PoolModel
from cascal.number_format import counted

SECRETS = (
    "A key is never written here: name the environment variable that holds it in key_env. Prices "
    "are US dollars per million tokens."
)


def pool(*, own: bool) -> tuple[PoolModel, ...] | None:
    """The pool editor and its check; None while it holds something that cannot be used.

    own : real models are proposed, not simulated ones
    """
    st.subheader("1. Whom to ask?", anchor=False)
    if own:
        st.session_state.setdefault(POOL_FROM, MINE)
    frame_ = editor("pool", generators=False)
    if not work.is_filled(frame_):
        st.info("Add a row for each model that is to be asked.", icon=":material/info:")
        return None
    with frame.refusals():
        models = work.pool_of(frame_)
        with st.container(horizontal=True, gap="small"):
            check = st.button("Check the servers", icon=":material/network_check:")
            st.download_button(
                "Pool file",
                work.pool_yaml(frame_),
                file_name="pool.yaml",
                mime="application/yaml",
                icon=":material/download:",
                on_click="ignore",
            )
        if check:
            with st.spinner("Asking every model for a sign of life", show_time=True):
                st.session_state["checked"] = work.checked(models)
        if st.session_state.get("checked"):
            st.dataframe(
                pd.DataFrame(st.session_state["checked"]),
                hide_index=True,
                alt="What the servers can do",
            )
        return models
    return None


def editor(key: str, *, generators: bool) -> pd.DataFrame:
    """A table of endpoints to fill in, or the simulated models."""
    own = st.segmented_control(
        "From",
        [SIMULATED, MINE],
        default=SIMULATED,
        required=True,
        key=f"{key}_source",
        label_visibility="collapsed",
    )
    if own == SIMULATED:
        start = work.simulated_frame(generators=generators)
        st.caption("Simulated models, which do not exist, on this machine: no key, no cost.")
        if generators:  # these stand in a box of their own already
            return _table(start, f"{key}_{own}")
        with st.expander(f"See or change the {counted(len(start), 'model')}"):
            return _table(start, f"{key}_{own}")
    st.caption(SECRETS)
    return _table(work.empty_frame(), f"{key}_{own}")


def _table(start: pd.DataFrame, key: str) -> pd.DataFrame:
    """The rows of an editor, as the reader leaves them."""
    return st.data_editor(
        start,
        num_rows="dynamic",
        hide_index=True,
        key=key,
        column_config={
            "name": st.column_config.TextColumn("Name", required=True),
            "model_id": st.column_config.TextColumn("Model id at the server"),
            "base_url": st.column_config.TextColumn("Base URL (…/v1)", required=True),
            "key_env": st.column_config.TextColumn("key_env", help=SECRETS),
            "input_price": columns.number("$ in", min_value=0.0),
            "output_price": columns.number("$ out", min_value=0.0),
            "concurrency": columns.number("At once", min_value=1, max_value=256),
        },
    )
