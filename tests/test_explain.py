"""A trace tells the whole decision: its numbers add up and its sentences are true."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from conftest import make_world

import cascal
from cascal.explain import NEAREST_QUERIES, explain
from cascal.results import Rankings, SkillClusters
from cascal.routing.blend import FALLBACK_WIDTH
from cascal.routing.leads import lead_in_words
from cascal.routing.reach import SHARES, Reach, Training
from cascal.routing.reasons import LEAST
from cascal.routing.route import Router

ROUTINGS = {
    "recommended": None,
    "nearest": cascal.Routing("nearest", two_stage=True, k_nearest=1),
    "blend": cascal.Routing("blend", two_stage=True, k_nearest=2),
    "sharp": cascal.Routing("blend", two_stage=True, sharp=True, fallback_distance=0.35),
    "fallback": cascal.Routing("blend", two_stage=True, fallback_distance=0.1, margin=0.02),
    "sharp fallback": cascal.Routing("blend", sharp=True, fallback_distance=0.05, margin=0.02),
    "large margin": cascal.Routing("blend", across_tasks=True, margin=0.3),
}


@pytest.fixture(scope="module")
def fit(world):
    votes, vectors, _ = world
    return cascal.fit(votes, vectors, n_jobs=1)


@pytest.fixture(scope="module")
def unseen():
    """Unit vectors: some near the skills, some anywhere."""
    near = make_world(25, seed=0)[1].vectors
    far = np.random.default_rng(1).normal(size=(25, near.shape[1]))
    return np.concatenate([near, far / np.linalg.norm(far, axis=1, keepdims=True)])


@pytest.fixture(scope="module", params=ROUTINGS)
def router(fit, request):
    thresholds = cascal.Thresholds(merge_distance=0.05, prune_jaccard=None)
    return fit.router(replace(thresholds, routing=ROUTINGS[request.param], top_k=2))


def hand_made(scores, overall, routing, angles=(0.0, 30.0, 200.0), names=("a", "b", "c")):
    """A router with one task and a cluster at each angle of the plane, with the given rankings."""
    angle = np.radians(np.array(angles))
    centroids = np.column_stack([np.cos(angle), np.sin(angle)])
    scores, n = np.array(scores, dtype=float), len(angles)
    clusters = SkillClusters(
        ("t",), centroids, np.zeros(n, int), np.ones(n, int), np.arange(n), np.zeros(n, int)
    )
    order = np.argsort(-scores, axis=1, kind="stable")
    rankings = Rankings(
        models=names,
        scores=scores,
        mean_scores=scores,
        standard_error=np.full(scores.shape, 0.1),
        trust=np.ones(scores.shape),
        order=order,
        overall=np.array(overall, dtype=float),
    )
    total = centroids.sum(axis=0)
    return Router(
        clusters=clusters,
        rankings=rankings,
        representatives=(total / np.linalg.norm(total))[None],
        encoder="plane",
        settings=cascal.FitSettings(),
        thresholds=cascal.Thresholds(routing=routing),
        fingerprint="",
        center=np.zeros(3),
        spread=np.ones(3),
    )


EAST = np.array([1.0, 0.0])


def test_the_parts_of_a_score_add_up_and_each_is_what_it_says(router, unseen):
    """The three parts are recomputed from the weights, the rankings and the settings."""
    routing, rankings = router.routing, router.rankings
    acted = 0
    for vector in unseen:
        trace = explain(router, vector)
        (scores,) = router.route(vector).scores
        blended = np.zeros(len(router.models))
        for one in trace.clusters:
            ranking = rankings.scores[one.cluster]
            if routing.sharp:
                e = np.exp(ranking / routing.scoring_temperature)
                ranking = e / e.sum()
            blended += one.weight * ranking
        share = trace.fallback_share
        if share > 0:
            blended = (1 - share) * blended / blended.sum()
            acted += 1
        overall = rankings.overall / rankings.overall.sum()
        for one in trace.models:
            m = router.models.index(one.model)
            assert one.from_clusters + one.from_fallback + one.margin_bonus == pytest.approx(
                one.score, abs=1e-12
            )
            assert one.score == pytest.approx(scores[m], abs=1e-12)
            assert one.from_clusters == pytest.approx(blended[m], abs=1e-9)
            assert one.from_fallback == pytest.approx(share * overall[m], abs=1e-12)
            bonus = routing.margin if m == router.best_overall else 0.0
            assert one.margin_bonus == bonus
    assert (acted > 0) == (routing.fallback_distance is not None)


def test_weights_sum_to_1_and_belong_to_the_nearest_clusters(router, unseen):
    sizes = router.clusters.sizes
    for vector in unseen:
        trace = explain(router, vector)
        weights = np.array([one.weight for one in trace.clusters])
        assert weights.sum() == pytest.approx(1.0)
        assert (weights > 0).all()
        distances = [one.distance for one in trace.clusters]
        assert distances == sorted(distances)
        for one in trace.clusters:
            centroid = router.clusters.centroids[one.cluster]
            assert one.distance == pytest.approx(1 - centroid @ vector, abs=1e-6)
            assert one.size == sizes[one.cluster]
            assert one.task == router.tasks[router.clusters.task[one.cluster]]
        assert 1 <= trace.effective_clusters <= len(weights) + 1e-9
        if len(weights) == 1:
            assert trace.effective_clusters == pytest.approx(1.0)


def test_the_trace_selects_and_ranks_like_the_route(router, unseen):
    routes = router.route(unseen)
    for row, vector in enumerate(unseen):
        trace = explain(router, vector)
        assert trace.selected == tuple(router.models[m] for m in routes.selected[row])
        assert len(trace.selected) == 2
        assert trace.task == router.tasks[routes.task[row]]
        assert trace.fallback_share == pytest.approx(routes.fallback[row], abs=1e-12)
        assert trace.clusters[0].cluster == routes.cluster[row]
        assert [one.rank for one in trace.models] == list(range(1, len(router.models) + 1))
        scores = [one.score for one in trace.models]
        assert scores == sorted(scores, reverse=True)
        assert trace.lead == pytest.approx(scores[0] - scores[1])


def test_where_the_nearest_queries_lie_is_said_exactly_where_that_is_not_the_nearest_cluster(
    router, unseen, tmp_path
):
    """A router of a file does not know its training queries, and says nothing of them."""
    training, assignment = router.training.vectors, router.clusters.assignment
    router.save(tmp_path / "kept.cascal")
    loaded = Router.load(tmp_path / "kept.cascal")
    for vector in unseen:
        trace = explain(router, vector)
        near = np.argsort(1.0 - training @ vector, kind="stable")[:NEAREST_QUERIES]
        clusters, counts = np.unique(assignment[near], return_counts=True)
        most, n = int(clusters[counts.argmax()]), int(counts.max())
        apart = n >= 3 and most != trace.clusters[0].cluster
        assert bool(trace.nearby) is apart
        if apart:
            assert trace.nearby.startswith(
                f"{n} of the 5 nearest training queries lie in cluster {most} ("
            )
        assert trace.to_dict()["nearby"] == trace.nearby
        assert explain(loaded, vector).nearby == ""


@pytest.mark.parametrize("wide", [25.0, 5.0])
def test_a_cluster_whose_centre_is_farther_is_called_wider_only_where_it_is(wide):
    """A query nearer to the centre at 0° than to that at 45°, whose cluster its neighbours are in.

    The first cluster's own queries lie 10° around its centre.
    """
    router = hand_made(np.eye(3), [0.3] * 3, cascal.Routing("nearest"), angles=(0.0, 45.0, 200.0))
    angles = np.radians([10.0, -10.0, *[45.0 - wide] * 5, 200.0])
    vectors = np.column_stack([np.cos(angles), np.sin(angles)])
    clusters = replace(router.clusters, assignment=np.array([0, 0, *[1] * 5, 2]))
    router = replace(router, clusters=clusters, training=Training(vectors))
    at = np.radians(20.0 if wide > 10 else 22.0)
    said = explain(router, np.array([np.cos(at), np.sin(at)]), ["first", "second", "third"]).nearby
    if wide > 10:
        assert said == (
            "5 of the 5 nearest training queries lie in “second”, a wider cluster whose centre is "
            "farther."
        )
    else:
        nearest = "4 of the 5 nearest training queries lie in “second”"
        assert said == f"{nearest}, whose centre is farther."


@pytest.mark.parametrize(
    ("limit", "farthest", "said"),
    [
        (9.0, 9.0, "This query goes to a, the best in cluster 0 (t)"),
        (0.5, 9.0, "Perhaps a: unlike almost all training queries"),
        (0.5, 0.95, "Perhaps a: unlike almost all training queries"),
        (0.5, 0.9, "Unlike any training query: a is a guess"),
    ],
)
def test_a_headline_doubts_as_much_as_the_distance_asks_for(limit, farthest, said):
    """The query's distance is 1, as the precision is the identity."""
    router = hand_made(np.eye(3), [0.3] * 3, cascal.Routing("nearest", k_nearest=1))
    levels = np.linspace(0.0, farthest, len(SHARES))
    router = replace(router, training=None, stored_reach=Reach(np.eye(2), limit, levels))
    trace = explain(router, EAST)
    assert trace.headline == trace.to_dict()["headline"] == said


def test_nearest_tasks_are_by_their_representatives(router, unseen):
    for vector in unseen[:10]:
        trace = explain(router, vector)
        expected = sorted(
            (1 - float(one @ vector), name)
            for one, name in zip(router.representatives, router.tasks, strict=True)
        )[:3]
        assert [name for name, _ in trace.nearest_tasks] == [name for _, name in expected]
        assert [d for _, d in trace.nearest_tasks] == pytest.approx([d for d, _ in expected])
        if router.routing.two_stage:
            assert trace.task == trace.nearest_tasks[0][0]
            assert trace.task_rule == "nearest task representative"


def strict_json(value):
    return json.dumps(value, allow_nan=False)


def test_a_trace_is_valid_json(router, unseen):
    for vector in unseen:
        trace = explain(router, vector)
        found = json.loads(strict_json(trace.to_dict()))
        assert found["selected"] == list(trace.selected)
        assert found["models"][0]["score"] == trace.models[0].score
        assert found["what_would_change"] == list(trace.what_would_change)


def test_unknown_errors_and_leads_become_null():
    """One model: no lead. A sharpened score has no standard error."""
    routing = cascal.Routing("blend", sharp=True)
    router = hand_made([[0.5], [0.4], [0.3]], [0.4], routing, names=("only",))
    trace = explain(router, EAST)
    assert np.isnan(trace.lead)
    found = json.loads(strict_json(trace.to_dict()))
    assert found["lead"] is None
    assert found["models"][0]["standard_error"] is None
    assert trace.what_would_change == ()
    assert trace.reason == found["reason"] == "Routed to only, because it is the only model."


def test_the_standard_error_of_a_blend():
    """Independent cluster means: √Σ (w·0.1)²; one cluster alone keeps its 0.1."""
    near = hand_made(np.eye(3), [0.3] * 3, cascal.Routing("nearest", k_nearest=1))
    assert explain(near, EAST).models[0].standard_error == pytest.approx(0.1)
    blend = hand_made(np.eye(3), [0.3] * 3, cascal.Routing("blend", k_nearest=2))
    trace = explain(blend, EAST)
    expected = 0.1 * np.sqrt(sum(one.weight**2 for one in trace.clusters))
    assert [one.standard_error for one in trace.models] == pytest.approx([expected] * 3)
    assert 0.05 < expected < 0.1


# What would have to change: each sentence is tried out.


@pytest.mark.parametrize("standard_error", [0.02, 0.1])
def test_a_lead_within_the_noise_is_said(standard_error):
    """The lead is 0.1, its noise 1.96 · √2 · the standard error: 0.055 or 0.277."""
    routing = cascal.Routing("nearest", k_nearest=1)
    router = hand_made([[0.9, 0.8, 0.1]] * 3, [0.9, 0.8, 0.1], routing)
    errors = np.full((3, 3), standard_error)
    router = replace(router, rankings=replace(router.rankings, standard_error=errors))
    trace = explain(router, EAST)
    assert trace.lead_noise == pytest.approx(1.96 * np.sqrt(2) * standard_error)
    expected = "" if standard_error == 0.02 else "The lead of 0.100 is within the noise (±0.277)."
    assert trace.doubt == trace.to_dict()["doubt"] == expected


def sentence(trace, pattern):
    lines = [f"{one.model} {one.how}".strip() for one in trace.changes]
    return [found for said in lines if (found := re.fullmatch(pattern, said))]


def test_the_runner_up_comes_first_if_it_rises_by_more_than_the_lead(router, unseen):
    """The number has three digits: half a thousandth more flips the order, half a one less not."""
    for vector in unseen:
        trace = explain(router, vector)
        (said,) = sentence(trace, r"(\S+) if its score rises by more than (\S+)")
        second, rise = said[1], float(said[2])
        assert second == trace.models[1].model
        others = max(one.score for one in trace.models if one.model != second)
        assert trace.models[1].score + rise + 0.0011 > others
        assert trace.models[1].score + rise - 0.0011 < others


def test_what_the_score_would_need_is_said_last_and_one_sentence_tells_one_outcome(router, unseen):
    for vector in unseen:
        trace = explain(router, vector)
        *first, last = trace.changes
        assert last.how.startswith("if its score rises")
        assert not any("rises" in one.how for one in first)
        models = [one.partition(" comes first ")[0] for one in trace.what_would_change]
        assert len(models) == len(set(models))
        told = " ".join(trace.what_would_change)
        assert all(one.how in told for one in trace.changes)


def test_where_the_bonus_decides_every_sentence_says_so_and_no_number_hides_it():
    """By consensus b leads 0.795 to 0.79; with its bonus of 0.01 a has 0.8."""
    routing = cascal.Routing("nearest", k_nearest=1, margin=0.01)
    router = hand_made([[0.79, 0.795, 0.1]] * 3, [0.9, 0.8, 0.1], routing)
    trace = explain(router, EAST)
    assert trace.by_bonus is trace.to_dict()["by_bonus"] is True
    assert trace.headline == "This query goes to a, by the bonus for the best model overall"
    assert trace.because.endswith("puts a above b (0.790 + 0.01 against 0.795 for b)")
    assert trace.doubt == "With the bonus the lead of 0.005 is within the noise (±0.277)."
    contains = "The score of a contains the bonus for the best model overall: 0.790 + 0.01."
    assert trace.beside_consensus == contains
    (said,) = trace.what_would_change
    assert said.startswith("b comes first without the bonus of 0.01 ")
    assert said.endswith("; if its score rises by more than 0.005.")
    plain = explain(without_margin(router), EAST)
    assert (plain.models[0].model, plain.by_bonus, plain.beside_consensus) == ("b", False, "")


def without_margin(router):
    thresholds = replace(router.thresholds, routing=replace(router.routing, margin=0.0))
    return replace(router, thresholds=thresholds)


def test_the_bonus_is_said_to_decide_exactly_where_it_does(router, unseen):
    plain = without_margin(router)
    decided = 0
    for vector in unseen:
        trace = explain(router, vector)
        said = sentence(trace, r"(\S+) without the bonus of (\S+) that .* win close calls")
        (first,) = plain.route(vector).selected[:, 0]
        assert bool(said) == (plain.models[first] != trace.models[0].model)
        if said:
            assert trace.by_bonus
            assert float(said[0][2]) == router.routing.margin
            assert said[0][1] == plain.models[first]
            decided += 1
    if router.routing.margin == 0.3:
        assert decided > 0


def inside_alone(router, cluster):
    """The first model for a query exactly at the centroid, blended from that cluster alone."""
    thresholds = replace(
        router.thresholds, routing=replace(router.routing, k_nearest=1, two_stage=False)
    )
    alone = replace(router, thresholds=thresholds)
    (first,) = alone.route(router.clusters.centroids[cluster]).selected[:, 0]
    return router.models[first]


def test_the_model_said_to_win_inside_a_cluster_wins_there(router, unseen):
    """Also with the bonus: it is part of every decision."""
    tried = 0
    for vector in unseen:
        trace = explain(router, vector)
        for said in sentence(trace, r"(\S+) inside cluster (\d+) alone"):
            (inside,) = [one for one in trace.clusters if one.cluster == int(said[2])]
            assert inside.weight >= LEAST
            assert said[1] == inside_alone(router, int(said[2])), said[0]
            assert said[1] != trace.models[0].model
            tried += 1
    assert tried > 0 or router.routing.kind == "nearest" or router.routing.margin == 0.3


def test_the_sentences_call_a_cluster_by_its_name_where_it_has_one(router, unseen):
    names = [f"task · skill {c}" for c in range(len(router.clusters))]
    for vector in unseen:
        numbers = sentence(explain(router, vector), r"\S+ inside cluster (\d+) alone")
        named = sentence(explain(router, vector, names), r"\S+ inside “task · skill (\d+)” alone")
        assert [said[1] for said in named] == [said[1] for said in numbers]
        assert not sentence(explain(router, vector, names), r"\S+ inside cluster .*")


def test_the_first_alone_of_a_traced_cluster_would_be_chosen_in_that_cluster_only():
    """Model b leads by 0.005 in the second cluster, but a has a bonus of 0.01 everywhere."""
    routing = cascal.Routing("blend", k_nearest=2, margin=0.01)
    scores = [[0.6, 0.5, 0.1], [0.5, 0.505, 0.1], [0.1, 0.2, 0.6]]
    router = hand_made(scores, [0.6, 0.5, 0.4], routing)
    assert inside_alone(router, 1) == "a"
    trace = explain(router, EAST)
    assert [one.first_alone for one in trace.clusters] == ["a", "a"]
    assert not sentence(trace, r"\S+ inside cluster .*")


def test_what_is_said_of_the_fallback_is_what_it_does(router, unseen):
    limit = router.routing.fallback_distance
    for vector in unseen:
        trace = explain(router, vector)
        far = sentence(
            trace,
            r"Farther than (\S+) from its nearest cluster \(now (\S+)\) the global ranking would "
            r"fade in, and decide alone from (\S+) on\.",
        )
        near = sentence(trace, r"Nearer than (\S+) to a cluster \(now (\S+)\) .*")
        assert trace.fallback_limit == limit
        if limit is None:
            assert not far
            assert not near
            assert trace.fallback_share == 0
            continue
        (said,) = far + near
        now = trace.clusters[0].distance
        assert float(said[1]) == pytest.approx(limit)
        assert float(said[2]) == pytest.approx(now, abs=0.00501)
        assert bool(near) == (now > limit) == (trace.fallback_share > 0)
        if far:
            assert float(said[3]) == pytest.approx(limit + FALLBACK_WIDTH)


@pytest.mark.parametrize(
    ("distance", "share"), [(0.30, 0.0), (0.35, 0.0), (0.40, 0.25), (0.549, 0.995), (0.9, 1.0)]
)
def test_the_global_ranking_fades_in_between_the_limit_and_0_2_beyond(distance, share):
    """One cluster in the east; the query lies at the given distance from it."""
    routing = cascal.Routing("blend", two_stage=True, fallback_distance=0.35)
    router = hand_made([[0.6, 0.3, 0.1]], [0.1, 0.3, 0.6], routing, angles=(0.0,))
    vector = np.array([1 - distance, np.sqrt(1 - (1 - distance) ** 2)])
    trace = explain(router, vector)
    assert trace.fallback_share == pytest.approx(share, abs=1e-9)
    if share == 1.0:
        assert [one.model for one in trace.models] == ["c", "b", "a"]
        assert [one.from_clusters for one in trace.models] == pytest.approx([0, 0, 0])
    if share == 0.0:
        assert trace.selected == ("a", "b", "c")


def test_the_trace_names_the_preset_and_the_encoder(fit, unseen):
    trace = explain(fit.router(), unseen[0])
    assert (trace.preset, trace.encoder) == ("recommended", "test")


# Why it goes there: what is said to decide is taken away, and the route is another one.


def test_the_part_said_to_decide_is_the_last_that_changed_the_first_model(router, unseen):
    """With no part named, the clusters alone choose the same; the numbers are the scores."""
    plain, said = without_margin(router), set()
    bare = replace(plain.thresholds, routing=replace(plain.routing, fallback_distance=None))
    alone = replace(plain, thresholds=bare)
    for vector in unseen:
        trace = explain(router, vector)
        first, second = trace.models[:2]
        figures = r" \((\S+)(?: \+ (\S+))? against (\S+) for"
        own, bonus, other = re.search(figures, trace.because).groups()
        decimals = len(own.partition(".")[2])
        assert own == f"{first.score - float(bonus or 0):.{decimals}f}"
        assert f" against {second.score:.{decimals}f} for {second.model})" in trace.because
        assert decimals >= 3
        assert own != other or decimals == 4
        by_bonus = re.match(r"the bonus of .* puts (\S+) above (\S+) \(", trace.because)
        without_bonus, by_clusters = (
            explain(one, vector).models[0].model for one in (plain, alone)
        )
        assert (without_bonus != first.model) == bool(by_bonus)
        if by_bonus:
            assert by_bonus.groups() == (first.model, without_bonus)
        elif by_clusters != first.model:
            assert "the global ranking " in trace.because
        if not by_bonus and trace.fallback_share == 0:
            assert "skill cluster" in trace.because
            assert "global ranking" not in trace.because
        said.add(bool(by_bonus))
    assert router.routing.margin != 0.3 or said == {True, False}


def test_one_cluster_that_decides_is_named_and_several_are_said_to_be_blended():
    scores = [[0.9, 0.8, 0.1], [0.4, 0.9, 0.1], [0.1, 0.2, 0.9]]
    near = hand_made(scores, [0.5] * 3, cascal.Routing("nearest", k_nearest=1))
    assert explain(near, EAST, ["sums", "dates", "law"]).reason == (
        "Routed to a, because the nearest skill cluster is “sums”, and a answers such queries most "
        "like the consensus (0.900 against 0.800 for b)."
    )
    assert "the nearest skill cluster is cluster 0 (t), and a" in explain(near, EAST).because
    assert explain(near, EAST, ["sums", "dates", "law"]).brief == "the best in “sums”"
    flat = cascal.Routing("blend", k_nearest=2, distance_temperature=100.0)
    blended = explain(hand_made(scores, [0.5] * 3, flat), EAST, ["sums", "dates", "law"])
    assert blended.brief == "the best over the 2 nearest skill clusters"
    assert blended.because == (
        "2 skill clusters, the nearest “sums”, are blended, and b answers most like the consensus "
        "over all of them (0.850 against 0.650 for a), though the nearest alone would choose a"
    )


@pytest.mark.parametrize(
    ("distance", "said"),
    [
        (0.30, "the nearest skill cluster is “sums”, and a answers such queries most"),
        (
            0.50,
            "is far (cosine distance 0.50), so the global ranking counts for 75 % and puts c abov",
        ),
        (
            0.90,
            "no skill cluster is near (cosine distance 0.90), so the global ranking decides and",
        ),
    ],
)
def test_the_fallback_is_named_where_it_decides(distance, said):
    routing = cascal.Routing("blend", two_stage=True, fallback_distance=0.35)
    router = hand_made([[0.6, 0.3, 0.1]], [0.1, 0.3, 0.6], routing, angles=(0.0,))
    vector = np.array([1 - distance, np.sqrt(1 - (1 - distance) ** 2)])
    trace = explain(router, vector, ["sums"])
    assert said in trace.because
    assert trace.models[0].model == ("a" if distance == 0.30 else "c")
    brief = "the best in “sums”" if distance == 0.30 else "first in the global ranking"
    assert trace.brief == brief


def test_the_cost_weight_is_named_where_it_decides():
    router = hand_made([[0.9, 0.8, 0.1]], [0.5] * 3, cascal.Routing("nearest"), angles=(0.0,))
    dear = replace(router.thresholds, cost_weight=0.1)
    router = replace(router, costs=np.array([3.0, 1.0, 1.0]), thresholds=dear)
    assert explain(router, EAST).because == (
        "the cost weight puts b above a, which costs more (0.700 against 0.600 for a)"
    )
    assert explain(router, EAST).brief == "as a costs more"


@pytest.mark.parametrize(
    ("lead", "noise", "said"),
    [
        (0.1, 0.277, ("0.100", "0.277")),
        (0.0004, 0.0312, ("0.0004", "0.0312")),
        (0.02281, 0.02284, ("0.0228", "0.0228")),
    ],
)
def test_a_lead_is_told_from_nothing_and_from_its_noise(lead, noise, said):
    words = lead_in_words(lead, 0.0, noise)
    assert (words.lead, words.noise) == said
    unknown = lead_in_words(0.7113, 0.6927)  # as far apart as 0.711 and 0.693 are
    assert unknown == ("0.018", "", "unknown", "")


@pytest.mark.parametrize(
    ("standard_error", "sure", "said"),
    [
        (0.5, "level", "a, all but level with b"),
        (0.08, "narrow", "a, narrowly ahead of b"),
        (0.05, "likely", "a, probably ahead of b"),
        (0.02, "clear", "a, the best in cluster 0 (t)"),
        (np.nan, "unknown", "a, the best in cluster 0 (t)"),
    ],
)
def test_a_lead_is_called_narrow_as_far_as_it_is(standard_error, sure, said):
    """The lead is 0.1, its noise 1.39, 0.22, 0.14, 0.06 or unknown."""
    router = hand_made(
        [[0.9, 0.8, 0.1]] * 3, [0.9, 0.8, 0.1], cascal.Routing("nearest", k_nearest=1)
    )
    errors = np.full((3, 3), standard_error)
    router = replace(router, rankings=replace(router.rankings, standard_error=errors))
    trace = explain(router, EAST)
    assert trace.headline == f"This query goes to {said}"
    assert trace.to_dict()["sure"] == sure
    assert bool(trace.doubt) == (sure in ("level", "narrow", "likely"))


def test_a_lead_of_nothing_is_level_whatever_the_noise():
    for noise in (0.0, 0.1, np.nan):
        assert lead_in_words(0.5, 0.5, noise).sure == "level"
