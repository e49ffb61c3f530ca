"""The experiment that asks whether the light without labels is right, where labels can tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cascal.columns import Progress
from cascal.compare.experiments.report import Column, Report, with_interval
from cascal.compare.experiments.request import Request
from cascal.compare.experiments.routers import splits_of
from cascal.dataset.part import Part
from cascal.datatypes import FloatArray
from cascal.doubts import find_doubts
from cascal.fit import fit
from cascal.intervals import Estimate, estimate, mean_rows
from cascal.number_format import counted
from cascal.provenance import stamp
from cascal.score import usable_presets
from cascal.settings import FitSettings
from cascal.verdicts.constant import Constant, choose_constant, join_constants
from cascal.verdicts.light import Light, State, half_fits, traffic_light
from cascal.verdicts.verdict import decide


def verdicts(request: Request) -> Report:
    """For every preset: the light without labels, the verdict with them, and was the light right?

    Right means that the router really gains over the model that the models like best where the
    light says "agree", and does not where it says "disagree"; "unsure" is neither right nor wrong.
    With several splits the light is cross-fitted in each.
    """
    names = usable_presets(request.dataset.train.votes)
    rows = []
    for at, name in enumerate(names):
        settings = FitSettings.preset(name)
        progress = request.between(at / len(names), (at + 1) / len(names))
        rows.append(_verdict_row(request, settings, progress))
    right, sure, n = (
        sum(int(row[key]) for row in rows) for key in ("n_right", "n_sure", "n_splits")
    )
    return Report(
        experiment="verdicts",
        question="Is the light without labels right, where labels can tell?",
        datasets=request.names,
        sentence=f"The light was sure in {sure} of {counted(n, 'case')} (presets × splits), and "
        f"right in {right} of these.",
        target="where it is sure, right more often than not for every preset",
        passed=all(2 * row["n_right"] > row["n_sure"] for row in rows if row["n_sure"])
        if sure
        else None,
        columns=(
            Column("preset", "Preset"),
            Column("light", "Light, without labels"),
            Column("doubts", "Doubts"),
            Column("liked_gain", "Gain over the model liked best", "points"),
            Column("n_right", "Light right", "count"),
            Column("n_sure", "of", "count"),
            Column("verdict", "Verdict, with labels"),
            Column("gain", "True gain", "points"),
            Column("constant", "Over always asking"),
            Column("n_splits", "Splits", "count"),
        ),
        rows=tuple(rows),
        simulated=request.simulated,
        fingerprints=request.fingerprints,
        **stamp(request.settings, request.thresholds),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Judged:
    """The light of a split, beside what gold answers say.

    gain, liked_gain : of each test query over the constant and over the model liked best
    """

    light: Light
    query_ids: tuple[str, ...]
    constant: Constant
    gain: FloatArray
    liked_gain: FloatArray

    @property
    def right(self) -> bool | None:
        """Whether gold answers bear the light out; None where it is unsure."""
        return self.light.is_right(float(np.nanmean(self.liked_gain)))


def _judge(train: Part, test: Part, settings: FitSettings, request: Request) -> _Judged:
    fitted = fit(train.votes, train.vectors, settings)
    halves = half_fits(train.votes, train.vectors, settings, seed=request.seed)
    light = traffic_light(halves, request.thresholds, find_doubts(fitted, halves))
    router = fitted.router(request.thresholds)
    result = test.evaluation(router.route(test.vectors))
    constant = choose_constant(router.models, by_labels=train.best_constant, result=result)
    right = result.model_right
    return _Judged(
        light=light,
        query_ids=test.votes.query_ids,
        constant=constant,
        gain=result.top1_right - right[:, constant.model],
        liked_gain=result.top1_right - right[:, router.best_overall],
    )


def _mean_gain(judged: Sequence[_Judged], name: str) -> Estimate:
    """A gain over several splits, each query with its mean over the splits that test it."""
    of_split = [dict(zip(one.query_ids, getattr(one, name), strict=True)) for one in judged]
    ids = sorted({one for gains in of_split for one in gains})
    return estimate(
        mean_rows([np.array([gains.get(one, np.nan) for one in ids]) for gains in of_split])
    )


def _verdict_row(request: Request, settings: FitSettings, progress: Progress) -> dict[str, Any]:
    pairs = splits_of(request)
    judged = []
    for at, (train, test) in enumerate(pairs):
        progress(at / len(pairs), f"Cross-fitting {settings.name}")
        judged.append(_judge(train, test, settings, request))
    gain, against = _mean_gain(judged, "gain"), join_constants([one.constant for one in judged])
    sure = [one.right for one in judged if one.right is not None]
    codes = Counter(doubt.code for one in judged for doubt in one.light.doubts)
    return {
        "preset": settings.name,
        "light": _states([one.light.light for one in judged]),
        "doubts": ", ".join(sorted(codes)),
        "verdict": decide(gain, against).light,
        "constant": against.name,
        "n_right": sum(sure),
        "n_sure": len(sure),
        "n_splits": len(judged),
        **with_interval("gain", gain),
        **with_interval("liked_gain", _mean_gain(judged, "liked_gain")),
    }


def _states(states: Sequence[State]) -> str:
    """The state of one split, or how often each occurs among several."""
    if len(states) == 1:
        return states[0]
    counts = Counter(states).most_common()
    return ", ".join(f"{state} in {n}" for state, n in counts) + f" of {len(states)}"
