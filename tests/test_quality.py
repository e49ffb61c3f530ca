"""What training queries are worth, and where more are needed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import make_world
from refusals import refuses

import cascal
from cascal.compare.drift import coverage
from cascal.datatypes import NO_ANSWER, NotApplicable
from cascal.diagnose.quality import cluster_needs, label_agreement, tasks_for_more, training_quality
from cascal.encode.neighbours import nearest, nearest_earlier, nearest_other

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def studies(demo, demo_weak):
    return demo, demo_weak


@pytest.fixture(scope="module")
def fits(demo_fits, demo_weak_fit):
    return [demo_fits["recommended"], demo_weak_fit]


def test_nearest_neighbours_equal_plain_loops():
    random = np.random.default_rng(0)
    rows, others = (random.normal(size=(n, 4)) for n in (1100, 30))
    similarity, place = nearest(rows, others)
    assert similarity == pytest.approx((rows @ others.T).max(axis=1))
    assert np.array_equal(place, (rows @ others.T).argmax(axis=1))
    earlier = nearest_earlier(rows)
    assert earlier[0] == -1
    for row in (1, 511, 512, 513, 1099):
        assert earlier[row] == pytest.approx((rows[:row] @ rows[row]).max())
    assert nearest(rows[:2], others[:0])[1].tolist() == [-1, -1]


def test_real_queries_from_the_same_place_are_covered_and_others_are_not():
    random = np.random.default_rng(1)

    def unit(center):
        rows = np.asarray(center) + 0.3 * random.normal(size=(400, 5))
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    here, there = [1, 0, 0, 0, 0], [0, 0, 1, 0, 0]
    assert coverage(unit(here), unit(here)) == pytest.approx(0.95, abs=0.05)
    assert coverage(unit(here), unit(there)) < 0.1
    rows = unit(here)
    table = rows @ rows.T
    np.fill_diagonal(table, -1.0)
    assert np.allclose(nearest_other(rows), table.max(axis=1))
    with refuses("too-little-data", 2, kind=NotApplicable):
        coverage(unit(here)[:1], unit(here))


def test_a_weak_generator_shows_without_any_gold_answer(studies, fits):
    """35 % of its answers are wrong, and its queries separate the models less."""
    strong, weak = (training_quality(*pair) for pair in zip(studies, fits, strict=True))
    assert strong.label_agreement > weak.label_agreement + 0.1
    assert strong.separating > weak.separating
    assert strong.drift.mmd < weak.drift.mmd
    assert strong.duplicates == weak.duplicates == 0
    assert strong.leaked == 0
    assert 0.9 < strong.covered <= 1.0


def test_repeated_and_leaked_texts_are_counted(studies):
    demo = studies[0]
    train = demo.train.take(np.arange(300))
    texts = list(train.texts)
    texts[1], texts[2] = texts[0], demo.test.texts[0]
    vectors = np.array(train.vectors.vectors)
    vectors[1], vectors[2] = vectors[0], demo.test.vectors.vectors[0]
    changed = cascal.Embeddings(train.vectors.query_ids, vectors, train.vectors.encoder)
    part = replace(train, texts=tuple(texts), vectors=changed)
    before = training_quality(replace(demo, train=train))
    after = training_quality(replace(demo, train=part))
    assert after.duplicates == before.duplicates + 1
    assert after.leaked == before.leaked + 1
    assert after.near_duplicates >= 1
    assert after.near_leaked >= 1
    assert after.label_agreement is None


def test_labels_nobody_gave_cannot_be_upheld(studies, fits):
    demo = studies[0]
    none = np.full(len(demo.train), NO_ANSWER)
    assert label_agreement(replace(demo, train=replace(demo.train, labels=none)), fits[0]) is None


def test_sureness_and_need_equal_their_definition(fits):
    router = fits[0].router()
    consensus = fits[0].consensus
    needs = cluster_needs(router, consensus)
    assert [one.certainty for one in needs] == sorted(one.certainty for one in needs)
    assert sorted(one.cluster for one in needs) == list(range(len(router.clusters)))
    for one in needs:
        order = router.cluster_order[one.cluster]
        assert (one.first, one.second) == (router.models[order[0]], router.models[order[1]])
        inside = consensus[router.clusters.assignment == one.cluster]
        gap = inside[:, router.models.index(one.first)] - inside[:, router.models.index(one.second)]
        error = gap.std(ddof=1) / np.sqrt(len(gap))
        assert one.lead == pytest.approx(gap.mean())
        assert one.error == pytest.approx(error)
        if one.certainty < 0.95 and one.needed is not None:
            grown = error * np.sqrt(len(gap) / (len(gap) + one.needed))
            assert abs(gap.mean()) / grown == pytest.approx(1.645, abs=0.02)


def test_a_task_file_asks_for_exactly_the_unsure_clusters(studies, fits):
    router = fits[0].router()
    needs = cluster_needs(router, fits[0].consensus)
    entries = tasks_for_more(studies[0], router, needs)
    wanted = [one for one in needs if one.needed]
    assert [one["n"] for one in entries] == [one.needed for one in wanted]
    assert all(len(one["examples"]) == 3 for one in entries)
    texts = set(studies[0].train.texts)
    assert all(example["question"] in texts for one in entries for example in one["examples"])


def test_one_model_needs_nothing():
    votes, vectors, _ = make_world(n_queries=60)
    one = votes.take(np.arange(60), np.array([0]))
    fitted = cascal.fit(one, vectors, n_jobs=1)
    with refuses("too-little-data", kind=NotApplicable):
        cluster_needs(fitted.router(), fitted.consensus)
