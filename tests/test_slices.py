"""Slices of a comparison: the right queries in each, the same difference, small ones said."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import test_app
from conftest import add_hashed, thinned_demo
from console import cascal_cli
from refusals import refuses

import cascal
from cascal.columns import KEPT_SCHEMA, KeptColumn
from cascal.compare.comparison import compare_routers
from cascal.compare.slices import (
    LENGTH,
    column_names,
    groups_of,
    many_note,
    slices,
    slices_by,
    slices_note,
)

pytestmark = pytest.mark.slow

open_app = test_app.open_app


@pytest.fixture(scope="module")
def sliced(demo):
    """The demo with a language of every query, Danish for 12 test queries, and its comparison."""

    def told(part, n_danish):
        values = np.array(["en"] * len(part), dtype=object)
        values[:n_danish] = "da"
        return replace(part, kept=(KeptColumn("language", values),))

    train, test = demo.train.take(np.arange(0, 5000, 8)), demo.test.take(np.arange(120))
    data = replace(demo, train=told(train, 0), test=told(test, 12))
    fitted = cascal.fit(data.train.votes, data.train.vectors)
    return data, compare_routers(data.train, data.test, fitted=fitted)


def test_each_slice_holds_its_queries_and_the_gain_of_a_comparison_of_them_alone(sliced):
    data, comparison = sliced
    english, danish = slices_by(data, comparison, "language")
    assert (english.name, danish.name) == ("en", "da")
    own, best = comparison["cascal"].top1[:12], comparison[comparison.constant].top1[:12]
    assert danish.gain.n == np.isfinite(own - best).sum()
    assert danish.gain.value == pytest.approx(np.nanmean(own - best))
    assert danish.too_small
    assert not english.too_small
    assert danish.to_dict()["too_small"] is True


def test_the_note_counts_the_slices_and_the_small_ones(sliced):
    note = slices_note(slices_by(*sliced, "language"))
    assert many_note(9, "task").startswith("9 tasks were looked at: each 95 % interval misses")
    assert many_note(9, "task").endswith("so of 9 about 0.5.")
    assert many_note(1) in slices_note(slices_by(*sliced, "language")[:1])
    assert "2 slices" in note
    assert "about 0.1" in note
    assert "Fewer than 30 queries are in 1 of them" in note


def test_the_length_is_a_column_of_every_data_set_and_others_are_refused_by_name(sliced):
    data, comparison = sliced
    assert column_names(data) == ("language", LENGTH)
    quarters = slices_by(data, comparison, LENGTH)
    assert (
        sum(one.gain.n for one in quarters)
        == slices(comparison, np.zeros(120, dtype=np.int64), ["all"])[0].gain.n
    )
    with refuses("unknown-choice", "customer", "language"):
        slices_by(data, comparison, "customer")


def test_more_than_twelve_values_are_other_and_no_value_is_none():
    values = [f"v{at:02}" for at in range(14) for _ in range(2)] + [""]
    group, names = groups_of(KeptColumn("c", np.array(values, dtype=object)))
    assert names == (*(f"v{at:02}" for at in range(12)), "(other)", "(none)")
    assert [int((group == at).sum()) for at in range(14)] == [2] * 12 + [4, 1]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([1, 2, 3, 4, 5, 6, 7, 8], ("1 to 2", "over 2 to 4", "over 4 to 6", "over 6 to 8")),
        ([5, 5, 5, 5], ("5 to 5",)),
        ([0, 0, 0, 9], ("0 to 0", "over 0 to 9")),
    ],
)
def test_numbers_are_cut_in_quarters_fewer_where_many_are_the_same(values, names):
    numbers = np.array([*values, np.nan], dtype=float)
    group, found = groups_of(KeptColumn("c", numbers))
    assert found == (*names, "(none)")
    assert np.bincount(group, minlength=len(found))[-1] == 1
    assert np.bincount(group).sum() == len(numbers)


@pytest.mark.slow
def test_the_command_and_the_page_show_the_slices_of_a_kept_column(open_app, tmp_path):
    imported = thinned_demo(8, 6)["demo"]
    ids = imported.queries["query_id"].to_pylist()
    rows = [{"query_id": one, "name": "**lang**", "text": "en"} for one in ids]
    store = cascal.Workspace(tmp_path / "w.duckdb")
    add_hashed(store, replace(imported, kept=pa.Table.from_pylist(rows, KEPT_SCHEMA)))
    done = cascal_cli("evaluate", "demo", "-w", str(store.path), "--by", "**lang**", "--json")
    found = json.loads(done.stdout)["slices"]
    assert [one["slice"] for one in found["rows"]] == ["en"]
    app = open_app(store.path, "evaluate")
    test_app.wait_for_chart(app)
    app.session_state["evaluate_tab"] = "Where it gains"
    app.session_state["gain_groups"] = "Per **lang**"
    app.run()
    assert not app.exception
    assert any("1 slice was looked at" in one.value for one in app.caption)
