"""What the address of a page asks for and cannot have: widgets would drop it in silence."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

import streamlit as st

from app import selection_links, session
from app.values import RANGES, THRESHOLDS
from cascal.setting_bounds import BOUNDS
from cascal.settings import CLUSTERS, JOINING, PRESETS, ROUTINGS


def faults(datasets: list[str]) -> list[str]:
    """What is wrong with the address that the reader came by, read once; a sentence each."""
    if "link_faults" not in st.session_state:
        st.session_state["link_faults"] = _look(datasets)
    sentences: list[str] = st.session_state["link_faults"]
    return sentences


def _look(datasets: list[str]) -> list[str]:
    choices: dict[str, Collection[str]] = {
        "dataset": datasets,
        "preset": PRESETS,
        "clusters": CLUSTERS,
        "share": JOINING,
        "routing": ROUTINGS,
    }
    sentences = []
    for name, value in st.query_params.items():
        allowed = choices.get(name)
        if allowed is not None and value not in allowed:
            sentences.append(f"The link asks for {name} {value[:60]!r}, which is not here.")
        if name in THRESHOLDS:
            sentences += _number_faults(name, value)
    return sentences + _cost_of_link(st.query_params.get("cost")) + selection_links.read()


def show_dataset(name: str) -> None:
    """Let the address name the data set, by its plain name: labels are for people."""
    if st.query_params.get("dataset") != name:
        st.query_params["dataset"] = name


def _cost_of_link(text: str | None) -> list[str]:
    """Take any cost weight from the address, on the grid or not; or say that none acts here."""
    if text is None or _number_faults("cost", text):
        return []
    st.session_state.setdefault("cost", float(text))
    if float(text) and not session.cost_weights():
        return [f"The link asks for cost {text[:60]!r}; costs here are unknown or equal."]
    return []


def _number_faults(name: str, text: str) -> list[str]:
    """What is wrong with a number in the address: no threshold takes it, or no slider does."""
    bound, asked = BOUNDS["Thresholds"][THRESHOLDS[name]], f"The link asks for {name} {text[:60]!r}"
    try:
        value = cast("float", bound.read(text))
    except ValueError:
        return [f"{asked}; it must be {bound}."]
    low, high = RANGES.get(name, (bound.low, bound.high))
    return [] if low <= value <= high else [f"{asked}; the slider goes from {low:g} to {high:g}."]
