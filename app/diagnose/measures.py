"""What a remedy does in numbers: a table of the best one, a grid of each of the others."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd
import streamlit as st

from app import frame
from cascal.diagnose.effect_words import Told


def table(told: Sequence[Told], n_bold: int) -> None:
    """What, now and after; the first ones, which say whether it helps, in bold."""
    cells = [[frame.headline(text) for text in (one.what, one.now, one.then)] for one in told]
    bold = [[f"**{text}**" if text else "" for text in row] for row in cells[:n_bold]]
    columns = ["What", "Now", "After"]
    st.table(pd.DataFrame(bold + cells[n_bold:], columns=columns).set_index("What"))


def grid(told: Sequence[Told]) -> None:
    """Each with its name above it: those of several remedies stand at the same places."""
    cells = (map(escape, one.in_short) for one in told)
    rows = (f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in cells)
    st.html(f'<dl class="measures">{"".join(rows)}</dl>')
