"""Is another router better? The best other one without labels, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from cascal import charts
from cascal.compare.comparison import Comparison
from cascal.compare.cost import CostPoint, Trial
from cascal.compare.recommended import Option
from cascal.compare.rival import answer, find_rival
from cascal.compare.routers import BEST_BY_GOLD, UNDER_TEST, WITHOUT_LABELS, Entry
from cascal.compare.threshold_words import called
from cascal.intervals import Estimate
from cascal.settings import Thresholds
from cascal.verdicts.constant import Constant
from cascal.verdicts.verdict import decide_by_gold

N = 400


def entry(key: str, rate: float, *, n: int = N, needs: str = "nothing", cost: float = 1.0) -> Entry:
    """A router that is right on the first queries and costs so many dollars per 1,000."""
    right = (np.arange(n) < round(rate * n)).astype(float)
    dollars = np.full(n, cost / 1000)
    return Entry(
        key=key,
        title=key.title(),
        needs=needs,
        top1=right,
        vote=right,
        hit=right,
        first=np.zeros(n, dtype=int),
        cost1=dollars,
        cost3=3 * dollars,
    )


def comparison_of(*entries: Entry, n: int = N) -> Comparison:
    return Comparison(
        query_ids=tuple(f"q{at}" for at in range(n)),
        tasks=("t",) * n,
        models=("a",),
        entries=entries,
        label_origin="generated",
    )


def rival_of(*others: Entry, own: float = 0.8, n: int = N):
    bound = entry(BEST_BY_GOLD, 0.7, n=n, needs="gold")
    return find_rival(comparison_of(entry(UNDER_TEST, own, n=n), *others, bound, n=n))


def test_a_table_and_a_headline_give_one_interval_where_cells_were_never_asked():
    entries = [entry(UNDER_TEST, 0.8), entry("other", 0.79), entry(BEST_BY_GOLD, 0.7, needs="gold")]
    for at, one in enumerate(entries):
        one.top1[at::7] = np.nan
    found = comparison_of(*entries)
    for row in found.rows():
        alone, *_ = found.compare(row.key, found.constant)
        assert (row.gain.value, row.gain.n) == (alone.value, alone.n)
        assert (row.gain.low, row.gain.high) == pytest.approx((alone.low, alone.high), abs=1e-6)
    assert found.verdict().gain.n < N - N // 7


def test_the_best_other_router_is_one_that_needs_no_labels_and_is_not_this_one_without_them():
    found = rival_of(
        entry("weak", 0.5),
        entry("strong", 0.79),
        entry("taught", 0.95, needs="labels"),
        entry(WITHOUT_LABELS, 0.9),
    )
    assert (found.key, found.n_others) == ("strong", 2)
    assert found.gain.value == pytest.approx(-0.01)


def test_the_headline_says_proven_only_where_the_interval_leaves_out_0():
    better = rival_of(entry("other", 0.9))
    assert better.headline.startswith("A rival is proven better: Other +10.0 points [")
    assert better.sentence.startswith("Other, the only rival without labels: +10.0 points [")
    assert better.sentence.endswith(" beside the router in use, $1.00 instead of $1.00 per 1,000.")
    worse = rival_of(entry("other", 0.7))
    assert worse.headline.startswith("The best rival is proven worse: Other −10.0 points [")
    same = rival_of(entry("other", 0.8))
    assert same.headline == "No rival is proven better: Other 0.0 points [0.0, 0.0]"
    two = rival_of(entry("other", 0.8), entry("weak", 0.5))
    best = "Other, the best of 2 rivals without labels: 0.0 points [0.0, 0.0]"
    assert two.sentence.startswith(
        f"{best} beside the router in use (interval for all 2 at once), $1.00"
    )


def option(name: str, weight: float, cost: float, why: str = "") -> Option:
    point = CostPoint(weight, 0.8, 0.8, cost, 3 * cost, 1.0)
    trial = Trial(preset=name, point=point, first=np.zeros(N, int), voted=np.zeros(N), n_voters=3)
    return Option(trial=trial, gain=Estimate(0, 0, 0, N), dearer=None, in_use=False, why=why)


def shipped(best: Option, *others: Option, taken: bool = False) -> SimpleNamespace:
    return SimpleNamespace(best=best, others=others, tolerance=0.01, taken=taken)


def test_the_answer_is_this_routers_own_before_what_is_better_still():
    gain, constant = Estimate(0.1, 0.08, 0.12, N), Constant(0, "a", "these queries")
    own = "Routing pays here: +10.0 points [+8.0, +12.0]"
    judged, same = decide_by_gold(gain, constant), rival_of(entry("other", 0.8))
    assert answer(judged, same, None) == f"{own}; no rival is proven better"
    better = rival_of(entry("other", 0.9))
    assert answer(judged, better, None) == f"{own}; Other is proven better"
    cheap = rival_of(entry("other", 0.8, cost=0.5))
    assert answer(judged, cheap, None) == f"{own}; Other is cheaper, not proven better"
    assert answer(judged, None, None) == own
    few = decide_by_gold(Estimate(0.1, 0.08, 0.12, 4), constant)
    ship = shipped(option("", 0.01, 0.5))
    for found in (None, ship):
        assert answer(few, rival_of(entry("other", 0.8, n=4), n=4), found) == few.brief
    assert f"{few.brief}." == few.headline


def test_the_setting_to_ship_stands_in_the_answer_unless_a_rival_is_proven_better():
    """Else the headline names a router that is neither in use nor to ship."""
    gain, constant = Estimate(0.1, 0.08, 0.12, N), Constant(0, "a", "these queries")
    judged, ship = decide_by_gold(gain, constant), shipped(option("", 0.01, 0.5))
    own = "Routing pays here: +10.0 points [+8.0, +12.0]"
    for rival in (None, rival_of(entry("other", 0.8, cost=0.5)), rival_of(entry("other", 0.7))):
        assert answer(judged, rival, ship) == f"{own}; to ship: cost weight 0.01"
        gains = answer(judged, rival, ship, Estimate(0.106, 0.09, 0.12, N))
        assert gains == f"{own}; to ship: cost weight 0.01, +10.6"
        taken = shipped(ship.best, taken=True)
        assert answer(judged, rival, taken) == f"{own}; the setting to ship is in use"
    better = rival_of(entry("other", 0.9))
    assert answer(judged, better, ship) == f"{own}; Other is proven better"


def test_why_the_best_rival_is_not_the_setting_to_ship():
    paper = rival_of(entry("paper", 0.8))
    cheap, dear = option("", 0.01, 0.5), option("", 0.01, 1.5)
    no = "It is not the one to ship: "
    assert paper.not_shipped(shipped(cheap)) == (
        f"{no}dearer than cost weight 0.01, and not proven better than the router in use."
    )
    better = rival_of(entry("paper", 0.9))
    assert better.not_shipped(shipped(cheap)) == f"{no}dearer than cost weight 0.01."
    assert "a click on Overview tries the presets" in paper.not_shipped(shipped(dear))
    tried = shipped(dear, option("paper", 0.0, 1.0, "not proven equal"))
    assert paper.not_shipped(tried) == f"{no}not proven equal."
    assert not paper.not_shipped(shipped(option("paper", 0.0, 1.0)))
    other = rival_of(entry("knn", 0.8)).not_shipped(shipped(dear))
    assert other == f"{no}that is another method, and no setting of this router."


def test_a_router_is_called_by_the_thresholds_that_were_moved():
    """Else one name stands for two routers before and after the setting to ship is used."""
    assert called("recommended", Thresholds()) == "CASCAL recommended"
    assert called("recommended", Thresholds(top_k=1)) == "CASCAL recommended"
    weighed = Thresholds(cost_weight=0.01, top_k=1)
    assert called("recommended", weighed) == "CASCAL recommended, cost weight 0.01"
    both = Thresholds(merge_distance=0.35, prune_jaccard=None)
    assert called("paper", both) == "CASCAL paper, merge distance 0.35, joining off"
    many = replace(both, cost_weight=0.01)
    assert called("paper", many) == "CASCAL paper, own thresholds"


def test_the_constant_needs_no_labels_where_consensus_chooses_the_same_model():
    bound = entry(BEST_BY_GOLD, 0.7, needs="gold")
    liked = entry("global_consensus", 0.7)
    same = comparison_of(entry(UNDER_TEST, 0.8), liked, bound)
    assert same.constant_is_liked
    other = replace(liked, first=np.ones(N, dtype=int))
    assert not comparison_of(entry(UNDER_TEST, 0.8), other, bound).constant_is_liked
    assert not comparison_of(entry(UNDER_TEST, 0.8), bound).constant_is_liked
    table = charts.routers_frame(same.rows())
    needs = [
        charts.main_routers(table, same.constant, "a", liked=one).set_index("role").needs.constant
        for one in (False, True)
    ]
    assert needs == ["gold answers", "no labels"]


def test_the_interval_of_the_best_of_many_is_wider_than_alone():
    random = np.random.default_rng(3)
    others = [entry(f"other {at}", 0.8) for at in range(12)]
    for one in others:
        random.shuffle(one.top1)
    alone, many = rival_of(others[0]), rival_of(*others)
    assert many.n_others == 12
    assert many.gain.high - many.gain.low > 1.2 * (alone.gain.high - alone.gain.low)


def test_what_a_rival_costs_is_said_where_known_and_what_is_cheapest_is_left_to_what_to_ship():
    cheap = rival_of(entry("other", 0.8, cost=0.5))
    told = "Other 0.0 points [0.0, 0.0]"
    cheaper = "A rival is cheaper, none proven better"
    assert cheap.headline == f"{cheaper}: {told}, $0.50 cheaper per 1,000"
    assert cheap.sentence.endswith("beside the router in use, $0.50 instead of $1.00 per 1,000.")
    dear = rival_of(entry("other", 0.8, cost=1.25))
    assert dear.headline == f"No rival is proven better: {told}, $0.25 dearer per 1,000"
    unknown = rival_of(entry("other", 0.8, cost=np.nan))
    assert "$" not in unknown.sentence + unknown.headline
    assert unknown.to_dict()["cost_per_1000"] is None


def test_few_gold_answers_say_nothing_and_alone_there_is_no_rival():
    few = rival_of(entry("other", 1.0, n=4), own=0.25, n=4)
    assert few.headline.startswith("Nobody can say yet which router is best: 4 test queries")
    assert rival_of() is None
