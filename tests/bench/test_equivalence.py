"""Free answers are compared once, in a minute at most, and cost votes nothing afterwards."""

from __future__ import annotations

import random
import statistics
import time

import pyarrow as pa
import pytest

from cascal.columns import QUERY_SCHEMA, RESPONSE_SCHEMA, Imported
from cascal.datatypes import ModelSpec
from cascal.store import Workspace

pytestmark = pytest.mark.bench

N_QUERIES, N_MODELS = 5_000, 12
COMPARE_SECONDS, VOTES_SECONDS = 60.0, 0.5
WORDS = ("Paris", "paris.", "London", "St. Louis", "mitosis", "the cell wall", "Rome", "oxygen")


def _answers(number: int, chance: random.Random) -> list[str]:
    """What one query is answered: numbers, fractions, words, LaTeX or expressions."""
    a, b = chance.randint(2, 40), chance.randint(2, 40)
    kinds = (
        [str(number), f"{number}.0", f"{number:,}", str(number + a), str(a), f"{a}.5", f"{b}%"],
        [f"{a}/{b}", rf"\frac{{{a}}}{{{b}}}", f"{2 * a}/{2 * b}", f"{b}/{a}", str(a), "0.25"],
        list(WORDS),
        [rf"{a}\sqrt{{{b}}}", rf"\sqrt{{{b}}}*{a}", rf"\sqrt{{{a}}}", str(a), rf"{a}\pi", f"{b}"],
        [f"{a}x+{b}", f"{b}+{a}x", f"{a}x-{b}", f"x+{b}", f"{a * b}", f"{a}y"],
        [f"({a},{b})", f"({a}, {b})", f"[{a},{b}]", f"{a} km", f"{a} miles", f"{a}"],
    )
    kind = chance.choices(kinds, weights=(35, 15, 25, 8, 12, 5))[0]
    return chance.sample(kind, chance.randint(1, len(kind)))


def _world() -> Imported:
    chance = random.Random(0)  # noqa: S311 - a seeded world
    models = tuple(ModelSpec(f"m{at}") for at in range(N_MODELS))
    queries, responses = [], []
    for number in range(N_QUERIES):
        given = _answers(number, chance)
        queries.append(
            {
                "query_id": f"q{number}",
                "task": "t",
                "text": f"question {number}",
                "options": [],
                "answer": given[0],
                "answer_origin": "gold",
                "split": "train",
            }
        )
        responses += [
            {
                "query_id": f"q{number}",
                "model": one.name,
                "sample": 0,
                "text": "",
                "answer": chance.choice(given),
                "status": "ok",
            }
            for one in models
        ]
    return Imported(
        dataset="free",
        origin="simulated",
        source="bench",
        tasks=(),
        models=models,
        queries=pa.Table.from_pylist(queries, QUERY_SCHEMA),
        responses=pa.Table.from_pylist(responses, RESPONSE_SCHEMA),
    )


def test_comparing_5000_queries_of_12_models_takes_a_minute_once(tmp_path):
    world, workspace, begun = _world(), Workspace(tmp_path / "w.duckdb"), []

    def told(_share: float, _sentence: str) -> None:
        begun.append(time.perf_counter())

    workspace.add(world, progress=told)
    compared = time.perf_counter() - begun[0]
    times = []
    for _ in range(5):
        start = time.perf_counter()
        votes = workspace.votes("free")
        times.append(time.perf_counter() - start)
    assert votes.shape == (N_QUERIES, N_MODELS)
    print(f"compared in {compared:.1f} s, votes in {statistics.median(times) * 1000:.0f} ms")
    assert compared <= COMPARE_SECONDS
    assert min(times) <= VOTES_SECONDS
