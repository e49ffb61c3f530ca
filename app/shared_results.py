"""What more than one page computes and shows: findings, routers, the best bargain, saved runs."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app import frame, heeded, history, jobs, session, values
from app.apart import Call
from cascal.columns import Progress
from cascal.compare.comparison import Comparison, compare_routers
from cascal.compare.cost import MAX_LOSS, CostPoint, bargains, instead, weight_label
from cascal.compare.cost import cost_curve as compute_curve
from cascal.compare.states import compare_states
from cascal.counted import percent
from cascal.dataset.dataset import Dataset
from cascal.dataset.saved_runs import Reopened, reopen
from cascal.dataset.snapshot import Snapshot
from cascal.diagnose import Finding, diagnose
from cascal.intervals import Estimate
from cascal.store import Run, Score
from cascal.verdicts.verdict import points


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
    """The job that compares all routers in the present state, as labels make it."""
    return f"comparison:{heeded.token()}"


def comparison() -> Comparison | None:
    """All routers on the test queries; None while they are being compared."""
    data, fitted, thresholds = session.dataset(), session.fit(), session.current_thresholds()
    work = Call.of(
        compare_routers,
        data.train,
        data.gold_test,
        fitted.settings,
        thresholds,
        fitted=fitted,
        in_use=heeded.changed_router(),
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
    """The cheapest cost weight that costs at most half a point, and a button that takes it.

    Beside the present state; what is proven to lose is no bargain.
    """
    curve, now = cost_curve(), values.present()
    found = _bargain(curve, now)
    if found is None:
        _no_bargain(curve, now)
        return
    cheap, gain = found
    dear = next(point for point in curve if point.cost_weight == now.cost)
    st.subheader(frame.headline(f"The best bargain: {instead(cheap, dear)}"), anchor=False)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        state = replace(now, cost=cheap.cost_weight)
        st.button("Take it", key=key, on_click=history.change_to, args=(state,))
        st.caption(
            frame.escape(
                f"{'' if gain is None else f'{points(gain)}, no proven loss. '}"
                f"{_votes(cheap, dear)} Cost weight {weight_label(cheap.cost_weight)} instead of "
                f"{weight_label(now.cost)}."
            ),
            width="stretch",
        )


def _bargain(
    curve: list[CostPoint], now: values.Values
) -> tuple[CostPoint, Estimate | None] | None:
    """The cheapest point that is not proven worse than the present state, and its difference."""
    before = session.snapshot_at(now)
    for point in bargains(curve, now.cost):
        after = session.snapshot_at(replace(now, cost=point.cost_weight))
        gain = compare_states(before, after).gain
        if gain is None or gain.high >= 0:
            return point, gain
    return None


def _no_bargain(curve: list[CostPoint], now: values.Values) -> None:
    """Nothing cheaper is as good: because the bargain is taken, or because there is none."""
    free, taken = curve[0], next(point for point in curve if point.cost_weight == now.cost)
    if taken.cost1 >= free.cost1:
        st.subheader(
            f"No cost weight saves money for less than {100 * MAX_LOSS:g} points", anchor=False
        )
        return
    cheap = taken.top1 >= free.top1 - MAX_LOSS
    what = "A bargain, taken" if cheap else "Cheaper, and more often wrong"
    st.subheader(frame.headline(f"{what}: {instead(taken, free)}"), anchor=False)
    st.caption(
        frame.escape(
            f"Cost weight {weight_label(now.cost)} instead of 0; nothing cheaper loses at most "
            f"{100 * MAX_LOSS:g} points. {_votes(taken, free)}"
        )
    )


def _votes(cheap: CostPoint, dear: CostPoint) -> str:
    return f"The vote of three: {percent(cheap.vote, 1)} instead of {percent(dear.vote, 1)}."


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
