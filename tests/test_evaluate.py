"""Routes against gold answers: what counts, the intervals, and the verdict."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import make_world
from refusals import refuses
from scipy import special
from scipy.stats import bootstrap

import cascal
from cascal.datatypes import NotApplicable
from cascal.evaluate import effective_number, first_share
from cascal.intervals import bootstrap_counts, estimate
from cascal.number_format import signed
from cascal.results import Routes
from cascal.routing.blend import softmax
from cascal.verdicts.constant import Constant
from cascal.verdicts.verdict import decide_by_gold, verdict
from cascal.vote import final_answers

NO = cascal.NO_ANSWER
NAN = np.nan


def ids(n):
    return tuple(f"q{row}" for row in range(n))


def routes_of(selected, scores=None, models=("a", "b", "c")):
    """Routes with the given selection (Q, K); scores fall along it."""
    selected = np.array(selected)
    n, m = len(selected), len(models)
    if scores is None:
        scores = np.zeros((n, m))
        np.put_along_axis(scores, selected, 1.0 - 0.1 * np.arange(selected.shape[1])[None], axis=1)
    zero = np.zeros(n)
    return Routes(
        query_ids=ids(n),
        models=models,
        tasks=("t",),
        task=zero.astype(int),
        cluster=zero.astype(int),
        distance=zero,
        scores=scores,
        selected=selected,
        fallback=zero,
        center=np.zeros(m),
        spread=np.ones(m),
    )


def votes_of(answers, status=None, logprobs=None, models=("a", "b", "c")):
    answers = np.array(answers)
    logprobs = np.full(answers.shape, NAN) if logprobs is None else np.array(logprobs, float)
    n = len(answers)
    status = None if status is None else np.array(status)
    return cascal.Votes(ids(n), ["t"] * n, models, answers, logprobs, np.full(n, 4), status=status)


OK, MISSING, BAD = "ok", "missing", "unreadable"


def test_queries_without_gold_leave_every_denominator():
    votes = votes_of([[0, 1, 1], [0, 1, 1], [0, 0, 0]])
    routes = routes_of([[0, 1, 2]] * 3)
    result = cascal.evaluate(routes, votes, np.array([0, NO, 1]))
    assert result.n_gold == 2
    for name in ("top1_right", "top3_vote_right", "vote_right", "hit"):
        assert np.isnan(getattr(result, name)[1])
    assert np.isnan(result.model_right[1]).all()
    assert result.top1_accuracy == 0.5
    assert result.hit_rate == 0.5
    assert result.top3_vote_accuracy == 0.0
    assert result.model_accuracies.tolist() == [0.5, 0.0, 0.0]


def test_a_query_without_gold_is_not_right_because_nobody_answered():
    votes = votes_of([[NO, NO, NO], [0, 0, 0]])
    result = cascal.evaluate(routes_of([[0, 1, 2]] * 2), votes, np.array([NO, 0]))
    assert result.top1_accuracy == result.top3_vote_accuracy == result.hit_rate == 1.0
    assert result.n_gold == 1


def test_missing_answers_count_as_wrong():
    votes = votes_of([[NO, 1, 1], [0, NO, NO]], [[BAD, OK, OK], [OK, BAD, "refused"]])
    result = cascal.evaluate(routes_of([[0, 1, 2]] * 2), votes, np.array([1, 0]))
    assert result.top1_right.tolist() == [0, 1]
    assert result.model_accuracies.tolist() == [0.5, 0.5, 0.5]
    assert result.top3_vote_right.tolist() == [1, 1]


def test_cells_never_asked_leave_the_denominators():
    votes = votes_of(
        [[NO, 1, 1], [0, NO, 0], [0, 0, NO]], [[MISSING, OK, OK], [OK, MISSING, OK], [OK, OK, BAD]]
    )
    result = cascal.evaluate(routes_of([[0, 1, 2]] * 3), votes, np.array([1, 0, 0]))
    assert np.isnan(result.top1_right[0])
    assert result.top1_right[1:].tolist() == [1, 1]
    assert result.n_gold == 2
    assert result.model_accuracies == pytest.approx([1.0, 1.0, 2 / 3])
    assert result.gain_over(1).n == 1  # only q2 counts for both: q0 lacks a, q1 lacks b


def test_a_vote_of_models_that_were_never_asked_leaves_the_denominators():
    """Nobody of the selected was asked: neither the vote nor the hit can be judged."""
    votes = votes_of([[NO, NO, 1], [0, 0, 1]], [[MISSING, MISSING, OK], [OK, OK, OK]])
    result = cascal.evaluate(routes_of([[0, 1]] * 2), votes, np.array([1, 0]))
    assert np.isnan(result.hit[0])
    assert np.isnan(result.vote_right[0])
    assert result.hit_rate == result.vote_accuracy == 1.0


def test_votes_may_hold_more_models_in_another_order():
    votes = votes_of([[3, 1, 0, 2], [3, 1, 0, 2]], models=("x", "c", "a", "b"))
    result = cascal.evaluate(routes_of([[0, 1, 2], [2, 1, 0]]), votes, np.array([0, 1]))
    assert result.models == ("a", "b", "c")
    assert result.top1_right.tolist() == [1, 1]
    assert result.model_accuracies.tolist() == [0.5, 0.0, 0.5]


def test_top_3_is_a_vote_of_three_whatever_top_k_is():
    """Selected is one model, the best three by score still vote: 1 beats 0."""
    scores = np.array([[0.9, 0.8, 0.7]])
    result = cascal.evaluate(routes_of([[0]], scores), votes_of([[0, 1, 1]]), np.array([1]))
    assert result.top3_vote_right.tolist() == [1]
    assert result.vote_right.tolist() == [0]
    assert result.top_k == 1


def plain_vote(chosen, answers, z):
    """Plurality of the chosen models; ties by the sum of z, unknown = 0, else the higher rank."""
    given = [m for m in chosen if answers[m] != NO]
    if not given:
        return NO
    sure = np.nan_to_num(z)
    voters = {answers[m]: [j for j in given if answers[j] == answers[m]] for m in given}
    return max(voters, key=lambda answer: (len(voters[answer]), sum(sure[voters[answer]])))


@pytest.mark.parametrize("known", [1.0, 0.5, 0.0])
def test_the_vote_equals_a_plain_loop(known):
    random = np.random.default_rng(3)
    n, m = 300, 6
    answers = random.integers(-1, 3, size=(n, m))
    logprobs = np.where(random.random((n, m)) < known, -random.random((n, m)), NAN)
    names = tuple("abcdef")
    votes = votes_of(answers, logprobs=logprobs, models=names)
    selected = np.argsort(random.random((n, m)), axis=1)[:, :4]
    center, spread = -random.random(m), 0.1 + random.random(m)
    routes = replace(routes_of(selected, models=names), center=center, spread=spread)
    gold = random.integers(-1, 3, size=n)
    z = (logprobs - center) / spread
    for k in (1, 2, 3, 4):
        found = final_answers(replace(routes, selected=selected[:, :k]), votes)
        expected = [plain_vote(selected[q, :k], answers[q], z[q]) for q in range(n)]
        assert found.tolist() == expected
    result = cascal.evaluate(routes, votes, gold)
    right = [plain_vote(selected[q, :3], answers[q], z[q]) == gold[q] for q in range(n)]
    counts = gold != NO
    assert result.top3_vote_accuracy == np.array(right)[counts].mean()
    hit = [gold[q] in answers[q, selected[q]] for q in range(n)]
    assert result.hit_rate == np.array(hit)[counts].mean()


def test_numbers_of_a_routed_world_equal_a_plain_loop():
    votes, vectors, gold = make_world(seed=4, missing=0.1)
    routes = cascal.fit(votes, vectors, n_jobs=1).router().route(vectors)
    result = cascal.evaluate(routes, votes, gold)
    first = [votes.answers[q, routes.selected[q, 0]] == gold[q] for q in range(len(gold))]
    assert result.top1_accuracy == sum(first) / len(first)
    counts = [routes.selected[:, 0].tolist().count(m) / len(gold) for m in range(5)]
    assert result.share.tolist() == counts
    best = max(range(5), key=lambda m: (votes.answers[:, m] == gold).mean())
    assert result.best_single == best
    gain = np.mean(first) - (votes.answers[:, best] == gold).mean()
    assert result.gain_over(best).value == pytest.approx(gain)


# Intervals


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["accuracy", "gain"])
def test_the_interval_is_a_percentile_bootstrap(seed, kind):
    """Means of 150 zeros and ones lie 1/150 apart: the two Monte-Carlo ends agree to one step."""
    random = np.random.default_rng(seed)
    values = (random.random(150) < 0.7).astype(float)
    if kind == "gain":
        values = values - (random.random(150) < 0.6)
    ours = estimate(values)
    theirs = bootstrap(
        (values,), np.mean, n_resamples=9999, method="percentile", rng=seed
    ).confidence_interval
    step = 1.001 / 150
    assert ours.value == values.mean()
    assert abs(ours.low - theirs.low) <= step
    assert abs(ours.high - theirs.high) <= step
    assert ours.n == 150


def test_unknown_values_leave_the_estimate():
    values = np.array([1.0, NAN, 0.0, 1.0, NAN, 1.0])
    assert estimate(values) == estimate(values[np.isfinite(values)])
    assert estimate(values).value == 0.75
    assert estimate(values).n == 4


def test_a_constant_has_no_spread_and_nothing_has_no_estimate():
    sure = estimate(np.ones(30))
    assert (sure.value, sure.low, sure.high) == (1.0, 1.0, 1.0)
    for empty in (np.array([]), np.full(3, NAN)):
        with refuses("too-little-data", kind=NotApplicable):
            estimate(empty)


def test_resamples_draw_as_many_queries_as_there_are_and_are_repeatable():
    counts = bootstrap_counts(37, 50, 1)
    assert counts.shape == (50, 37)
    assert (counts.sum(axis=1) == 37).all()
    assert np.array_equal(counts, bootstrap_counts.__wrapped__(37, 50, 1))
    assert not np.array_equal(counts, bootstrap_counts(37, 50, 2))


def test_the_gain_is_paired():
    """The router is right wherever the model is, and on ten queries more: no doubt about +10 %.

    Unpaired, two accuracies near one half on 100 queries would be uncertain by ±0.14.
    """
    easy = np.arange(100) % 2
    answers = np.column_stack([easy, np.where(np.arange(100) < 20, 1, easy)])
    votes = votes_of(answers, models=("a", "b"))
    selected = np.where(np.arange(100) < 20, 1, 0)[:, None]
    routes = routes_of(np.column_stack([selected, 1 - selected]), models=("a", "b"))
    result = cascal.evaluate(routes, votes, np.ones(100, dtype=int))
    gain = result.gain_over(0)
    assert gain.value == pytest.approx(0.1)
    assert 0.03 < gain.low < gain.high < 0.18


def test_effective_number():
    assert effective_number(np.array([1.0, 0, 0])) == 1.0
    assert effective_number(np.array([0.25] * 4)) == pytest.approx(4.0)
    assert effective_number(np.zeros(3)) == 0.0
    assert first_share(routes_of(np.empty((0, 3), int))).tolist() == [0, 0, 0]


# The verdict


def two_skills(n, share_wrongly_routed, seed=0):
    """Model a is right on even queries, b on odd ones, c on 60 %; the router picks a or b."""
    random = np.random.default_rng(seed)
    skill = np.arange(n) % 2
    right = np.column_stack([skill == 0, skill == 1, random.random(n) < 0.6])
    votes = votes_of(np.where(right, 1, 0))
    first = np.where(random.random(n) < share_wrongly_routed, 1 - skill, skill)
    routes = routes_of(np.column_stack([first, 1 - first, np.full(n, 2)]))
    return cascal.evaluate(routes, votes, np.ones(n, dtype=int))


@pytest.mark.parametrize(
    ("wrong", "light", "word", "answer"),
    [
        (0.1, "route", "pays", "Routing gains {:.1f} points over c"),
        (0.7, "do not route", "Do not route", "Routing loses {:.1f} points to c"),
        (0.4, "undecided", "No proof", "Routing is not shown to differ from c"),
    ],
)
def test_the_verdict_in_three_worlds(wrong, light, word, answer):
    """c, the best single model, is right on 60 %, the router on 90, 30 and about 60 %."""
    result = two_skills(400, wrong)
    found = verdict(result)
    assert result.models[result.best_single] == "c"
    assert found.light == light
    assert word in found.sentence
    assert "always asking c" in found.sentence
    assert f"{signed(100 * found.gain.value)} points" in found.sentence
    assert found.gain == result.gain_over(2)
    assert found.answer == answer.format(abs(100 * found.gain.value))
    assert found.headline.endswith("always asking c.")
    assert found.basis.endswith("always asking c, the best model on these very queries.")


def test_the_verdict_needs_more_than_a_small_gain_on_few_queries():
    """Four wins and two losses in 20 queries prove nothing; the same shares in 400 do."""
    answers = np.tile([1, 0, 0], (20, 1))
    answers[:4] = 0, 1, 0  # a wrong, b right: the router picks b
    first = np.array([1] * 6 + [0] * 14)  # and twice too often
    for copies, light in ((1, "undecided"), (20, "route")):
        n = 20 * copies
        selected = np.tile(np.column_stack([first, 1 - first]), (copies, 1))
        result = cascal.evaluate(
            routes_of(selected), votes_of(np.tile(answers, (copies, 1))), np.ones(n, dtype=int)
        )
        found = verdict(result)
        assert found.gain.value == pytest.approx(0.1)
        assert found.light == light


def test_always_choosing_the_best_model_is_undecided_not_a_loss():
    votes = votes_of(np.tile([1, 0, 0], (50, 1)))
    result = cascal.evaluate(routes_of([[0, 1, 2]] * 50), votes, np.ones(50, dtype=int))
    found = verdict(result)
    assert found.light == "undecided"
    assert (found.gain.low, found.gain.value, found.gain.high) == (0, 0, 0)


@pytest.mark.parametrize(("n_gold", "light"), [(2, "undecided"), (9, "undecided"), (10, "route")])
def test_a_handful_of_gold_answers_decides_nothing_however_clear_they_are(n_gold, light):
    """Every resample of equal values is the same: their interval has no width, and says nothing."""
    gain = estimate(np.ones(n_gold))
    assert (gain.low, gain.high) == (1.0, 1.0)
    found = decide_by_gold(gain, Constant(0, "a", "these queries"))
    assert found.light == light
    few = f"{n_gold} test queries with gold answers are too few, 10 are needed"
    assert (few in found.sentence) == (light == "undecided")
    assert ("points" in found.sentence) == (light == "route")


def test_no_gold_answer_means_no_numbers_and_a_sentence_for_the_verdict():
    votes = votes_of([[0, 1, 2]] * 4)
    result = cascal.evaluate(routes_of([[0, 1, 2]] * 4), votes, np.full(4, NO))
    assert result.n_gold == 0
    assert np.isnan(result.top1_accuracy)
    with refuses("no-gold", kind=NotApplicable):
        verdict(result)


def test_the_best_single_model_may_share_the_pool_with_one_never_asked():
    votes = votes_of([[0, 1, NO]] * 4, [[OK, OK, MISSING]] * 4)
    result = cascal.evaluate(routes_of([[0, 1, 2]] * 4), votes, np.ones(4, dtype=int))
    assert result.best_single == 1
    assert np.isnan(result.model_accuracies[2])


# Refusals


def test_votes_of_other_queries_models_or_another_length_are_refused():
    routes = routes_of([[0, 1, 2]] * 3)
    votes = votes_of([[0, 1, 2]] * 3)
    gold = np.array([0, 1, 2])
    with refuses("wrong-shape", "gold", (2,), 3):
        cascal.evaluate(routes, votes, gold[:2])
    with refuses("other-queries"):
        cascal.evaluate(routes, votes.take(np.array([1, 0, 2])), gold)
    with refuses("other-models", "c"):
        cascal.evaluate(routes, votes.take(np.arange(3), np.array([0, 1])), gold)
    with refuses("wrong-shape", 3, 2):
        final_answers(routes, votes.take(np.arange(2)))


def test_routes_of_a_bare_array_go_with_votes_in_that_order(world):
    votes, vectors, gold = world
    router = cascal.fit(votes, vectors, n_jobs=1).router()
    named = cascal.evaluate(router.route(vectors), votes, gold)
    bare = cascal.evaluate(router.route(vectors.vectors), votes, gold)
    assert bare.top1_right.tolist() == named.top1_right.tolist()


@pytest.mark.parametrize("scale", [1e-3, 1.0, 800.0])
def test_softmax_has_the_bits_of_scipys(scale):
    values = scale * np.random.default_rng(0).normal(size=(50, 7))
    values[::5, 3:] = -np.inf  # clusters of other tasks
    assert np.array_equal(softmax(values), special.softmax(values, axis=1))


def test_models_that_were_never_asked_the_same_queries_leave_the_verdict_open():
    """Of 12 test queries a and b were asked 6 each: nothing can be paired, and that is said."""
    answers = np.array([[0, NO]] * 6 + [[NO, 0]] * 6)
    status = np.where(answers == NO, MISSING, OK).tolist()
    votes = votes_of(answers, status, models=("a", "b"))
    routes = routes_of([[0]] * 12, models=("a", "b"))
    result = cascal.evaluate(routes, votes, np.zeros(12, int))
    found = verdict(result, Constant(1, "b", "these queries"))
    assert found.light == "undecided"
    assert found.gain.n == 0
    assert np.isnan(found.gain.value)
    assert found.sentence == (
        "Nobody can say yet whether routing pays here: b was asked 0 of 6 test queries with gold "
        "answers whose first model was asked, 10 are needed."
    )
    assert found.basis == found.sentence
