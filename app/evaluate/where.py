"""The tab Where it gains of the page Evaluate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import columns, frame, session, theme
from app.evaluate import work
from app.terms.glossary import mark, meaning
from cascal import charts
from cascal.compare.comparison import Comparison
from cascal.compare.gold_agreement import GoldAgreement
from cascal.compare.slices import column_names, many_note, slices_by, slices_note
from cascal.datatypes import NotApplicable
from cascal.intervals import Estimate
from cascal.number_format import BEFORE_ROUNDING, bracketed, decimal, plural, signed
from cascal.verdicts.verdict import span

TAU = meaning("Kendall τ")


def where(comparison: Comparison) -> None:
    """Per task and per cluster: where routing gains, and whether consensus ranks as gold does."""
    overall, by_task, by_cluster = work.taus()
    by_column = {f"Per {name}": name for name in column_names(session.dataset())}
    name = comparison.constant_model.name
    answer = st.container()
    which = st.segmented_control(
        "Groups",
        ["Per task", "Per skill cluster", *by_column],
        default="Per task",
        required=True,
        key="gain_groups",
        label_visibility="collapsed",
        format_func=frame.escape,
    )
    if which in by_column:
        _slices(comparison, by_column[which], answer)
    else:
        by_tasks = which == "Per task"
        table = per_task(comparison, by_task) if by_tasks else _per_cluster(comparison, by_cluster)
        kind = "task" if by_tasks else "cluster"
        answer.subheader(frame.headline(charts.gains_sentence(table, plural(kind))), anchor=False)
        answer.caption(many_note(len(table), kind))
        _groups(table, name)
    st.subheader("How much could the clusters bring?", anchor=False)
    _ceilings(overall.tau)


def per_task(comparison: Comparison, agreement: list[GoldAgreement]) -> pd.DataFrame:
    """One row a task, the largest gain first."""
    tasks = tuple(sorted(set(comparison.tasks)))
    number = {task: at for at, task in enumerate(tasks)}
    group = np.array([number[task] for task in comparison.tasks])
    return charts.groups_frame(comparison, group, tasks, charts.PRESENT, agreement)


def _per_cluster(comparison: Comparison, agreement: list[GoldAgreement]) -> pd.DataFrame:
    now = session.snapshot()
    names = charts.cluster_labels(now)
    named = [GoldAgreement(names[int(of.scope)], of.tau, of.n_train) for of in agreement]
    return charts.groups_frame(comparison, now.routes("test").cluster, names, charts.PRESENT, named)


def _slices(comparison: Comparison, column: str, answer: DeltaGenerator) -> None:
    """The slices of a column, and how far they are to be believed."""
    parts = slices_by(session.dataset(), comparison, column)
    large = charts.slices_frame([one for one in parts if not one.too_small])
    sentence = charts.gains_sentence(large, "slices that are large enough")
    answer.subheader(frame.headline(sentence), anchor=False)
    st.caption(slices_note(parts))
    _groups(charts.slices_frame(parts), comparison.constant_model.name)


def _groups(table: pd.DataFrame, constant: str) -> None:
    figure = charts.gain_figure(table, theme.accent(), theme.right_and_wrong()[1])
    frame.chart(figure, "gains", f"Paired gain in points over always asking {constant}.")
    st.caption(
        f"{mark('gain', 'Gains')} over always asking {frame.escape(constant)}. Lines are "
        "95 % intervals. In colour: gains whose interval lies above 0, and losses whose interval "
        f"lies below. {BEFORE_ROUNDING}"
    )
    number, figures = columns.number, columns.figures
    st.dataframe(
        table,
        hide_index=True,
        key="gains_table",
        column_order=("name", "queries", "own", "best", "gain_text", "tau_text"),
        alt="Gains and Kendall tau by group",
        column_config={
            "name": "Group",
            "queries": number("Queries", format="localized"),
            "own": number("CASCAL", format="%.1f %%"),
            "best": number(constant, format="%.1f %%"),
            "gain_text": figures("Gain, points"),
            "tau_text": figures("τ", help=f"Of consensus and gold ranking. {TAU}"),
        },
    )


def _ceilings(tau: Estimate) -> None:
    try:
        information, in_sample, learnt = work.ceilings()
    except NotApplicable as error:
        st.info(frame.shown_refusal(error), icon=":material/info:")
        return
    with st.grid(4, min_column_width=190):
        frame.metric(
            "Ranking like gold (τ)",
            decimal(tau.value, 2),
            bracketed(tau.low, tau.high, 2, sign=False),
            f"Of the models’ consensus and gold rankings over all queries. {TAU}",
        )
        frame.metric(
            "Clusters and winners",
            decimal(information.nmi, 3),
            f"shuffled clusters {decimal(information.permuted, 3)}",
            "Normalised mutual information of a query’s cluster and the model that wins it. "
            "Only what lies above shuffled clusters is information.",
        )
        _gain(
            "Perfect map, in-sample",
            in_sample,
            "The best model of each cluster, chosen with these very answers: a ceiling that "
            "flatters, because every cluster may fit its own noise.",
        )
        if learnt is not None:
            origin = session.dataset().train.label_origin
            about = f"The best model of each cluster by the training queries’ answers ({origin}), "
            _gain("Learnt on labels", learnt, f"{about}tested here.")


def _gain(label: str, gain: Estimate, about: str) -> None:
    frame.metric(label, f"{signed(100 * gain.value)} pts", span(gain), about)
