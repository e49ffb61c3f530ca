"""What would raise a silhouette, on worlds where the answer is known; which clusters cohere."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from conftest import make_part, make_world
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_samples, silhouette_score
from test_diagnose import case_of

import cascal
from cascal.dataset.snapshot import Snapshot, take_snapshot
from cascal.datatypes import NotApplicable
from cascal.diagnose.coherence import (
    below_zero_sentence,
    coherence,
    coherence_sentence,
    n_incoherent,
    own_silhouettes,
)
from cascal.diagnose.cohering import held_by, what_makes_coherent
from cascal.diagnose.raising import (
    FEWEST,
    N_SAMPLES,
    other_vectors,
    trend,
    what_would_raise,
)
from cascal.diagnose.silhouettes import silhouette_bench, split_of
from cascal.diagnose.strong import silhouettes_by_k, strong_queries, tightness
from cascal.diagnose.trials import START, Trial, Value, unlucky_start
from cascal.draws import random_rows
from cascal.number_format import signed
from cascal.settings import PRESETS, FitSettings, Thresholds

AGREED = FitSettings(consensus="agreement", strong="unique", min_agreement=0.0)
"""All answers alike: every query is strong for every model."""


def agreed_world(points, tasks=None) -> Snapshot:
    """Queries at the given points, of which all three models give the same answer."""
    n = len(points)
    votes = cascal.Votes(
        [f"q{row:04d}" for row in range(n)],
        tasks or ["law"] * n,
        ["a", "b", "c"],
        np.tile(np.arange(n) % 3, (3, 1)).T,
        np.full((n, 3), np.nan),
        np.full(n, 3),
    )
    vectors = cascal.Embeddings.from_array(votes.query_ids, np.asarray(points, float), "first")
    part = make_part(votes, vectors, np.arange(n) % 3)
    return case_of(part, AGREED, Thresholds(0.0, 0.0, None), test=None)


def blobs(n_each, spread=0.05, seed=0, n_blobs=2, dimension=8):
    random = np.random.default_rng(seed)
    centres = np.eye(n_blobs, dimension).repeat(n_each, axis=0)
    return centres + spread * random.normal(size=centres.shape)


def noise(n, dimension=8, seed=0):
    return np.random.default_rng(seed).normal(size=(n, dimension))


def trial(case: Snapshot, label: str, k=2, others=None) -> Trial:
    trials = what_would_raise(case, 0, 0, k, others or {})
    return next(one for one in trials if one.label == label)


@pytest.mark.parametrize("preset", PRESETS)
def test_all_strong_queries_give_the_silhouettes_of_the_bench(preset):
    votes, vectors, _ = make_world()
    fitted = cascal.fit(votes, vectors, FitSettings.preset(preset))
    bench, n_checked = silhouette_bench(fitted, 0.05), 0
    for task, model in np.argwhere(bench.n_strong):
        queries = strong_queries(fitted, task, model)
        assert len(queries.ids) == bench.n_strong[task, model]
        assert [fitted.query_ids[row] for row in queries.rows] == list(queries.ids)
        found = silhouettes_by_k(queries, fitted.settings.max_k, fitted.settings.seed)[1:]
        known = np.isfinite(bench.values[task, model])
        assert (np.isfinite(found) == known).all()
        assert found[known] == pytest.approx(bench.values[task, model][known], abs=1e-6)
        n_checked += int(known.sum())
    assert n_checked > 20


def test_two_blobs_are_clearer_as_two_than_as_three_clusters():
    case = agreed_world(blobs(30))
    fewer = trial(case, "Fewer clusters", k=3)
    table = case.fit.by_task[0].silhouettes[int(case.fit.caller_models[0])]
    assert (fewer.before.silhouette, fewer.after.silhouette) == (table[2], table[1])
    assert (fewer.before.n, fewer.after.n, fewer.before.k, fewer.after.k) == (60, 60, 3, 2)
    assert fewer.change > 0.1
    assert fewer.sentence == "Of fewer clusters 2 clusters are clearer than 3."
    assert trial(case, "Fewer clusters", k=2).sentence == "A split has at least 2 clusters."
    assert trial(case, "Fewer clusters", k=2).change is None


def test_three_blobs_are_not_clearer_as_two():
    fewer = trial(agreed_world(blobs(20, n_blobs=3)), "Fewer clusters", k=3)
    assert fewer.change < 0
    assert fewer.sentence == "Of fewer clusters none is clearer than 3."


def test_copies_inflate_the_silhouette_of_noise_and_dropping_them_takes_it_back():
    points = noise(12)
    copied = trial(agreed_world(np.repeat(points, 4, axis=0)), "Without repeated queries", k=4)
    alone = trial(agreed_world(points), START, k=4)
    assert (copied.before.n, copied.after.n) == (48, 12)
    assert copied.change < -0.1
    assert copied.after.silhouette == pytest.approx(alone.before.silhouette, abs=1e-6)
    assert "36 of 48 strong queries repeat" in copied.sentence


def test_copies_between_two_blobs_deflate_it_and_dropping_them_raises_it():
    between = np.tile(np.eye(2, 32).sum(axis=0), (30, 1))
    case = agreed_world(np.concatenate([blobs(30, 0.1, dimension=32), between]))
    dropped = trial(case, "Without repeated queries")
    assert dropped.change > 0.1
    assert (dropped.before.n, dropped.after.n) == (90, 61)


def test_without_copies_nothing_is_claimed_of_dropping_them():
    dropped = trial(agreed_world(noise(40)), "Without repeated queries")
    assert dropped.change is None
    assert dropped.sentence == "None of the 40 strong queries repeats another."


def test_the_rest_of_copies_of_one_query_cannot_be_split():
    points = np.concatenate([np.tile([1.0, 0, 0, 0], (9, 1)), [[0.0, 1, 0, 0], [0, 0, 1, 0]]])
    dropped = trial(agreed_world(points), "Without repeated queries", k=2)
    assert dropped.before.n == 11
    assert dropped.after.n == 3


def test_queries_left_out_at_random_stand_beside_those_that_repeat():
    """Every query four times: a random quarter of them holds copies too, and looks as clear."""
    case = agreed_world(np.repeat(noise(12), 4, axis=0))
    queries = strong_queries(case.fit, 0, 0)
    values = [
        silhouettes_by_k(queries.take(random_rows(queries.ids, 12, at)), 4, 0)[3]
        for at in range(N_SAMPLES)
    ]
    copied = trial(case, "Without repeated queries", k=4)
    assert f"taken at random it is {np.mean(values):.3f} (mean of 8)" in copied.sentence
    own = copied.after.silhouette - np.mean(values)
    assert f"{signed(own, 3)} of the change is the work of the repeats" in copied.sentence


def test_a_poor_start_of_k_means_is_told_from_a_split_that_cannot_be_clearer():
    four = blobs(15, n_blobs=4)
    assert trial(agreed_world(four), "Another start of k-means", k=4).change == 0
    fits = [agreed_world(noise(60, seed=at)) for at in range(6)]
    found = [trial(case, "Another start of k-means", k=5) for case in fits]
    better = [one for one in found if "another one is tighter" in one.sentence]
    assert better
    assert all(one.change == 0 for one in found if one not in better)
    case = fits[found.index(better[0])]
    queries = strong_queries(case.fit, 0, 0)
    runs = [
        KMeans(5, n_init=1, random_state=seed).fit(queries.vectors) for seed in range(N_SAMPLES)
    ]
    best = min(runs, key=lambda run: run.inertia_)
    expected = silhouette_score(queries.vectors, best.labels_, metric="cosine")
    assert better[0].after.silhouette == pytest.approx(expected, abs=1e-6)
    seed = int(re.search(r"FitSettings\(seed=(\d+)\)", better[0].sentence)[1])
    assert seed == runs.index(best)
    for run in runs:
        close = tightness(queries, run.labels_)
        assert len(queries.ids) - close == pytest.approx(run.inertia_, rel=1e-3)


def test_more_queries_compares_halves_with_all_of_the_same_split():
    case = agreed_world(noise(60))
    more = trial(case, "More queries (from a half to all)", k=3)
    queries = strong_queries(case.fit, 0, 0)
    assert (more.before.n, more.after.n, more.before.k, more.after.k) == (30, 60, 3, 3)
    starts = [silhouettes_by_k(queries, 3, seed)[2] for seed in range(N_SAMPLES)]
    assert more.after.silhouette == pytest.approx(np.mean(starts), abs=1e-6)
    halves = [
        silhouettes_by_k(queries.take(random_rows(queries.ids, 30, at)), 3, 0)[2]
        for at in range(N_SAMPLES)
    ]
    assert more.before.silhouette == pytest.approx(np.mean(halves))
    spread = np.std(halves, ddof=1)
    assert f"halves {np.mean(halves):.3f} (standard deviation {spread:.3f})" in more.sentence
    assert "It does not rise steadily" in more.sentence


def test_two_blobs_are_as_clear_by_half_of_their_queries():
    more = trial(agreed_world(blobs(40)), "More queries (from a half to all)")
    assert abs(more.change) < 0.02


@pytest.mark.parametrize(
    ("values", "course"),
    [
        ((0.10, 0.15, 0.20, 0.05), "rises"),
        ((0.20, 0.15, 0.10, 0.05), "falls"),
        ((0.10, 0.15, 0.20, 0.11), "unclear"),
        ((0.10, 0.25, 0.20, 0.05), "unclear"),
        ((0.30, 0.31, 0.19, 0.03), "falls"),
        ((0.20, 0.20, 0.20, 0.00), "unclear"),
    ],
)
def test_a_rise_is_steady_and_larger_than_what_halves_differ_by(values, course):
    assert trend(*values) == course


def test_of_few_queries_no_half_is_split():
    more = trial(agreed_world(noise(FEWEST - 1)), "More queries (from a half to all)")
    assert more.change is None
    assert "7 strong queries are too few" in more.sentence


def test_an_encoder_that_sees_two_blobs_in_the_noise_of_another_is_found():
    case = agreed_world(noise(60))
    ids = case.dataset.train.votes.query_ids
    clear = cascal.Embeddings.from_array(ids[::-1], blobs(30), "clear")
    trials = what_would_raise(case, 0, 0, 2, {"clear": clear, "half": "It has 3 of 60 vectors."})
    found, refused = trials[-2:]
    assert (found.label, refused.label) == ("Encoder clear", "Encoder half")
    assert found.change > 0.5
    assert found.after.k == 2
    assert found.before.silhouette == silhouette_bench(case.fit, 0.0).best[0, 0]
    assert refused.change is None
    assert refused.sentence == "It has 3 of 60 vectors."
    same = cascal.Embeddings.from_array(ids, np.ones((60, 3)), "same")
    assert "all the same" in what_would_raise(case, 0, 0, 2, {"same": same})[-1].sentence
    assert "cascal embed" in trial(case, "Another encoder").sentence


def test_what_does_not_exist_cannot_be_raised():
    with pytest.raises(NotApplicable, match="into 9 clusters"):
        what_would_raise(agreed_world(noise(30)), 0, 0, 9, {})


def test_the_vectors_of_other_encoders_are_read_or_say_what_is_missing(tmp_path, demo_workspace):
    path = tmp_path / "copy.duckdb"
    shutil.copy(demo_workspace.path, path)
    workspace = cascal.Workspace(path)
    own = workspace.encoders("demo")[0][0]
    assert other_vectors(workspace, "demo", own) == {}
    texts = workspace.texts_without_vectors("demo", "other")
    hashes = [one for one, _ in texts]
    array = np.random.default_rng(0).normal(size=(len(hashes), 4))
    workspace.put_vectors("other", 4, hashes, array)
    workspace.put_vectors("partial", 4, hashes[:10], array[:10])
    found = other_vectors(workspace, "demo", own)
    assert sorted(found) == ["other", "partial"]
    assert found["other"].query_ids == workspace.embeddings("demo", own, "train").query_ids
    assert "have no vector by encoder 'partial'" in found["partial"]


def test_every_query_has_the_library_silhouette_in_its_cluster():
    votes, vectors, gold = make_world()
    case = case_of(make_part(votes, vectors, gold), thresholds=Thresholds(0.0, 0.0, None))
    train, clusters = case.dataset.train, case.router.clusters
    found, n_checked = own_silhouettes(case), 0
    for task in range(len(clusters.tasks)):
        rows = np.flatnonzero(clusters.task[clusters.assignment] == task)
        labels = clusters.assignment[rows]
        if len(set(labels.tolist())) > 1:
            expected = silhouette_samples(train.vectors.vectors[rows], labels, metric="cosine")
            assert found[rows] == pytest.approx(expected, abs=1e-5)
            n_checked += 1
        else:
            assert np.isnan(found[rows]).all()
    assert n_checked > 0


def test_the_least_coherent_cluster_comes_first_and_the_only_one_of_a_task_last():
    tasks = ["law"] * 60 + ["math"] * 10
    points = np.concatenate([blobs(30, spread=0.2), np.tile(np.eye(8)[7], (10, 1))])
    case = agreed_world(points, tasks)
    found, values = coherence(case), own_silhouettes(case)
    assert [one.task for one in found] == ["law"] * (len(found) - 1) + ["math"]
    assert np.isnan(found[-1].mean)
    assert (found[-1].nearest, found[-1].n_queries) == (None, 10)
    means = [one.mean for one in found[:-1]]
    assert means == sorted(means)
    for one in found[:-1]:
        inside = values[case.router.clusters.assignment == one.cluster]
        assert one.mean == pytest.approx(inside.mean())
        assert one.below_zero == (inside < 0).mean()
        assert one.nearest != one.cluster
        centres = case.router.clusters.centroids
        assert one.distance == pytest.approx(1 - centres[one.cluster] @ centres[one.nearest])


def test_how_many_queries_lie_nearer_to_another_cluster_is_said_with_where_most_do():
    tasks = ["law"] * 60 + ["math"] * 10
    points = np.concatenate([blobs(30, spread=0.7), np.tile(np.eye(8)[7], (10, 1))])
    case = agreed_world(points, tasks)
    values, assignment = own_silhouettes(case), case.router.clusters.assignment
    n = int((values < 0).sum())
    assert n > 1
    shares = [float((values[assignment == one] < 0).mean()) for one in np.unique(assignment)]
    worst = int(np.argmax(shares))
    assert below_zero_sentence(case) == (
        f"{n} of 60 queries lie nearer to another skill cluster than to their own: most in "
        f"{case.labels[worst]}, {round(100 * shares[worst])} % of its own"
    )
    apart = below_zero_sentence(agreed_world(blobs(30)))
    assert apart == "None of 60 queries lies nearer to another skill cluster than to its own"


def test_a_cluster_of_one_query_is_not_called_incoherent():
    points = np.concatenate([blobs(20), np.eye(8)[[7]]])
    case = agreed_world(points)
    found = coherence(case)
    alone = [one for one in found if one.n_queries == 1]
    assert len(alone) == 1
    assert np.isnan(alone[0].mean)
    assert found[-1] == alone[0] or np.isnan(found[-1].mean)
    assert alone[0].nearest is not None


def test_one_cluster_a_task_has_no_silhouette():
    case = agreed_world(noise(30))
    by_task = replace(case.fit.settings, clusters="task")
    part = case.dataset.train
    found = coherence(case_of(part, by_task, test=None))
    assert len(found) == 1
    assert np.isnan(found[0].mean)


def test_an_incoherent_cluster_is_one_below_the_least_silhouette_or_with_many_queries_below_0():
    (one,) = coherence(agreed_world(np.tile(np.eye(8)[0], (9, 1))))
    assert not one.low(0.05)  # nothing can be said of it
    for mean, below, low in [(0.049, 0, True), (0.05, 0.24, False), (0.05, 0.25, True)]:
        assert replace(one, mean=mean, below_zero=below).low(0.05) is low
    clusters = [replace(one, mean=0.043, below_zero=0.3), replace(one, mean=0.2, below_zero=0.0)]
    said = coherence_sentence(("law · wills",), clusters, 0.05)
    assert said == (
        "1 of 2 clusters that can be judged is incoherent (a mean silhouette below 0.05, or 25 % "
        "of the queries below 0). The least coherent is law · wills: mean silhouette 0.043, 30 % "
        "of its queries below 0."
    )
    assert coherence_sentence(("law · wills",), clusters[1:], 0.05).startswith(
        "None of 1 cluster that can be judged"
    )
    moved = coherence_sentence(("law · wills",), clusters, 0.3)
    assert moved.startswith("2 of 2 clusters that can be judged are incoherent (a mean silhouette")
    assert " At the default line, 0.05, 1 would be. The least coherent is " in moved
    single = replace(one, nearest=0)
    assert coherence_sentence(("law · wills",), [*clusters, one, one, single], 0.05).endswith(
        " Not judged: 2 are alone in their tasks, with nothing to compare with; 1 holds a single "
        "query."
    )


def test_what_makes_a_cluster_coherent_is_measured_on_the_router_that_would_be_in_force():
    case = agreed_world(blobs(30, spread=0.25, n_blobs=3))
    chosen = coherence(case)[0]
    rows = np.flatnonzero(case.router.clusters.assignment == chosen.cluster)
    found = what_makes_coherent(case, chosen.cluster)
    assert found
    made = [
        take_snapshot(case.dataset, case.fit, one.effect.proposal.thresholds).router.clusters
        for one in found
    ]
    clusters = [one.assignment.tolist() for one in [case.router.clusters, *made]]
    assert all(one not in clusters[:at] for at, one in enumerate(clusters))
    merged = next(one for one in found if "merge it with" in one.effect.proposal.label)
    assert 0 < merged.effect.proposal.thresholds.merge_distance - chosen.distance <= 0.0100001
    for one in found:
        after = take_snapshot(case.dataset, case.fit, one.effect.proposal.thresholds)
        values = own_silhouettes(after)[rows]
        assert one.effect.clusters == len(after.router.clusters)
        assert one.before == chosen.mean
        if np.isfinite(values).any():
            assert one.after == pytest.approx(np.nanmean(values))
            line = after.router.thresholds.min_silhouette
            helped = one.after >= 0 and one.below_after < 0.25
            assert one.stays_low is (helped and one.after < line)
            fewer = n_incoherent(after, max(0.0, line)) <= n_incoherent(case)
            assert one.effect.cured is (helped and not one.stays_low and fewer)
        else:
            assert one.rows[1].said == "its queries are then in the only cluster of their task"
        assert one.incoherent == (n_incoherent(case), n_incoherent(after))
        told = "incoherent clusters {} → {}".format(*one.incoherent)
        assert one.rows[0].said.partition(",")[0] == told


def test_what_makes_more_clusters_incoherent_is_no_cure(demo, demo_fits):
    case = take_snapshot(demo, demo_fits["recommended"], Thresholds())
    found = what_makes_coherent(case, coherence(case)[0].cluster)
    worse = [one for one in found if one.incoherent[1] > one.incoherent[0]]
    assert worse
    assert not any(one.effect.cured for one in worse)
    assert any(one.effect.cured and one.incoherent == (1, 0) for one in found)


def test_after_is_judged_by_the_line_then_in_force_and_it_is_said_when_that_moves(demo, demo_fits):
    """A higher min silhouette is also the line below which a cluster counts as incoherent."""
    case = take_snapshot(demo, demo_fits["recommended"], Thresholds(0.05))
    higher = take_snapshot(demo, demo_fits["recommended"], Thresholds(0.2))
    chosen = coherence(case)[0]
    found = what_makes_coherent(case, chosen.cluster)
    (one,) = (each for each in found if each.effect.proposal.thresholds == Thresholds(0.2))
    assert chosen.mean < 0.05 < one.after < 0.2
    assert (one.incoherent, one.line, one.breaks) == ((1, 3), 0.2, 0)
    assert one.incoherent == (n_incoherent(case), n_incoherent(higher))
    assert one.stays_low
    assert not one.effect.cured
    by_line = [sum(each.mean < 0.2 for each in coherence(now)) for now in (case, higher)]
    assert by_line == [n_incoherent(case, 0.2), n_incoherent(higher, 0.2)] == [4, 3]
    assert one.rows[0].said == "incoherent clusters 1 → 3, by the new line, 0.2"
    assert one.low_told == "its queries, at 0.193, stay below the new line, 0.2"
    assert replace(one, before=0.3).low_told.endswith("fall below the new line, 0.2")
    assert not replace(one, after=0.21).low_told
    for each in found:
        moves = each.effect.proposal.thresholds.min_silhouette != 0.05
        assert ("new line" in each.rows[0].said) is moves
        assert moves or not each.low_told


def test_the_queries_of_a_cluster_in_force_are_counted_in_each_cluster_of_a_split():
    case = agreed_world(blobs(30, n_blobs=3))
    split, assignment = split_of(case.fit, 0, 0, 3), case.router.clusters.assignment
    counts = [held_by(split, assignment, one) for one in range(len(case.router.clusters))]
    assert sum(counts).tolist() == np.bincount(split.cluster).tolist()
    apart = np.where(np.isin(np.arange(90), split.rows[split.cluster == 1][:7]), 5, 0)
    assert held_by(split, apart, 5).tolist() == [0, 7, 0]


def test_what_is_the_repeats_own_is_told_apart_from_chance():
    case = agreed_world(np.repeat(noise(12), 4, axis=0))
    copied = trial(case, "Without repeated queries", k=4)
    assert f"{signed(copied.own, 3)} of the change is the work of the repeats" in copied.sentence
    assert copied.own == pytest.approx(copied.change - copied.by_chance)
    fewer = trial(case, "Fewer clusters", k=4)
    assert fewer.own == fewer.change
    assert replace(copied, by_chance=np.nan).own is None


def test_a_rise_that_is_not_steady_is_not_clear():
    unclear = trial(agreed_world(noise(60)), "More queries (from a half to all)")
    assert unclear.clear is ("does not rise steadily" not in unclear.sentence)
    assert not trial(agreed_world(blobs(30)), "More queries (from a half to all)", k=2).clear


def raised(start: tuple[float, float], *anew: float) -> list[Trial]:
    own, other = (Value(silhouette=one, n=400, k=3) for one in start)
    names = ("halves", "three quarters", "without the repeated ones")
    return [
        Trial(label="Fewer clusters", sentence="None."),
        Trial(label=START, sentence="Tighter.", before=own, after=other),
        Trial(label="More", sentence="So.", anew=tuple(zip(names, anew, strict=False))),
    ]


def test_what_recovers_by_starting_anew_is_told_as_one_cause():
    said = unlucky_start(raised((0.190, 0.327), 0.309, 0.310, 0.321))
    assert "the same 400 queries have 0.327 instead of 0.190" in said
    assert "(halves 0.309, three quarters 0.310, without the repeated ones 0.321)" in said


@pytest.mark.parametrize(
    ("start", "anew"),
    [
        ((0.190, 0.190), (0.309, 0.310)),  # no other start is better
        ((0.190, 0.205), (0.309, 0.310)),  # or hardly
        ((0.190, 0.327), (0.309, 0.200)),  # something that starts anew does not recover
        ((0.190, 0.327), (0.309, np.nan)),
        ((0.190, 0.327), ()),
    ],
)
def test_without_one_cause_each_trial_speaks_for_itself(start, anew):
    assert not unlucky_start(raised(start, *anew))
