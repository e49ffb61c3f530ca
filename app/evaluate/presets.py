"""The tab Presets of the page Evaluate: which preset is right more often, and does it matter?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import columns, controls, frame, session, shared_results, shipping
from app.evaluate.waiting import waits
from cascal import charts
from cascal.compare.cost import weight_label
from cascal.compare.presets import PresetChoices
from cascal.number_format import BEFORE_ROUNDING, counted

N_SHOWN = 200
_FITTED = "Every preset is fitted on the training queries. This tab then says "
_WITH_GOLD = "which one is right more often."
_WITHOUT_GOLD = "for which queries they name another first model."


def presets() -> None:
    """Whom each preset asks first, without a label, and the queries on which they differ."""
    choices = shared_results.preset_choices("Compare the presets")
    if choices is None:
        if shared_results.presets_run():
            test = session.dataset().test
            gold = test is not None and test.has_gold
            waits(_FITTED + (_WITH_GOLD if gold else _WITHOUT_GOLD))
        return
    data, present = session.dataset(), session.current_settings().preset_name
    judged = choices.judged(data.test, present) if data.test is not None else None
    if judged is None or not choices.disputed.any():
        st.subheader(_headline(choices), anchor=False)
        frame.sentence(choices.sentence)
    else:
        if shipping.in_short("use_recommended_of_presets") is None:
            st.subheader(frame.headline(judged.sentence), anchor=False)
        shipping.try_presets("try_presets_of_presets")
        frame.sentence(f"{_beside()}{judged.sentence}. {_headline(choices)}.")
    costs = choices.costs(data.test or data.train, data.train)
    table = charts.presets_frame(choices, present, judged, costs)
    _table(table, judged is not None)
    frame.sideways("presets", "costs and models")
    if judged is not None and choices.disputed.any():
        st.caption(
            "By the gold answers, each preset with its own rule at the present thresholds; gains "
            f"are paired, each with a 95 % interval of its own. {BEFORE_ROUNDING}{_elsewhere()}"
        )
    if choices.disputed.any():
        _tasks(charts.disputed_tasks_frame(choices))
        _queries(choices)


def _weight() -> str:
    """The cost weight in use, which every preset takes here; "" where it is 0."""
    weight = session.current_thresholds().cost_weight
    return f"cost weight {weight_label(weight)}" if weight else ""


def _beside() -> str:
    return f"All at {_weight()}. " if _weight() else ""


def _elsewhere() -> str:
    """That the other tabs show the presets without the cost weight, where there is one."""
    if not _weight():
        return ""
    return f" Here every preset takes {_weight()}; as rivals on the other tabs they have none."


def _headline(choices: PresetChoices) -> str:
    n_disputed, n_queries = int(choices.disputed.sum()), len(choices.query_ids)
    if not n_disputed:
        return "The choice of preset changes no first model here"
    return f"The presets disagree on {n_disputed:,} of {counted(n_queries, 'query')}"


def _table(table: pd.DataFrame, judged: bool) -> None:
    right = {
        "right": columns.number("First right", format="%.1f %%", width=84),
        "gain": columns.figures("Beside in use, points", width=150),
    }
    shown = {
        "preset": st.column_config.TextColumn("Preset", help=controls.HELP["preset"]),
        **(right if judged else {}),
        "cost": columns.number(
            "$/1,000",
            format="%.2f",
            width=76,
            help="US dollars of the first models per 1,000 test queries.",
        ),
        "best": st.column_config.TextColumn("Would always ask"),
        "used": st.column_config.TextColumn("First models, with their queries", width=330),
        "differs": columns.number(
            "Differs",
            width=70,
            help="Queries for which it names another first model than the present preset.",
        ),
    }
    st.dataframe(
        table,
        hide_index=True,
        column_order=list(shown),
        column_config=shown,
        alt="Whom each preset asks first",
    )


def _tasks(table: pd.DataFrame) -> None:
    shown = {
        "task": st.column_config.TextColumn("Task"),
        "share": st.column_config.ProgressColumn("Disputed", format="%.0f %%", max_value=100),
        "disputed": columns.number("Disputed queries"),
        "queries": columns.number("Queries"),
    }
    st.dataframe(
        table,
        hide_index=True,
        column_config=shown,
        alt="Tasks by their share of disputed queries",
    )


def _queries(choices: PresetChoices) -> None:
    part = session.dataset().test or session.dataset().train
    table = charts.disputed_queries_frame(part, choices, N_SHOWN)
    shown = {
        "task": st.column_config.TextColumn("Task", width="small"),
        "query": st.column_config.TextColumn("Query", width=380),
    }
    st.dataframe(
        table,
        hide_index=True,
        height=320,
        key="disputed",
        on_select="rerun",
        selection_mode="single-row",
        column_config=shown,
        alt="Queries for which the presets name different first models",
    )
    n_disputed = int(choices.disputed.sum())
    more = f"The first {N_SHOWN} of {n_disputed:,}. " if n_disputed > N_SHOWN else ""
    known = " ✓ right, ✗ wrong by the gold answer." if part.has_gold else ""
    st.caption(f"{more}Pick a row to read the whole query.{known}")
    for row in frame.picked_rows("disputed"):
        if row < len(table):
            st.text(table.iloc[row]["query"])
