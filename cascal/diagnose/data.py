"""CAS3xx: can the answers be read, do confidences mean something, are the queries any good?"""

from __future__ import annotations

import numpy as np

from cascal.compare.drift import MMD_TARGET
from cascal.consensus.confidence import ALARMING_SHARE
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import BoolArray, FloatArray, NotApplicable, Votes
from cascal.diagnose.evidence import Evidence, largest
from cascal.diagnose.finding import check
from cascal.diagnose.quality import training_quality
from cascal.doubts import TITLES
from cascal.doubts.confidences import confidences, surer_where_wrong, without_signal
from cascal.doubts.measure import Look, Measure, look_at, look_twice
from cascal.number_format import decimal, percent

UNREADABLE_SHARE, UNREADABLE_OF_MODEL = 0.05, 0.15
MIN_SEPARATING = 0.5


def missing(votes: Votes) -> tuple[BoolArray, FloatArray]:
    """(Q, M) what was asked of models that answer anything; (M,) share of it without an answer.

    nan for a model that answers nothing: it takes no part.
    """
    asked = votes.asked & votes.answered.any(axis=0)
    counts = asked.sum(axis=0)
    n_missing = (asked & ~votes.answered).sum(axis=0)
    return asked, np.divide(n_missing, counts, out=np.full(len(counts), np.nan), where=counts > 0)


def _unreadable(snapshot: Snapshot) -> Evidence:
    votes = snapshot.dataset.train.votes
    shares = missing(votes)[1].tolist()
    return largest("share without a readable answer", votes.models, shares, UNREADABLE_OF_MODEL)


@check(
    "CAS301",
    "Unreadable answers",
    f"Less than {percent(UNREADABLE_SHARE)} of the responses hold no readable answer.",
    _unreadable,
)
def unreadable(snapshot: Snapshot) -> Look:
    """Responses without an answer, overall and of the worst model."""
    votes = snapshot.dataset.train.votes
    asked, of_model = missing(votes)
    if not asked.any():
        raise NotApplicable("No model gave any answer.", code="no-answers")
    share = float((asked & ~votes.answered).sum() / asked.sum())
    worst = int(np.nanargmax(of_model))
    model, most = votes.models[worst], float(of_model[worst])
    return look_at(
        Measure(name="Unreadable responses", value=share, rule=UNREADABLE_SHARE),
        Measure(name=f"Those of {model}", value=most, rule=UNREADABLE_OF_MODEL),
        issue=lambda: (
            f"{percent(share, 1)} of the responses hold no readable answer, {percent(most)} of "
            "those of "
            f"{model}: they never vote, and count as wrong. Read some of them: the prompt or the "
            "reader may be at fault, not the model."
        ),
    )


def _slopes(snapshot: Snapshot) -> Evidence:
    learnt, models = confidences(snapshot.fit), snapshot.fit.models
    heard = np.flatnonzero(np.isfinite(learnt.slope))
    order = heard[np.argsort(-learnt.slope[heard], kind="stable")].tolist()
    return Evidence(
        "surer where the votes call it right, in standard deviations",
        tuple(models[m] for m in order),
        tuple(float(learnt.slope[m]) for m in order),
        errors=tuple(float(learnt.slope_error[m]) for m in order),
        table=tuple(
            {
                "model": models[m],
                "log-probabilities": int(learnt.n_known[m]),
                "slope": round(float(learnt.slope[m]), 3),
                "standard error": round(float(learnt.slope_error[m]), 3),
            }
            for m in order
        ),
    )


@check(
    "CAS302",
    TITLES["CAS302"],
    f"At least {percent(ALARMING_SHARE)} of the models are surer where the votes call them "
    "right, and "
    f"fewer than {percent(ALARMING_SHARE)} where they call them wrong.",
    _slopes,
)
def unconfident(snapshot: Snapshot) -> Look:
    """Slope of each model's confidence on being right by the votes alone."""
    return look_twice(surer_where_wrong(snapshot.fit), without_signal(snapshot.fit))


@check("CAS303", "Generated queries drift", f"MMD to the test queries is below {MMD_TARGET}.")
def drifted(snapshot: Snapshot) -> Look:
    """Distance between the vectors of training and test queries."""
    drift = training_quality(snapshot.dataset).drift
    if drift is None:
        raise NotApplicable("There are no test queries to compare with.", code="no-test-queries")
    mmd = drift.mmd
    return look_at(
        Measure(name="MMD to the test queries", value=mmd, rule=MMD_TARGET, share=False),
        issue=lambda: (
            f"The training queries lie at MMD {decimal(mmd, 2)} from the test queries (rule: below "
            f"{MMD_TARGET}): skills are learnt on other questions than those that come. Describe "
            "the tasks closer to them, with examples."
        ),
    )


@check(
    "CAS304",
    "Queries do not discriminate",
    f"On at least {percent(MIN_SEPARATING)} of the training queries not all models answer alike.",
)
def easy(snapshot: Snapshot) -> Look:
    """Queries that all models answer alike say nothing about who is better."""
    separating = training_quality(snapshot.dataset).separating
    name, least = "Queries that not all models answer alike", MIN_SEPARATING
    return look_at(
        Measure(name=name, value=separating, rule=least, holds_if="at least"),
        issue=lambda: (
            f"Only on {percent(separating)} of the training queries not all models answer alike: "
            "the rest say nothing about who is better. Filter them (cascal filter), or ask the "
            "generator for harder ones."
        ),
    )
