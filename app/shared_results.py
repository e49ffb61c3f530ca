"""What more than one page computes and shows: findings, comparison of routers, saved runs."""

from __future__ import annotations

import streamlit as st

from app import jobs, session
from cascal.columns import Progress
from cascal.compare.comparison import Comparison, compare_routers
from cascal.dataset.saved_runs import Reopened, reopen
from cascal.diagnose import Finding, diagnose
from cascal.store import Run


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

    def work(progress: Progress) -> Comparison:
        return compare_routers(
            data.train,
            data.gold_test,
            fitted.settings,
            thresholds,
            fitted=fitted,
            progress=progress,
        )

    return jobs.show(comparison_key(), "Compare all routers", work, at_once=True)


@st.cache_resource(show_spinner="Making the run again", max_entries=6)
def _reopened(token: str, _run: Run) -> Reopened:
    return reopen(session.workspace(), _run)


def reopened(run: Run) -> Reopened:
    """A saved run made again, once for all pages."""
    return _reopened(f"{run.name}:{run.created_at.isoformat()}:{run.fingerprint}", run)
