"""Settings that send a query to another model are those that do when they are set."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from test_diagnose import case_of, explosion, world

from cascal.compare.other_settings import settings_that_flip
from cascal.settings import JOINING, ROUTINGS

POSITIONS = {
    "min silhouette": [round(0.05 * at, 2) for at in range(11)],
    "merge distance": [round(0.1 * at, 2) for at in range(7)],
}
FIELDS = {"min silhouette": "min_silhouette", "merge distance": "merge_distance"}


@pytest.mark.parametrize("make", [explosion, lambda: case_of(world())])
def test_every_setting_that_is_told_flips_the_route_and_none_nearer_does(make):
    case, told = make(), 0
    now, queries = case.router.thresholds, case.dataset.test.vectors.vectors[:12]

    def first(vector, **fields) -> str:
        router = case.fit.router(replace(now, **fields))
        return router.models[router.route(vector[None, :]).selected[0, 0]]

    for vector in queries:
        usual = first(vector)
        found = settings_that_flip(case.fit, now, vector, POSITIONS)
        said = {}
        flips = [f"{one.how}: {one.model}" for one in found.flips]
        for sentence in flips:
            if slider := re.fullmatch(
                r"(.+) (lowered|raised) to ([\d.]+) \(now [\d.]+\): (.+)", sentence
            ):
                name, side, value, model = slider.groups()
                assert first(vector, **{FIELDS[name]: float(value)}) == model != usual
                said[name, side] = float(value)
            told += 1
        for name, values in POSITIONS.items():
            present = getattr(now, FIELDS[name])
            for value in values:
                side = "lowered" if value < present else "raised"
                end = said.get((name, side), np.inf if side == "raised" else -np.inf)
                if min(present, end) < value < max(present, end):
                    assert first(vector, **{FIELDS[name]: value}) == usual
            moved = any(one == name for one, _ in said)
            assert moved != any(one.startswith(f"{name} from") for one in found.idle)
        joined = [
            f"joining “{name}”: {first(vector, prune_jaccard=value)}"
            for name, value in JOINING.items()
            if first(vector, prune_jaccard=value) != usual
        ]
        assert [one for one in flips if one.startswith("joining")] == joined
        routed = [
            f"routing “{one.label}”: {first(vector, routing=one.routing)}"
            for one in ROUTINGS.values()
            if first(vector, routing=one.routing) != usual
        ]
        assert [one for one in flips if one.startswith("routing")] == routed
        labels = [f"“{one.label}”" for one in ROUTINGS.values()]
        joinings = [f"“{name}”" for name in JOINING]
        present = [name for name, value in JOINING.items() if value == now.prune_jaccard]
        here = {f"“{name}”" for name in present} | {f"“{ROUTINGS['preset'].label}”"}
        for kind, names in (("joining", joinings), ("routing", labels)):
            (same,) = [one for one in found.idle if one.startswith(kind)] or [""]
            for name in set(names) - here:  # each in one of the two lists
                moves = any(one.startswith(f"{kind} {name}: ") for one in flips)
                rest, _, moved = same.partition("any other way but ")
                idle = name not in moved if moved else "any other way" in same or name in rest
                assert moves != idle
        every = [one.routing for one in ROUTINGS.values()]
        without = settings_that_flip(case.fit, now, vector, {}, told=every)
        assert not any(one.how.startswith("routing") for one in without.flips)
    assert told
