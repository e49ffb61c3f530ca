"""What the router must beat: the same rows on the Overview and in the comparison of all routers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import make_part, make_world, split_world

import cascal
from cascal import charts
from cascal.charts.agreement import coverage_frame
from cascal.compare.comparison import compare_routers
from cascal.compare.contenders import contenders, merged
from cascal.verdicts.constant import choose_constant

NO = cascal.NO_ANSWER
SHARED_ROWS = {
    2: ("global_consensus", "top1"),
    3: ("best_by_gold", "top1"),
    4: ("plurality", "vote"),
    5: ("oracle", "top1"),
}
"""Place of a contender -> the entry of the comparison, and which of its columns."""


def shown_by_the_overview(fitted, test):
    """The rows of one router at the default thresholds."""
    router = fitted.router()
    result = cascal.evaluate(router.route(test.vectors), test.votes, test.gold, test.judged)
    return contenders(result, router, test)


def compared(train, test, preset="recommended"):
    """Both views of one router on the same test queries."""
    fitted = cascal.fit(train.votes, train.vectors, cascal.FitSettings.preset(preset), n_jobs=1)
    return shown_by_the_overview(fitted, test), compare_routers(train, test, fitted=fitted)


def thinned(part, seed):
    """A fifth of the cells was never asked, a tenth has no gold answer, the models are turned."""
    random = np.random.default_rng(seed)
    missing = random.random(part.votes.shape) < 0.2
    votes = replace(
        part.votes,
        answers=np.where(missing, NO, part.votes.answers),
        status=np.where(missing, "missing", np.where(part.votes.answered, "ok", "unreadable")),
    )
    gold = np.where(random.random(len(part)) < 0.1, NO, part.gold)
    turned = part.votes.models[::-1]
    return replace(part, votes=votes, gold=gold).with_models(turned)


@pytest.mark.parametrize(("preset", "seed"), [("recommended", 0), ("released", 1)])
def test_overview_and_comparison_show_the_same_rows(preset, seed):
    train, test = split_world(seed=seed, n_queries=200, n_options=4, missing=0.2)
    rows, comparison = compared(train, thinned(test, seed), preset)
    own = comparison["cascal"]
    assert np.array_equal(rows[0].right, own.top1, equal_nan=True)
    assert np.array_equal(rows[1].right, own.vote, equal_nan=True)
    for place, (key, column) in SHARED_ROWS.items():
        shown = getattr(comparison[key], column)
        assert np.array_equal(rows[place].right, shown, equal_nan=True), key


def test_the_rows_are_those_of_a_plain_count():
    train, test = split_world(seed=5, n_options=4, missing=0.1)
    fitted = cascal.fit(train.votes, train.vectors, n_jobs=1)
    rows, router = shown_by_the_overview(fitted, test), fitted.router()
    answers, right = test.votes.answers, test.votes.answers == test.gold[:, None]
    assert rows[2].accuracy.value == right[:, router.best_overall].mean()
    assert rows[3].accuracy.value == right.mean(axis=0).max()
    assert rows[5].accuracy.value == right.any(axis=1).mean()
    z = np.nan_to_num((test.votes.logprobs - router.center) / router.spread)
    best_first = sorted(range(5), key=lambda m: (-router.rankings.overall[m], router.models[m]))
    voted = []
    for row, sure in zip(answers, z, strict=True):
        options = {
            option: [m for m in best_first if row[m] == option] for option in set(row) - {NO}
        }
        voted.append(
            max(
                options,
                key=lambda option: (
                    len(options[option]),
                    sure[options[option]].sum(),
                    -best_first.index(options[option][0]),
                ),
                default=NO,
            )
        )
    assert rows[4].accuracy.value == (np.array(voted) == test.gold).mean()


@pytest.mark.parametrize("answered", [0.0, 0.5])
def test_missing_is_not_right(answered):
    """200 queries, no gold answer, every response judged wrong by its source: 0 % everywhere.

    A response with an answer but without a gold answer to compare with does not count.
    """
    votes, vectors, gold = make_world(n_queries=200, seed=1)
    silent = np.random.default_rng(0).random(votes.shape) >= answered
    asked = replace(votes, answers=np.where(silent, NO, votes.answers), logprobs=votes.logprobs)
    train = make_part(votes, vectors, gold)
    judged = np.where(silent, 0.0, np.nan)
    test = replace(make_part(asked, vectors, np.full(200, NO)), judged=judged)
    rows, comparison = compared(train, test)
    assert {row.accuracy.value for row in rows} == {0.0}
    for row in comparison.rows():
        shown = [one for one in (row.top1, row.vote, row.hit) if one is not None]
        assert shown
        assert {one.value for one in shown} == {0.0}, row.key


def test_a_pool_that_nobody_answers_has_no_right_vote():
    """Gold answers are known, nobody answers: wrong, not equal to something missing."""
    votes, vectors, gold = make_world(n_queries=80, seed=2)
    silent = replace(votes, answers=np.full(votes.shape, NO))
    test = make_part(silent, vectors, np.where(np.arange(80) < 40, gold, NO))
    rows = shown_by_the_overview(cascal.fit(votes, vectors, n_jobs=1), test)
    assert {(row.accuracy.value, row.accuracy.n) for row in rows} == {(0.0, 40)}


def test_what_the_source_says_counts_in_the_accuracies_of_the_models():
    """Model 0 is judged right on half of the queries and never answers, the others answer."""
    votes, vectors, gold = make_world(n_queries=60, seed=3)
    answers = votes.answers.copy()
    answers[:, 0] = NO
    judged = np.full(votes.shape, np.nan)
    judged[:, 0] = np.arange(60) % 2
    part = make_part(replace(votes, answers=answers), vectors, gold, judged=judged)
    shown = coverage_frame(part)["accuracy"].to_numpy()
    assert shown[0] == 50.0
    assert shown[1:].tolist() == (100 * (answers == gold[:, None]).mean(axis=0))[1:].tolist()


def test_what_the_verdict_compares_with_is_a_row():
    train, test = split_world(seed=5, n_options=4, missing=0.1)
    router = cascal.fit(train.votes, train.vectors, n_jobs=1).router()
    result = cascal.evaluate(router.route(test.vectors), test.votes, test.gold, test.judged)
    known = choose_constant(router.models, by_labels=train.best_constant, result=result)
    names = [row.name for row in contenders(result, router, test, known)]
    assert names[3] == f"Always {known.name} (best by training labels)"
    rows = contenders(result, router, test, known)
    assert rows[3].accuracy.value == result.model_accuracies[known.model]
    assert not rows[3].needs_gold
    seen = choose_constant(router.models, result=result)
    assert len(contenders(result, router, test, seen)) == len(rows) - 1


def test_a_model_that_is_chosen_in_two_ways_is_one_row():
    train, test = split_world(seed=5, n_options=4, missing=0.1)
    router = cascal.fit(train.votes, train.vectors, n_jobs=1).router()
    result = cascal.evaluate(router.route(test.vectors), test.votes, test.gold, test.judged)
    rows = contenders(result, router, test)
    by_gold = replace(rows[3], always=rows[2].always)
    shown = merged([*rows[:3], by_gold, *rows[4:]])
    assert len(shown) == len(rows) - 1
    assert shown[2].name == f"Always {rows[2].always} (best by consensus and gold)"
    assert not shown[2].needs_gold
    assert merged(shown) == shown
    apart = [*rows[:3], replace(rows[3], always="another"), *rows[4:]]
    assert merged(apart) == apart


def test_where_one_model_votes_it_stands_once_and_the_best_rival_follows_the_router():
    train, test = split_world(seed=5, n_options=4, missing=0.1)
    fitted = cascal.fit(train.votes, train.vectors, n_jobs=1)
    for top_k, own in ((1, 1), (3, 2)):
        router = fitted.router(cascal.Thresholds(top_k=top_k))
        result = cascal.evaluate(router.route(test.vectors), test.votes, test.gold, test.judged)
        table = charts.contenders_frame(contenders(result, router, test))
        assert table["own"].tolist() == [True] * own + [False] * (len(table) - own)
        assert table["name"][0] == "Router, first model"
        assert table["accuracy"][own:-1].is_monotonic_decreasing
        assert table["name"].iloc[-1].startswith("Oracle"), "the ceiling stands apart"
        assert not table["name"].str.contains("vote of 1").any()
