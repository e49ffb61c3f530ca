"""What the consensus learnt about confidences, as it is shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import cascal
from cascal import charts
from cascal.results import Learnt


def test_models_stand_by_how_telling_their_confidence_is_and_silent_ones_are_left_out(world):
    votes, vectors, _ = world
    logprobs = votes.logprobs.copy()
    logprobs[:, 2] = np.nan
    fit = cascal.fit(replace(votes, logprobs=logprobs), vectors)
    table = charts.learnt_frame(fit.learnt, fit.models)
    assert set(table["model"]) == set(votes.models) - {votes.models[2]}
    assert table["mean"].is_monotonic_decreasing
    for row in table.itertuples():
        model = fit.models.index(row.model)
        assert row.mean == fit.learnt.slope[model]
        assert row.used == fit.learnt.rise[model]
        margin = 1.96 * fit.learnt.slope_error[model]
        assert row.high - row.mean == pytest.approx(margin)
        assert row.mean - row.low == pytest.approx(margin)
        assert row.known == np.isfinite(logprobs[:, model]).sum()


def test_the_sentence_says_how_mistakes_fall_and_how_many_models_are_heard(world):
    votes, vectors, _ = world
    fit = cascal.fit(votes, vectors)
    used = int((fit.learnt.rise > 0).sum())
    assert f"count for {used} of 5 models" in charts.confidence_sentence(fit.learnt)
    scattered = replace(fit.learnt, concentration=0.7, likeliest_concentration=5.66)
    assert "scatter here" in charts.confidence_sentence(scattered)
    assert "(α = 0.70; the votes alone say 5.66)" in charts.confidence_sentence(scattered)
    silent = Learnt.without_confidences(5, 0.4, 0.25)
    assert charts.confidence_sentence(silent).endswith(
        "No log-probability counts: the votes alone decide."
    )
    assert charts.learnt_frame(silent, fit.models).empty
    first = cascal.fit(votes, vectors, cascal.FitSettings.preset("recommended-1"))
    assert "learns nothing about confidences" in charts.confidence_sentence(first.learnt)
