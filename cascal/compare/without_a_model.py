"""What would be different without one model?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cascal.columns import Progress
from cascal.dataset.part import Part
from cascal.datatypes import NotApplicable
from cascal.fit import Fit, fit
from cascal.intervals import Estimate, estimate
from cascal.number_format import counted
from cascal.rank import tau_b
from cascal.settings import Thresholds


@dataclass(frozen=True)
class Removal:
    """What happens without one model. Losses are with it minus without it, None without gold.

    tau: Kendall τ-b between the consensus rankings of the *other* models with and without it;
    below 1 the consensus about them hung on this model. share: of the queries it got first.
    """

    model: str
    share: float
    top1_loss: Estimate | None
    vote_loss: Estimate | None
    tau: float


def leave_one_out(
    training: Part,
    test: Part | None,
    fitted: Fit,
    thresholds: Thresholds,
    *,
    progress: Progress | None = None,
) -> list[Removal]:
    """Refit without each model in turn and route the same test queries again.

    The paper's target: removing any model costs less than 5 points of the vote of three.
    NotApplicable below 3 models.
    """
    models = fitted.models
    if len(models) < 3:
        raise NotApplicable(
            f"Removing one of {counted(len(models), 'model')} leaves nothing to route.",
            code="too-little-data",
        )
    whole = fitted.router(thresholds)
    routed = whole.route((test or training).vectors)
    share = np.bincount(routed.selected[:, 0], minlength=len(models)) / max(1, len(routed))
    before = (
        test.evaluation(whole.route(test.vectors)) if test is not None and test.has_gold else None
    )
    found = []
    for at, model in enumerate(models):
        if progress is not None:
            progress(at / len(models), f"Fitting without {model}")
        rest = [name for name in models if name != model]
        part = training.with_models(rest)
        costs = None if fitted.costs is None else np.delete(fitted.costs, at)
        router = fit(part.votes, part.vectors, fitted.settings, costs=costs).router(thresholds)
        others = np.array([models.index(name) for name in rest])
        tau = float(tau_b(whole.rankings.overall[others], router.rankings.overall)[0])
        top1 = vote = None
        if before is not None and test is not None:
            remaining = test.with_models(rest)
            after = remaining.evaluation(router.route(remaining.vectors))
            top1 = estimate(before.top1_right - after.top1_right)
            vote = estimate(before.top3_vote_right - after.top3_vote_right)
        found.append(Removal(model, float(share[at]), top1, vote, tau))
    return found
