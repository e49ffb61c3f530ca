"""Findings call clusters by their names, and say where the second model is the better one."""

from __future__ import annotations

import re
from dataclasses import replace
from math import erf, sqrt

import numpy as np
import pytest
from conftest import make_part
from test_diagnose import DS, study_of, world

import cascal
from cascal.dataset.part import Part
from cascal.dataset.snapshot import Snapshot, take_snapshot
from cascal.diagnose import CHECKS, diagnose
from cascal.diagnose.quality import cluster_needs, lead_certainty
from cascal.diagnose.seconds import (
    MOST_NAMED,
    PROBABLY,
    SecondAhead,
    second_better,
    second_better_told,
    seconds_ahead,
)
from cascal.number_format import percent
from cascal.settings import Thresholds

WORDS = ("contracts", "lenses", "enzymes", "loops", "fractions", "currencies")
NUMBERED = re.compile(r"\bclusters? \d+(, \d+)*\b(?! cluster)")


def told(part: Part) -> Part:
    """The same with a telling word in the text of every skill."""
    skill = np.argmax(np.asarray(part.vectors.vectors)[:, 3:9], axis=1)
    texts = tuple(f"A question about {WORDS[one]} {row}" for row, one in enumerate(skill.tolist()))
    return replace(part, texts=texts)


def case(n=900, with_test=True, **changes) -> Snapshot:
    train, test = told(world(n=n, **changes)), told(world(n=400, seed=1, **changes))
    fitted = cascal.fit(train.votes, train.vectors, DS)
    thresholds = Thresholds(prune_jaccard=None)
    return take_snapshot(study_of(train, test if with_test else None), fitted, thresholds)


@pytest.fixture(scope="module")
def equal_models() -> Snapshot:
    return case(gap=0.0)


def test_no_check_calls_a_cluster_by_its_number(equal_models):
    labels = set(equal_models.labels)
    assert any(any(word in label for word in WORDS) for label in labels)
    for finding in diagnose(equal_models):
        assert not NUMBERED.search(finding.sentence)
        assert not any(NUMBERED.search(one.name) for one in finding.measures)
        evidence = CHECKS[finding.code].evidence(equal_models)
        if evidence is not None:
            assert not [one for one in evidence.names if NUMBERED.search(one)]
    for code in ("CAS103", "CAS201"):
        assert set(CHECKS[code].evidence(equal_models).names) <= labels
    for name in CHECKS["CAS205"].evidence(equal_models).names:
        assert name.partition(": ")[0] in labels


def test_the_doubtful_clusters_say_where_the_second_model_is_probably_better(equal_models):
    """The check, its evidence and the link at the top of the page count the same clusters."""
    blind = case(gap=0.0, with_test=False)
    finding = CHECKS["CAS205"].find(blind)
    needs = cluster_needs(blind.router, blind.fit.consensus)
    behind = {blind.labels[one.cluster]: one for one in needs if one.certainty < 0.5}
    probably = [name for name, one in behind.items() if 1 - one.certainty >= PROBABLY]
    assert 0 < len(probably) < len(behind)
    assert f"In {len(probably)} of {len(needs)} the second is probably" in finding.sentence
    for name in probably[:MOST_NAMED]:
        one = behind[name]
        chance = percent(1 - one.certainty)
        assert f"{name} ({one.second} over {one.first}, {chance})" in finding.sentence
    rows = {row["cluster"]: row for row in CHECKS["CAS205"].evidence(blind).table}
    assert rows.keys() == behind.keys()
    for name, row in rows.items():
        assert row["estimate"] == percent(1 - behind[name].certainty)
        assert (row["second is better"] == "probably") is (name in probably)
    clusters = f"{len(probably)} cluster{'s' if len(probably) > 1 else ''}"
    assert second_better_told(blind) == f"A second model is probably better in {clusters}"


def ahead(estimate: float, gold: float | None = None, n_gold: int = 0) -> SecondAhead:
    return SecondAhead(
        cluster="law",
        first="a",
        second="b",
        n_queries=90,
        estimate=estimate,
        gold=gold,
        n_gold=n_gold,
    )


@pytest.mark.parametrize(
    ("one", "probably", "said"),
    [
        (ahead(0.54), False, "54 %)"),
        (ahead(0.8), True, "80 %)"),
        (ahead(0.54, 0.97, 60), True, "97 % by gold answers)"),
        (ahead(0.95, 0.1, 60), False, "10 % by gold answers)"),
        (ahead(0.54, 1.0, 3), False, "54 %)"),  # three gold answers decide nothing
    ],
)
def test_gold_answers_decide_where_there_are_enough_else_an_estimate_of_four_in_five(
    one, probably, said
):
    assert one.probably is probably
    assert one.said == f"law (b over a, {said}"
    verdict, by = "probably" if probably else "open", "gold" if "by gold" in said else "estimate"
    assert one.row(gold=True)["second is better"] == f"{verdict}, by {by}"
    assert one.row(gold=False)["second is better"] == verdict


def test_gold_answers_say_it_too_where_there_are_some(equal_models):
    row = CHECKS["CAS205"].evidence(equal_models).table[0]
    test, cluster = equal_models.dataset.test, equal_models.labels.index(row["cluster"])
    inside = test.right[equal_models.test_routes.cluster == cluster]
    models = test.votes.models
    first, second = models.index(row["asked first"]), models.index(row["second"])
    gap = inside[:, second] - inside[:, first]
    assert row["gold test queries"] == len(gap)
    ratio = gap.mean() / (gap.std(ddof=1) / np.sqrt(len(gap)))
    assert row["by gold answers"] == percent((1 + erf(ratio / sqrt(2))) / 2)
    blind = CHECKS["CAS205"].evidence(case(gap=0.0, with_test=False)).table
    assert "by gold answers" not in blind[0]


def test_where_every_first_model_is_ahead_nothing_is_said(equal_models):
    sure = case(gap=0.4)
    needs = cluster_needs(sure.router, sure.fit.consensus)
    assert min(one.certainty for one in needs) > 0.5
    assert second_better(sure) == ""
    assert seconds_ahead(sure) == ()
    assert second_better_told(sure) == "A second model is probably better in no cluster"
    assert CHECKS["CAS205"].evidence(sure).table == ()


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [([1.0, 1.0, 1.0], 1.0), ([-1.0, -1.0], 0.0), ([0.0, 0.0], 0.5), ([1.0], 0.5)],
)
def test_equal_gaps_leave_no_doubt_and_a_single_one_says_nothing(gaps, expected):
    assert lead_certainty(np.array(gaps))[2] == expected


def test_a_model_that_is_behind_on_every_query_needs_no_more_of_them():
    """Both queries alike: the second is ahead for certain, and no number makes the first so."""
    votes = cascal.Votes(
        ["a", "b", "c", "d"],
        ["law"] * 4,
        ["m", "n"],
        np.zeros((4, 2), dtype=int),
        np.full((4, 2), np.nan),
        np.full(4, 2),
    )
    vectors = cascal.Embeddings.from_array(votes.query_ids, np.eye(4), "test")
    part = make_part(votes, vectors, np.zeros(4, dtype=int))
    router = cascal.fit(part.votes, part.vectors).router()
    behind = np.zeros((4, 2))
    behind[:, router.models.index(router.models[router.cluster_order[0, 1]])] = 1.0
    need = cluster_needs(router, behind)[0]
    assert (need.certainty, need.needed) == (0.0, None)


def test_without_names_no_finding_holds_a_word_of_a_query(equal_models):
    numbered = equal_models.unnamed
    assert numbered.labels[0].endswith("cluster 0")
    for finding in diagnose(numbered):
        assert not any(word in finding.sentence for word in WORDS)
    assert any(any(word in one.sentence for word in WORDS) for one in diagnose(equal_models))
