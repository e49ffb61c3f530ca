"""What each check measures, with its rule: told whether it passes or not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cascal.compare.drift import MMD_TARGET
from cascal.compare.gold_agreement import gold_agreement
from cascal.confidence import ALARMING_SHARE, inverted
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import NotApplicable, option_letter
from cascal.diagnose import clusters, data, models, routes
from cascal.diagnose.evidence import Measure
from cascal.diagnose.quality import SURE, cluster_needs, training_quality
from cascal.doubts.confidences import confidences
from cascal.doubts.pool import (
    FAMILY_RATIO,
    NEAR_CHANCE,
    ONE_LETTER,
    excess_agreement,
    kinships,
    letter_share,
)
from cascal.doubts.rankings import (
    MANY_FIRST,
    MIN_SPLIT_TAU,
    OPPOSITE,
    first_models,
    split_agreement,
    without_each,
)
from cascal.evaluate import effective_number
from cascal.light import ONE_SIDED

Measures = list[Measure]


def _separated(snapshot: Snapshot) -> Measures:
    required = snapshot.router.thresholds.min_silhouette
    below = float((clusters.best_silhouettes(snapshot.fit) < required).mean())
    name = f"Tasks in which no split reaches min_silhouette {required:g}"
    return [Measure(name=name, value=below, rule=clusters.UNSEPARATED_TASKS)]


def _redundant(snapshot: Snapshot) -> Measures:
    of_router = snapshot.router.clusters
    rule = max(clusters.REDUNDANT_SHARE * len(of_router), len(of_router.tasks))
    value = clusters.n_redundant(snapshot)
    name = "Clusters that repeat another's best models"
    return [Measure(name=name, value=value, rule=rule, share=False)]


def _thin(snapshot: Snapshot) -> Measures:
    share = float((snapshot.router.clusters.sizes < clusters.MIN_QUERIES).mean())
    name = f"Clusters with fewer than {clusters.MIN_QUERIES} queries"
    return [Measure(name=name, value=share, rule=clusters.THIN_SHARE)]


def _stable(snapshot: Snapshot) -> Measures:
    value, rule = clusters.stability(snapshot), clusters.MIN_RAND
    return [Measure(name="Adjusted Rand", value=value, rule=rule, holds_if="at least", share=False)]


def _gain_of_clusters(snapshot: Snapshot) -> Measures:
    found = clusters.gain_over_tasks(snapshot)
    low = found.mean - ONE_SIDED * found.error
    name = "Lower end of the gain in consensus score"
    return [Measure(name=name, value=low, rule=clusters.NO_GAIN, holds_if="above", share=False)]


def _agreement(snapshot: Snapshot) -> Measures:
    test = snapshot.dataset.test
    if test is None or not test.has_gold:
        return _own_agreement(snapshot)
    tau = gold_agreement("all", snapshot.fit.consensus, test.right).tau.value
    highest = [one.tau.high for one in models.cluster_agreements(snapshot)]
    found = [_tau("Kendall τ with gold", tau, OPPOSITE)]
    if highest:
        name = "Upper end of τ in the cluster that agrees least"
        found.append(_tau(name, min(highest), OPPOSITE))
    return found


def _own_agreement(snapshot: Snapshot) -> Measures:
    """Without gold answers: the ranking against those of halves and of pools without a model."""
    worst, model = min(without_each(snapshot.fit))
    return [
        _tau("Kendall τ of two halves", split_agreement(snapshot.halves), MIN_SPLIT_TAU),
        _tau(f"Kendall τ to the ranking without {model}", worst, OPPOSITE),
    ]


def _tau(name: str, value: float, rule: float) -> Measure:
    return Measure(name=name, value=value, rule=rule, holds_if="at least", share=False)


def _spread(snapshot: Snapshot) -> Measures:
    share = snapshot.share
    effective, least = effective_number(share), models.MIN_EFFECTIVE
    first = float(share.max())
    return [
        Measure(name="Queries of the first model", value=first, rule=models.DOMINANT_SHARE),
        Measure(
            name="Effective number of models",
            value=effective,
            rule=least,
            holds_if="at least",
            share=False,
        ),
    ]


def _diverse(snapshot: Snapshot) -> Measures:
    same = models.same_answers(snapshot.dataset.train.votes)
    found = [Measure(name="Equal answers of two models", value=same, rule=models.SAME_ANSWERS)]
    gain, least = models.oracle_gain(snapshot), models.MIN_ORACLE_GAIN
    if gain is not None:
        name = "Gain of an oracle over one model"
        found.append(Measure(name=name, value=gain, rule=least, holds_if="at least"))
    return found


def _families(snapshot: Snapshot) -> Measures:
    """The pair with the largest ratio: of those that stand out, else of those within the rule."""
    pairs = kinships(snapshot.fit)
    pair = next((one for one in pairs if one.conspicuous), None)
    least = [one for one in pairs if one.ratio < FAMILY_RATIO]
    if pair is None and least:
        pair = least[0]
    if pair is None:
        return []
    name = f"Shared rejected answers of {pair.first} and {pair.second}, times an average pair"
    return [Measure(name=name, value=pair.ratio, rule=FAMILY_RATIO, share=False)]


def _certain(snapshot: Snapshot) -> Measures:
    needs = cluster_needs(snapshot.router, snapshot.fit.consensus)
    doubtful = sum(one.n_queries for one in needs if one.certainty < SURE)
    share = doubtful / sum(one.n_queries for one in needs)
    name = f"Queries in clusters whose first model is ahead with less than {SURE:.0%} probability"
    return [Measure(name=name, value=share, rule=models.NOISE_SHARE)]


def _first(snapshot: Snapshot) -> Measures:
    n_first = len(set(first_models(snapshot.fit)))
    name = "Models named as the best by random halves"
    return [Measure(name=name, value=n_first, rule=MANY_FIRST, share=False)]


def _readable(snapshot: Snapshot) -> Measures:
    votes = snapshot.dataset.train.votes
    asked, of_model = data.missing(votes)
    share = float((asked & ~votes.answered).sum() / asked.sum())
    worst = int(np.nanargmax(of_model))
    name, most = f"Those of {votes.models[worst]}", data.UNREADABLE_OF_MODEL
    return [
        Measure(name="Unreadable responses", value=share, rule=data.UNREADABLE_SHARE),
        Measure(name=name, value=float(of_model[worst]), rule=most),
    ]


def _telling(snapshot: Snapshot) -> Measures:
    learnt = confidences(snapshot.fit)
    n_heard = int(np.isfinite(learnt.slope).sum())
    wrong = int(inverted(learnt).sum()) / n_heard
    right = int((learnt.slope > 2.0 * learnt.slope_error).sum()) / n_heard
    least = ALARMING_SHARE
    return [
        Measure(name="Models surer where called wrong", value=wrong, rule=least),
        Measure(
            name="Models surer where called right", value=right, rule=least, holds_if="at least"
        ),
    ]


def _drift(snapshot: Snapshot) -> Measures:
    drift = training_quality(snapshot.dataset).drift
    if drift is None:
        return []
    return [Measure(name="MMD to the test queries", value=drift.mmd, rule=MMD_TARGET, share=False)]


def _separating(snapshot: Snapshot) -> Measures:
    share, rule = training_quality(snapshot.dataset).separating, data.MIN_SEPARATING
    name = "Queries on which models disagree"
    return [Measure(name=name, value=share, rule=rule, holds_if="at least")]


def _repeated(snapshot: Snapshot) -> Measures:
    found = training_quality(snapshot.dataset)
    n = max(1, found.n_compared)
    twice, leaked = found.near_duplicates / n, found.near_leaked / n
    return [
        Measure(name="Queries that repeat another", value=twice, rule=data.DUPLICATE_SHARE),
        Measure(name="Queries that repeat a test query", value=leaked, rule=data.LEAKED_SHARE),
    ]


def _misplaced(snapshot: Snapshot) -> Measures:
    wrong = float(routes.wrongly_placed(snapshot)[1].mean())
    return [Measure(name="Queries routed into another task", value=wrong, rule=routes.WRONG_TASK)]


def _falling_back(snapshot: Snapshot) -> Measures:
    acts = float((snapshot.routes("test").fallback > 0).mean())
    name = "Queries with any fallback"
    return [
        Measure(name=name, value=acts, rule=routes.NEVER, holds_if="above"),
        Measure(name=name, value=acts, rule=routes.ALWAYS),
    ]


def _blended(snapshot: Snapshot) -> Measures:
    """The one that decides: either is enough to pass."""
    effective, overruled = routes.blended(snapshot)
    name, most = "Clusters that count equally in a route", routes.MANY_BLENDED
    if effective < most:
        return [Measure(name=name, value=effective, rule=most, share=False)]
    name = "Queries whose nearest cluster is overruled"
    return [Measure(name=name, value=overruled, rule=routes.OVERRULED)]


def _far(snapshot: Snapshot) -> Measures:
    test, reach = snapshot.dataset.test, snapshot.router.reach
    if test is None or reach is None:
        return []
    share = routes.far_share(reach, test)
    return [Measure(name="Test queries unlike any training query", value=share, rule=routes.FAR)]


def _moved(snapshot: Snapshot) -> Measures:
    share = float(routes.moved_by_joining(snapshot)[1].mean())
    name = "Queries whose best model is another one since joining"
    return [Measure(name=name, value=share, rule=routes.OPPOSED)]


def _chance(snapshot: Snapshot) -> Measures:
    votes = snapshot.fit.caller_votes
    observed, expected = excess_agreement(votes)
    name, more = "Agreement above that of the letters alone", observed - expected
    found = [Measure(name=name, value=more, rule=NEAR_CHANCE, holds_if="at least")]
    largest = letter_share(votes)
    if largest is not None:
        name = f"Answers {option_letter(largest[2])} of {largest[1]}"
        found.append(Measure(name=name, value=largest[0], rule=ONE_LETTER))
    return found


MEASURES: dict[str, Callable[[Snapshot], Measures]] = {
    "CAS101": _separated,
    "CAS102": _redundant,
    "CAS103": _thin,
    "CAS104": _stable,
    "CAS105": _gain_of_clusters,
    "CAS201": _agreement,
    "CAS202": _spread,
    "CAS203": _diverse,
    "CAS204": _families,
    "CAS205": _certain,
    "CAS206": _first,
    "CAS301": _readable,
    "CAS302": _telling,
    "CAS303": _drift,
    "CAS304": _separating,
    "CAS305": _repeated,
    "CAS401": _misplaced,
    "CAS402": _falling_back,
    "CAS403": _blended,
    "CAS404": _far,
    "CAS405": _moved,
    "CAS406": _chance,
}
"""What the check of each code measures; a check passes where all of it holds."""


def measures_of(code: str, snapshot: Snapshot) -> tuple[Measure, ...]:
    """What a check measures; empty where there is nothing to measure."""
    try:
        return tuple(MEASURES[code](snapshot))
    except NotApplicable:
        return ()
