"""Polya–Dawid–Skene against its formula written out in loops, and what each step must improve."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from crowdkit.aggregation import OneCoinDawidSkene
from hypothesis import given, settings
from hypothesis import strategies as st

from cascal.consensus.expectation_maximisation import MIN_ITERATIONS, polya_dawid_skene
from cascal.consensus.latent import (
    ALPHA,
    KAPPA,
    MAX_ITERATIONS,
    SIGMA,
    TAU,
    TOLERANCE,
    dawid_skene,
    distractor_likelihood,
    expectation,
    find_slots,
    log_joint,
    log_prior,
    newton,
    starting_reliability,
    statistics,
)
from cascal.datatypes import NO_ANSWER
from tests.literal_consensus import (
    literal_pds,
    random_world,
)

law = settings(deadline=None, max_examples=20, derandomize=True, database=None)
SEEDS = st.integers(0, 10_000)


WORLDS = {
    "few options": {},
    "many missing answers": {"missing": 0.5},
    "free answers": {"options": (0,)},
    "more than 20 options": {"options": (25, 40)},
    "everything mixed": {"options": (0, 2, 4, 24), "missing": 0.3, "n_groups": 3, "n_models": 6},
    "one group": {"n_groups": 1, "missing": 0.0},
    "one query that converges at once": {"n_queries": 1, "missing": 0.0, "n_groups": 1},
    "as many answers as options": {"options": (2,), "n_models": 7, "missing": 0.0},
}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", WORLDS)
def test_pds_equals_its_formula_written_out(name, seed):
    answers, groups, n_options = random_world(seed, **WORLDS[name])
    theta, scores, iterations = literal_pds(answers.tolist(), groups.tolist(), n_options.tolist())
    fitted = polya_dawid_skene(answers, groups, n_options)
    assert fitted.iterations == iterations
    assert np.abs(fitted.theta - theta).max() <= 1e-6
    assert np.abs(fitted.scores - scores).max() <= 1e-6


def test_a_query_with_more_distinct_free_answers_than_20_still_counts():
    """23 models, all different: K becomes 23 and "none of the voted ones" is impossible."""
    random = np.random.default_rng(3)
    answers = random.integers(3, size=(5, 23))
    answers[0] = np.arange(23)
    groups, n_options = np.zeros(5, dtype=int), np.zeros(5, dtype=int)
    _, scores, _ = literal_pds(answers.tolist(), groups.tolist(), n_options.tolist())
    fitted = polya_dawid_skene(answers, groups, n_options)
    assert np.abs(fitted.scores - scores).max() <= 1e-6
    assert fitted.scores[0].sum() == pytest.approx(1.0)


# Acceptance (b): each step improves what it is there to improve.


def em_state(seed):
    """Slots, the fixed part, a random theta and groups of a world of 60 queries."""
    answers, groups, n_options = random_world(seed, n_queries=60, options=(0, 2, 4, 8))
    slots = find_slots(answers, n_options)
    fixed = log_prior(slots) + distractor_likelihood(slots)
    random = np.random.default_rng(seed + 1)
    n_groups = int(groups.max()) + 1
    theta = starting_reliability(slots) + random.normal(size=(n_groups, answers.shape[1]))
    return slots, fixed, theta, groups, random


def expected_ll(posterior, slots, fixed, theta, groups):
    joint = log_joint(slots, fixed, theta, groups)
    return float((posterior * np.where(posterior > 0, joint, 0.0)).sum())


def bound(posterior, joint):
    """E_Q[κ·LL] + entropy(Q), per query."""
    used = posterior > 0
    log_q = np.log(np.where(used, posterior, 1.0))
    return (posterior * (KAPPA * np.where(used, joint, 0.0) - log_q)).sum(axis=(1, 2))


@law
@given(SEEDS, st.floats(0.001, 1.0))
def test_the_e_step_maximises_expected_tempered_likelihood_plus_entropy(seed, amount):
    slots, fixed, theta, groups, random = em_state(seed)
    joint = log_joint(slots, fixed, theta, groups)
    best, normaliser = expectation(joint)
    assert best.sum(axis=(1, 2)) == pytest.approx(np.ones(len(best)))
    assert bound(best, joint) == pytest.approx(normaliser)
    other = best * np.exp(amount * random.normal(size=best.shape))
    other /= other.sum(axis=(1, 2), keepdims=True)
    assert (bound(other, joint) < bound(best, joint)).all()
    spread = np.where(np.isfinite(joint), 1.0, 0.0)
    spread /= spread.sum(axis=(1, 2), keepdims=True)
    mixed = (1 - amount / 2) * best + amount / 2 * spread
    assert (bound(mixed, joint) < bound(best, joint)).all()


@law
@given(SEEDS)
def test_the_pool_step_does_not_lower_the_pooled_likelihood(seed):
    slots, fixed, theta, groups, _ = em_state(seed)
    posterior, _ = expectation(log_joint(slots, fixed, theta, groups))
    truth, easiness = posterior.sum(axis=2), posterior.sum(axis=1)
    right, weight = statistics(truth, easiness, slots, groups, len(theta))
    before = starting_reliability(slots)
    after = newton(right.sum(axis=0), weight.sum(axis=0), before, None)
    alone = np.zeros_like(groups)
    old = expected_ll(posterior, slots, fixed, before[None], alone)
    new = expected_ll(posterior, slots, fixed, after[None], alone)
    assert new > old
    for j in range(len(after)):  # and each model's own level alone does not lower it either
        one = before.copy()
        one[j] = after[j]
        assert expected_ll(posterior, slots, fixed, one[None], alone) >= old - 1e-9


@law
@given(SEEDS)
def test_the_theta_step_does_not_lower_likelihood_plus_prior(seed):
    slots, fixed, theta, groups, random = em_state(seed)
    posterior, _ = expectation(log_joint(slots, fixed, theta, groups))
    truth, easiness = posterior.sum(axis=2), posterior.sum(axis=1)
    right, weight = statistics(truth, easiness, slots, groups, len(theta))
    pool = starting_reliability(slots) + random.normal(size=theta.shape[1])

    def objective(level):
        prior = -((level - pool) ** 2).sum() / (2 * TAU**2)
        return expected_ll(posterior, slots, fixed, level, groups) + prior

    assert objective(newton(right, weight, theta, pool)) > objective(theta)


def test_newton_ends_at_the_maximum():
    """After enough steps the gradient of E_Q[LL] + log prior, by differences, is 0."""
    slots, fixed, theta, groups, _ = em_state(5)
    posterior, _ = expectation(log_joint(slots, fixed, theta, groups))
    truth, easiness = posterior.sum(axis=2), posterior.sum(axis=1)
    right, weight = statistics(truth, easiness, slots, groups, len(theta))
    pool = starting_reliability(slots)
    for _ in range(5):
        theta = newton(right, weight, theta, pool)
    for g, j in np.ndindex(theta.shape):
        values = []
        for step in (-1e-4, 1e-4):
            moved = theta.copy()
            moved[g, j] += step
            prior = -((moved - pool) ** 2).sum() / (2 * TAU**2)
            values.append(expected_ll(posterior, slots, fixed, moved, groups) + prior)
        assert abs(values[1] - values[0]) / 2e-4 <= 1e-4


def test_newton_leaves_a_model_without_votes_where_it_is():
    level = newton(np.zeros(1), np.zeros((1, 7)), np.array([0.3]), None)
    assert level.tolist() == [0.3]
    drawn = newton(np.zeros(1), np.zeros((1, 7)), np.array([0.3]), np.array([0.7]))
    assert drawn == pytest.approx([0.7])


def test_the_constants_are_those_of_the_method():
    assert (ALPHA, SIGMA, KAPPA, TAU) == (0.25, 2.2, 0.8, 0.5)
    assert (MIN_ITERATIONS, MAX_ITERATIONS, TOLERANCE) == (6, 60, 1e-4)


def test_at_least_six_iterations_even_where_nothing_is_left_to_learn():
    """Nobody answers: the likelihood never changes."""
    fitted = polya_dawid_skene(np.full((3, 2), NO_ANSWER), np.zeros(3, int), np.full(3, 4))
    assert fitted.iterations == 6
    assert (fitted.scores == 0).all()


# Acceptance (c) and (d).


@law
@given(SEEDS)
def test_permuting_queries_or_models_permutes_the_result(seed):
    answers, groups, n_options = random_world(seed, n_queries=40, n_models=5)
    random = np.random.default_rng(seed)
    rows, columns = random.permutation(40), random.permutation(5)
    before = polya_dawid_skene(answers, groups, n_options)
    after = polya_dawid_skene(answers[np.ix_(rows, columns)], groups[rows], n_options[rows])
    assert np.abs(after.scores - before.scores[np.ix_(rows, columns)]).max() <= 1e-9
    assert np.abs(after.theta - before.theta[:, columns]).max() <= 1e-9


@law
@given(SEEDS)
def test_renaming_the_options_changes_nothing(seed):
    answers, groups, _ = random_world(seed, n_queries=40, n_models=5, options=(6,))
    renamed = np.append(np.random.default_rng(seed).permutation(6), NO_ANSWER)[answers]
    six = np.full(40, 6)
    before, after = (polya_dawid_skene(one, groups, six) for one in (answers, renamed))
    assert np.abs(after.scores - before.scores).max() <= 1e-9


@law
@given(SEEDS, st.sampled_from(["pds", "dawid_skene"]))
def test_a_model_that_never_answers_gets_0_and_changes_nothing(seed, method):
    answers, groups, n_options = random_world(seed, n_queries=40, n_models=4)
    silent = np.insert(answers, 2, NO_ANSWER, axis=1)

    def scores(votes):
        if method == "pds":
            return polya_dawid_skene(votes, groups, n_options).scores
        return dawid_skene(votes, groups, n_options)

    before, after = scores(answers), scores(silent)
    assert (after[:, 2] == 0).all()
    assert np.abs(np.delete(after, 2, axis=1) - before).max() <= 1e-12


@law
@given(SEEDS)
def test_scores_are_probabilities_and_0_without_an_answer(seed):
    answers, groups, n_options = random_world(seed, options=(0, 2, 4), missing=0.3)
    for scores in (
        polya_dawid_skene(answers, groups, n_options).scores,
        dawid_skene(answers, groups, n_options),
    ):
        assert (scores[answers == NO_ANSWER] == 0).all()
        assert (scores[answers != NO_ANSWER] > 0).all()
        for votes, row in zip(answers, scores, strict=True):
            given_answers = {int(v): p for v, p in zip(votes, row, strict=True) if v != NO_ANSWER}
            assert sum(given_answers.values()) <= 1 + 1e-9
            for vote, p in zip(votes, row, strict=True):  # equal answers, equal scores
                assert vote == NO_ANSWER or p == given_answers[int(vote)]


@pytest.mark.parametrize("seed", range(5))
def test_dawid_skene_recovers_a_planted_order_of_reliability(seed):
    """Accuracies 0.9, 0.75, 0.6, 0.45, 0.3 on 600 queries with 5 options, two tasks."""
    random = np.random.default_rng(seed)
    gold = random.integers(5, size=600)
    accuracy = np.array([0.9, 0.75, 0.6, 0.45, 0.3])
    right = random.random((600, 5)) < accuracy
    wrong = (gold[:, None] + 1 + random.integers(4, size=right.shape)) % 5
    answers = np.where(right, gold[:, None], wrong)
    scores = dawid_skene(answers, random.integers(2, size=600), np.full(600, 5))
    assert np.abs(scores.mean(axis=0) - accuracy).max() < 0.08
    assert np.argsort(-scores.mean(axis=0)).tolist() == [0, 1, 2, 3, 4]
    assert right[scores > 0.9].mean() > 0.9


@pytest.mark.parametrize("seed", range(5))
def test_pds_recovers_a_planted_order_in_a_world_of_easy_and_hard_queries(seed):
    """P(right) = sigmoid(theta + 2.2 b) with theta = 3, 1.5, 0, −1.5, −1.5, −1.5 and easiness b."""
    random = np.random.default_rng(seed)
    gold, easiness = random.integers(5, size=800), random.normal(size=(800, 1))
    theta = np.array([3, 1.5, 0, -1.5, -1.5, -1.5])
    right = random.random((800, 6)) < 1 / (1 + np.exp(-(theta + SIGMA * easiness)))
    wrong = (gold[:, None] + 1 + random.integers(4, size=right.shape)) % 5
    answers = np.where(right, gold[:, None], wrong)
    fitted = polya_dawid_skene(answers, np.zeros(800, dtype=int), np.full(800, 5))
    assert np.argsort(-fitted.theta[0])[:3].tolist() == [0, 1, 2]
    assert fitted.theta[0, 2] > fitted.theta[0, 3:].max()


def test_dawid_skene_knows_which_task_a_model_is_good_at():
    """Five models; the first is right in task 0 and guesses in task 1, the second the reverse."""
    random = np.random.default_rng(0)
    tasks = np.repeat([0, 1], 300)
    gold = random.integers(4, size=600)
    accuracy = np.full((600, 5), 0.7)
    accuracy[:300, 0], accuracy[300:, 0] = 0.95, 0.25
    accuracy[:300, 1], accuracy[300:, 1] = 0.25, 0.95
    right = random.random((600, 5)) < accuracy
    wrong = (gold[:, None] + 1 + random.integers(3, size=right.shape)) % 4
    scores = dawid_skene(np.where(right, gold[:, None], wrong), tasks, np.full(600, 4))
    assert scores[:300].mean(axis=0).argmax() == 0
    assert scores[300:].mean(axis=0).argmax() == 1


def test_dawid_skene_first_step_by_hand():
    """One query, two options, A A B: from the shares ⅔, ⅔, ⅓ the first E step is already symmetric.

    Start: (⅔ + 1)/3 = 5/9, 5/9, 4/9. Odds of A: (5/4)·(5/4), of B: 4/5; A has 1.5625/2.3625 =
    0.661376. Then A's voters rise and B's fall, never beyond the prior of 20 pseudo-votes.
    """
    scores = dawid_skene(np.array([[0, 0, 1]]), np.array([0]), np.array([2]))
    assert scores[0, 0] == scores[0, 1] == pytest.approx(1 - scores[0, 2])
    assert 0.661376 < scores[0, 0] < 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("seed", range(3))
def test_dawid_skene_agrees_with_crowd_kit_on_the_same_table(seed):
    """One task and many queries, where our shrinkage and the option "none of them" hardly count.

    crowd-kit's one-coin model estimates class priors, ours has equal ones; posteriors of single
    votes may differ by a few percent, reliabilities by a thousandth, and the most probable answer
    of 99 in 100 queries is the same.
    """
    random = np.random.default_rng(seed)
    accuracy = np.array([0.9, 0.8, 0.7, 0.6, 0.55, 0.5, 0.45])
    n_queries, n_models, n_options = 2000, len(accuracy), 4
    gold = random.integers(n_options, size=n_queries)
    right = random.random((n_queries, n_models)) < accuracy
    wrong = (gold[:, None] + 1 + random.integers(n_options - 1, size=right.shape)) % n_options
    answers = np.where(right, gold[:, None], wrong)
    ours = dawid_skene(answers, np.zeros(n_queries, int), np.full(n_queries, n_options))
    cells = [(q, m, answers[q, m]) for q in range(n_queries) for m in range(n_models)]
    theirs = OneCoinDawidSkene(n_iter=100).fit(
        pd.DataFrame(cells, columns=["task", "worker", "label"])
    )
    assert ours.mean(axis=0) == pytest.approx(theirs.skills_.sort_index().to_numpy(), abs=2e-3)
    posterior = theirs.probas_.sort_index()[list(range(n_options))].to_numpy()
    own = np.take_along_axis(posterior, answers, axis=1)
    assert np.abs(ours - own).mean() < 5e-3
    chosen = answers[np.arange(n_queries), ours.argmax(axis=1)]
    assert (chosen == posterior.argmax(axis=1)).mean() > 0.99


def test_chunks_of_rows_change_a_consensus_by_rounding_alone(monkeypatch):
    """More queries than a chunk holds; the sums of the groups are added in another order."""
    random = np.random.default_rng(5)
    answers = random.integers(-1, 4, size=(700, 6))
    groups, options = random.integers(3, size=700), np.full(700, 4)
    whole = polya_dawid_skene(answers, groups, options)
    monkeypatch.setattr("cascal.consensus.expectation_maximisation.FEW", 64)
    parts = polya_dawid_skene(answers, groups, options)
    assert parts.iterations == whole.iterations
    assert np.abs(parts.scores - whole.scores).max() <= 1e-9
    assert np.abs(parts.theta - whole.theta).max() <= 1e-9
