"""Saved runs: what a router was made from and what it decided, so that it can be made again.

A run records the data's fingerprint, the encoder, settings, thresholds, versions, numbers and a
hash of every decision and score; reproducing it must give the same hash, bit for bit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from cascal.dataset.dataset import Dataset, load_dataset
from cascal.dataset.rectifying import with_groups_of
from cascal.dataset.snapshot import Snapshot, take_snapshot
from cascal.datatypes import CascalError
from cascal.fit import Fit, fit
from cascal.labels import Correction, LabelRecord, Rectifier, heeded_words
from cascal.provenance import stamp
from cascal.settings import FitSettings, Routing, Thresholds
from cascal.store import Run, Workspace, content_of

_CORRECTED = ("overall", "corrections", "n_labels")


def decisions_hash(snapshot: Snapshot) -> str:
    """SHA-256 over models, queries, scores and selected models of all routes, to the last bit."""
    digest = hashlib.sha256()
    for routes in (snapshot.train_routes, snapshot.test_routes):
        if routes is None:
            continue
        for names in (routes.models, routes.query_ids):
            digest.update("\x1f".join(names).encode("utf-8", "surrogatepass") + b"\x1e")
        digest.update(np.ascontiguousarray(routes.scores, dtype=np.float64).tobytes())
        digest.update(np.ascontiguousarray(routes.selected, dtype=np.int64).tobytes())
    return digest.hexdigest()


def make_run(dataset: Dataset, snapshot: Snapshot, name: str, note: str = "") -> Run:
    """Everything worth keeping of the present state; nothing of the texts."""
    router, result = snapshot.router, snapshot.evaluation
    recorded = stamp(router.settings, router.thresholds)
    numbers: dict[str, Any] = {
        "n_clusters": len(router.clusters),
        "models": list(router.models),
        "encoder": dataset.encoder,
        "share": snapshot.share.tolist(),
        "decisions": decisions_hash(snapshot),
        "fit": router.fingerprint,
        "simulated": dataset.simulated,
    }
    if result is not None:
        numbers["top1_accuracy"] = result.top1_accuracy
        numbers["top3_vote_accuracy"] = result.top3_vote_accuracy
    if snapshot.verdict is not None:
        numbers["verdict"] = snapshot.verdict.sentence
    if router.labels is not None:
        numbers["labels"] = router.labels.to_dict()
    if router.correction is not None:
        found = router.correction
        numbers["correction"] = {
            **found.header(),
            **{name: getattr(found.rectifier, name).tolist() for name in _CORRECTED},
        }
    return Run(
        name=name,
        dataset=dataset.info.name,
        settings=recorded["settings"],
        thresholds=recorded["thresholds"],
        numbers=numbers,
        versions=recorded["versions"],
        fingerprint=dataset.info.fingerprint,
        note=note,
    )


def preset_of(run: Run) -> str:
    """The preset a run was saved with, "custom" for other settings."""
    try:
        return state_of(run)[0].name
    except CascalError:  # of another version of the program
        return "unknown"


def labels_of(run: Run) -> str:
    """Which labels the router of a run heeds and what follows, in words; "" where it heeds none."""
    record = LabelRecord.from_dict(run.numbers.get("labels"))
    corrected = run.numbers.get("correction") or {"n_labels": []}
    return heeded_words(record, int(sum(corrected["n_labels"])))


def state_of(run: Run) -> tuple[FitSettings, Thresholds]:
    """Settings and thresholds of a run; one of another version of the program is refused."""
    try:
        thresholds = dict(run.thresholds)
        if thresholds["routing"] is not None:
            thresholds["routing"] = Routing(**thresholds["routing"])
        return FitSettings.from_record(run.settings), Thresholds(**thresholds)
    except (KeyError, TypeError) as error:
        raise CascalError(
            f"The run {run.name[:80]!r} was saved by another version: {error}. Save it anew.",
            code="other-version",
        ) from None


@dataclass(frozen=True, eq=False)
class Reopened:
    """A run made again: its data and what they give now."""

    run: Run
    dataset: Dataset
    snapshot: Snapshot

    @property
    def differences(self) -> tuple[str, ...]:
        """What is not as it was; empty where every decision and score is the same to the bit."""
        found = []
        if self.dataset.info.fingerprint != self.run.fingerprint:
            found.append(self._changed_data())
        if decisions_hash(self.snapshot) != self.run.numbers.get("decisions"):
            found.append("Decisions or scores differ.")
        return tuple(found)

    def _changed_data(self) -> str:
        now, then = self.dataset.info.fingerprint, self.run.fingerprint
        if content_of(now) == content_of(then):
            return (
                "Free answers are compared by another rule than when the run was saved, so others "
                "may count as the same; the queries and responses have not changed. Save the run "
                "anew to keep what holds now."
            )
        return "The data set has changed since the run was saved."


def reopen(workspace: Workspace, run: Run) -> Reopened:
    """Load the data of a run and make its router again, models and encoder as recorded.

    What labels decided is taken from the run: labels that came later change nothing of it.
    """
    settings, thresholds = state_of(run)
    dataset = load_dataset(
        workspace, run.dataset, run.numbers.get("encoder"), run.numbers.get("models")
    )
    fitted = fit(dataset.train.votes, dataset.train.vectors, settings, costs=dataset.costs)
    snapshot = take_snapshot(dataset, fitted, thresholds)
    router = replace(
        snapshot.router,
        labels=LabelRecord.from_dict(run.numbers.get("labels")),
        correction=_correction(fitted, run.numbers.get("correction")),
    )
    return Reopened(run, dataset, snapshot.routed_by(router))


def _correction(fitted: Fit, stored: Mapping[str, Any] | None) -> Correction | None:
    """The correction that a run was saved with, at the groups of its fit."""
    if stored is None:
        return None
    found = Rectifier(**{name: np.array(stored[name]) for name in _CORRECTED})
    return with_groups_of(fitted, found, draws=tuple(stored["draws"]), digest=str(stored["digest"]))


def as_json(run: Run) -> dict[str, Any]:
    """A run in JSON types."""
    return {**asdict(run), "created_at": run.created_at.isoformat()}
