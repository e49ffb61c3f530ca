"""What more than one page computes and shows: findings, routers, the best bargain, saved runs."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app import frame, history, jobs, session, values
from app.apart import Call
from cascal.columns import Progress
from cascal.compare.comparison import Comparison, compare_routers
from cascal.compare.cost import CostPoint, cheapest_within, weight_label
from cascal.compare.cost import cost_curve as compute_curve
from cascal.compare.states import compare_states
from cascal.dataset.dataset import Dataset
from cascal.dataset.saved_runs import Reopened, reopen
from cascal.dataset.snapshot import Snapshot
from cascal.diagnose import Finding, diagnose
from cascal.store import Run, Score
from cascal.verdicts.verdict import points

MAX_LOSS = 0.005
"""Share of right first answers that a bargain may cost."""


def findings_key() -> str:
    """The job that runs the checks in the present state."""
    return f"diagnosis:{session.snapshot_token()}"


def findings() -> list[Finding] | None:
    """Every finding of the present state; None while the checks run."""
    now = session.snapshot()

    def work(progress: Progress) -> list[Finding]:
        return diagnose(now, progress)

    return jobs.show(findings_key(), "Run the checks", work, at_once=True)


def comparison_key() -> str:
    """The job that compares all routers in the present state."""
    return f"comparison:{session.snapshot_token()}"


def comparison() -> Comparison | None:
    """All routers on the test queries; None while they are being compared."""
    data, fitted, thresholds = session.dataset(), session.fit(), session.current_thresholds()
    work = Call.of(
        compare_routers, data.train, data.gold_test, fitted.settings, thresholds, fitted=fitted
    )
    return jobs.show(comparison_key(), "Compare all routers", work, at_once=True)


@st.cache_resource(show_spinner="Weighing cost", max_entries=16)
def _curve(token: str, _dataset: Dataset, _snapshot: Snapshot) -> list[CostPoint]:
    return compute_curve(
        session.fit(), _snapshot.router.thresholds, _dataset.gold_test, _dataset.train
    )


def cost_curve() -> list[CostPoint]:
    """Quality and cost at every cost weight; NotApplicable where costs are unknown."""
    return _curve(session.snapshot_token(), session.dataset(), session.snapshot())


def bargain(key: str) -> None:
    """The cheapest cost weight that costs at most half a point, and a button that takes it."""
    curve = cost_curve()
    cheap, free = cheapest_within(curve, MAX_LOSS), curve[0]
    if cheap.cost_weight == 0.0:
        st.subheader(
            f"No cost weight saves money for less than {100 * MAX_LOSS:g} points", anchor=False
        )
        return
    now = values.present()
    dear, thrifty = (replace(now, cost=weight) for weight in (0.0, cheap.cost_weight))
    gain = compare_states(session.snapshot_at(dear), session.snapshot_at(thrifty)).gain
    st.subheader(
        frame.escape(
            f"The best bargain: {100 * cheap.top1:.1f} % right for ${cheap.cost1:,.2f} instead of "
            f"{100 * free.top1:.1f} % for ${free.cost1:,.2f} per 1,000 queries"
        ),
        anchor=False,
    )
    said = "" if gain is None else f"{points(gain)} on the same queries. "
    weight = weight_label(cheap.cost_weight)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if now.cost == cheap.cost_weight:
            st.badge("Taken", color="green", icon=":material/check:")
        else:
            st.button("Take it", key=key, on_click=history.change_to, args=(thrifty,))
        st.caption(
            frame.escape(
                f"{said}Cost weight {weight}: the cheapest that loses at most "
                f"{100 * MAX_LOSS:g} points."
            ),
            width="stretch",
        )


@st.cache_resource(show_spinner=False, max_entries=4)
def _scores(name: str, token: str) -> list[Score]:
    return session.workspace().response_scores(name)


def response_scores() -> list[Score]:
    """All scores from 0 to 1 of the chosen data set's responses."""
    info = session.current_info()
    return [] if info is None else _scores(info.name, session.file_token())


@st.cache_resource(show_spinner="Making the run again", max_entries=6)
def _reopened(token: str, _run: Run) -> Reopened:
    return reopen(session.workspace(), _run)


def reopened(run: Run) -> Reopened:
    """A saved run made again, once for all pages."""
    return _reopened(f"{run.name}:{run.created_at.isoformat()}:{run.fingerprint}", run)
