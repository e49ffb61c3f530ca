"""How long people wait: medians and 95 % by hand, the saving in pairs, what is not known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from conftest import add_hashed, thinned_demo
from refusals import refuses

import cascal
from cascal import charts
from cascal.compare.latency import find_waits
from cascal.dataset.dataset import load_dataset
from cascal.dataset.response_numbers import read_latencies
from cascal.dataset.snapshot import take_snapshot
from cascal.datatypes import NotApplicable
from cascal.settings import Thresholds


def with_latencies(imported, seconds):
    """The demo with seconds of every response: seconds(model, number of the response)."""
    table = imported.responses
    values = [seconds(name, at) for at, name in enumerate(table["model"].to_pylist())]
    column = table.schema.get_field_index("latency")
    return replace(
        imported, responses=table.set_column(column, "latency", pa.array(values, pa.float64()))
    )


def loaded(folder, seconds):
    workspace = cascal.Workspace(folder / "w.duckdb")
    add_hashed(workspace, with_latencies(thinned_demo(20, 20)["demo"], seconds))
    dataset = load_dataset(workspace, "demo")
    fitted = cascal.fit(dataset.train.votes, dataset.train.vectors)
    return workspace, take_snapshot(dataset, fitted, Thresholds())


def test_waits_are_those_of_the_models_that_are_asked(tmp_path):
    workspace, snapshot = loaded(tmp_path, lambda model, at: 1.0 + len(model) + at % 7)
    votes, routes = snapshot.dataset.test.votes, snapshot.routes("test")
    seconds = read_latencies(workspace, "demo", "test", votes)
    assert np.isfinite(seconds).all()
    waits = find_waits(workspace, snapshot)
    router, vote, *models = waits.rows
    asked = np.array([seconds[row, m] for row, m in enumerate(routes.selected[:, 0])])
    slowest = np.array([seconds[row, chosen].max() for row, chosen in enumerate(routes.selected)])
    assert (router.median, router.slow) == (np.median(asked), np.quantile(asked, 0.95))
    assert (vote.median, vote.slow) == (np.median(slowest), np.quantile(slowest, 0.95))
    assert [one.name for one in models] == list(votes.models)
    assert router.right == pytest.approx(snapshot.evaluation.top1_accuracy)
    [constant] = [m for m, one in enumerate(models) if one.constant]
    assert constant == snapshot.constant.model
    assert waits.saved.value == pytest.approx((seconds[:, constant] - asked).mean())
    table = charts.latency_frame(waits)
    assert table["median"].tolist() == [one.median for one in waits.rows]
    assert len(charts.latency_figure(table, "#1D4ED8").data) == 3


@pytest.mark.parametrize(("slower", "says"), [(True, "routing costs"), (False, "routing saves")])
def test_the_sentence_says_whether_time_is_lost_or_won(tmp_path, slower, says):
    constant = "atlas-large"
    quick, slow = (1.0, 4.0) if slower else (4.0, 1.0)
    workspace, snapshot = loaded(tmp_path, lambda model, _: quick if model == constant else slow)
    assert snapshot.constant.name == constant
    waits = find_waits(workspace, snapshot)
    assert says in waits.sentence
    assert f"{abs(waits.saved.value):.2g} s [" in waits.sentence


def test_unknown_latencies_are_said(tmp_path):
    workspace, snapshot = loaded(
        tmp_path, lambda model, at: np.nan if model == "gnat-mini" and at > 40 else 1.0
    )
    with refuses("needs-latencies", "latency", kind=NotApplicable):
        find_waits(workspace, snapshot)
