"""Why a query goes to its first model, and what would send it to another one, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cascal.computing_order import best_first
from cascal.datatypes import BoolArray, FloatArray, IntArray
from cascal.number_format import counted, decimal, decimal_pair, percent
from cascal.routing.blend import FALLBACK_WIDTH, Blend
from cascal.routing.leads import DECIMALS, lead_in_words
from cascal.routing.reach import WITHIN
from cascal.routing.route import Router

MOST = 0.5
"""A cluster with more than this share of the weight decides; with less several are blended."""
ALL = 0.995
"""From here on a weight is rounded to the whole."""
BY_BONUS = "by the bonus for the best model overall"
LEAST = 0.1
"""A cluster with less of the weight is too far for the query to be said to lie in it alone."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoreParts:
    """The scores (M,) of one query, part by part: their sum, the penalty taken off."""

    from_clusters: FloatArray
    from_fallback: FloatArray
    bonus: FloatArray
    penalty: FloatArray
    from_labels: FloatArray


def score_parts(router: Router, blend: Blend) -> ScoreParts:
    """Score = (1 − α)·share of the clusters + α·global share + bonus − λ·cost + by labels."""
    scores, alpha = blend.scores[0], float(blend.alpha[0])
    bonus = np.zeros(len(scores))
    bonus[router.best_overall] = router.routing.margin
    overall = router.rankings.overall
    fallback = alpha * overall / overall.sum() if alpha and overall.sum() else np.zeros(len(scores))
    from_labels = blend.from_labels[0]
    return ScoreParts(
        from_clusters=scores - from_labels - router.adjustment - fallback,
        from_fallback=fallback,
        bonus=bonus,
        penalty=bonus - router.adjustment,
        from_labels=from_labels,
    )


@dataclass(frozen=True)
class Why:
    """What put a model before all others: the clause after "because", and the same as an aside."""

    because: str
    brief: str


def why_first(router: Router, blend: Blend, order: IntArray, labels: Sequence[str] = ()) -> Why:
    """What put the first model before all others.

    That is the last part of the score that changed who comes first; without such a part, the
    clusters alone. order : (M,) best first; labels : (C,) what the clusters are called.
    """
    first = router.models[order[0]]
    if len(order) < 2:
        return Why("it is the only model", "the only model")
    if router.always:
        return Why(f"labels say to ask always {router.always}", "as labels say")
    score = blend.scores[0]
    second, aided = router.models[order[1]], by_bonus(router, blend, order)
    best = score[order[0]] - (router.routing.margin if aided else 0.0)
    short, long = (
        [decimal(s, n) for s in (best, score[order[1]])] for n in (DECIMALS, DECIMALS + 1)
    )
    own, other = short if short[0] != short[1] else long
    if aided:
        sums = f"({own} + {router.routing.margin:g} against {other} for {second})"
        return Why(f"{_bonus(router)} puts {first} above {second} {sums}", BY_BONUS)
    figures = f"({own} against {other} for {second})"
    before, decided = "", None
    for why, leader in _steps(router, blend):
        if before and leader != before:
            names = {"first": leader, "before": before}
            decided = Why(f"{why.because.format(**names)} {figures}", why.brief.format(**names))
        before = leader
    return decided or _by_clusters(router, blend, first, figures, labels)


def by_bonus(router: Router, blend: Blend, order: IntArray) -> bool:
    """Whether the first model would not come first without the bonus for the best model overall."""
    return bool(bonus_decides(router, blend, order[None])[0])


def bonus_decides(router: Router, blend: Blend, order: IntArray) -> BoolArray:
    """(Q,) the same of many queries: order (Q, M) of each, best first."""
    if order.shape[1] < 2 or router.always:
        return np.zeros(len(order), dtype=bool)
    first, second = np.take_along_axis(blend.scores, order[:, :2], axis=1).T
    return (order[:, 0] == router.best_overall) & (first - second < router.routing.margin)


def _steps(router: Router, blend: Blend) -> Iterator[tuple[Why, str]]:
    """Part by part, who comes first with it, and what to say where that was another before it.

    Without the bonus: where it decides, that is said before.
    """
    parts, total = score_parts(router, blend), np.zeros(len(router.models))
    lifts = "puts {first} above {before}"
    for because, brief, added in (
        ("", "", parts.from_clusters),
        (_of_the_fallback(blend), "first in the global ranking", parts.from_fallback),
        (f"the cost weight {lifts}, which costs more", "as {before} costs more", -parts.penalty),
        (f"labels correct the scores, which {lifts}", "as labels correct it", parts.from_labels),
    ):
        total = total + added
        known = total.round(12)  # sums in another order differ in the last digits
        leader = router.models[best_first(known, router.models)[0]] if known.any() else "all"
        yield Why(because, brief), leader


def _bonus(router: Router) -> str:
    """The bonus and what it is for."""
    return (
        f"the bonus of {router.routing.margin:g} that lets the best model overall win close calls"
    )


def _of_the_fallback(blend: Blend) -> str:
    share = float(blend.alpha[0])
    far = f"cosine distance {decimal(blend.distances[0, 0], 2)}"
    if share < 1:
        return (
            f"the nearest skill cluster is far ({far}), so the global ranking counts for "
            f"{percent(share)} and puts {{first}} above {{before}}"
        )
    return (
        f"no skill cluster is near ({far}), so the global ranking decides and begins with {{first}}"
    )


def _by_clusters(
    router: Router, blend: Blend, first: str, figures: str, labels: Sequence[str]
) -> Why:
    """One cluster that decides, or several that are blended."""
    nearest, weights = int(blend.nearest[0, 0]), blend.weights[0]
    name, alone = called(router, nearest, labels), router.models[router.first_alone[nearest]]
    n_clusters = int(np.count_nonzero(weights > 0))
    if alone == first and weights[0] > MOST:
        weight = f", with {percent(weights[0])} of the weight" if weights[0] < ALL else ""
        because = (
            f"the nearest skill cluster is {name}{weight}, and {first} answers such queries most "
            f"like the consensus {figures}"
        )
        return Why(because, f"the best in {name}")
    though = "" if alone == first else f", though the nearest alone would choose {alone}"
    because = (
        f"{counted(n_clusters, 'skill cluster')}, the nearest {name}, are blended, and {first} "
        f"answers most like the consensus over all of them {figures}{though}"
    )
    return Why(because, f"the best over the {n_clusters} nearest skill clusters")


def called(router: Router, cluster: int, labels: Sequence[str]) -> str:
    """A cluster in a sentence: by its name in quotes, else by its number and task."""
    if labels:
        return f"“{labels[cluster]}”"
    return f"cluster {cluster} ({router.tasks[router.clusters.task[cluster]]})"


def times_as_far(distance: float, digits: int = 2) -> str:
    """A distance from the training queries in words: the one scale on which it is told."""
    return (
        f"{decimal(distance, digits)} times as far from the training queries as a usual one of them"
    )


def caution_of(
    distance: float, reach: float, within: float | None = None, farthest: float | None = None
) -> str:
    """What to say of a query beyond the reach.

    within : the share of training queries nearer; farthest : the distance of the last of them
    """
    less = "Trust this route less: the query is"
    if within is not None and within < 1.0:
        return f"{less} {times_as_far(distance)}, and {farther_than(within)}."
    if farthest is not None:
        own, last = decimal_pair(distance, farthest, 2)
        digits = len(own.partition(".")[2])
        return (
            f"{less} {times_as_far(distance, digits)}, and {farther_than(1.0)}: at most {last} "
            "times."
        )
    enough = (n for n in range(2, 9) if decimal(distance, n) != decimal(reach, n))
    digits = next(enough, 2)  # so many that the two are not written alike
    return (
        f"{less} {times_as_far(distance, digits)}. {percent(WITHIN)} of them are within "
        f"{decimal(reach, digits)} times."
    )


def farther_than(within: float) -> str:
    """That a query is farther from the training queries than a share of them, in words."""
    if within >= 1.0:
        return "farther than every one of them"
    decimals = 1 if within > WITHIN else 0
    share = min(within, 1.0 - 10.0 ** -(2 + decimals))  # not all of them
    return f"farther than {percent(share, decimals)} of them"


@dataclass(frozen=True)
class Change:
    """What would have to be different, and the model that came first then.

    how : follows "comes first"; a whole sentence where model is "": who would, depends
    """

    model: str
    how: str


def by_outcome(changes: Iterable[Change]) -> tuple[str, ...]:
    """A sentence for every model that another thing would put first, with all that would."""
    ways: dict[str, list[str]] = {}
    for one in changes:
        ways.setdefault(one.model, []).append(one.how)
    whole = ways.pop("", [])
    return (*(f"{model} comes first {'; '.join(how)}." for model, how in ways.items()), *whole)


def what_would_change(
    router: Router, blend: Blend, order: IntArray, labels: Sequence[str]
) -> tuple[Change, ...]:
    """What would have to be different for another model to come first, the score needed last.

    None where nothing about the query could: with one model, or where labels ask always the same.
    """
    names, scores, routing = router.models, blend.scores[0], router.routing
    first = names[order[0]]
    if len(order) < 2 or router.always:
        return ()
    rise = lead_in_words(scores[order[0]], scores[order[1]]).lead
    said = []
    if by_bonus(router, blend, order):
        said.append(Change(names[order[1]], f"without {_bonus(router)}"))
    if router.thresholds.cost_weight and router.costs is not None:
        free = scores + router.thresholds.cost_weight * router.costs
        dearest = names[best_first(free, names)[0]]
        if dearest != first:
            said.append(Change(dearest, "without the cost weight"))
    alone = {
        names[router.first_alone[c]]: c
        for c, weight in zip(blend.nearest[0], blend.weights[0], strict=True)
        if weight >= LEAST
    }
    for name, c in alone.items():
        if name != first:
            cluster = f"“{labels[c]}”" if labels else f"cluster {c}"
            said.append(Change(name, f"inside {cluster} alone"))
    rises = Change(names[order[1]], f"if its score rises by more than {rise}")
    return (*said, *_fallback_changes(routing.fallback_distance, blend), rises)


def _fallback_changes(limit: float | None, blend: Blend) -> Iterator[Change]:
    """Where the global ranking would begin or cease to count."""
    distance = float(blend.distances[0, 0])
    if limit is not None and blend.alpha[0] == 0:
        now, _ = decimal_pair(distance, limit, 2)
        yield Change(
            "",
            f"Farther than {limit:g} from its nearest cluster (now {now}) the global "
            f"ranking would fade in, and decide alone from {limit + FALLBACK_WIDTH:g} on.",
        )
    elif limit is not None:
        now, _ = decimal_pair(distance, limit, 2)
        yield Change(
            "", f"Nearer than {limit:g} to a cluster (now {now}) the clusters decide alone."
        )
