"""CAS2xx: do the rankings mean something, and does the pool offer a choice?"""

from __future__ import annotations

from collections import Counter

import numpy as np

from cascal.compare.gold_agreement import GoldAgreement, gold_agreement, gold_agreements
from cascal.computing.remembered import remembered
from cascal.dataset.label_questions import family_question
from cascal.dataset.snapshot import Snapshot
from cascal.dataset.to_label import Row, queries_to_label
from cascal.datatypes import NotApplicable, Votes
from cascal.diagnose.evidence import MOST, Evidence, largest
from cascal.diagnose.finding import check
from cascal.diagnose.quality import SURE, cluster_needs
from cascal.diagnose.seconds import second_better, seconds_ahead
from cascal.doubts import TITLES
from cascal.doubts.measure import Look, Measure, look_at, look_twice
from cascal.doubts.pool import FAMILY_RATIO, conspicuous_pair, echo, kinships
from cascal.doubts.rankings import (
    MANY_FIRST,
    N_SAMPLES,
    OPPOSITE,
    contradiction,
    first_models,
    tau_above,
    undecided,
)
from cascal.evaluate import effective_number
from cascal.number_format import bracketed, counted, decimal, percent

DOMINANT_SHARE = 0.9
"""One model with this share of the queries: the router is close to a constant."""
MIN_EFFECTIVE = 1.25
SAME_ANSWERS = 0.9
"""Mean pairwise agreement from which the models count as one."""
MIN_ORACLE_GAIN = 0.03
"""Share of the queries on which another model than the best is right and the best is not."""
NOISE_SHARE = 0.5


@remembered
def cluster_agreements(snapshot: Snapshot) -> list[GoldAgreement]:
    """Kendall τ of consensus and gold answers in each cluster with enough queries."""
    return gold_agreements(
        snapshot.fit.consensus,
        snapshot.dataset.gold_test.right,
        snapshot.router.clusters.assignment,
        snapshot.routes("test").cluster,
        snapshot.labels,
    )


def _taus(snapshot: Snapshot) -> Evidence:
    found = cluster_agreements(snapshot)
    taus = [one.tau.value for one in found]
    return largest("Kendall τ with gold", [one.scope for one in found], taus, OPPOSITE)


@check(
    "CAS201",
    TITLES["CAS201"],
    "Consensus ranks the models as gold answers do; without gold, as its own halves do.",
    _taus,
)
def contradicted(snapshot: Snapshot) -> Look:
    """Kendall τ of consensus and gold; without gold: split halves, and each model left out."""
    test = snapshot.dataset.test
    if test is None or not test.has_gold:
        return contradiction(snapshot.fit, snapshot.halves)
    overall = gold_agreement("all", snapshot.fit.consensus, test.right).tau
    of_all = look_at(
        tau_above("Kendall τ with gold", overall.value, OPPOSITE),
        issue=lambda: (
            "Consensus ranks the models against the gold answers: Kendall τ "
            f"{decimal(overall.value, 2)} {bracketed(overall.low, overall.high, 2, sign=False)}. "
            "What is called best is worst; do not route by it."
        ),
    )
    return look_twice(of_all, _contradicted_clusters(snapshot))


def _contradicted_clusters(snapshot: Snapshot) -> Look:
    per_cluster = cluster_agreements(snapshot)
    highest = [one.tau.high for one in per_cluster if np.isfinite(one.tau.high)]
    least = min(highest, default=np.nan)

    def issue() -> str:
        against = [one for one in per_cluster if one.tau.high < OPPOSITE]
        worst = min(against, key=lambda one: one.tau.value)
        return (
            f"In {len(against)} of {counted(len(per_cluster), 'cluster')} the ranking certainly "
            f"contradicts the gold answers ({worst.scope}: τ {decimal(worst.tau.value, 2)} "
            f"{bracketed(worst.tau.low, worst.tau.high, 2, sign=False)})."
        )

    name = "Upper end of τ in the cluster that agrees least"
    return look_at(tau_above(name, least, OPPOSITE), issue=issue)


def _shares(snapshot: Snapshot) -> Evidence:
    shares = snapshot.share.tolist()
    return largest("share of the queries", snapshot.router.models, shares, DOMINANT_SHARE)


@check(
    "CAS202", "One model always wins", "The queries are spread over more than one model.", _shares
)
def collapsed(snapshot: Snapshot) -> Look:
    """Share of the routed queries that the most frequent first model gets."""
    models = snapshot.router.models
    if len(models) == 1:
        raise NotApplicable("There is only one model.", code="too-little-data")
    share = snapshot.share
    first, effective = int(np.argmax(share)), effective_number(share)
    most, name, least = float(share[first]), "Effective number of models", MIN_EFFECTIVE
    return look_at(
        Measure(name="Queries of the first model", value=most, rule=DOMINANT_SHARE),
        Measure(name=name, value=effective, rule=least, holds_if="at least", share=False),
        issue=lambda: (
            f"{models[first]} gets {percent(most)} of the queries (effective number of models "
            f"{decimal(effective, 2)} of {len(models)}, {snapshot.n_models_in_use} get any): the "
            "router is close to always asking one model, and costs more than that."
        ),
    )


def same_answers(votes: Votes) -> float:
    """Share of equal answers over pairs of models and queries that both answered."""
    answered = votes.answered
    same = both = 0
    for m in range(len(votes.models) - 1):
        pair = answered[:, [m]] & answered[:, m + 1 :]
        both += int(pair.sum())
        same += int((pair & (votes.answers[:, [m]] == votes.answers[:, m + 1 :])).sum())
    if not both:
        raise NotApplicable("No two models answered the same query.", code="nothing-to-compare")
    return same / both


def oracle_gain(snapshot: Snapshot) -> float | None:
    """What the best choice for every query would gain over one model; None without gold."""
    if snapshot.evaluation is None:
        return None
    right = np.nan_to_num(snapshot.evaluation.model_right, nan=0.0)
    return float((right.max(axis=1) - right[:, snapshot.constant.model]).mean())


@check("CAS203", "The pool has no diversity", "Models differ enough for a choice to matter.")
def uniform(snapshot: Snapshot) -> Look:
    """Mean pairwise agreement; with gold, what the best choice could gain at all."""
    votes = snapshot.dataset.train.votes
    if len(votes.models) < 2:
        raise NotApplicable("There is only one model.", code="too-little-data")
    same = same_answers(votes)
    alike = look_at(
        Measure(name="Equal answers of two models", value=same, rule=SAME_ANSWERS),
        issue=lambda: (
            f"Two models give the same answer in {percent(same)} of the queries: whichever is "
            "asked hardly matters. Add models of another kind, or ask harder queries."
        ),
    )
    return look_twice(alike, _little_to_gain(snapshot))


def _little_to_gain(snapshot: Snapshot) -> Look:
    gain, least = oracle_gain(snapshot), MIN_ORACLE_GAIN
    if gain is None:
        return Look((), None)
    name = "Gain of an oracle over one model"
    return look_at(
        Measure(name=name, value=gain, rule=least, holds_if="at least"),
        issue=lambda: (
            f"Even an oracle gains only {decimal(100 * gain, 1)} points over always asking "
            f"{snapshot.constant.words}: there is nothing to win by routing."
        ),
    )


def _pairs(snapshot: Snapshot) -> Evidence:
    found = kinships(snapshot.fit)[:MOST]
    names = tuple(f"{one.first} and {one.second}" for one in found)
    ratios = tuple(one.ratio for one in found)
    return Evidence(
        "shared rejected answers, times an average pair",
        names,
        ratios,
        FAMILY_RATIO,
        table=_queries_to_label(snapshot),
    )


def _queries_to_label(snapshot: Snapshot) -> tuple[Row, ...]:
    """Random queries where the pair that stands out opposes the consensus; what either answers."""
    if conspicuous_pair(snapshot.fit) is None:
        return ()
    question = family_question(snapshot)
    return queries_to_label(question.contest, question.draw)


@check(
    "CAS204",
    TITLES["CAS204"],
    "No two models share rejected answers far more often than others do.",
    _pairs,
)
def family(snapshot: Snapshot) -> Look:
    """Pairs that agree on answers the others reject: sisters, or the two that are right."""
    return echo(snapshot.fit)


def _sureness(snapshot: Snapshot) -> Evidence:
    needs = cluster_needs(snapshot.router, snapshot.fit.consensus)
    found, more = needs[:MOST], f" (the {MOST} least sure)" if len(needs) > MOST else ""
    names = tuple(f"{snapshot.labels[one.cluster]}: {one.first} over {one.second}" for one in found)
    sure = tuple(one.certainty for one in found)
    gold = snapshot.dataset.test is not None and snapshot.dataset.test.has_gold
    rows = tuple(one.row(gold=gold) for one in seconds_ahead(snapshot))
    return Evidence(f"probability of being ahead{more}", names, sure, SURE, table=rows)


@check(
    "CAS205",
    "Ranking differences inside the noise",
    f"Most queries lie in clusters whose first model is ahead with {percent(SURE)} probability.",
    _sureness,
)
def noise(snapshot: Snapshot) -> Look:
    """Share of the training queries in clusters where the first model may not be the first."""
    needs = cluster_needs(snapshot.router, snapshot.fit.consensus)
    doubtful = [one for one in needs if one.certainty < SURE]
    share = sum(one.n_queries for one in doubtful) / sum(one.n_queries for one in needs)
    name = (
        f"Queries in clusters whose first model is ahead with less than {percent(SURE)} probability"
    )
    return look_at(
        Measure(name=name, value=share, rule=NOISE_SHARE),
        issue=lambda: (
            f"{len(doubtful)} of {counted(len(needs), 'cluster')}, with {percent(share)} of the "
            f"queries, have a first model that is ahead with less than {percent(SURE)} "
            "probability: "
            "which of the first two is asked there is close to a coin toss. "
            f"{second_better(snapshot)}More queries or fewer clusters would help."
        ),
    )


def _first(snapshot: Snapshot) -> Evidence:
    counts = Counter(first_models(snapshot.fit))
    names = sorted(counts, key=lambda name: (-counts[name], name))
    times = tuple(float(counts[name]) for name in names)
    return Evidence(f"times first in {N_SAMPLES} half-samples", tuple(names), times)


@check(
    "CAS206",
    TITLES["CAS206"],
    f"{N_SAMPLES} random halves of the queries name fewer than {MANY_FIRST} models as the best.",
    _first,
)
def nobody_first(snapshot: Snapshot) -> Look:
    """The model that consensus likes best in each of several halves of the queries."""
    return undecided(snapshot.fit)
