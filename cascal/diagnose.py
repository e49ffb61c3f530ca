"""What a reader should know before trusting the numbers, a sentence each."""

from __future__ import annotations

import numpy as np

from cascal.concordance import skill_alignment
from cascal.study import Snapshot, Study

DOMINANT_SHARE = 0.9
"""One model with this share of the queries: the router is close to a constant."""
UNREADABLE_SHARE = 0.05
MIN_QUERIES = 20
"""Rates from fewer queries are noise more than signal."""


def findings(study: Study, snapshot: Snapshot) -> list[str]:
    """What a reader should know before trusting the numbers, a sentence each."""
    router, notes = snapshot.router, list(snapshot.router.notes)
    part = study.test if study.test is not None else study.train
    first = int(np.argmax(snapshot.share))
    if len(router.models) > 1 and snapshot.share[first] >= DOMINANT_SHARE:
        notes.append(
            f"{router.models[first]} gets {snapshot.share[first]:.0%} of the queries: the router "
            "is close to always asking one model."
        )
    known = np.isfinite(part.votes.logprobs) & part.votes.answered
    if part.votes.answered.any() and not known.any():
        notes.append(
            "There are no log-probabilities: confidences cannot break ties between answers."
        )
    if part.silent_models:
        notes.append(
            f"Only right or wrong is known of {', '.join(part.silent_models)}: they can be "
            "evaluated, but they cannot vote and are never routed to without labels."
        )
    unreadable = 1.0 - part.votes.answered.sum() / max(1, part.votes.asked.sum())
    if unreadable >= UNREADABLE_SHARE:
        notes.append(f"{unreadable:.0%} of the responses hold no readable answer; they never vote.")
    if any(study.train.skills):
        alignment = skill_alignment(router.clusters.assignment, study.train.skills)
        notes.append(
            f"The training queries carry {len(alignment.skills)} known skills: the clusters match "
            f"them with a mean best-match Jaccard of {alignment.mean:.2f} (the paper's target is "
            "0.70). Joining clusters that share their best models lowers it by design."
        )
    thin = int((router.clusters.sizes < MIN_QUERIES).sum())
    if thin:
        notes.append(f"{thin} clusters hold fewer than {MIN_QUERIES} training queries.")
    return notes
