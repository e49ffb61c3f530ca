"""Where the presets disagree about the first model, without a label."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import thinned_workspace
from typer.testing import CliRunner

import cascal
from cascal import charts
from cascal.cli import app
from cascal.compare.presets import PresetChoices, compare_presets
from cascal.dataset.dataset import load_dataset
from cascal.score import usable_presets
from cascal.settings import PRESETS, FitSettings, Thresholds


def choices(first, **kwargs) -> PresetChoices:
    first = np.array(first)
    return PresetChoices(
        presets=("recommended", "released", "paper")[: len(first)],
        models=("a", "b", "c"),
        query_ids=tuple(f"q{at}" for at in range(first.shape[1])),
        tasks=("t", "t", "u", "u", "u")[: first.shape[1]],
        first=first,
        best_overall=first[:, 0],
        **{"confident": True, "on_training_queries": False, **kwargs},
    )


def test_disputed_queries_are_those_with_two_first_models():
    three = choices([[0, 0, 1, 2, 2], [0, 0, 1, 1, 2], [0, 1, 1, 2, 0]])
    assert three.disputed.tolist() == [False, True, False, True, True]
    assert three.differing("recommended").tolist() == [0, 1, 2]
    assert three.differing("paper").tolist() == [2, 3, 0]
    assert three.used("recommended") == [("a", 2), ("c", 2), ("b", 1)]
    assert three.by_task() == [("u", 3, 2), ("t", 2, 1)]
    assert "3 of 5 test queries (60 %)" in three.sentence
    assert "gold answers of some of these queries do" in three.sentence


@pytest.mark.parametrize(
    ("right", "says"),
    [
        ([0.5, 0.9, 0.2], "released is right more often than recommended: +40.0 points"),
        ([0.9, 0.5, 0.2], "recommended is right more often than any other preset"),
        (
            [0.5, 0.51, 0.2],
            "No preset is proven right more often than recommended, which is right more often than "
            "paper",
        ),
    ],
)
def test_gold_answers_say_which_preset_is_right_more_often(right, says):
    """Model a is never right, b always; each preset asks b as often as it is to be right."""
    first = [[int(at < round(100 * share)) for at in range(100)] for share in right]
    asked = PresetChoices(
        presets=("recommended", "released", "paper"),
        models=("a", "b"),
        query_ids=tuple(f"q{at}" for at in range(100)),
        tasks=("t",) * 100,
        first=np.array(first),
        best_overall=np.zeros(3, dtype=int),
        confident=True,
        on_training_queries=False,
    )
    part = SimpleNamespace(
        has_gold=True,
        votes=SimpleNamespace(models=("a", "b")),
        right=np.tile([0.0, 1.0], (100, 1)),
    )
    judged = asked.judged(part, "recommended")
    assert judged.sentence.startswith(says)
    assert [one.value for one in judged.right] == pytest.approx(right)
    frame = charts.presets_frame(asked, "recommended", judged)
    assert frame["gain"].iloc[0] == "in use"
    assert frame["right"].tolist() == pytest.approx([100 * share for share in right])
    part.has_gold = False
    assert asked.judged(part, "recommended") is None


def test_agreement_is_said_to_change_nothing():
    two = choices([[0, 1], [0, 1]], confident=False, on_training_queries=True)
    assert not two.disputed.any()
    assert two.sentence == (
        "The choice of preset changes nothing here: recommended, released agree on all "
        "2 training queries."
    )
    assert charts.disputed_tasks_frame(two).empty


def test_a_preset_that_needs_log_probabilities_is_left_out_and_this_is_said():
    two = choices([[0, 1], [0, 0]], confident=False)
    assert two.sentence.endswith("Without log-probabilities paper cannot be fitted.")


def test_choices_are_the_routes_of_each_preset_and_no_label_is_read(demo):
    few = demo.train.take(np.arange(600)), demo.test.take(np.arange(150))
    thresholds = Thresholds(min_silhouette=0.1)
    compared = compare_presets(*few, thresholds)
    assert compared.presets == tuple(PRESETS)
    for at, name in enumerate(compared.presets):
        fit = cascal.fit(few[0].votes, few[0].vectors, FitSettings.preset(name))
        router = fit.router(thresholds)
        selected = router.route(few[1].vectors).selected[:, 0]
        np.testing.assert_array_equal(compared.first[at], selected)
        assert compared.best_overall[at] == router.best_overall
    costs = compared.costs(few[1], few[0])
    asked_first = compared.first[compared.presets.index("recommended")]
    column = [few[1].votes.models.index(compared.models[model]) for model in asked_first]
    dollars = few[1].costs[np.arange(len(column)), column]
    assert costs[compared.presets.index("recommended")] == pytest.approx(1_000 * dollars.mean())
    assert charts.presets_frame(compared, "recommended", None, costs)["cost"].tolist() == [*costs]
    blind = [
        replace(part, gold=np.full(len(part), cascal.NO_ANSWER), judged=part.judged * np.nan)
        for part in few
    ]
    np.testing.assert_array_equal(compare_presets(*blind, thresholds).first, compared.first)


def test_without_log_probabilities_paper_is_not_usable_and_without_test_queries_training_is_used(
    demo,
):
    part = demo.train.take(np.arange(300))
    votes = part.votes
    mute = replace(votes, logprobs=np.full(votes.shape, np.nan))
    assert usable_presets(mute) == ("recommended", "recommended-1", "released")
    compared = compare_presets(replace(part, votes=mute), None)
    assert compared.on_training_queries
    assert compared.query_ids == votes.query_ids
    assert not compared.confident


def test_frames_count_against_the_present_preset_and_list_the_queries(demo):
    part = demo.test.take(np.arange(5))
    three = choices([[0, 0, 1, 2, 2], [0, 0, 1, 1, 2], [0, 1, 1, 2, 0]])
    table = charts.presets_frame(three, "paper")
    assert table["differs"].tolist() == [2, 3, 0]
    assert table["best"].tolist() == ["a", "a", "a"]
    assert charts.presets_frame(three, "custom")["differs"].tolist() == [0, 1, 2]
    tasks = charts.disputed_tasks_frame(three)
    assert tasks.to_dict("list") == {
        "task": ["u", "t"],
        "share": [pytest.approx(200 / 3), 50],
        "queries": [3, 2],
        "disputed": [2, 1],
    }
    named = replace(three, models=part.votes.models)
    queries = charts.disputed_queries_frame(part, named, limit=2)
    assert isinstance(queries, pd.DataFrame)
    assert queries["query"].tolist() == [part.texts[1], part.texts[3]]
    models, right = part.votes.models, part.right
    assert queries["paper"].tolist() == [
        f"{'✓' if right[row, model] else '✗'} {models[model]}" for row, model in ((1, 1), (3, 2))
    ]


@pytest.mark.slow
def test_the_command_says_where_the_presets_differ(tmp_path):
    workspace = thinned_workspace(tmp_path, 8, 1)
    run = CliRunner().invoke(app, ["presets", "demo", "--workspace", str(workspace.path)])
    assert run.exit_code == 0, run.output
    assert "Simulated data." in run.output
    loaded = load_dataset(workspace, "demo")
    compared = compare_presets(loaded.train, loaded.test, costs=loaded.costs)
    assert compared.disputed.any()
    assert f"{compared.disputed.sum():,} of 2,000" in run.output.replace("\n", " ")
