"""Computed remedies: each proposal is tried out, and one that does not help is said not to help."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cascal.columns import Progress
from cascal.dataset.snapshot import Snapshot, compare, take_snapshot
from cascal.datatypes import NotApplicable
from cascal.diagnose.clusters import best_silhouettes, stability
from cascal.diagnose.finding import CHECKS
from cascal.diagnose.seconds import n_second_better
from cascal.evaluate import effective_number
from cascal.fit import fit
from cascal.intervals import Estimate
from cascal.score import usable_presets
from cascal.settings import (
    CLUSTERS,
    JOINING,
    PRESETS,
    ROUTINGS,
    TASKS_MEASURED,
    FitSettings,
    Thresholds,
)
from cascal.verdicts.payback import DEFAULT_TOLERANCE


@dataclass(frozen=True)
class Proposal:
    """Settings and thresholds to try; other settings than the present ones need a refit."""

    label: str
    settings: FitSettings
    thresholds: Thresholds


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a proposal did, beside what was.

    cured: the check passes now. gain: paired change of top-1 accuracy, None without gold.
    stability: adjusted Rand of half-sample fits, None where no task is split or it was not asked.
    dollars: per 1,000 queries before and after, nan where unknown. flips: how many of which
    queries are flipped. seconds: in how many clusters a second model is probably better, before and
    after, None where there is no second.
    """

    proposal: Proposal
    cured: bool
    clusters: int
    effective_models: float
    flipped: float
    gain: Estimate | None
    stability: float | None
    dollars: tuple[float, float] = (math.nan, math.nan)
    flips: str = ""
    seconds: tuple[int | None, int | None] = (None, None)

    @property
    def judgement(self) -> str:
        """helps, harms, does not help, or makes no proven difference – in these words."""
        if self.gain is not None and self.gain.high < 0:
            return "harms"
        if not self.cured:
            better = self.gain is not None and self.gain.low > 0
            return "more right answers, but no cure" if better else "does not help"
        if self.gain is not None and self.gain.low > 0:
            return "helps"
        return (
            "cures it, accuracy unknown"
            if self.gain is None
            else "cures it, no proven change of accuracy"
        )


def _joined(snapshot: Snapshot) -> list[Proposal]:
    """Stricter and looser joining, in the order of how much they join."""
    now = snapshot.router.thresholds
    return [
        Proposal(
            f"join clusters that share {name} of their best models",
            snapshot.fit.settings,
            replace(now, prune_jaccard=value),
        )
        for name, value in JOINING.items()
        if value is not None and (now.prune_jaccard is None or value < now.prune_jaccard)
    ]


def _fewer(snapshot: Snapshot) -> list[Proposal]:
    """Higher silhouette and merge distance."""
    now, settings = snapshot.router.thresholds, snapshot.fit.settings
    higher = [round(now.min_silhouette + step, 2) for step in (0.05, 0.15)]
    wider = [round(now.merge_distance + step, 2) for step in (0.1, 0.25)]
    return [
        *(
            Proposal(
                f"split only from silhouette {value:g}",
                settings,
                replace(now, min_silhouette=value),
            )
            for value in higher
            if value <= 1.0
        ),
        *(
            Proposal(
                f"merge clusters nearer than {value:g}",
                settings,
                replace(now, merge_distance=value),
            )
            for value in wider
            if value <= 2.0
        ),
    ]


def _merged_less(snapshot: Snapshot) -> list[Proposal]:
    """The default merge distance, where a larger one made clusters of what is not alike."""
    now, usual = snapshot.router.thresholds, Thresholds().merge_distance
    if now.merge_distance <= usual:
        return []
    label = f"merge only clusters nearer than {usual:g}"
    return [Proposal(label, snapshot.fit.settings, replace(now, merge_distance=usual))]


def _lower_silhouette(snapshot: Snapshot) -> list[Proposal]:
    known = [float(one) for one in best_silhouettes(snapshot.fit) if np.isfinite(one)]
    if not known:
        return []
    now = snapshot.router.thresholds
    values = sorted({float(np.floor(100 * one) / 100) for one in (np.median(known), max(known))})
    return [
        Proposal(
            f"split from silhouette {value:g}",
            snapshot.fit.settings,
            replace(now, min_silhouette=value),
        )
        for value in values
        if 0.0 <= value < now.min_silhouette
    ]


def _presets(snapshot: Snapshot) -> list[Proposal]:
    """The other presets that can be fitted, each with its own routing; tasks split as they are."""
    own, now = snapshot.fit.settings, replace(snapshot.router.thresholds, routing=None)
    return [
        Proposal(f"use the preset {name}", replace(PRESETS[name], clusters=own.clusters), now)
        for name in usable_presets(snapshot.dataset.train.votes)
        if name != own.preset_name
    ]


def _routed(*names: str) -> Callable[[Snapshot], list[Proposal]]:
    """Other ways to route, by name."""

    def make(snapshot: Snapshot) -> list[Proposal]:
        now = snapshot.router.thresholds
        return [
            Proposal(
                ROUTINGS[name].label,
                snapshot.fit.settings,
                replace(now, routing=ROUTINGS[name].routing),
            )
            for name in names
            if ROUTINGS[name].routing != snapshot.router.routing
        ]

    return make


def _unjoined(snapshot: Snapshot) -> list[Proposal]:
    now = snapshot.router.thresholds
    return [
        Proposal("do not join clusters", snapshot.fit.settings, replace(now, prune_jaccard=None))
    ]


def _clustered(by: str) -> Callable[[Snapshot], list[Proposal]]:
    """The same settings with skill clusters, or with one cluster a task."""

    def make(snapshot: Snapshot) -> list[Proposal]:
        settings = replace(snapshot.fit.settings, clusters=by)
        return [Proposal(f"use {CLUSTERS[by]}", settings, snapshot.router.thresholds)]

    return make


_THRESHOLDS_OF_CLUSTERS = (_joined, _fewer, _merged_less, _lower_silhouette, _unjoined)
"""What does nothing where each task is one cluster."""

REMEDIES: dict[str, tuple[Callable[[Snapshot], list[Proposal]], ...]] = {
    "CAS101": (_lower_silhouette, _presets),
    "CAS102": (_joined, _fewer, _clustered("task")),
    "CAS103": (_joined, _fewer, _clustered("task")),
    "CAS104": (_fewer, _joined, _clustered("task")),
    "CAS105": (_clustered("task"),),
    "CAS201": (_presets,),
    "CAS202": (
        _unjoined,
        _clustered("skills"),
        _routed("blend_without_bonus", "nearest"),
        _presets,
    ),
    "CAS204": (_presets,),
    "CAS205": (_joined, _fewer, _merged_less, _clustered("task")),
    "CAS302": (_presets,),
    "CAS401": (_routed("blend", "task_blend", "nearest"),),
    "CAS402": (_routed("late_fallback", "no_fallback"), _presets),
    "CAS403": (_routed("nearest", "task_blend"),),
    "CAS405": (_unjoined,),
    "CAS406": (_presets,),
}
"""What is worth trying for each issue that thresholds or settings can change."""

ADVICE: dict[str, str] = {
    "CAS105": TASKS_MEASURED,
    "CAS203": "No setting changes what the pool can do: add models of another kind, or ask one.",
    "CAS204": "Label the ten queries of the evidence: whoever is right there most often decides.",
    "CAS205": "Generate more queries of the unsure clusters; cascal quality DATASET --tasks-out "
    "more.yaml writes the task file for them.",
    "CAS206": "Label ten queries on which the models named as the best answer differently.",
    "CAS301": "The page Data shows who is unreadable; read some of the responses.",
    "CAS302": "Read some responses that were sure: is the log-probability that of the answer?",
    "CAS303": "Describe the tasks closer to what comes, with examples, and generate again.",
    "CAS304": "Keep what separates models; cascal filter does, Data shows what would stay.",
    "CAS305": "Drop repeated queries; test queries must not be among the training queries.",
    "CAS404": "Generate queries that look like those that come: examples in the task file help.",
}
"""What to do where no threshold helps, or besides."""


def proposals(code: str, snapshot: Snapshot) -> list[Proposal]:
    """What is worth trying for an issue; nothing where thresholds and settings cannot help."""
    idle = _THRESHOLDS_OF_CLUSTERS if snapshot.fit.settings.by_task else ()
    makers = [make for make in REMEDIES.get(code, ()) if make not in idle]
    found = [one for make in makers for one in make(snapshot)]
    return [
        one
        for one in found
        if (one.settings, one.thresholds) != (snapshot.fit.settings, snapshot.router.thresholds)
    ]


def proposals_of_clusters(snapshot: Snapshot) -> list[Proposal]:
    """Every threshold that makes other clusters of the same candidates; none by task."""
    makers = () if snapshot.fit.settings.by_task else _THRESHOLDS_OF_CLUSTERS
    found = [one for make in makers for one in make(snapshot)]
    return [one for one in found if one.thresholds != snapshot.router.thresholds]


def snapshot_of(snapshot: Snapshot, proposal: Proposal) -> Snapshot:
    """The state with a proposal in force; a refit where its settings differ."""
    fitted = snapshot.fit
    if proposal.settings != snapshot.fit.settings:
        train = snapshot.dataset.train
        fitted = fit(train.votes, train.vectors, proposal.settings, costs=snapshot.fit.costs)
    return take_snapshot(snapshot.dataset, fitted, proposal.thresholds)


def try_out(
    snapshot: Snapshot, code: str, proposal: Proposal, *, with_stability: bool = False
) -> Effect:
    """Build the router of a proposal (refit where its settings differ) and look at it again."""
    now = snapshot_of(snapshot, proposal)
    cured, stable = CHECKS[code].find(now).section != "issue", None
    if with_stability:
        try:
            stable = stability(now)
        except NotApplicable:
            stable = None
    return effect_of(snapshot, now, proposal, cured=cured, stable=stable)


def effect_of(
    snapshot: Snapshot, now: Snapshot, proposal: Proposal, *, cured: bool, stable: float | None
) -> Effect:
    """What a proposal changed: snapshot before it, now with it in force."""
    change = compare(snapshot, now)
    return Effect(
        proposal=proposal,
        cured=cured,
        clusters=len(now.router.clusters),
        effective_models=effective_number(now.share),
        flipped=change.flipped_share,
        gain=change.gain,
        stability=stable,
        dollars=(snapshot.cost.routed, now.cost.routed),
        flips=change.flips,
        seconds=(n_second_better(snapshot), n_second_better(now)),
    )


def try_all(snapshot: Snapshot, code: str, progress: Progress | None = None) -> list[Effect]:
    """Every proposal for an issue, tried out; what helps first."""
    wanted = proposals(code, snapshot)
    found = []
    for at, proposal in enumerate(wanted):
        if progress is not None:
            progress(at / len(wanted), f"Trying: {proposal.label}")
        found.append(try_out(snapshot, code, proposal, with_stability=code == "CAS104"))
    return sorted(found, key=what_helps_first)


NO_HELP = ("does not help", "harms")
"""The judgements of what is not worth applying."""
_RANK = {"helps": 0, "more right answers, but no cure": 2, "does not help": 3, "harms": 4}
"""Places of the judgements; a cure without proven gain has the place between."""


def loses_little(effect: Effect) -> bool:
    """Whether it is shown to lose no more right answers than are tolerated; True without gold."""
    return effect.gain is None or effect.gain.low >= -DEFAULT_TOLERANCE


def what_helps_first(effect: Effect) -> tuple[int, bool, float, float]:
    """Sorts effects: what helps before what does not, then what is shown to lose little.

    Then by the larger gain, then by fewer flips.
    """
    gain = effect.gain.value if effect.gain else 0.0
    return _RANK.get(effect.judgement, 1), not loses_little(effect), -gain, effect.flipped


def best_cure(effects: Sequence[Effect]) -> Effect | None:
    """The one to apply: of those that cure and do no proven harm the first by `what_helps_first`.

    None where nothing cures it.
    """
    cures = [one for one in effects if one.cured and one.judgement not in NO_HELP]
    return min(cures, key=what_helps_first, default=None)
