"""What the consensus learnt about each model's confidence, as a frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cascal.consensus.confidence import inverted
from cascal.number_format import counted, decimal
from cascal.results import Learnt
from cascal.routing.leads import Z95


def learnt_frame(learnt: Learnt, models: Sequence[str]) -> pd.DataFrame:
    """One row a model, the most telling confidence first: slope with its 95 % interval, and uses.

    mean, low, high in standard deviations of the model's own log-probabilities; models whose
    log-probabilities do not count are left out.
    """
    heard = np.flatnonzero(np.isfinite(learnt.slope))
    order = heard[np.argsort(-learnt.slope[heard], kind="stable")]
    margin = Z95 * learnt.slope_error[order]
    return pd.DataFrame(
        {
            "model": [models[model] for model in order],
            "mean": learnt.slope[order],
            "low": learnt.slope[order] - margin,
            "high": learnt.slope[order] + margin,
            "used": learnt.rise[order],
            "easiness": learnt.easiness[order],
            "variance": learnt.variance[order],
            "known": learnt.n_known[order],
            "inverted": inverted(learnt)[order],
        }
    )


def confidence_sentence(learnt: Learnt | None) -> str:
    """What all of it means, in one or two sentences."""
    if learnt is None:
        return "The consensus of this preset learns nothing about confidences."
    alpha, likeliest = learnt.concentration, learnt.likeliest_concentration
    mistakes = (
        f"Wrong votes are taken to fall for shared mistakes (α = {decimal(alpha, 2)}; the votes "
        f"alone say {decimal(likeliest, 2)})."
        if alpha < 0.3
        else "Wrong votes scatter here, and this is taken into account "
        f"(α = {decimal(alpha, 2)}; the votes alone say {decimal(likeliest, 2)})."
    )
    heard = int(np.isfinite(learnt.slope).sum())
    if not heard:
        return f"{mistakes} No log-probability counts: the votes alone decide."
    used = int((learnt.rise > 0).sum())
    return (
        f"{mistakes} Log-probabilities count for {used} of {counted(len(learnt.slope), 'model')}: "
        "those that are surer where the votes call them right."
    )
