"""The panels of the page Evaluate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from app import controls, frame, session, theme
from app.evaluate import work
from cascal import charts
from cascal.charts.comparison import MEASURES, Measure
from cascal.compare.comparison import Comparison
from cascal.compare.cost import CostPoint, cheapest_within, weight_label
from cascal.compare.experiments import EXPERIMENTS, Report, read_report
from cascal.compare.gold_agreement import GoldAgreement
from cascal.constant import Constant
from cascal.datatypes import NotApplicable
from cascal.intervals import Estimate

OWN = ("cascal", "paper", "released", "recommended", "released_late")
N_DIFFERENCES = 100
MAX_LOSS = 0.005
"""Share of right first answers that a bargain may cost."""


def points(gain: Estimate) -> str:
    """A difference of shares in points, with its interval."""
    return f"{100 * gain.value:+.1f} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"


def routers(held: Comparison) -> None:
    """All routers side by side: dots with intervals, and the sortable table."""
    measure: Measure = st.segmented_control(
        "Measure",
        list(MEASURES),
        format_func=MEASURES.__getitem__,
        default="top1",
        required=True,
        key="measure",
        label_visibility="collapsed",
    )
    table = charts.routers_frame(held.rows(), measure)
    figure = charts.routers_figure(table, measure, theme.accent(), OWN)
    frame.chart(figure, "routers", _routers_alt(table, measure))
    origin = held.label_origin
    st.caption(
        "Round: no labels. Square: learns from the training queries’ "
        f"{'gold' if origin == 'gold' else origin} answers. Open diamond: knows these very "
        "answers, a bound. In colour: CASCAL; large: the router of the present settings. Lines "
        f"are 95 % intervals, paired over queries. Gains are over always asking "
        f"{frame.escape(held.constant_model.words)}."
    )
    _routers_table(table, held.constant_model)


def _routers_alt(table: pd.DataFrame, measure: Measure) -> str:
    best = table.iloc[0]
    own = table[table["key"] == charts.PRESENT].iloc[0]
    return (
        f"{MEASURES[measure]}: {best['router']} {best[measure]:.1f}, "
        f"{own['router']} {own[measure]:.1f}"
    )


def _routers_table(table: pd.DataFrame, constant: Constant) -> None:
    always = f"always asking {frame.escape(constant.words)}"
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    st.dataframe(
        table,
        hide_index=True,
        height=420,
        key="routers_table",
        placeholder="–",
        alt="All routers with their measures; click a column to sort",
        column_order=(
            "router",
            "top1_text",
            "vote",
            "hit",
            "gain_text",
            "p_text",
            "effective",
            "cost",
            "vote_cost",
            "needs",
        ),
        column_config={
            "router": st.column_config.TextColumn("Router", pinned=True),
            "top1_text": text("First right, %", alignment="right"),
            "vote": number("Vote of 3", format="%.1f %%"),
            "hit": number("Any of 3", format="%.1f %%", help="Any of its best three is right."),
            "gain_text": text("Gain, points", alignment="right", help=f"Over {always}."),
            "p_text": text("p", alignment="right", help=f"McNemar, exact, against {always}."),
            "effective": number("In use", format="%.1f", help="Models in use."),
            "cost": number("$/1,000", format="%.2f", help="US dollars per 1,000 queries."),
            "vote_cost": number("Vote $", format="%.2f", help="The same where three vote."),
            "needs": text("Needs"),
        },
    )


def cost(held: Comparison) -> None:
    """Quality against cost, the cost weight that CASCAL obeys, the Pareto front."""
    try:
        curve = work.curve()
    except NotApplicable as error:
        st.info(frame.escape(str(error)), icon=":material/info:")
        st.caption(
            "Give prices with the model pool, or a column cost (US dollars) with the responses."
        )
        return
    now = session.current_thresholds().cost_weight
    best = max(curve, key=lambda one: one.top1)
    _bargain(curve)
    table = charts.cost_frame(held.rows(), curve)
    figure = charts.cost_figure(table, theme.accent(), now)
    frame.chart(
        figure, "cost_quality", f"Quality against cost; best {100 * best.top1:.1f} percent right."
    )
    st.caption(
        f"{frame.escape(held.cost().sentence)} Dotted: the points for which nothing cheaper is as "
        "good. Move “Cost weight” in the sidebar to obey it everywhere."
    )
    with st.expander("The same as a table"):
        st.dataframe(table, hide_index=True, alt="Cost and quality of all routers")


def _bargain(curve: list[CostPoint]) -> None:
    """The cheapest cost weight that costs at most half a point, and a button that sets it."""
    cheap, free = cheapest_within(curve, MAX_LOSS), curve[0]
    if cheap.cost_weight == 0.0:
        st.subheader(
            f"No cost weight saves money for less than {100 * MAX_LOSS:g} points", anchor=False
        )
        return
    st.subheader(
        f"At cost weight {weight_label(cheap.cost_weight)}, ${cheap.cost1:.2f} instead of "
        f"${free.cost1:.2f} per 1,000 queries buy {100 * cheap.top1:.1f} % instead of "
        f"{100 * free.top1:.1f} %".replace("$", "\\$"),
        anchor=False,
    )
    st.button(
        "Use this cost weight",
        key="use_bargain",
        on_click=controls.set_values,
        args=({"cost": cheap.cost_weight},),
    )


def where(held: Comparison) -> None:
    """Per task and per cluster: where routing gains, and whether consensus ranks as gold does."""
    overall, by_task, by_cluster = work.taus()
    _ceilings(overall.tau)
    tasks = tuple(sorted(set(held.tasks)))
    number = {name: at for at, name in enumerate(tasks)}
    name = held.constant_model.name
    st.subheader(f"Where routing gains over always asking {frame.escape(name)}", anchor=False)
    which = st.segmented_control(
        "Groups",
        ["Per task", "Per skill cluster"],
        default="Per task",
        required=True,
        key="gain_groups",
        label_visibility="collapsed",
    )
    if which == "Per task":
        table = charts.groups_frame(
            held, np.array([number[one] for one in held.tasks]), tasks, "cascal", by_task
        )
    else:
        now = session.snapshot()
        labels = charts.cluster_labels(now)
        renamed = [
            GoldAgreement(labels[int(one.scope)], one.tau, one.n_train) for one in by_cluster
        ]
        table = charts.groups_frame(held, now.routes("test").cluster, labels, "cascal", renamed)
    _groups(table, name)


def _groups(table: pd.DataFrame, constant: str) -> None:
    figure = charts.gain_figure(table, theme.accent(), theme.right_and_wrong()[1])
    frame.chart(figure, "gains", f"Paired gain in points over always asking {constant}.")
    st.caption(
        "Lines are 95 % intervals. In colour: gains whose interval lies above 0, and losses whose "
        "interval lies below."
    )
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    st.dataframe(
        table,
        hide_index=True,
        key="gains_table",
        column_order=("name", "queries", "own", "best", "gain_text", "tau_text"),
        alt="Gains and Kendall tau by group",
        column_config={
            "name": st.column_config.TextColumn("Group"),
            "queries": number("Queries", format="localized"),
            "own": number("CASCAL", format="%.1f %%"),
            "best": number(constant, format="%.1f %%"),
            "gain_text": text("Gain, points", alignment="right"),
            "tau_text": text(
                "τ", alignment="right", help="Kendall τ-b of consensus and gold ranking."
            ),
        },
    )


def _ceilings(tau: Estimate) -> None:
    try:
        information, in_sample, learnt = work.ceilings()
    except NotApplicable as error:
        st.info(frame.escape(str(error)), icon=":material/info:")
        return
    with st.grid(4, min_column_width=190):
        st.metric(
            "Ranking like gold (τ)",
            f"{tau.value:.2f}",
            border=True,
            height="stretch",
            delta=f"[{tau.low:.2f}, {tau.high:.2f}]",
            delta_color="off",
            delta_arrow="off",
            help="Kendall τ-b between the models’ consensus and gold rankings over all queries. "
            "1: same order, 0: unrelated, below 0: reversed.",
        )
        st.metric(
            "Clusters and winners",
            f"{information.nmi:.3f}",
            border=True,
            delta=f"shuffled clusters {information.permuted:.3f}",
            delta_color="off",
            delta_arrow="off",
            height="stretch",
            help="Normalised mutual information of a query’s cluster and the model that wins it. "
            "Only what lies above shuffled clusters is information.",
        )
        st.metric(
            "Perfect map, in-sample",
            f"{100 * in_sample.value:+.1f} pts",
            border=True,
            delta=f"[{100 * in_sample.low:+.1f}, {100 * in_sample.high:+.1f}]",
            delta_color="off",
            delta_arrow="off",
            height="stretch",
            help="The best model of each cluster, chosen with these very answers: a ceiling that "
            "flatters, because every cluster may fit its own noise.",
        )
        if learnt is not None:
            st.metric(
                "Learnt on labels",
                f"{100 * learnt.value:+.1f} pts",
                border=True,
                delta=f"[{100 * learnt.low:+.1f}, {100 * learnt.high:+.1f}]",
                delta_color="off",
                delta_arrow="off",
                height="stretch",
                help="The best model of each cluster by the training queries’ answers "
                f"({session.dataset().train.label_origin}), tested here.",
            )


def differences(held: Comparison) -> None:
    """Two routers: who is right where the other is wrong, with the texts."""
    titles = {key: held[key].title for key in held.keys if key not in ("random", "plurality")}
    keys = list(titles)
    left, right = st.columns(2)
    with left:
        one = st.selectbox("A", keys, format_func=titles.__getitem__, key="router_a")
    with right:
        default = keys.index(held.constant)
        other = st.selectbox(
            "B", keys, index=default, format_func=titles.__getitem__, key="router_b"
        )
    gain, test, wins, losses = held.compare(one, other)
    same = float((held[one].first == held[other].first).mean())
    with st.grid(4, min_column_width=170):
        st.metric(
            "A minus B",
            f"{100 * gain.value:+.1f} pts",
            border=True,
            height="stretch",
            delta=f"[{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]",
            delta_color="off",
            delta_arrow="off",
        )
        st.metric("A right, B wrong", f"{test.only_first:,}", border=True, height="stretch")
        st.metric(
            "B right, A wrong",
            f"{test.only_second:,}",
            border=True,
            height="stretch",
            delta=f"McNemar p: {charts.p_text(test.p_value)}",
            delta_color="off",
            delta_arrow="off",
        )
        st.metric("Same first model", f"{same:.0%}", border=True, height="stretch")
    which = st.segmented_control(
        "Show",
        ["A right, B wrong", "B right, A wrong"],
        default="A right, B wrong",
        required=True,
        key="difference",
        label_visibility="collapsed",
    )
    rows = wins if which == "A right, B wrong" else losses
    part = session.dataset().test
    if part is None or not len(rows):
        st.info("There is no such query.")
        return
    table = charts.differences_frame(part, rows, held[one].first, held[other].first, N_DIFFERENCES)
    st.dataframe(
        table,
        hide_index=True,
        height=320,
        key="differences",
        on_select="rerun",
        selection_mode="single-row",
        column_order=("task", "query", "gold", "first", "second"),
        alt="Queries that one router gets right and the other wrong",
        column_config={
            "task": st.column_config.TextColumn("Task", width="small"),
            "query": st.column_config.TextColumn("Query", width=380),
            "gold": st.column_config.TextColumn("Gold", width=120),
            "first": st.column_config.TextColumn("A chose", width=170),
            "second": st.column_config.TextColumn("B chose", width=170),
        },
    )
    more = f"The first {N_DIFFERENCES} of {len(rows):,}. " if len(rows) > N_DIFFERENCES else ""
    st.caption(f"{more}Pick a row to read the whole query.")
    picked = [row for row in controls.selection_of("differences") if row < len(table)]
    if picked:
        _one_query(table.iloc[picked[0]])


def _one_query(row: pd.Series) -> None:
    with st.container(border=True):
        st.text(row["query"])
        for label, name in (("Gold", "gold"), ("A chose", "first"), ("B chose", "second")):
            st.text(f"{label}: {row[name]}")


def what_if() -> None:
    """How many training queries are enough, and what if a model were missing?"""
    st.subheader("How many training queries are enough?", anchor=False)
    found = work.scaling()
    if found is not None:
        result = session.snapshot().evaluation
        constant = session.snapshot().constant
        best = 100 * result.model_accuracies[constant.model] if result is not None else np.nan
        table = charts.scaling_frame(found)
        figure = charts.scaling_figure(table, theme.accent(), best, constant.name)
        first, last = found[0], found[-1]
        frame.chart(
            figure,
            "scaling",
            f"First model right: {100 * first.top1.value:.1f} percent with {first.n_queries} "
            f"training queries, {100 * last.top1.value:.1f} with {last.n_queries}.",
        )
        st.caption("The band is the 95 % interval over test queries; smaller sets: three draws.")
    st.subheader("What if a model were missing?", anchor=False)
    removed = work.removals()
    if removed is not None:
        _removed(charts.removals_frame(removed))


def _removed(table: pd.DataFrame) -> None:
    if table["gain"].notna().any():
        figure = charts.gain_figure(
            table.assign(queries=0), theme.right_and_wrong()[1], theme.accent()
        )
        frame.chart(figure, "removals", "Points of the vote of three lost without each model.")
        st.caption("Points of the vote of 3 that are lost without the model; paired, 95 %.")
    number = st.column_config.NumberColumn
    st.dataframe(
        table,
        hide_index=True,
        alt="What the removal of each model costs",
        column_order=("name", "share", "gain_text", "top1", "tau"),
        column_config={
            "name": st.column_config.TextColumn("Pool"),
            "share": number("It had first", format="percent"),
            "gain_text": st.column_config.TextColumn("Vote of 3 loses", alignment="right"),
            "top1": number("First model loses", format="%+.1f"),
            "tau": number(
                "τ of the others",
                format="%.2f",
                help="How alike the consensus ranks the other models without it.",
            ),
        },
    )


def experiments() -> None:
    """Reports written by `cascal experiment`, opened here."""
    saved = work.saved_reports()
    upload = st.file_uploader("Open a report", type=["json"], key="report", max_upload_size=16)
    report: Report | None = None
    if upload is not None:
        report = read_report(upload.getvalue(), upload.name)
    elif saved:
        path = st.selectbox("Saved beside the workspace", saved, format_func=lambda one: one.stem)
        report = work.open_report(path)
    if report is None:
        st.info("No experiment was run yet. Run one from a shell; its report appears here.")
        st.code("cascal experiment validation " + _quoted_dataset(), language=None)
        for name, experiment in EXPERIMENTS.items():
            st.text(f"• {name}: {(experiment.__doc__ or '').splitlines()[0]}")
        return
    _report(report)


def _quoted_dataset() -> str:
    return '"' + str(st.session_state["dataset"]).replace('"', "") + '"'


MARKS: dict[str, theme.Badge] = {"passed": "green", "failed": "red", "not applicable": "gray"}


def _report(report: Report) -> None:
    with st.container(horizontal=True, gap="small"):
        st.badge(report.outcome.capitalize(), color=MARKS[report.outcome])
        if report.simulated:
            st.badge("Simulated data", color="orange", icon=":material/science:")
    st.subheader(frame.escape(report.question), anchor=False)
    st.text(report.sentence)
    st.caption(
        frame.escape(f"Target: {report.target}. {', '.join(report.datasets)}. {report.created_at}")
    )
    table = charts.report_frame(report)
    st.dataframe(table, hide_index=True, alt="Table of the experiment", key="report_table")
    with st.expander("Settings, thresholds, versions"):
        st.json(
            {
                "settings": report.settings,
                "thresholds": report.thresholds,
                "versions": report.versions,
                "fingerprints": report.fingerprints,
            }
        )
