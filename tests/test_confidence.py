"""Confidences as evidence, against the formulas written out, and the laws they obey."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cascal
from cascal.consensus.confidence import (
    ALARMING_SHARE,
    confidence_likelihood,
    inverted,
    learn_confidences,
    listening_consensus,
    normal_scores,
)
from cascal.consensus.expectation_maximisation import (
    EXCESS,
    MAX_ALPHA,
    ConsensusHere,
    polya_dawid_skene,
)
from cascal.consensus.latent import ALPHA, EASINESS, find_slots
from cascal.datatypes import NO_ANSWER
from cascal.settings import FitSettings
from tests.conftest import shared
from tests.literal_consensus import (
    LiteralConfidence,
    literal_evidence,
    literal_listening,
    literal_z,
    random_world,
)

law = settings(deadline=None, max_examples=10, derandomize=True, database=None)


def listened(answers, n_options, groups, logprobs):
    return listening_consensus(ConsensusHere(find_slots(answers, n_options), groups), logprobs)


def confident_world(seed, unknown=0.02, signal=0.8, scattered=False, **kwargs):
    """A world in which a model's log-probability is higher where its answer is the common one."""
    kwargs = {"n_queries": 64, "n_models": 4, "options": (4, 6), "missing": 0.03, **kwargs}
    answers, groups, n_options = random_world(seed, **kwargs)
    random = np.random.default_rng(seed + 1)
    if scattered:
        wrong = random.random(answers.shape) < 0.5
        guess = random.integers(np.maximum(n_options, 2)[:, None], size=answers.shape)
        answers = np.where(wrong & (answers != NO_ANSWER), guess, answers)
    common = [np.bincount(row[row >= 0], minlength=1).argmax() for row in answers]
    agrees = answers == np.array(common)[:, None]
    noise = random.normal(size=(len(answers), 1)) + random.normal(size=answers.shape)
    logprobs = -np.exp(0.3 * noise) - signal * ~agrees - 2.0 * (signal < 0)
    logprobs[random.random(answers.shape) < unknown] = np.nan
    return answers, groups, n_options, logprobs


WORLDS = {
    "options": {},
    "free answers": {"options": (0,)},
    "both": {"options": (0, 4, 8), "n_groups": 3},
    "scattered wrong votes": {"scattered": True, "missing": 0.0},
    "half of the log-probabilities unknown": {"unknown": 0.5},
    "no signal": {"signal": 0.0},
    "inverted": {"signal": -0.8},
    "many missing answers": {"missing": 0.45},
}


FEW_COMMON = ("half of the log-probabilities unknown", "many missing answers")
"""Worlds in which no two models share enough queries to tell how their confidences move."""


LONG = ("scattered wrong votes", "inverted", "half of the log-probabilities unknown", "no signal")
"""Worlds for which the formulas written out take seconds."""


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=[pytest.mark.slow] * (one in LONG)) for one in WORLDS]
)
def test_the_consensus_equals_its_formulas_written_out(name, seed):
    answers, groups, n_options, logprobs = confident_world(seed, **WORLDS[name])
    scores, likeliest, alpha, model = literal_listening(
        answers.tolist(), groups.tolist(), n_options.tolist(), logprobs.tolist()
    )
    fitted, learnt = listening_consensus(
        ConsensusHere(find_slots(answers, n_options), groups), logprobs
    )
    assert np.abs(fitted.scores - scores).max() <= 1e-8
    assert learnt.likeliest_concentration == pytest.approx(likeliest, abs=1e-12)
    assert learnt.concentration == pytest.approx(alpha, abs=1e-12)
    if model is None:
        assert np.isnan(learnt.rise).all()
        return
    for mine, literal in (
        (learnt.rise, model.delta),
        (learnt.easiness, model.gamma),
        (learnt.variance, model.variance),
        (learnt.slope, model.slope),
        (learnt.slope_error, model.slope_error),
    ):
        written = np.array([np.nan if value is None else value for value in literal])
        np.testing.assert_allclose(mine, written, atol=1e-8, rtol=0)
    assert learnt.correlation == pytest.approx(model.rho, abs=1e-8)
    assert (model.rho > 0) == (name not in FEW_COMMON)


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.9])
def test_the_likelihood_equals_a_full_covariance_matrix(rho):
    """Up to what is constant within a query, every slot and every easiness to 1e-10."""
    answers, groups, n_options, logprobs = confident_world(5, unknown=0.3)
    slots = find_slots(answers, n_options)
    z = normal_scores(np.where(answers != NO_ANSWER, logprobs, np.nan), groups)
    learnt = learn_confidences(z, ConsensusHere(slots, groups).maximise(), groups)
    model = replace(learnt, correlation=rho)
    mine = confidence_likelihood(model, z, slots, groups)
    literal = LiteralConfidence(
        model.rise.tolist(),
        model.easiness.tolist(),
        model.variance.tolist(),
        {(g, j): model.intercept[g, j] for g in range(2) for j in range(4)},
        rho,
        [],
        [],
    )
    rows = literal_z(answers.tolist(), groups.tolist(), logprobs.tolist())
    for q, votes in enumerate(answers.tolist()):
        names = sorted({vote for vote in votes if vote != NO_ANSWER})
        places = [*range(len(names)), slots.counts.shape[1]]
        wanted = np.array(
            [
                [literal_evidence(answers, groups, rows, literal, q, t, b) for b in EASINESS]
                for t in [*names, "none"]
            ]
        )
        off = mine[q][places] - wanted
        assert np.ptp(off) <= 1e-10


def test_without_confidences_and_with_the_first_alpha_nothing_changes_to_the_last_bit():
    answers, groups, n_options, logprobs = confident_world(3, options=(0,))
    fitted, learnt = listening_consensus(
        ConsensusHere(find_slots(answers, n_options), groups), np.full(logprobs.shape, np.nan)
    )
    before = polya_dawid_skene(answers, groups, n_options)
    assert learnt.concentration == ALPHA
    assert (fitted.scores == before.scores).all()
    assert (fitted.theta == before.theta).all()
    assert fitted.iterations == before.iterations


@pytest.mark.slow
@law
@given(st.integers(0, 10_000))
def test_the_order_of_models_and_queries_does_not_matter(seed):
    answers, groups, n_options, logprobs = confident_world(seed)
    random = np.random.default_rng(seed)
    rows, columns = random.permutation(len(answers)), random.permutation(answers.shape[1])
    cells = np.ix_(rows, columns)
    before, learnt = listening_consensus(
        ConsensusHere(find_slots(answers, n_options), groups), logprobs
    )
    after, again = listening_consensus(
        ConsensusHere(find_slots(answers[cells], n_options[rows]), groups[rows]), logprobs[cells]
    )
    np.testing.assert_allclose(after.scores, before.scores[cells], atol=1e-9)
    np.testing.assert_allclose(again.rise, learnt.rise[columns], atol=1e-9)
    assert again.correlation == pytest.approx(learnt.correlation, abs=1e-9)


def test_models_with_few_or_equal_log_probabilities_give_no_evidence():
    answers, groups, n_options, logprobs = confident_world(4, unknown=0.0, missing=0.0)
    logprobs[29:, 0] = np.nan
    logprobs[:, 1] = -0.5
    _, learnt = listened(answers, n_options, groups, logprobs)
    assert np.isnan(learnt.rise).tolist() == [True, True, False, False]
    assert learnt.n_known.tolist() == [0, 0, 64, 64]


def test_confidences_raise_the_votes_they_back():
    """Two against two: the surer pair is believed, and the other way round."""
    answers, groups, n_options, logprobs = confident_world(6, n_queries=400, missing=0.0, unknown=0)
    answers[0] = [0, 0, 1, 1]
    high, low = logprobs.max(), logprobs.min()
    for sure, doubtful in (((0, 1), (2, 3)), ((2, 3), (0, 1))):
        logprobs[0, list(sure)], logprobs[0, list(doubtful)] = high, low
        fitted, _ = listening_consensus(
            ConsensusHere(find_slots(answers, n_options), groups), logprobs
        )
        assert fitted.scores[0, sure[0]] > fitted.scores[0, doubtful[0]]


@pytest.mark.parametrize(("signal", "fires"), [(-1.0, True), (1.0, False)])
def test_inverted_confidences_are_seen(signal, fires):
    """Surer where it is wrong: of at least a third of the models the slope is below −2 errors."""
    random = np.random.default_rng(8)
    gold = random.integers(6, size=600)
    right = random.random((600, 6)) < 0.6
    answers = np.where(right, gold[:, None], random.integers(6, size=right.shape))
    logprobs = -np.exp(0.3 * random.normal(size=right.shape) - signal * right)
    slots = find_slots(answers, np.full(600, 6))
    _, learnt = listening_consensus(ConsensusHere(slots, np.zeros(600, int)), logprobs)
    assert inverted(learnt).any() == fires
    assert (inverted(learnt).mean() >= ALARMING_SHARE) == fires


@pytest.mark.parametrize(("share_right", "alpha"), [(0.7, ALPHA), (0.2, MAX_ALPHA)])
def test_scattered_wrong_votes_raise_alpha_from_the_guard_to_the_cap(share_right, alpha):
    random = np.random.default_rng(0)
    gold = random.integers(10, size=600)
    right = random.random((600, 7)) < share_right
    answers = np.where(right, gold[:, None], random.integers(10, size=right.shape))
    slots = find_slots(answers, np.full(600, 10))
    consensus = ConsensusHere(slots, np.zeros(600, int))
    _, learnt = listening_consensus(consensus, np.full(answers.shape, np.nan))
    assert learnt.concentration == alpha
    assert (learnt.likeliest_concentration > EXCESS * ALPHA) == (alpha > ALPHA)


def test_the_golden_world_gives_the_published_values():
    """Check values of the method on the small golden world, one group, ten options."""
    with np.load(shared("golden", "small", "train.npz")) as stored:
        answers = np.vectorize(lambda letter: ord(str(letter)) - ord("A"))(stored["choice"])
        logprobs, models = stored["logprob"], [str(one)[:3] for one in stored["model"]]
    slots, groups = find_slots(answers, np.full(len(answers), 10)), np.zeros(len(answers), int)
    fitted, learnt = listening_consensus(ConsensusHere(slots, groups), logprobs)
    by_name = np.argsort(models)
    assert [models[at] for at in by_name] == ["Exa", "GLM", "Gem", "Lla", "Qwe"]
    mean = fitted.scores.mean(axis=0)[by_name]
    np.testing.assert_allclose(mean, [0.6916, 0.3867, 0.3710, 0.4077, 0.3855], atol=5e-5)
    assert round(learnt.likeliest_concentration, 3) == 0.274
    assert learnt.concentration == ALPHA
    assert learnt.rise.tolist() == [1.0] * 5
    np.testing.assert_allclose(learnt.easiness[by_name], [0.0, 0.0, -1.0, -1.0, -0.755], atol=5e-4)
    np.testing.assert_allclose(learnt.variance[by_name], [0.762, 0.571, 0.5, 0.5, 0.5], atol=5e-4)
    assert round(learnt.correlation, 3) == 0.136
    first = ConsensusHere(slots, groups).maximise(learn_alpha=True)
    second = ConsensusHere(slots, groups).maximise()
    assert (first.iterations, second.iterations, fitted.iterations) == (31, 28, 13)


@pytest.mark.slow
def test_on_the_demo_confidences_and_the_same_first_model_gain_what_the_page_says(demo):
    figures = {}
    for joining in ("sets", "sets_and_first"):
        chosen = FitSettings(consensus="pds_confidence", joining=joining)
        router = cascal.fit(demo.train.votes, demo.train.vectors, chosen).router()
        result = demo.test.evaluation(router.route(demo.test.vectors))
        figures[joining] = f"{100 * result.top1_accuracy:.1f} / {100 * result.vote_accuracy:.1f}"
    assert figures == {"sets": "79.3 / 83.0", "sets_and_first": "81.3 / 83.0"}
    assert len(router.clusters) == 33
    page = (Path(__file__).parents[1] / "docs" / "consensus.md").read_text(encoding="utf-8")
    assert "from 77.0 to 79.3 %, and to 81.3 %" in " ".join(page.split())


@pytest.mark.parametrize("preset", ["released", "recommended", "paper"])
def test_a_log_probability_near_the_end_of_numbers_gives_no_warning(preset):
    """Warnings are errors here; the outliers weigh as much as -9999 does, and nothing is nan."""
    rng = np.random.default_rng(0)
    ids = [f"q{number}" for number in range(60)]
    logprobs = -rng.random((60, 3))
    logprobs[[3, 5, 9], [1, 1, 2]] = -1e308, -1.7e308, -1e308
    votes = cascal.Votes(
        ids,
        ["a", "b"] * 30,
        ["m", "n", "o"],
        rng.integers(0, 4, (60, 3)),
        logprobs,
        n_options=np.full(60, 4),
    )
    vectors = cascal.Embeddings.from_array(ids, rng.normal(size=(60, 8)), encoder="e")
    fitted = cascal.fit(votes, vectors, settings=cascal.FitSettings.preset(preset))
    assert np.isfinite(fitted.router(cascal.Thresholds()).rankings.mean_scores).all()
