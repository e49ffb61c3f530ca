"""CAS3xx: can the answers be read, do confidences mean something, are the queries any good?"""

from __future__ import annotations

import numpy as np

from cascal.compare.drift import MMD_TARGET
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import BoolArray, FloatArray, NotApplicable, Votes
from cascal.diagnose.evidence import Evidence, largest, largest_tasks
from cascal.diagnose.finding import check
from cascal.diagnose.quality import repeats, training_quality

UNREADABLE_SHARE, UNREADABLE_OF_MODEL = 0.05, 0.15
MIN_AUC = 0.55
"""Chance that an agreeing vote is more confident than a disagreeing one; 0.5 is no relation."""
MIN_SEPARATING = 0.5
DUPLICATE_SHARE, LEAKED_SHARE = 0.05, 0.01


def _missing(votes: Votes) -> tuple[BoolArray, FloatArray]:
    """(Q, M) what was asked of models that answer anything; (M,) share of it without an answer.

    nan for a model that answers nothing: it takes no part.
    """
    asked = votes.asked & votes.answered.any(axis=0)
    counts = asked.sum(axis=0)
    missing = (asked & ~votes.answered).sum(axis=0)
    return asked, np.divide(missing, counts, out=np.full(len(counts), np.nan), where=counts > 0)


def _unreadable(snapshot: Snapshot) -> Evidence:
    votes = snapshot.dataset.train.votes
    shares = _missing(votes)[1].tolist()
    return largest("share without a readable answer", votes.models, shares, UNREADABLE_OF_MODEL)


@check(
    "CAS301",
    "Unreadable answers",
    f"Less than {UNREADABLE_SHARE:.0%} of the responses hold no readable answer.",
    _unreadable,
)
def unreadable(snapshot: Snapshot) -> str | None:
    """Responses without an answer, overall and of the worst model."""
    votes = snapshot.dataset.train.votes
    asked, of_model = _missing(votes)
    if not asked.any():
        raise NotApplicable("No model gave any answer.", code="no-answers")
    share = (asked & ~votes.answered).sum() / asked.sum()
    worst = int(np.nanargmax(of_model))
    if share < UNREADABLE_SHARE and of_model[worst] < UNREADABLE_OF_MODEL:
        return None
    return (
        f"{share:.1%} of the responses hold no readable answer, {of_model[worst]:.0%} of those of "
        f"{votes.models[worst]}: they never vote, and count as wrong. Read some of them: the "
        "prompt or the reader may be at fault, not the model."
    )


def mean_ranks(values: FloatArray) -> FloatArray:
    """(n,) ranks from 1; equal values share the mean of their ranks."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[place])


def confidence_auc(snapshot: Snapshot) -> FloatArray:
    """(M,) chance that a vote with the consensus is more confident than one against it; nan."""
    votes = snapshot.dataset.train.votes
    agrees = votes.answers == snapshot.fit.consensus_answers[:, None]
    found = np.full(len(votes.models), np.nan)
    for m in range(len(votes.models)):
        known = votes.answered[:, m] & np.isfinite(votes.logprobs[:, m])
        yes, no = known & agrees[:, m], known & ~agrees[:, m]
        if yes.sum() and no.sum():
            ranks = mean_ranks(votes.logprobs[known, m])
            sums = ranks[agrees[known, m]].sum() - yes.sum() * (yes.sum() + 1) / 2
            found[m] = sums / (yes.sum() * no.sum())
    return found


def _confidence(snapshot: Snapshot) -> Evidence:
    models, auc = snapshot.dataset.train.votes.models, confidence_auc(snapshot).tolist()
    return largest("confident when agreeing (AUC)", models, auc, MIN_AUC)


@check(
    "CAS302",
    "No confidence signal",
    "Log-probabilities are there, and confident votes agree with the consensus more often.",
    _confidence,
)
def unconfident(snapshot: Snapshot) -> str | None:
    """Are there log-probabilities, and are they related to agreement?"""
    votes = snapshot.dataset.train.votes
    if not votes.answered.any():
        raise NotApplicable("No model gave any answer.", code="no-answers")
    known = votes.confident
    if not known.any():
        return (
            f"None of the {int(votes.answered.sum()):,} votes has a log-probability: 'paper' "
            "cannot be used, every vote weighs the same in 'released', and ties between answers go "
            "to the better-ranked model. 'recommended' does not need them."
        )
    auc = confidence_auc(snapshot)
    if not np.isfinite(auc).any():
        raise NotApplicable(
            "No model both agrees and disagrees with known confidence.", code="nothing-to-compare"
        )
    mean = float(np.nanmean(auc))
    if mean >= MIN_AUC:
        return None
    return (
        f"Confidence hardly tells agreement from disagreement: a vote with the consensus is the "
        f"more confident one in {mean:.0%} of the pairs (rule: {MIN_AUC:.0%}). Presets that weigh "
        "by confidence weigh by noise."
    )


@check("CAS303", "Generated queries drift", f"MMD to the test queries is below {MMD_TARGET}.")
def drifted(snapshot: Snapshot) -> str | None:
    """Distance between the vectors of training and test queries."""
    drift = training_quality(snapshot.dataset).drift
    if drift is None:
        raise NotApplicable("There are no test queries to compare with.", code="no-test-queries")
    if drift.mmd < MMD_TARGET:
        return None
    return (
        f"The training queries lie at MMD {drift.mmd:.2f} from the test queries (rule: below "
        f"{MMD_TARGET}): skills are learnt on other questions than those that come. Describe the "
        "tasks closer to them, with examples."
    )


@check(
    "CAS304",
    "Queries do not discriminate",
    f"On at least {MIN_SEPARATING:.0%} of the training queries the models disagree.",
)
def easy(snapshot: Snapshot) -> str | None:
    """Queries that all models answer alike say nothing about who is better."""
    separating = training_quality(snapshot.dataset).separating
    if separating >= MIN_SEPARATING:
        return None
    return (
        f"Only {separating:.0%} of the training queries separate the models: the rest say nothing "
        "about who is better. Filter them (cascal filter), or ask the generator for harder ones."
    )


def _repeats(snapshot: Snapshot) -> Evidence:
    twice = repeats(snapshot.dataset)
    tasks = snapshot.dataset.train.votes.tasks[: len(twice)]
    return largest_tasks("share that repeats an earlier query", tasks, twice, DUPLICATE_SHARE)


@check(
    "CAS305",
    "Duplicates or leakage",
    f"Less than {DUPLICATE_SHARE:.0%} of the training queries repeat another, and less than "
    f"{LEAKED_SHARE:.0%} repeat a test query.",
    _repeats,
)
def repeated(snapshot: Snapshot) -> str | None:
    """Queries that are in there twice, or in the test set too; near ones by their vectors."""
    found = training_quality(snapshot.dataset)
    n = max(1, found.n_compared)
    twice, leaked = found.near_duplicates / n, found.near_leaked / n
    if twice < DUPLICATE_SHARE and leaked < LEAKED_SHARE:
        return None
    return (
        f"{twice:.1%} of the training queries as good as repeat an earlier one "
        f"({found.duplicates:,} word for word), {leaked:.1%} a test query ({found.leaked:,} word "
        "for word): rankings count some questions twice, accuracies flatter."
    )
