"""Are models surer where the consensus of the votes calls them right?"""

from __future__ import annotations

import numpy as np

from cascal.computing.remembered import remembered
from cascal.consensus.confidence import ALARMING_SHARE, MIN_KNOWN, inverted, listening_consensus
from cascal.consensus.expectation_maximisation import ConsensusHere
from cascal.consensus.latent import find_slots
from cascal.datatypes import NotApplicable
from cascal.doubts.measure import Look, Measure, look_at
from cascal.fit import Fit
from cascal.number_format import agreeing, counted, decimal, percent
from cascal.results import Learnt


@remembered
def _learnt(fitted: Fit) -> Learnt:
    """What the fit learnt; learnt here from the same votes where its consensus learns nothing."""
    learnt = fitted.scores.learnt
    if learnt is None:
        votes = fitted.votes
        slots = find_slots(votes.answers, votes.option_counts)
        groups = fitted.groups
        if groups is None:
            groups = np.zeros(len(votes.query_ids), dtype=np.int64)
        _, learnt = listening_consensus(ConsensusHere(slots, groups), votes.logprobs)
    return learnt.take(fitted.caller_models)


def confidences(fitted: Fit) -> Learnt:
    """How much surer each model is where the votes call it right, in the caller's order of models.

    Works for every preset. NotApplicable where there are no log-probabilities, or too few.
    """
    votes = fitted.votes
    if not votes.answered.any():
        raise NotApplicable("No model gave any answer.", code="no-answers")
    if not votes.confident.any():
        raise NotApplicable(
            f"None of the {counted(int(votes.answered.sum()), 'vote')} has a log-probability. "
            "'paper' cannot be used; the other presets do without.",
            code="needs-log-probabilities",
        )
    learnt = _learnt(fitted)
    if not np.isfinite(learnt.slope).any():
        raise NotApplicable(
            f"No model has {MIN_KNOWN} log-probabilities with different values.",
            code="too-little-data",
        )
    return learnt


def surer_where_wrong(fitted: Fit) -> Look:
    """What CAS302 says of inverted confidences: either they are inverted, or the consensus is."""
    learnt = confidences(fitted)
    n_heard, wrong = _n_heard(learnt), int(inverted(learnt).sum())
    worst = int(np.nanargmin(learnt.slope))
    return look_at(
        Measure(name="Models surer where called wrong", value=wrong / n_heard, rule=ALARMING_SHARE),
        issue=lambda: (
            f"{wrong} of {counted(n_heard, 'model')} {agreeing(wrong, 'is', 'are')} surer where "
            f"the votes of all call them wrong ({fitted.models[worst]} by "
            f"{decimal(-learnt.slope[worst], 2)} ± {decimal(learnt.slope_error[worst], 2)} "
            f"standard deviations; rule: fewer than {percent(ALARMING_SHARE)} of the models): "
            "either their confidences are inverted, or the consensus is."
        ),
    )


def without_signal(fitted: Fit) -> Look:
    """What CAS302 says of confidences that follow nothing."""
    learnt = confidences(fitted)
    n_heard, right = _n_heard(learnt), int((learnt.slope > 2.0 * learnt.slope_error).sum())
    name, least = "Models surer where called right", ALARMING_SHARE
    return look_at(
        Measure(name=name, value=right / n_heard, rule=least, holds_if="at least"),
        issue=lambda: (
            f"Only {right} of {counted(n_heard, 'model')} {agreeing(right, 'is', 'are')} surer "
            "where the votes of all call them right, beyond two standard errors (rule: "
            f"{percent(least)} or more): a preset that weighs by confidence weighs by noise."
        ),
    )


def _n_heard(learnt: Learnt) -> int:
    return int(np.isfinite(learnt.slope).sum())
