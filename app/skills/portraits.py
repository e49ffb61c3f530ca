"""Who is good at what: a portrait of every model, and a table of tasks and models."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from app import columns, frame, session, theme
from app.controls import describe
from app.values import present
from cascal import charts
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import NotApplicable
from cascal.number_format import counted

TITLE = "Portraits: who is good at what"
FONT = Path(__file__).resolve().parents[1] / "static" / "inter-latin-wght-normal.woff2"
MOST_TILES, TILE_WIDTH = 4, 150
"""Portraits in a row, and the least width of one: two stand side by side on a phone."""
LEGEND_SIZE = (720, 64)


def portraits() -> None:
    """Nothing is drawn before it is opened."""
    with st.expander(TITLE, on_change="rerun", key="portraits") as box:
        if box.open:
            _section()


@st.fragment
def _section() -> None:
    try:
        _gallery()
    except NotApplicable as error:
        st.info(frame.shown_refusal(error), icon=":material/info:")
    _table()


def _look(measure: charts.Measure, mode: theme.Mode) -> charts.Look:
    text, paper = theme.TEXT_AND_PAPER[mode]
    scales = theme.DIVERGING if measure == "lead" else theme.SEQUENTIAL
    return charts.Look(
        background=paper, text=text, muted=theme.MUTED, scale=scales[mode], font=FONT
    )


@st.cache_resource(show_spinner="Drawing the portraits", max_entries=8)
def _pictures(
    token: str, _snapshot: Snapshot, measure: charts.Measure, mode: theme.Mode
) -> tuple[charts.Portraits, tuple[bytes, ...]]:
    """The portraits and their files: where the tasks lie, then one a model, then the scale."""
    shown, look = charts.portraits(_snapshot, measure), _look(measure, mode)
    tasks = charts.task_image(shown, look, theme.palette("cluster", mode))
    scale = charts.scale_image(look, LEGEND_SIZE, shown.ticks)
    files = (tasks, *charts.portrait_images(shown, look), scale)
    return shown, tuple(charts.png(one) for one in files)


def _gallery() -> None:
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        measure: charts.Measure = st.segmented_control(
            "Colour of the portraits",
            list(charts.MEASURES),
            key="portrait_measure",
            format_func=charts.MEASURES.__getitem__,
            default="score",
            required=True,
            persist_state="session",
        )
        mode = theme.mode()
        token = f"{session.snapshot_token()}:{hash(session.dataset().train.xy.tobytes())}"
        shown, (tasks, *files, scale) = _pictures(token, session.snapshot(), measure, mode)
        st.image(scale, width=360, alt=f"Colours from {shown.ticks[0]} to {shown.ticks[-1]}")
        st.space("stretch")
        st.download_button(
            "Picture",
            partial(_poster, shown, measure, mode),
            f"{session.dataset().info.name} portraits.png",
            "image/png",
            key="portraits_png",
            on_click="ignore",
            icon=":material/download:",
            help="All portraits with scale, title and data set as one PNG.",
        )
    st.caption(f"{charts.ABOUT[measure]}. Beside each name: over all training queries.")
    with st.grid(MOST_TILES, min_column_width=TILE_WIDTH):
        with st.container(gap="xsmall"):
            st.markdown("**Where the tasks lie**")
            st.image(tasks, width="stretch", alt=f"Where {', '.join(shown.tasks)} lie on the map")
        for model, file in enumerate(files):
            with st.container(gap="xsmall"):
                st.markdown(f"**{frame.escape(shown.models[model])}** · {shown.number(model)}")
                st.image(file, width="stretch", alt=shown.sentence(model))
                st.caption(frame.escape(f"ahead most in {shown.best[model]}"))


def _poster(shown: charts.Portraits, measure: charts.Measure, mode: theme.Mode) -> bytes:
    data, now = session.dataset(), session.snapshot()
    simulated = "simulated · " if data.simulated else ""
    caption = (
        f"{simulated}{counted(len(shown.xy), 'training query')} · "
        f"{counted(len(now.router.clusters), 'skill cluster')} · {describe(present())}"
    )
    picture = charts.poster(
        shown,
        _look(measure, mode),
        theme.palette("cluster", mode),
        f"{data.info.name}: who is good at what?",
        caption,
    )
    return charts.png(picture)


@st.cache_resource(show_spinner=False, max_entries=8)
def _skills(token: str, _snapshot: Snapshot, basis: charts.Basis) -> pd.DataFrame:
    return charts.task_skills_frame(_snapshot, basis)


def _bases() -> list[charts.Basis]:
    test = session.dataset().test
    return ["gold", "consensus"] if test is not None and test.has_gold else ["consensus"]


def _csv() -> bytes:
    token, now = session.snapshot_token(), session.snapshot()
    return charts.safe_csv(pd.concat([_skills(token, now, basis) for basis in _bases()]))


def _table() -> None:
    st.subheader("Every model in every task", anchor=False)
    bases = _bases()
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        basis: charts.Basis = st.segmented_control(
            "Measured by",
            bases,
            key="skill_basis",
            format_func=charts.BASES.__getitem__,
            default=bases[0],
            required=True,
            persist_state="session",
        )
        st.space("stretch")
        st.download_button(
            "Table",
            _csv,
            f"{session.dataset().info.name} skills.csv",
            "text/csv",
            key="skills_csv",
            on_click="ignore",
            icon=":material/download:",
            help="Mean, 95 % interval and queries of every model in every task.",
        )
    table, percent = _skills(session.snapshot_token(), session.snapshot(), basis), basis == "gold"
    st.caption(
        f"{charts.BASES[basis]}{', in percent' if percent else ''}; ± reaches to the ends of the "
        "95 % interval. Bold: the best of its row."
    )
    figure = charts.task_skills_figure(table, theme.CELLS[theme.mode()], percent=percent)
    frame.chart(figure, "task_skills", f"{charts.BASES[basis]} of every model in every task.")
    _numbers(table, charts.BASES[basis], percent=percent)


def _numbers(table: pd.DataFrame, measure: str, *, percent: bool) -> None:
    """The same as a table, in percent where it is a share."""
    number = columns.number
    scale, format_ = (100, "%.1f %%") if percent else (1, "%.3f")
    st.dataframe(
        table.assign(**{name: scale * table[name] for name in ("mean", "low", "high")}),
        hide_index=True,
        height=240,
        key="task_skills_table",
        alt=f"{measure} of every model in every task, with 95 % intervals",
        column_order=("task", "model", "mean", "low", "high", "queries"),
        column_config={
            "task": "Task",
            "model": "Model",
            "mean": number("Mean", format=format_),
            "low": number("95 % from", format=format_),
            "high": number("to", format=format_),
            "queries": number("Queries", format="localized"),
        },
    )
