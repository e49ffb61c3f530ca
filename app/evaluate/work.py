"""What the page Evaluate computes: the work of its jobs, and what their results are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from app import jobs, session
from app.apart import Call
from cascal.columns import Progress
from cascal.compare.experiments import Report, Request, read_report, run
from cascal.compare.gold_agreement import (
    ClusterInformation,
    GoldAgreement,
    best_constant_of_groups,
    cluster_information,
    gold_agreement,
    gold_agreements,
    map_gain,
)
from cascal.compare.peer_measures import PeerMeasure, peer_measures
from cascal.compare.scaling import ScalingPoint, scaling_curve, whole_fits
from cascal.compare.without_a_model import Removal, leave_one_out
from cascal.dataset.dataset import Dataset, load_dataset
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import IntArray
from cascal.intervals import Estimate
from cascal.number_format import counted, roughly
from cascal.settings import FitSettings, Thresholds
from cascal.store import Workspace

_FITS_OF_AN_EXPERIMENT = 20
"""As long as so many fits takes the longest experiment, robustness, on the demo data."""


def scaling() -> list[ScalingPoint] | None:
    """Accuracy by number of training queries, on request."""
    data, settings, thresholds = (
        session.dataset(),
        session.current_settings(),
        session.current_thresholds(),
    )
    work = Call.of(scaling_curve, data.train, data.gold_test, settings, thresholds)
    return jobs.show(
        f"scaling:{session.snapshot_token()}",
        "Draw the scaling curve",
        work,
        about="Fits again on 2 % to 100 % of the training queries, three draws each: "
        f"{roughly(whole_fits(len(data.train)) * session.fit_seconds())}.",
    )


def removals() -> list[Removal] | None:
    """What the removal of each model costs, on request."""
    data, fitted, thresholds = session.dataset(), session.fit(), session.current_thresholds()
    work = Call.of(leave_one_out, data.train, data.test, fitted, thresholds)
    return jobs.show(
        f"removals:{session.snapshot_token()}",
        "Leave each model out",
        work,
        about=f"Fits again without each of the {counted(len(fitted.models), 'model')}: "
        f"{roughly(len(fitted.models) * session.fit_seconds())}.",
    )


@st.cache_resource(show_spinner="Comparing rankings", max_entries=16)
def _taus(
    token: str, _dataset: Dataset, _snapshot: Snapshot
) -> tuple[GoldAgreement, list[GoldAgreement], list[GoldAgreement]]:
    test, train, router = _dataset.gold_test, _dataset.train, _snapshot.router
    consensus = session.fit().consensus
    tasks = tuple(sorted(set(train.votes.tasks) | set(test.votes.tasks)))
    number = {name: at for at, name in enumerate(tasks)}
    routes = _snapshot.routes("test")
    labels = [str(c) for c in range(len(router.clusters))]
    return (
        gold_agreement("all", consensus, test.right),
        gold_agreements(
            consensus,
            test.right,
            np.array([number[one] for one in train.votes.tasks]),
            np.array([number[one] for one in test.votes.tasks]),
            tasks,
        ),
        gold_agreements(consensus, test.right, router.clusters.assignment, routes.cluster, labels),
    )


def taus() -> tuple[GoldAgreement, list[GoldAgreement], list[GoldAgreement]]:
    """Kendall τ of consensus and gold rankings: over all, per task, per cluster."""
    return _taus(session.snapshot_token(), session.dataset(), session.snapshot())


@st.cache_resource(show_spinner="Measuring the clusters", max_entries=16)
def _ceilings(
    token: str, _dataset: Dataset, _snapshot: Snapshot
) -> tuple[ClusterInformation, Estimate, Estimate | None]:
    test, train = _dataset.gold_test, _dataset.train
    cluster = _snapshot.routes("test").cluster
    n_clusters = len(_snapshot.router.clusters)
    right = test.right
    best = _snapshot.constant.model
    in_sample = map_gain(right, cluster, best_constant_of_groups(right, cluster, n_clusters), best)
    labels = train.label_matrix
    learnt = None
    if np.isfinite(labels).any():
        train_cluster: IntArray = _snapshot.routes("train").cluster
        chosen = best_constant_of_groups(labels, train_cluster, n_clusters)
        learnt = map_gain(right, cluster, chosen, best)
    return cluster_information(cluster, right), in_sample, learnt


def ceilings() -> tuple[ClusterInformation, Estimate, Estimate | None]:
    """What the clusters could bring: NMI with the winner, the map in-sample and learnt."""
    return _ceilings(session.snapshot_token(), session.dataset(), session.snapshot())


@st.cache_resource(show_spinner="Measuring as others do", max_entries=16)
def _peers(token: str, _snapshot: Snapshot) -> tuple[PeerMeasure, ...]:
    return peer_measures(_snapshot)


def peers() -> tuple[PeerMeasure, ...]:
    """What other benchmarks measure of the present router."""
    return _peers(session.snapshot_token(), session.snapshot())


def experiment(name: str, other: str | None) -> Report | None:
    """Run an experiment on request; its report is kept beside the workspace, as by a shell."""
    work = Call.of(
        _run_and_save,
        name,
        session.dataset(),
        session.current_settings(),
        session.current_thresholds(),
        other=None if other is None else (session.workspace(), other),
        folder=experiments_folder(),
    )
    return jobs.show(
        f"experiment:{name}:{other}:{session.snapshot_token()}",
        "Run it",
        work,
        about=f"On these data {roughly(_FITS_OF_AN_EXPERIMENT * session.fit_seconds())} at most; a "
        "larger second data set takes longer.",
    )


def _run_and_save(
    name: str,
    data: Dataset,
    settings: FitSettings,
    thresholds: Thresholds,
    *,
    other: tuple[Workspace, str] | None,
    folder: Path,
    progress: Progress,
) -> Report:
    """Run an experiment, with another data set of the same encoder where it asks for one."""
    progress(0.0, "Reading")
    request = Request(
        dataset=data,
        other=None if other is None else load_dataset(*other, data.encoder),
        settings=settings,
        thresholds=thresholds,
        progress=progress,
    )
    report = run(name, request)
    report.save(folder / report.file_name)
    return report


def experiments_folder() -> Path:
    """Where `cascal experiment` writes its reports."""
    return session.workspace_path().parent / "experiments"


def saved_reports() -> list[Path]:
    """The reports beside the workspace, newest first."""
    folder = experiments_folder()
    found = [one for one in folder.glob("*.json") if one.is_file()] if folder.is_dir() else []
    return sorted(found, key=lambda one: (-one.stat().st_mtime, one.name))


def open_report(path: Path) -> Report:
    """Read one report; a damaged one is refused in a sentence."""
    return read_report(path.read_bytes(), path.name)
