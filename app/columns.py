"""Columns of figures: the heading stands to the right, as the figures below it do."""

from __future__ import annotations

import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

_TO_THE_RIGHT = "\u061c\u200e"
"""The grid puts a heading to the right only where its first letter is of a script that is written
from there: the first mark counts as one and shows nothing; the second keeps digits in order."""


def number(
    label: str,
    *,
    format: str | None = None,
    width: int | None = None,
    help: str | None = None,
    min_value: float | None = None,
    max_value: float | None = None,
) -> ColumnConfig:
    """Numbers, in a format of Streamlit's; the bounds are those of what a reader may type."""
    return st.column_config.NumberColumn(
        heading(label),
        format=format,
        width=width,
        help=help,
        min_value=min_value,
        max_value=max_value,
    )


def figures(label: str, *, width: int | None = None, help: str | None = None) -> ColumnConfig:
    """Numbers as texts, such as those with an interval."""
    return st.column_config.TextColumn(heading(label), width=width, help=help, alignment="right")


def heading(label: str) -> str:
    """The heading of a column whose cells stand to the right."""
    return f"{_TO_THE_RIGHT}{label}"
