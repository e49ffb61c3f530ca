"""The headline of Diagnose: what is wrong with its verdict, for none, one and several troubles."""

from __future__ import annotations

import pytest
from test_worth import UNDO, tried

from cascal.compare.sweep_summary import BASIS
from cascal.diagnose import ADVICE, seconds
from cascal.diagnose.effect_words import ALONE
from cascal.diagnose.headline import in_order, of_cluster, of_issue
from cascal.diagnose.worth import choose
from cascal.intervals import Estimate

NAME = "math · price & sale"
GAIN = Estimate(0.02, 0.01, 0.03, 2000)


@pytest.mark.parametrize(
    ("remedies", "verdict"),
    [
        (None, "; what helps is not tried yet"),
        ([], "; nothing tried makes it coherent: leave it"),
        ([tried("join at 2", cured=False)], "; nothing tried makes it coherent: leave it"),
        (
            [tried("merge", gain=Estimate(-0.02, -0.03, -0.01, 2000))],
            "; no remedy is worth its price: leave it",
        ),
        ([UNDO], "; no remedy is worth its price: leave it"),
        ([UNDO, tried("merge less")], ": apply “merge less”"),
    ],
)
def test_the_verdict_of_a_cluster_is_what_the_ranking_of_its_remedies_says(remedies, verdict):
    told = of_cluster(NAME, remedies, trying=False)
    assert told.said == f"{NAME} is incoherent{verdict}"
    assert told.urgent == (remedies is not None and choose(remedies).take)


@pytest.mark.parametrize(
    ("n", "effects", "trying", "said"),
    [
        (0, None, False, "Thin clusters: no setting mends it, what to do stands below"),
        (1, None, False, "Thin clusters; 1 remedy can be tried"),
        (4, None, False, "Thin clusters; 4 remedies can be tried"),
        (4, None, True, "Thin clusters; what helps is being tried"),
        (4, [tried("x", cured=False).effect], False, "Thin clusters; nothing tried cures it"),
        (
            4,
            [tried("a").effect, tried("b", gain=GAIN).effect],
            False,
            "Thin clusters: apply “b”",
        ),
    ],
)
def test_the_verdict_of_an_issue_is_the_remedy_that_is_marked_as_the_best(n, effects, trying, said):
    assert of_issue("Thin clusters", n, effects, trying=trying).said == said


def test_where_no_setting_helps_the_verdict_is_the_advice():
    told = of_issue("Leakage", 0, None, trying=False, advice="Drop repeats; test queries too.")
    assert told.said == "Leakage: drop repeats"


@pytest.mark.parametrize("code", sorted(ADVICE))
def test_no_headline_is_a_command(code):
    told = of_issue("Issue", 0, None, trying=False, advice=ADVICE[code])
    assert "cascal " not in told.said
    assert "--" not in told.said


def test_what_is_to_be_applied_goes_first():
    leave = of_cluster(NAME, [UNDO], trying=False)
    advice = of_issue("Duplicates or leakage", 0, None, trying=False)
    apply = of_issue("Thin clusters", 2, [tried("merge").effect], trying=False)
    assert in_order([leave, advice, apply]) == [apply, leave, advice]


def test_both_pages_say_for_how_many_their_intervals_hold():
    assert "for its remedy alone" in ALONE
    assert "Sweep" in ALONE
    assert "for all values of a threshold at once" in BASIS
    assert "on Diagnose, Skill map and Runs, where they hold for one change alone" in BASIS


def test_a_change_tells_in_how_many_clusters_a_second_model_is_better(monkeypatch):
    counts = {"before": 1, "now": 3, "alone": None}
    monkeypatch.setattr(seconds, "n_second_better", counts.__getitem__)
    change = seconds.second_better_change
    assert change("before", "now") == "a second model is probably better in 1 → 3 clusters"
    assert not change("now", "now")
    assert not change("alone", "now")
