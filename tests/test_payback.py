"""When it pays back: worked by hand, and every case in which no number may be given."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from conftest import demo_snapshot, thinned_workspace
from refusals import refuses

import cascal
from cascal.columns import QUERY_SCHEMA, RESPONSE_SCHEMA, Imported
from cascal.dataset.contest import contest, new_draw
from cascal.dataset.payback import find_choice_payback, find_payback
from cascal.dataset.snapshot import take_snapshot
from cascal.datatypes import NO_ANSWER, ModelSpec
from cascal.intervals import Estimate
from cascal.prices import Bill
from cascal.settings import Thresholds
from cascal.store import Label
from cascal.verdicts.payback import Advantage, Spending, Terms, payback

BILLS = (Bill("a", 6.0, 1000, 0), Bill("b", 2.0, 500, 500))
"""$6, and $2 for half of the calls, so $4: $10 in all."""
SPENDING = Spending(bills=BILLS, n_labels=20, label_price=None)
EQUAL = Estimate(0.01, -0.005, 0.025, 400)
SAVING = Estimate(0.002, 0.001, 0.004, 400)


def advantage(saving: Estimate | None = SAVING, quality: Estimate | None = EQUAL) -> Advantage:
    return Advantage(
        against="always asking a, the best model on the training labels",
        saving=saving,
        saving_basis="measured",
        quality=quality,
        quality_basis="by gold answers",
    )


def test_ten_dollars_and_a_fifth_of_a_cent_a_query_break_even_after_5_000_queries():
    found = payback(SPENDING, advantage(), Terms(horizon=50_000))
    assert found.outcome == "pays back"
    assert found.break_even == Estimate(5_000.0, 2_500.0, 10_000.0, 400)
    assert found.ratio == Estimate(0.1, 0.05, 0.2, 400)
    for says in (
        "after 5,000 [2,500, 10,000] queries, 5 days at 1,000 a day. Routing",
        "saves $2.00 [$1.00, $4.00] per 1,000 queries over always asking a, the best model on",
        "+1.0 points [−0.5, +2.5]",
        "At 50,000 queries the spending is 10.0 % [5.0 %, 20.0 %] of the saving.",
    ):
        assert says in found.sentence
    assert found.headline == "It pays back after 5,000 queries, 5 days at 1,000 a day"
    assert found.interval == "95 % interval 2,500 to 10,000 queries"
    assert found.sentence.endswith(f". {found.basis}")
    assert "5,000" not in found.basis, "below the headline it is not said again"
    assert found.basis.startswith("Routing saves $2.00 [")
    assert "500 of them at the mean cost" in found.spending.sentence
    assert "20 labels are not counted" in found.spending.sentence


@pytest.mark.parametrize(
    ("daily", "told"),
    [
        (6_000, "1 day at 6,000 a day"),
        (1_001, "5 days at 1,001 a day"),
        (2_500, "2 days at 2,500 a day"),
        (1, "13.7 years at 1 a day"),
    ],
)
def test_the_break_even_is_told_in_days_too(daily, told):
    found = payback(SPENDING, advantage(), Terms(daily=daily))
    assert found.days == told
    assert told in found.sentence
    lossy = advantage(quality=Estimate(-0.05, -0.07, -0.03, 9))
    never = payback(SPENDING, lossy, Terms(daily=daily))
    assert never.days == never.duration == never.interval == ""
    assert never.basis.startswith("−5.0 points [")


def test_labels_at_a_stated_price_are_spent_too():
    spending = replace(SPENDING, label_price=0.5)
    found = payback(spending, advantage(), Terms(label_price=0.5))
    assert (spending.collecting, spending.labelling, spending.total) == (10.0, 10.0, 20.0)
    assert found.break_even is not None
    assert found.break_even.value == 10_000.0
    assert "$10.00 on 20 labels at $0.50" in found.spending.sentence


def test_money_that_nobody_paid_is_called_simulated():
    said = replace(SPENDING, simulated=True)
    assert said.sentence.startswith("Spent (simulated): $10.00 on ")


def test_what_cost_nothing_has_paid_back_at_once():
    free = Spending(bills=(Bill("a", 0.0, 10, 0),), n_labels=0, label_price=None)
    found = payback(free, advantage(), Terms())
    assert found.break_even == Estimate(0.0, 0.0, 0.0, 400)


@pytest.mark.parametrize(
    ("quality", "tolerance", "says"),
    [
        (Estimate(0.0, -0.0101, 0.01, 9), 0.01, "Quality is not shown to be equal"),
        (Estimate(-0.05, -0.07, -0.03, 9), 0.01, "Quality is lower"),
        (Estimate(0.0, -0.001, 0.01, 9), 0.0, "at most 0.0 points may be lost"),
    ],
)
def test_without_equal_quality_no_number_is_given(quality, tolerance, says):
    found = payback(SPENDING, advantage(quality=quality), Terms(tolerance=tolerance))
    assert found.outcome == "not shown equal"
    assert says in found.sentence
    assert "always asking a" in found.sentence
    assert (found.break_even, found.ratio) == (None, None)


def test_a_loss_within_the_tolerance_counts_as_equal():
    lossy = Estimate(-0.002, -0.01, 0.006, 9)
    assert payback(SPENDING, advantage(quality=lossy), Terms()).outcome == "pays back"


@pytest.mark.parametrize(
    ("saving", "says"),
    [
        (Estimate(0.001, -0.001, 0.003, 9), "routing saves $1.00 [−$1.00, $3.00] per 1,000"),
        (Estimate(0.0, 0.0, 0.0, 9), "routing saves $0.00 [$0.00, $0.00] per 1,000"),
        (Estimate(-0.002, -0.003, -0.001, 9), "routing costs $2.00 [$1.00, $3.00] per 1,000"),
    ],
)
def test_a_saving_whose_interval_holds_zero_never_pays_back(saving, says):
    found = payback(SPENDING, advantage(saving=saving), Terms())
    assert found.outcome == "never"
    assert found.sentence.startswith("Never, as far as these data say: ")
    assert says in found.sentence
    assert says[1:] in found.basis
    assert found.basis.startswith("Routing ")
    assert found.break_even is None


def test_unknown_costs_and_unknown_quality_are_said_and_not_guessed():
    unpriced = replace(SPENDING, bills=(*BILLS, Bill("c", 0.0, 0, 7)))
    assert math.isnan(unpriced.total)
    found = payback(unpriced, advantage(), Terms())
    assert found.outcome == "unknown"
    assert "no response of c says its cost" in found.sentence
    assert found.to_dict()["spent_collecting"] is None
    no_saving = payback(SPENDING, advantage(saving=None), Terms())
    assert no_saving.outcome == "unknown"
    assert "what a query costs" in no_saving.sentence
    nobody = payback(SPENDING, advantage(quality=None), Terms())
    assert nobody.outcome == "unknown"
    assert "Nobody knows yet whether quality is equal" in nobody.sentence


@pytest.mark.parametrize(
    "terms", [{"label_price": -1.0}, {"label_price": math.nan}, {"horizon": 0}, {"tolerance": 1.0}]
)
def test_terms_that_mean_nothing_are_refused(terms):
    with refuses("out-of-bounds"):
        Terms(**terms)


def test_a_bill_takes_stated_costs_else_prices_times_tokens_and_every_sample(tmp_path):
    workspace = cascal.Workspace(tmp_path / "w.duckdb")
    row = {"query_id": "q", "sample": 0, "status": "ok", "answer": "A"}
    responses = [
        {**row, "model": "stated", "cost": 0.5},
        {**row, "model": "stated", "sample": 1, "cost": 0.25},
        {**row, "model": "priced", "input_tokens": 1_000_000, "output_tokens": 200_000},
        {**row, "model": "unpriced", "input_tokens": 10, "output_tokens": 10},
        {**row, "model": "failed", "status": "error", "answer": None},
    ]
    models = (
        ModelSpec("stated", input_price=9.0, output_price=9.0),
        ModelSpec("priced", input_price=2.0, output_price=5.0),
        ModelSpec("unpriced"),
        ModelSpec("failed"),
    )
    query = {"query_id": "q", "task": "t", "text": "1?", "options": ["x", "y"], "split": "train"}
    workspace.add(
        Imported(
            dataset="bills",
            origin="real",
            source="",
            tasks=(cascal.Task("t"),),
            models=models,
            queries=pa.Table.from_pylist([{**query, "answer_origin": "none"}], QUERY_SCHEMA),
            responses=pa.Table.from_pylist(responses, RESPONSE_SCHEMA),
        )
    )
    bills = {one.model: one for one in workspace.bills("bills")}
    assert bills["stated"] == Bill("stated", 0.75, 2, 0)
    assert bills["priced"] == Bill("priced", 3.0, 1, 0)
    assert math.isnan(bills["unpriced"].total)
    assert bills["failed"].total == 0.0


# --- on the demo


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return thinned_workspace(tmp_path_factory.mktemp("payback"), 8, 4)


@pytest.fixture(scope="module")
def snapshot(workspace):
    return demo_snapshot(workspace)


def test_the_demo_compares_with_the_model_of_the_verdict_on_the_same_queries(workspace, snapshot):
    found = find_payback(workspace, snapshot, Terms(horizon=1000, tolerance=0.5))
    part, constant = snapshot.dataset.test, snapshot.constant
    first = snapshot.test_routes.selected[:, 0]
    saved = part.costs[:, constant.model] - part.costs[np.arange(len(part)), first]
    every = workspace.responses("demo")["cost"].to_numpy()
    assert constant.words in found.sentence
    assert found.advantage.quality == snapshot.verdict.gain
    assert found.advantage.saving.value == pytest.approx(saved.mean())
    assert found.spending.collecting == pytest.approx(every.sum())
    assert found.break_even.value == pytest.approx(every.sum() / saved.mean())
    assert found.ratio.value == pytest.approx(found.break_even.value / 1000)


def test_other_first_models_pay_back_by_the_same_reckoning(workspace, snapshot):
    first, terms = snapshot.test_routes.selected[:, 0], Terms(tolerance=0.5)
    same = find_choice_payback(workspace, snapshot, first, terms)
    assert same.sentence == find_payback(workspace, snapshot, terms).sentence
    always = np.full(len(first), snapshot.constant.model)
    assert find_choice_payback(workspace, snapshot, always, terms).outcome == "never"


def test_without_gold_the_labels_say_whether_quality_is_equal(workspace, snapshot):
    test = snapshot.dataset.test
    blind = replace(test, gold=np.full(len(test), NO_ANSWER), judged=test.judged * np.nan)
    unlabelled = replace(
        take_snapshot(replace(snapshot.dataset, test=blind), snapshot.fit, Thresholds())
    )
    assert unlabelled.verdict is None
    found = find_payback(workspace, unlabelled, Terms())
    assert found.outcome == "unknown"
    assert "cascal label" in found.sentence
    asked = contest(unlabelled)
    draw = workspace.put_draw("demo", new_draw(asked))
    contents = workspace.contents("demo")
    gold = dict(zip(test.votes.query_ids, test.gold, strict=True))
    workspace.add_labels(
        "demo",
        [
            Label(
                query_id=one,
                person="truth",
                content=contents[one],
                draw_id=draw.draw_id,
                probability=1.0,
                answer="ABCDEFGHIJ"[gold[one]],
            )
            for one in draw.frame
        ],
    )
    found = find_payback(workspace, unlabelled, Terms(label_price=0.25))
    right = test.right
    exact = (
        right[np.arange(len(test)), asked.first] - right[np.arange(len(test)), asked.second]
    ).mean()
    assert found.advantage.quality.value == pytest.approx(exact)
    assert asked.constant.words in found.sentence
    assert found.spending.labelling == 0.25 * len(draw.frame)
