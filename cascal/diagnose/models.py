"""CAS2xx: do the rankings mean something, and does the pool offer a choice?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from cascal.compare.gold_agreement import GoldAgreement, gold_agreement, gold_agreements, tau_b
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import NotApplicable
from cascal.diagnose.evidence import MOST, Evidence, largest
from cascal.diagnose.finding import check
from cascal.diagnose.quality import SURE, cluster_needs
from cascal.evaluate import effective_number
from cascal.score import consensus_scores

DOMINANT_SHARE = 0.9
"""One model with this share of the queries: the router is close to a constant."""
MIN_EFFECTIVE = 1.25
SAME_ANSWERS = 0.9
"""Mean pairwise agreement from which the models count as one."""
MIN_ORACLE_GAIN = 0.03
"""Share of the queries on which another model than the best is right and the best is not."""
FAMILY_RATIO, FAMILY_P, FAMILY_MIN = 2.0, 1e-6, 20
"""A pair shares rejected answers this many times more often than expected, beyond chance."""
NOISE_SHARE = 0.5
OPPOSITE = 0.0
"""Kendall τ below which two rankings contradict each other."""
MIN_SPLIT_TAU = 0.5
"""Kendall τ between rankings of two halves below which they say little."""


def _agreements(snapshot: Snapshot) -> list[GoldAgreement]:
    """Kendall τ of consensus and gold answers in each cluster with enough queries."""
    return gold_agreements(
        snapshot.fit.consensus,
        snapshot.dataset.gold_test.right,
        snapshot.router.clusters.assignment,
        snapshot.routes("test").cluster,
        [f"cluster {c}" for c in range(len(snapshot.router.clusters))],
    )


def _taus(snapshot: Snapshot) -> Evidence:
    found = _agreements(snapshot)
    taus = [one.tau.value for one in found]
    return largest("Kendall τ with gold", [one.scope for one in found], taus, OPPOSITE)


@check(
    "CAS201",
    "Rankings contradict validation",
    "Consensus ranks the models in the same sense as gold answers (or as its own halves) do.",
    _taus,
)
def contradicted(snapshot: Snapshot) -> str | None:
    """Kendall τ of consensus and gold; without gold: split halves, and each model left out."""
    test = snapshot.dataset.test
    if test is None or not test.has_gold:
        return _contradicts_itself(snapshot)
    overall = gold_agreement("all", snapshot.fit.consensus, test.right).tau
    if overall.value < OPPOSITE:
        return (
            f"Consensus ranks the models against the gold answers: Kendall τ {overall.value:.2f} "
            f"[{overall.low:.2f}, {overall.high:.2f}]. What is called best is worst; do not route "
            "by it."
        )
    per_cluster = _agreements(snapshot)
    against = [one for one in per_cluster if one.tau.high < OPPOSITE]
    if not against:
        return None
    worst = min(against, key=lambda one: one.tau.value)
    return (
        f"In {len(against)} of {len(per_cluster)} clusters the ranking certainly contradicts the "
        f"gold answers ({worst.scope}: τ {worst.tau.value:.2f} [{worst.tau.low:.2f}, "
        f"{worst.tau.high:.2f}])."
    )


def _contradicts_itself(snapshot: Snapshot) -> str | None:
    if len(snapshot.fit.models) < 3:
        raise NotApplicable("Rankings of two models can only agree or not.", code="too-little-data")
    one, other = (np.nan_to_num(half.consensus, nan=0.0).mean(axis=0) for half in snapshot.halves)
    split = float(tau_b(one, other)[0])
    worst, model = min(_without_each(snapshot))
    if split >= MIN_SPLIT_TAU and worst >= OPPOSITE:
        return None
    return (
        f"Without gold answers: rankings of two halves agree with τ {split:.2f}, and without "
        f"{model} the other models rank with τ {worst:.2f} to what they were. Such a ranking says "
        "little."
    )


def _without_each(snapshot: Snapshot) -> list[tuple[float, str]]:
    """τ of the other models' consensus ranking with and without each model."""
    votes, n_models = snapshot.fit.votes, len(snapshot.fit.votes.models)
    overall = snapshot.fit.scores.filled.mean(axis=0)
    found = []
    for left_out in range(n_models):
        rest = np.array([m for m in range(n_models) if m != left_out])
        part = votes.take(np.arange(len(votes.query_ids)), rest)
        scores = consensus_scores(part, snapshot.fit.settings.consensus, snapshot.fit.groups)
        tau = float(tau_b(overall[rest], scores.filled.mean(axis=0))[0])
        found.append((tau, votes.models[left_out]))
    return found


def _shares(snapshot: Snapshot) -> Evidence:
    shares = snapshot.share.tolist()
    return largest("share of the queries", snapshot.router.models, shares, DOMINANT_SHARE)


@check(
    "CAS202", "One model always wins", "The queries are spread over more than one model.", _shares
)
def collapsed(snapshot: Snapshot) -> str | None:
    """Share of the routed queries that the most frequent first model gets."""
    models = snapshot.router.models
    if len(models) == 1:
        raise NotApplicable("There is only one model.", code="too-little-data")
    share = snapshot.share
    first, effective = int(np.argmax(share)), effective_number(share)
    if share[first] < DOMINANT_SHARE and effective >= MIN_EFFECTIVE:
        return None
    return (
        f"{models[first]} gets {share[first]:.0%} of the queries (effective number of models "
        f"{effective:.2f} of {len(models)}, {snapshot.n_models_in_use} get any): the router "
        "is close to always asking one model, and costs more than that."
    )


@check("CAS203", "The pool has no diversity", "Models differ enough for a choice to matter.")
def uniform(snapshot: Snapshot) -> str | None:
    """Mean pairwise agreement; with gold, what the best choice could gain at all."""
    votes = snapshot.dataset.train.votes
    n_models = len(votes.models)
    if n_models < 2:
        raise NotApplicable("There is only one model.", code="too-little-data")
    answered = votes.answered
    same = both = 0
    for m in range(n_models - 1):
        pair = answered[:, [m]] & answered[:, m + 1 :]
        both += int(pair.sum())
        same += int((pair & (votes.answers[:, [m]] == votes.answers[:, m + 1 :])).sum())
    if not both:
        raise NotApplicable("No two models answered the same query.", code="nothing-to-compare")
    if same / both >= SAME_ANSWERS:
        return (
            f"Two models give the same answer in {same / both:.0%} of the queries: whichever is "
            "asked hardly matters. Add models of another kind, or ask harder queries."
        )
    test = snapshot.dataset.test
    if test is None or not test.has_gold or snapshot.evaluation is None:
        return None
    constant = snapshot.constant
    right = np.nan_to_num(snapshot.evaluation.model_right, nan=0.0)
    gain = float((right.max(axis=1) - right[:, constant.model]).mean())
    if gain >= MIN_ORACLE_GAIN:
        return None
    return (
        f"Even an oracle gains only {100 * gain:.1f} points over always asking {constant.words}: "
        "there is nothing to win by routing."
    )


@dataclass(frozen=True)
class Kinship:
    """Two models that share answers which the consensus rejects: observed and expected counts."""

    first: str
    second: str
    shared: int
    expected: float

    @property
    def ratio(self) -> float:
        """How many times as often as expected."""
        return self.shared / max(self.expected, 1e-9)

    @property
    def chance(self) -> float:
        """Probability of as many or more by chance."""
        return float(scipy.special.pdtrc(self.shared - 1, max(self.expected, 1e-9)))


def kinships(snapshot: Snapshot) -> list[Kinship]:
    """Every pair, the most conspicuous first.

    expected = both reject the consensus as often as they do by themselves, and then give the same
    answer as often as an average pair does: Σ_q over queries is n·p_i·p_j·s with s from all pairs.
    """
    votes = snapshot.dataset.train.votes
    wrong = votes.answered & (votes.answers != snapshot.fit.consensus_answers[:, None])
    rate, n_queries = wrong.mean(axis=0), len(votes.query_ids)
    n_models = len(votes.models)
    pairs = [(i, j) for i in range(n_models) for j in range(i + 1, n_models)]
    both = np.array([(wrong[:, i] & wrong[:, j]).sum() for i, j in pairs], dtype=float)
    same = np.array(
        [
            (wrong[:, i] & wrong[:, j] & (votes.answers[:, i] == votes.answers[:, j])).sum()
            for i, j in pairs
        ]
    )
    expected_both = np.array([n_queries * rate[i] * rate[j] for i, j in pairs])
    # hard queries make all models err together: the median pair says by how much
    ratios = both[expected_both > 0] / expected_both[expected_both > 0]
    common = float(np.median(ratios)) if len(ratios) else 1.0
    alike = float(np.median(same[both > 0] / both[both > 0])) if (both > 0).any() else 0.0
    expected = expected_both * common * alike
    found = [
        Kinship(votes.models[i], votes.models[j], int(same[at]), float(expected[at]))
        for at, (i, j) in enumerate(pairs)
    ]
    return sorted(found, key=lambda one: (-one.ratio, one.first))


def _pairs(snapshot: Snapshot) -> Evidence:
    found = kinships(snapshot)[:MOST]
    names = tuple(f"{one.first} and {one.second}" for one in found)
    ratios = tuple(one.ratio for one in found)
    return Evidence("shared rejected answers, times an average pair", names, ratios, FAMILY_RATIO)


@check(
    "CAS204",
    "Consensus echoes a family",
    "No two models share rejected answers far more often than others do.",
    _pairs,
)
def family(snapshot: Snapshot) -> str | None:
    """Pairs that agree on answers the others reject: sisters vote as a bloc."""
    if len(snapshot.fit.models) < 4:
        raise NotApplicable("Families show only among four models or more.", code="too-little-data")
    for pair in kinships(snapshot):
        if pair.shared < FAMILY_MIN or pair.ratio < FAMILY_RATIO or pair.chance >= FAMILY_P:
            continue
        return (
            f"{pair.first} and {pair.second} share {pair.shared:,} answers that the consensus "
            f"rejects, {pair.ratio:.1f} times as many as an average pair of such models: sisters "
            "vote as a bloc, and the consensus may follow them. See what happens without one."
        )
    return None


def _sureness(snapshot: Snapshot) -> Evidence:
    needs = cluster_needs(snapshot.router, snapshot.fit.consensus)
    found, more = needs[:MOST], f" (the {MOST} least sure)" if len(needs) > MOST else ""
    names = tuple(f"cluster {one.cluster}: {one.first} over {one.second}" for one in found)
    sure = tuple(one.certainty for one in found)
    return Evidence(f"probability of being ahead{more}", names, sure, SURE)


@check(
    "CAS205",
    "Ranking differences inside the noise",
    f"Most queries lie in clusters whose first model is ahead with {SURE:.0%} probability.",
    _sureness,
)
def noise(snapshot: Snapshot) -> str | None:
    """Share of the training queries in clusters where the first model may not be the first."""
    needs = cluster_needs(snapshot.router, snapshot.fit.consensus)
    doubtful = [one for one in needs if one.certainty < SURE]
    share = sum(one.n_queries for one in doubtful) / sum(one.n_queries for one in needs)
    if share < NOISE_SHARE:
        return None
    return (
        f"{len(doubtful)} of {len(needs)} clusters, with {share:.0%} of the queries, have a first "
        f"model that is ahead with less than {SURE:.0%} probability: which of the first two is "
        "asked there is close to a coin toss. More queries or fewer clusters would help."
    )
