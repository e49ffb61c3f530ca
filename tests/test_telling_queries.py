"""The examples of the page Route show different kinds of routes, each what it is said to show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_diagnose import case_of, explosion, world

import cascal
from cascal.dataset.snapshot import take_snapshot
from cascal.dataset.telling_queries import N_QUERIES, telling_queries
from cascal.explain import explain
from cascal.score import agreement


@pytest.mark.parametrize("make", [explosion, lambda: case_of(world())])
def test_every_example_is_what_it_is_said_to_show(make):
    now = make()
    part, shown = now.dataset.test, telling_queries(now)
    assert len({one.row for one in shown}) == len(shown) == min(N_QUERIES, len(part))
    kinds = [one.shows for one in shown if not one.shows.startswith("A query of ")]
    assert len(set(kinds)) == len(kinds) > 1
    harmony = agreement(part.votes)
    for one in shown:
        trace = explain(now.router, part.vectors.vectors[one.row])
        first = now.router.models.index(trace.models[0].model)
        right = part.right[one.row]
        alone = trace.clusters[0].first_alone
        holds = {
            "Clear lead": trace.lead_words.sure == "clear",
            "All but level": trace.lead_words.sure == "level" and not trace.by_bonus,
            "Far from training": trace.far,
            "Clear lead, but wrong by gold": trace.lead_words.sure == "clear" and not right[first],
            "Right where most models err": right[first] and np.nanmean(right) < 0.5,
            "Several clusters blended": trace.clusters[0].weight <= 0.5,
            "Nearest cluster outvoted": alone != trace.models[0].model,
            "The bonus decides": trace.by_bonus,
            "Wrong by gold": not right[first],
            "All models agree": harmony[one.row] == 1.0,
        }
        assert holds.get(one.shows, one.shows == f"A query of {part.votes.tasks[one.row]}"), one
        assert trace.far == (one.shows == "Far from training") or one.shows.startswith("A query")


def test_without_test_queries_training_queries_are_shown_and_nothing_by_gold():
    now = case_of(world())
    train = now.dataset.train
    train = replace(train, gold=np.full(len(train), cascal.NO_ANSWER))
    fitted, data = now.fit, replace(now.dataset, train=train, test=None)
    shown = telling_queries(take_snapshot(data, fitted, cascal.Thresholds()))
    assert all(0 <= one.row < len(data.train) for one in shown)
    assert not any("gold" in one.shows or one.shows.startswith("Right") for one in shown)
