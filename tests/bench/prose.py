"""What scores tell of open-ended answers: the tables of docs/prose.md.

    python -m tests.bench.prose [--queries 2000] [--draws 200]

Everything is simulated: the demo's queries, texts of the simulated pool, judges of known noise and
known liking for long answers. Takes a few minutes on two cores.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc
import scipy

import cascal
from cascal.answers import Answered, find_prose, read_answer
from cascal.answers import prose as rule
from cascal.datatypes import BoolArray, FloatArray, IntArray
from cascal.encode.encoders import load_encoder
from cascal.labels import gain
from cascal.scores import (
    WARNED,
    fit_score_router,
    learning_rows,
    length_correlation,
    model_spread,
    rank_by_scores,
    routing_gain,
)
from cascal.simulate.prose import ProseWorld, judge_scores, prose_world

SIZES = (10, 30, 100)
ROUTER_SIZES = (230, 300, 400, 800)
JUDGES = {"fair": 0.0, "likes length": 0.15}
NOISE = 0.15


@dataclass(frozen=True, kw_only=True)
class RankedDraws:
    """One judge at one number of scored queries, over all draws; shares and points.

    covered : intervals of a model that hold its mean over all queries, first_covered : that of the
    model which came out first, plain_covered : the same by its own t interval alone; bounded :
    draws whose regret is within its bound; regret, true_regret : by this judge, by true quality
    """

    covered: float
    first_covered: float
    plain_covered: float
    half_width: float
    regret: float
    true_regret: float
    bound: float
    bounded: float
    best_kept: float
    warned: float


def encoded(world: ProseWorld) -> cascal.Embeddings:
    """Vectors of the queries by the hashing encoder."""
    texts = world.imported.queries["text"].to_pylist()
    encoder = load_encoder("hashing")
    return cascal.Embeddings.from_array(world.query_ids, encoder.encode(texts), encoder.id)


def draws(n_rows: int, size: int, n_draws: int) -> Iterator[IntArray]:
    """Random rows, the same for every judge."""
    for seed in range(n_draws):
        yield np.random.default_rng([size, seed]).permutation(n_rows)[:size]


def ranked(world: ProseWorld, scores: FloatArray, size: int, n_draws: int) -> RankedDraws:
    """Rank the models from `size` scored queries, again and again."""
    truth, quality = scores.mean(axis=0), world.quality.mean(axis=0)
    found = []
    for rows in draws(len(scores), size, n_draws):
        ranking = rank_by_scores(scores[rows], world.models, len(scores))
        order = [world.models.index(one.model) for one in ranking.ranks]
        holds = [
            one.score.low <= truth[m] <= one.score.high
            for one, m in zip(ranking.ranks, order, strict=True)
        ]
        first = order[0]
        own = scores[rows, first]
        plain = scipy.special.stdtrit(size - 1, 0.975) * own.std(ddof=1) / np.sqrt(size)
        tau = length_correlation(scores[rows], world.lengths[rows].astype(float))
        regret = float(truth.max() - truth[first])
        best = ranking.ranks[order.index(int(truth.argmax()))]
        found.append(
            (
                np.mean(holds),
                holds[0],
                abs(own.mean() - truth[first]) <= plain,
                100 * (ranking.ranks[0].score.high - ranking.ranks[0].score.value),
                100 * regret,
                100 * (quality.max() - quality[first]),
                100 * ranking.regret_bound,
                regret <= ranking.regret_bound + 1e-12,
                best.in_doubt,
                tau >= WARNED,
            )
        )
    names = RankedDraws.__dataclass_fields__
    return RankedDraws(**dict(zip(names, np.mean(found, axis=0).tolist(), strict=True)))


def routed(
    world: ProseWorld, vectors: cascal.Embeddings, scores: FloatArray, size: int, n_draws: int
) -> dict[str, float]:
    """Learn from half of `size` scored queries, measure on the others, again and again.

    The truth is the gain of that very router on all queries that it did not learn from.
    """
    array = np.asarray(vectors.vectors, dtype=np.float64)
    held, halves, gains, decided = [], [], [], []
    for rows in draws(len(scores), size, n_draws):
        ids = [world.query_ids[row] for row in rows]
        learns = learning_rows(ids)
        own, measured = rows[learns], rows[~learns]
        router = fit_score_router(
            scores[own], vectors.take([world.query_ids[row] for row in own]), world.models
        )
        first, constant = router.order(array)[0][:, 0], router.constant
        rest = np.setdiff1d(np.arange(len(scores)), rows)
        found = routing_gain(
            scores[measured],
            first[measured],
            constant,
            n_contested_elsewhere=int((first[rest] != constant).sum()),
            n_else=len(rest),
        )
        others = np.concatenate([rest, measured])
        truth = float((scores[others, first[others]] - scores[others, constant]).mean())
        held.append(found.low <= truth <= found.high)
        halves.append(100 * found.half_width)
        gains.append(100 * truth)
        decided.append(found.low > 0 or found.high < 0)
    return {
        "coverage": float(np.mean(held)),
        "half_width": float(np.mean(halves)),
        "true_gain": float(np.mean(gains)),
        "decided": float(np.mean(decided)),
    }


def fixed_router(
    world: ProseWorld, vectors: cascal.Embeddings, scores: FloatArray, size: int, n_draws: int
) -> dict[str, float]:
    """A router learnt on half of the queries, its gain on the others from `size` contested ones."""
    half = len(scores) // 2
    router = fit_score_router(scores[:half], vectors.take(world.query_ids[:half]), world.models)
    constant = int(scores[:half].mean(axis=0).argmax())
    first = router.order(np.asarray(vectors.vectors[half:], dtype=np.float64))[0][:, 0]
    own = scores[half:]
    rows = np.arange(len(own))
    difference = own[rows, first] - own[rows, constant]
    contested = np.flatnonzero(first != constant)
    held, halves = [], []
    for drawn in draws(len(contested), size, n_draws):
        picked = contested[drawn]
        found = gain(
            difference[picked],
            n_contested=len(contested),
            n_queries=len(own),
            pseudo=min(1.0, 2 * model_spread(own[picked])),
        )
        held.append(found.low <= difference.mean() <= found.high)
        halves.append(100 * found.half_width)
    return {"coverage": float(np.mean(held)), "half_width": float(np.mean(halves))}


def told_as_prose(texts: list[list[str]]) -> float:
    """Share of the queries that are told as prose, of the texts of every model."""
    return float(prose_among(texts, [str(row) for row in range(len(texts))]).mean())


def prose_among(texts: list[list[str]], tasks: list[str]) -> BoolArray:
    """(Q,) the queries of tasks that are told as prose, of the texts of every model."""
    read = [[read_answer(text, 0) for text in of_query] for of_query in texts]
    rows = np.repeat(np.arange(len(texts)), [len(one) for one in texts])
    flat = [one for of_query in read for one in of_query]
    answered = Answered(
        rows=rows,
        text_lengths=np.array([len(text) for of_query in texts for text in of_query]),
        answer_lengths=np.array([len(one.answer or "") for one in flat]),
        rules=[one.rule for one in flat],
        same=[one.answer for one in flat],
    )
    free: BoolArray = np.ones(len(texts), dtype=bool)
    return np.asarray(find_prose(answered, free, tasks))


def kinds_of_texts(world: ProseWorld, n: int = 300) -> dict[str, list[list[str]]]:
    """Answers of several kinds to the same queries, only the first of which is prose."""
    table = world.imported.responses
    essays = [
        table.filter(pc.equal(table["query_id"], one))["text"].to_pylist()
        for one in world.query_ids[:n]
    ]
    words = [[text.split(", ")[0].rpartition(": ")[2] for text in row] for row in essays]
    return {
        "essays": essays,
        "reasoning that ends in a boxed result": [
            [f"{text}\n\n\\boxed{{{row + m % 3}}}" for m, text in enumerate(of_query)]
            for row, of_query in enumerate(essays)
        ],
        "“The answer is …”": [
            [f"The answer is {row + m % 3}." for m in range(len(of_query))]
            for row, of_query in enumerate(essays)
        ],
        "one sentence, each its own": [
            [f"I would say that {text} here." for text in of_query] for of_query in words
        ],
        "a few words, each its own": [
            [f"{world.models[m]} {row}" for m in range(len(of_query))]
            for row, of_query in enumerate(essays)
        ],
    }


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=200)
    given = parser.parse_args()
    world = prose_world(given.queries)
    vectors = encoded(world)
    for name, bias in JUDGES.items():
        scores = judge_scores(world, noise=NOISE, length_bias=bias)
        for size in SIZES:
            print(name, size, ranked(world, scores, size, given.draws))
        for size in ROUTER_SIZES:
            print(name, size, "learnt", routed(world, vectors, scores, size, given.draws))
        for size in (30, 100):
            print(name, size, "fixed", fixed_router(world, vectors, scores, size, given.draws))
    for kind, answers in kinds_of_texts(world).items():
        shares = {}
        for long in (40, rule.LONG, 80, 120):
            rule.LONG, kept = long, rule.LONG
            shares[long] = told_as_prose(answers)
            rule.LONG = kept
        print(kind, shares)


if __name__ == "__main__":
    main()
