"""The budgets hold. Ratios come from one run; absolute times are the best of several."""

from __future__ import annotations

import statistics

import pytest

import cascal

from . import prose, run, worlds

pytestmark = pytest.mark.bench


@pytest.fixture(scope="module", autouse=True)
def _warm():
    run.warm_up()


@pytest.fixture(scope="module")
def large():
    return worlds.synthetic(20_000)


@pytest.fixture(scope="module")
def real():
    world = worlds.mixed12()
    if world is None:
        pytest.skip("real model responses are not here: shared/realdata")
    return world


@pytest.mark.parametrize(("n_queries", "repetitions"), [(5_000, 2), (20_000, 1)])
def test_a_cold_released_fit_is_many_times_faster_than_the_reference(n_queries, repetitions):
    done = run.cold_fit(worlds.synthetic(n_queries), repetitions)
    assert done.same_clusters
    assert done.ratio >= run.FIT_RATIO[n_queries]


def test_the_default_consensus_hears_confidences_in_little_more_than_a_second():
    world = worlds.synthetic(run.CONSENSUS_QUERIES)
    assert min(run.consensus_times(world, 5)) <= run.CONSENSUS_SECONDS


def test_a_recommended_fit_of_a_real_pool_takes_seconds(real):
    assert min(run.recommended_fit(real, 5)) <= run.RECOMMENDED_SECONDS


def test_fit_time_grows_linearly_and_100_000_queries_take_less_than_a_minute():
    alone = {n_queries: run.fit_alone(n_queries) for n_queries in run.SIZES[1:]}
    assert alone[100_000]["best"] <= run.LARGEST_SECONDS
    assert run.growth(alone, "best") <= run.GROWTH


@pytest.mark.parametrize("preset", ["released", "recommended"])
def test_a_threshold_move_makes_a_new_router_in_milliseconds(large, preset):
    fit = cascal.fit(large.votes, large.vectors, cascal.FitSettings.preset(preset))
    times = run.threshold_moves(fit, repetitions=3)
    rounds = [times[start : start + run.N_MOVES] for start in range(0, len(times), run.N_MOVES)]
    assert min(statistics.median(one) for one in rounds) <= run.MOVE_SECONDS


@pytest.mark.parametrize("preset", ["released", "recommended"])
def test_routing_keeps_its_rate_in_batch_and_its_time_for_one_query(preset):
    router, queries = run.made_router(preset), run.made_queries(run.N_ROUTED)
    assert max(run.batch_rate(router, queries)) >= run.ROUTES_PER_SECOND
    assert min(run.one_route(router, queries.vectors)) <= run.ONE_ROUTE_SECONDS


def test_importing_the_raw_upstream_files_takes_less_than_twenty_seconds():
    if not worlds.RAW.is_dir():
        pytest.skip("raw upstream files are not here: shared/realdata")
    assert min(run.import_raw() for _ in range(2)) <= run.IMPORT_SECONDS


@pytest.fixture(scope="module")
def essays():
    world = prose.prose_world(1_000)
    return world, prose.encoded(world)


@pytest.mark.parametrize("bias", prose.JUDGES.values())
def test_scores_of_open_ended_answers_hold_what_their_intervals_promise(essays, bias):
    world, vectors = essays
    scores = prose.judge_scores(world, noise=prose.NOISE, length_bias=bias)
    for size in prose.SIZES:
        found = prose.ranked(world, scores, size, 100)
        assert min(found.covered, found.first_covered, found.bounded, found.best_kept) >= 0.92
        assert found.warned >= 0.9 if bias else found.warned <= 0.2
    for size in (300, 400):
        assert prose.routed(world, vectors, scores, size, 100)["coverage"] >= 0.92
    for size in (30, 100):
        assert prose.fixed_router(world, vectors, scores, size, 100)["coverage"] >= 0.92


def test_only_essays_are_told_as_prose(essays):
    shares = {
        kind: prose.told_as_prose(texts) for kind, texts in prose.kinds_of_texts(essays[0]).items()
    }
    assert shares.pop("essays") == 1.0
    del shares["one sentence, each its own"]  # the edge, either way
    assert set(shares.values()) == {0.0}
