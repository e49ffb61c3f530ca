"""One matrix over all baselines: shapes, determinism, order, refusals; then each alone."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from conftest import make_world
from refusals import refuses
from scipy.optimize import check_grad
from threadpoolctl import threadpool_limits

import cascal
from cascal.compare.baselines import (
    BASELINES,
    Avengers,
    BestSingle,
    CascalWithLabels,
    ClusterAgreement,
    ClusterMap,
    GlobalConsensus,
    LLMRank,
    NeighbourConsensus,
    NeighbourLabels,
    Oracle,
    PerTaskConsensus,
    PerTaskLabels,
    Prompt,
    Random,
    SmoothieTrain,
    TaskOracle,
    label_matrix,
)
from cascal.compare.baselines.llmrank import loss, loss_gradient, prompt_features
from cascal.compare.baselines.neighbours import (
    disagreement,
    embedded_disagreement,
    triplet_differences,
)
from cascal.datatypes import NO_ANSWER
from cascal.routing.same_encoder import EncoderMismatch

NAMES = sorted(BASELINES)


def routed(baseline, world, on=None):
    votes, vectors, gold = world
    return baseline.fit(votes, vectors, gold).route(on or vectors)


@pytest.mark.parametrize("name", NAMES)
def test_routes_have_the_shapes_of_any_router(name, world):
    votes, vectors, _ = world
    routes = routed(BASELINES[name], world)
    assert routes.query_ids == vectors.query_ids
    assert routes.models == votes.models
    assert routes.scores.shape == votes.shape
    assert np.isfinite(routes.scores).all()
    k = 1 if name == "best_single" else 3
    assert routes.selected.shape == (len(vectors.query_ids), k)
    assert all(len(set(row)) == k for row in routes.selected.tolist())


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_same_input_gives_the_same_routes(name, world):
    one, other = (routed(BASELINES[name], world) for _ in range(2))
    assert np.array_equal(one.scores, other.scores)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_neither_the_order_of_models_nor_of_queries_matters(name, world):
    votes, vectors, gold = world
    random = np.random.default_rng(5)
    rows, columns = random.permutation(votes.shape[0]), random.permutation(votes.shape[1])
    moved = votes.take(rows, columns)
    plain = routed(BASELINES[name], world)
    other = BASELINES[name].fit(moved, vectors, gold[rows]).route(vectors)
    assert other.models == tuple(votes.models[m] for m in columns)
    assert other.scores == pytest.approx(plain.scores[:, columns], abs=1e-9)
    assert [other.models[m] for m in other.selected[:, 0]] == [
        plain.models[m] for m in plain.selected[:, 0]
    ]


@pytest.mark.parametrize("name", NAMES)
def test_labels_are_used_only_where_they_are_needed_and_refused_where_they_are_missing(name, world):
    votes, vectors, gold = world
    baseline = BASELINES[name]
    none = np.full(len(gold), NO_ANSWER)
    if baseline.needs == "nothing":
        with_labels = baseline.fit(votes, vectors, gold).route(vectors)
        without = baseline.fit(votes, vectors).route(vectors)
        assert np.array_equal(with_labels.scores, without.scores)
        return
    for labels in (None, none, np.full(votes.shape, np.nan)):
        with refuses("needs-labels", baseline.title):
            baseline.fit(votes, vectors, labels)


@pytest.mark.parametrize("name", NAMES)
def test_a_matrix_of_right_and_wrong_serves_as_labels(name, world):
    votes, vectors, gold = world
    right = label_matrix(votes, gold)
    assert np.array_equal(right, (votes.answers == gold[:, None]).astype(float))
    one = BASELINES[name].fit(votes, vectors, gold).route(vectors)
    other = BASELINES[name].fit(votes, vectors, right).route(vectors)
    assert np.array_equal(one.scores, other.scores)


@pytest.mark.parametrize("name", NAMES)
def test_missing_answers_one_model_and_few_queries_end_in_routes(name):
    votes, vectors, gold = make_world(n_queries=30, missing=0.3, seed=2)
    gold = np.where(np.arange(30) % 3 == 0, NO_ANSWER, gold)
    for columns in (np.arange(5), np.array([2]), np.array([0, 3])):
        few = votes.take(np.arange(30), columns)
        routes = BASELINES[name].fit(few, vectors, gold).route(vectors)
        assert np.isfinite(routes.scores).all()
    one = votes.take(np.array([1]))
    assert len(BASELINES[name].fit(one, vectors.take(one.query_ids), gold[[1]]).models) == 5


@pytest.mark.parametrize("name", NAMES)
def test_vectors_of_another_encoder_and_wrong_labels_are_refused(name, world):
    votes, vectors, gold = world
    router = BASELINES[name].fit(votes, vectors, gold)
    other = cascal.Embeddings(vectors.query_ids, vectors.vectors, "another")
    with refuses("other-encoder", "'another'", "'test'", kind=EncoderMismatch):
        router.route(other)
    short = cascal.Embeddings.from_array(("q",), np.ones((1, 3)), vectors.encoder)
    with refuses("other-encoder", 3, router.dimension, kind=EncoderMismatch):
        router.route(short)
    if BASELINES[name].needs != "nothing":
        with refuses("wrong-shape", "labels", (10,), len(votes.query_ids)):
            BASELINES[name].fit(votes, vectors, gold[:10])
    empty = votes.take(np.array([], dtype=np.int64))
    with refuses("nothing-to-fit", 0, len(votes.models)):
        BASELINES[name].fit(empty, vectors, gold[:0])


@pytest.mark.parametrize("name", NAMES)
def test_every_baseline_cites_or_explains_itself(name):
    assert BASELINES[name].title
    assert type(BASELINES[name]).__doc__


def test_constants_choose_by_their_own_measure(world):
    votes, _, gold = world
    accuracy = (votes.answers == gold[:, None]).mean(axis=0)
    assert (routed(BestSingle(), world).selected[:, 0] == accuracy.argmax()).all()
    three = routed(BestSingle(3), world).selected[0]
    assert three.tolist() == np.argsort(-accuracy)[:3].tolist()
    consensus = cascal.fit(*world[:2], n_jobs=1).consensus.mean(axis=0)
    assert (routed(GlobalConsensus(), world).selected[:, 0] == consensus.argmax()).all()


def test_random_is_even_and_depends_on_the_id_only(world):
    votes, vectors, _ = world
    routes = routed(Random(), world)
    share = np.bincount(routes.selected[:, 0], minlength=5) / len(routes)
    assert share == pytest.approx(np.full(5, 0.2), abs=0.1)
    digest = hashlib.sha256(f"0\x00{vectors.query_ids[0]}".encode()).digest()
    drawn = np.random.default_rng(int.from_bytes(digest[:8])).random(5)
    by_name = [sorted(votes.models).index(name) for name in votes.models]
    assert np.array_equal(routes.scores[0], drawn[by_name])
    few = vectors.take(vectors.query_ids[7:9])
    assert np.array_equal(Random().fit(votes, vectors).route(few).scores, routes.scores[7:9])


def test_per_task_and_neighbours_equal_plain_loops(world):
    votes, vectors, gold = world
    right = (votes.answers == gold[:, None]).astype(float)
    tasks = np.array(votes.tasks)
    names = sorted(set(votes.tasks))
    unit = vectors.vectors.astype(float)
    means = [unit[tasks == name].mean(axis=0) for name in names]
    nearest = np.argmax(unit @ np.array([m / np.linalg.norm(m) for m in means]).T, axis=1)
    expected = np.array([right[tasks == names[t]].mean(axis=0) for t in nearest])
    assert routed(PerTaskLabels(), world).scores == pytest.approx(expected)
    near = np.argsort(-(unit @ unit.T), axis=1)[:, :7]
    expected = np.array([right[row].mean(axis=0) for row in near])
    assert routed(NeighbourLabels(k=7), world).scores == pytest.approx(expected)
    consensus = np.nan_to_num(cascal.fit(votes, vectors, n_jobs=1).consensus)
    expected = np.array([consensus[row].mean(axis=0) for row in near])
    assert routed(NeighbourConsensus(k=7), world).scores == pytest.approx(expected, abs=1e-9)
    expected = np.array([consensus[tasks == names[t]].mean(axis=0) for t in nearest])
    assert routed(PerTaskConsensus(), world).scores == pytest.approx(expected, abs=1e-9)


def test_avengers_takes_the_most_accurate_model_of_the_nearest_cluster():
    """Two far groups: a is right in the first, b in the second; the third model never."""
    angle = np.radians([0, 1, 2, 3, 90, 91, 92, 93])
    ids = [f"q{row}" for row in range(8)]
    vectors = cascal.Embeddings.from_array(
        ids, np.column_stack([np.cos(angle), np.sin(angle)]), "t"
    )
    right = np.array([[1, 0, 0]] * 4 + [[0, 1, 0]] * 4)
    votes = cascal.Votes(
        ids, ["t"] * 8, ("a", "b", "c"), 1 - right, np.full((8, 3), np.nan), np.full(8, 4)
    )
    routes = Avengers(n_clusters=2).fit(votes, vectors, np.zeros(8, dtype=int)).route(vectors)
    assert routes.selected[:, 0].tolist() == [0] * 4 + [1] * 4
    assert routes.scores[0] == pytest.approx([1 / 0.1, 1 / 1.1, 1 / 2.1])
    blended = Avengers(n_clusters=2, top_clusters=2).fit(votes, vectors, np.zeros(8, int))
    first = blended.route(vectors).scores[0]
    assert 1 / 1.1 < first[1] < first[0] < 1 / 0.1
    assert first.sum() == pytest.approx(1 / 0.1 + 1 / 1.1 + 1 / 2.1)


def test_the_simple_rival_takes_the_model_that_agrees_most_in_the_nearest_cluster():
    """Two far groups: a sits with the majority in the first, b in the second, c and d in both;
    what the labels say does not count.
    """
    angle = np.radians([0, 1, 2, 3, 90, 91, 92, 93])
    ids = [f"q{row}" for row in range(8)]
    vectors = cascal.Embeddings.from_array(
        ids, np.column_stack([np.cos(angle), np.sin(angle)]), "t"
    )
    answers = np.array([[0, 1, 0, 0]] * 4 + [[1, 0, 0, 0]] * 4)
    nothing = np.full((8, 4), np.nan)
    votes = cascal.Votes(ids, ["t"] * 8, tuple("abcd"), answers, nothing, np.full(8, 4))
    routes = ClusterAgreement(n_clusters=2).fit(votes, vectors).route(vectors)
    assert routes.scores[0] == pytest.approx([2 / 3, 0, 2 / 3, 2 / 3])
    assert routes.scores[-1] == pytest.approx([0, 2 / 3, 2 / 3, 2 / 3])
    assert routes.selected[:, 0].tolist() == [0] * 4 + [1] * 4
    one = ClusterAgreement(n_clusters=1).fit(votes, vectors).route(vectors)
    assert one.scores == pytest.approx(np.tile([1 / 3, 1 / 3, 2 / 3, 2 / 3], (8, 1)))


def test_disagreement_of_one_hot_answers_equals_that_of_their_vectors():
    random = np.random.default_rng(0)
    answers = random.integers(-1, 4, size=(50, 5))
    one_hot = np.zeros((50, 5, 4))
    rows, columns = np.nonzero(answers >= 0)
    one_hot[rows, columns, answers[rows, columns]] = 1.0
    plain = ((one_hot[:, :, None] - one_hot[:, None]) ** 2).sum(axis=(2, 3))
    assert disagreement(answers, np.full(50, 4)) == pytest.approx(plain)
    assert embedded_disagreement(one_hot) == pytest.approx(plain)


def test_ranking_by_distance_is_ranking_by_smoothies_triplet_estimate():
    """diff_i averaged over all triplets: (δ_ij + δ_ik − δ_jk) / 2."""
    random = np.random.default_rng(1)
    points = random.normal(size=(6, 3))
    apart = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    triplets = [
        np.mean(
            [
                (apart[i, j] + apart[i, k] - apart[j, k]) / 2
                for j in range(6)
                for k in range(j + 1, 6)
                if i not in (j, k)
            ]
        )
        for i in range(6)
    ]
    found = triplet_differences(apart.sum(axis=1))
    assert found == pytest.approx(np.array(triplets))
    assert np.argsort(found).tolist() == np.argsort(apart.sum(axis=1)).tolist()
    with refuses("too-little-data", 3, 2):
        triplet_differences(np.zeros(2))


def test_smoothie_with_embedded_responses_prefers_the_model_in_the_middle(world):
    votes, vectors, _ = world
    names = sorted(votes.models)
    random = np.random.default_rng(0)
    spread = np.array([1.0, 1.0, 0.05, 1.0, 1.0])[:, None]
    responses = {one: spread * random.normal(size=(5, 8)) for one in votes.query_ids}
    routes = SmoothieTrain(responses=responses).fit(votes, vectors).route(vectors)
    middle = votes.models.index(names[2])
    assert (routes.selected[:, 0] == middle).all()
    with refuses("no-vectors", len(votes.query_ids), repr(min(votes.query_ids))):
        SmoothieTrain(responses={}).fit(votes, vectors)


def test_the_gradient_of_llmrank_is_that_of_its_loss():
    random = np.random.default_rng(0)
    right = (random.random((6, 4)) < 0.5).astype(float)
    start = random.normal(size=24)

    def value(flat):
        return loss(flat.reshape(6, 4), right)

    def slope(flat):
        return loss_gradient(flat.reshape(6, 4), right).ravel()

    assert check_grad(value, slope, start) < 1e-6


def test_the_number_of_blas_threads_changes_no_score_of_llmrank():
    wide = make_world(n_queries=400, dimension=200)
    learnt = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads, user_api="blas"):
            learnt.append(LLMRank().fit(*wide))
    first, second = (router.route(wide[1]).scores for router in learnt)
    assert np.array_equal(first, second)


def test_llmrank_learns_what_the_text_alone_tells():
    """The vectors say nothing; a is right on questions with digits, b on those without."""
    random = np.random.default_rng(0)
    n = 400
    digits = np.arange(n) % 2 == 0
    ids = [f"q{row:03d}" for row in range(n)]
    vectors = cascal.Embeddings.from_array(ids, random.normal(size=(n, 6)), "t")
    answers = np.where(np.column_stack([digits, ~digits]), 0, 1)
    votes = cascal.Votes(ids, ["t"] * n, ("a", "b"), answers, np.full((n, 2), np.nan), [4] * n)
    prompts = {
        one: Prompt("Compute 12345 plus 678" if digit else "Name the capital city", 4)
        for one, digit in zip(ids, digits, strict=True)
    }
    routes = LLMRank(prompts=prompts).fit(votes, vectors, np.zeros(n, int)).route(vectors)
    assert (routes.selected[:, 0] == np.where(digits, 0, 1)).mean() > 0.98
    blind = LLMRank().fit(votes, vectors, np.zeros(n, int)).route(vectors)
    assert len(blind) == n


def test_prompt_features_see_digits_latex_negation_and_question_words():
    plain, odd = (
        prompt_features(Prompt(text, 4)) for text in ("Name it", "Which is not $x^{2}$ or 42?")
    )
    assert len(plain) == len(odd)
    assert plain[2:5] == [0.0, 0.0, 0.0]
    assert odd[3:6] == [1.0, 1.0, 4.0]
    assert odd[2] > 0
    assert odd[6:].count(1.0) == 1


def test_cascal_with_labels_beats_its_own_consensus_when_the_consensus_is_wrong():
    """Four of five models fall for the same wrong option on odd queries; labels see through."""
    votes, vectors, gold = make_world(seed=1)
    answers = np.array(votes.answers)
    odd = np.arange(len(gold)) % 2 == 1
    answers[odd, 1:] = (gold[odd, None] + 1) % 6
    answers[odd, 0] = gold[odd]
    fooled = cascal.Votes(
        votes.query_ids, votes.tasks, votes.models, answers, votes.logprobs, votes.option_counts
    )
    with_labels = cascal.evaluate(routed(CascalWithLabels(), (fooled, vectors, gold)), fooled, gold)
    router = cascal.fit(fooled, vectors, n_jobs=1).router()
    without = cascal.evaluate(router.route(vectors), fooled, gold)
    assert with_labels.top1_accuracy > without.top1_accuracy + 0.2


def test_the_oracles_bound_what_routing_can_reach(world):
    votes, vectors, gold = world
    oracle = cascal.evaluate(routed(Oracle(), world), votes, gold)
    assert oracle.top1_accuracy == (votes.answers == gold[:, None]).any(axis=1).mean()
    per_task = cascal.evaluate(routed(TaskOracle(), world), votes, gold)
    right = votes.answers == gold[:, None]
    tasks = np.array(votes.tasks)
    best = [right[tasks == task].mean(axis=0).max() * (tasks == task).sum() for task in set(tasks)]
    assert per_task.top1_accuracy == pytest.approx(sum(best) / len(tasks))
    router = cascal.fit(votes, vectors, n_jobs=1).router()
    cluster = router.route(vectors).cluster
    mapped = cascal.evaluate(routed(ClusterMap(router), world), votes, gold)
    best = [
        right[cluster == c].mean(axis=0).max() * (cluster == c).sum() for c in set(cluster.tolist())
    ]
    assert mapped.top1_accuracy == pytest.approx(sum(best) / len(tasks))
    assert oracle.top1_accuracy >= max(per_task.top1_accuracy, mapped.top1_accuracy)


@pytest.mark.parametrize("name", ["oracle", "task_oracle"])
def test_a_bound_routes_no_other_queries(name, world):
    votes, vectors, gold = world
    router = BASELINES[name].fit(votes.take(np.arange(50)), vectors, gold[:50])
    with refuses("other-queries", BASELINES[name].title, repr(vectors.query_ids[50])):
        router.route(vectors)


def test_a_cluster_map_without_a_router_is_refused(world):
    with refuses("missing-value"):
        ClusterMap().fit(*world)
