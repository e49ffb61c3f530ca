"""What more than one page computes: findings, routers, the setting to ship, saved runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from app import access, heeded, jobs, session
from app.apart import Call
from cascal.columns import Progress
from cascal.compare.comparison import Comparison, compare_routers
from cascal.compare.cost import CostPoint, Trial, cost_grid, try_weights
from cascal.compare.presets import PresetChoices, compare_presets
from cascal.compare.recommendation import beside_presets, grid_weights, recommend
from cascal.compare.recommended import Recommendation
from cascal.dataset.dataset import Dataset
from cascal.dataset.saved_runs import Reopened, reopen
from cascal.dataset.snapshot import Snapshot
from cascal.diagnose import Finding, diagnose
from cascal.settings import Thresholds
from cascal.store import Run, Score
from cascal.verdicts.payback import DEFAULT_DAILY, DEFAULT_HORIZON, DEFAULT_TOLERANCE, Terms

HORIZON, DAILY, LABEL_PRICE, TOLERANCE = "horizon", "daily", "label_price", "tolerance"
"""The keys of the terms that Overview asks for and all pages go by."""
_PRESETS = "presets_wanted"


def findings_key() -> str:
    """The job that runs the checks in the present state."""
    return f"diagnosis:{session.snapshot_token()}"


def findings(watch: Callable[[jobs.Job], None] | None = None) -> list[Finding] | None:
    """Every finding of the present state; None while the checks run.

    watch : shows meanwhile how far they are (`jobs.show`)
    """
    now, known, key = session.snapshot(), jobs.known_jobs(), findings_key()

    def tell(so_far: list[Finding]) -> None:
        if (job := known.get(key)) is not None:  # else it was forgotten meanwhile
            job.detail = so_far

    def work(progress: Progress) -> list[Finding]:
        return diagnose(now, progress, tell)

    return jobs.show(key, "Run the checks", work, at_once=True, watch=watch)


def findings_so_far() -> list[Finding]:
    """What the checks that run found by now."""
    job = jobs.find(findings_key())
    return (job.result or job.detail or []) if job is not None else []


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


def _weights() -> tuple[float, ...]:
    """The cost weights that are tried."""
    return grid_weights(session.dataset().costs, session.current_thresholds().cost_weight)


@st.cache_resource(show_spinner="Weighing cost", max_entries=16)
def _trials(
    token: str, _dataset: Dataset, _snapshot: Snapshot, _weights: tuple[float, ...]
) -> tuple[Trial, ...]:
    thresholds = _snapshot.router.thresholds
    return try_weights(_snapshot.fit, thresholds, _dataset.gold_test, _dataset.train, _weights)


def _trials_token() -> str:
    """What names the settings in use at every cost weight."""
    free = replace(session.current_thresholds(), cost_weight=0.0)
    return f"{session.fit_token()}:{free!r}:{_weights()!r}"


def trials() -> tuple[Trial, ...]:
    """The settings in use at every cost weight; NotApplicable without gold answers."""
    return _trials(_trials_token(), session.dataset(), session.snapshot(), _weights())


def cost_curve() -> list[CostPoint]:
    """Quality and cost at every cost weight; NotApplicable where costs are unknown."""
    cost_grid(session.dataset().costs)
    return [one.point for one in trials()]


def presets_key() -> str:
    """The job that fits every preset, whichever preset and cost weight are in use."""
    data, thresholds = session.dataset(), _of_presets(session.current_thresholds())
    clusters = session.current_settings().clusters
    return f"presets:{session.dataset_token()}:{clusters}:{thresholds!r}:{_preset_weights(data)!r}"


def _preset_weights(data: Dataset) -> tuple[float, ...]:
    return _weights() if data.test is not None and data.test.has_gold else ()


def _of_presets(thresholds: Thresholds) -> Thresholds:
    """The thresholds in use as far as presets obey them; weights are tried where there is gold."""
    weight = 0.0 if _preset_weights(session.dataset()) else thresholds.cost_weight
    defaults = Thresholds()
    return replace(thresholds, cost_weight=weight, routing=defaults.routing, top_k=defaults.top_k)


def preset_choices(label: str, *, asked: bool = False) -> PresetChoices | None:
    """Whom every preset asks first; None while they are being fitted.

    asked : whether somebody waits for just that
    """
    data, fitted, thresholds = session.dataset(), session.fit(), session.current_thresholds()
    work = Call.of(
        compare_presets,
        data.train,
        data.test,
        _of_presets(thresholds),
        costs=data.costs,
        fitted=fitted,
        weights=_preset_weights(data),
    )
    found = jobs.show(presets_key(), label, work, at_once=True, line="asked" if asked else None)
    if found is None or data.test is None or not found.trials:
        return found
    return found.at_weight(thresholds.cost_weight, data.test)


def want_presets() -> None:
    """Let the recommendation look at the presets of this state too, for nobody but this reader."""
    wanted: set[str] = st.session_state.setdefault(_PRESETS, set())
    wanted.add(presets_key())


def presets_wanted() -> bool:
    """Whether this reader asked for them."""
    return presets_key() in st.session_state.get(_PRESETS, set())


def presets_can_be_tried() -> bool:
    """Whether they are fitted already, or may be from here."""
    return not access.read_only() or _fitted()


def _fitted() -> bool:
    job = jobs.find(presets_key())
    return job is not None and job.state == "done"


def presets_known() -> bool:
    """Whether all presets are fitted and wanted, so that the recommendation looks at them too."""
    return presets_wanted() and _fitted()


def presets_run() -> bool:
    """Whether they are being fitted now."""
    return jobs.runs(presets_key())


def preset_trials() -> tuple[Trial, ...]:
    """What was tried of the presets; () as long as they are not fitted."""
    return jobs.known_jobs()[presets_key()].result.trials if presets_known() else ()


def terms() -> Terms:
    """What Overview was told: queries to come and a day, price of a label, points to lose."""
    told = st.session_state
    return Terms(
        label_price=told.get(LABEL_PRICE),
        horizon=int(told.get(HORIZON, DEFAULT_HORIZON)),
        daily=int(told.get(DAILY, DEFAULT_DAILY)),
        tolerance=float(told.get(TOLERANCE, 100 * DEFAULT_TOLERANCE)) / 100,
    )


@st.cache_resource(show_spinner="Comparing settings", max_entries=16)
def _recommendation(
    token: str, _trials: tuple[Trial, ...], now: Thresholds, _dataset: Dataset, tolerance: float
) -> Recommendation:
    return recommend(_trials, now, _dataset.gold_test, _dataset.train, tolerance)


def recommendation() -> Recommendation:
    """Which setting to ship, the one answer of all pages; NotApplicable without gold answers."""
    thresholds, own = session.current_thresholds(), trials()
    token = _trials_token()
    if presets_known():
        preset = session.current_settings().preset_name
        own = beside_presets(own, preset_trials(), preset, thresholds.routing)
        token += presets_key()
    return _recommendation(token, own, thresholds, session.dataset(), terms().tolerance)


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
