"""Every check fires, passes and abstains on data made for it; remedies are tried out."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from conftest import make_part

import cascal
from cascal.charts import evidence_figure
from cascal.dataset.dataset import Dataset
from cascal.dataset.part import Part, split_part
from cascal.dataset.snapshot import Snapshot, take_snapshot
from cascal.datatypes import NO_ANSWER
from cascal.diagnose import (
    ADVICE,
    CHECKS,
    Finding,
    clusters,
    data,
    diagnose,
    models,
    proposals,
    quality,
    repeats,
    routes,
    try_all,
)
from cascal.diagnose.clusters import gain_over_tasks, stability
from cascal.diagnose.quality import NEAR_DUPLICATE, training_quality
from cascal.diagnose.remedies import REMEDIES, Effect, Proposal, best_cure, try_out
from cascal.diagnose.repeats import caution_between, without_repeats
from cascal.doubts import find_doubts
from cascal.doubts.measure import Look, Measure, look_at
from cascal.doubts.pool import excess_agreement, kinships
from cascal.intervals import Estimate
from cascal.number_format import percent
from cascal.settings import FitSettings, Routing, Thresholds
from cascal.store import DatasetInfo
from cascal.verdicts.light import half_fits, traffic_light

NAN = np.nan
N = 600
DS = FitSettings(consensus="dawid_skene")
"""Wrong votes scatter in these worlds, as Dawid–Skene assumes."""


def world(
    n=N,
    n_models=5,
    n_tasks=3,
    n_skills=2,
    spread=0.25,
    gap=0.3,
    base=0.6,
    seed=0,
    n_options=6,
    clarity=1.0,
):
    """Skills inside tasks; model m is better by `gap` in every skill s with s % n_models == m."""
    random = np.random.default_rng(seed)
    task, skill = random.integers(n_tasks, size=n), random.integers(n_skills, size=n)
    number = task * n_skills + skill
    task_centre = 2.0 * np.eye(n_tasks, 24)
    centres = task_centre.repeat(n_skills, axis=0)
    places = n_tasks + np.arange(n_tasks * n_skills)
    centres[np.arange(len(places)), places] = clarity
    points = centres[number] + spread * random.normal(size=(n, 24))
    favourite = number[:, None] % n_models == np.arange(n_models)
    accuracy = np.where(favourite, base + gap, base - gap / n_models)
    gold = random.integers(n_options, size=n)
    right = random.random((n, n_models)) < accuracy
    wrong = (gold[:, None] + 1 + random.integers(n_options - 1, size=right.shape)) % n_options
    answers = np.where(right, gold[:, None], wrong)
    logprobs = -0.5 - 0.4 * ~right + 0.1 * random.normal(size=right.shape)
    ids = [f"q{row:04d}" for row in range(n)]
    votes = cascal.Votes(
        ids,
        [f"task {one}" for one in task],
        [f"m{one}" for one in range(n_models)],
        answers,
        np.minimum(logprobs, 0.0),
        np.full(n, n_options),
    )
    vectors = cascal.Embeddings.from_array(ids, points, "test")
    return make_part(votes, vectors, gold)


def with_answers(part: Part, answers, logprobs=None) -> Part:
    votes = part.votes
    logprobs = votes.logprobs if logprobs is None else logprobs
    return replace(part, votes=replace(votes, answers=answers, logprobs=logprobs))


def study_of(train: Part, test: Part | None) -> Dataset:
    info = DatasetInfo(
        name="world",
        origin="real",
        source="made",
        note="",
        created_at=None,
        n_queries=0,
        n_train=len(train),
        n_test=len(test) if test else 0,
        n_models=0,
        n_responses=0,
        n_tasks=0,
        answer_origins=("gold",),
        fingerprint="f",
    )
    models = tuple(cascal.ModelSpec(name) for name in train.votes.models)
    return Dataset(info, "test", (), models, train, test)


def case_of(
    part: Part, settings=DS, thresholds=None, test: Part | str | None = "split"
) -> Snapshot:
    train = part
    if test == "split":
        train, test = split_part(part, 0.4, 0)
    study = study_of(train, test)
    fitted = cascal.fit(train.votes, train.vectors, settings)
    return take_snapshot(study, fitted, thresholds or Thresholds())


@pytest.fixture(scope="module")
def healthy():
    return case_of(world())


def section(code: str, case: Snapshot) -> str:
    return CHECKS[code].find(case).section


def one_model(part: Part) -> Part:
    return part.with_models([part.votes.models[0]])


# Worlds in which one thing is wrong, made once for the tests of a process


@cache
def no_clusters():
    """One blob a task: no split is clear."""
    return case_of(world(clarity=0.0, spread=0.05), thresholds=Thresholds(min_silhouette=0.3))


@cache
def no_clusters_in_most_tasks():
    blob, clear = world(clarity=0.0, spread=0.3, seed=1), world(seed=2)
    tasks = np.array(blob.votes.tasks)
    vectors = np.array(blob.vectors.vectors)
    rows = tasks == "task 0"
    place = np.random.default_rng(0).integers(2, size=rows.sum())
    vectors[rows] = 0.05 * vectors[rows] + np.eye(24)[20 + place]
    changed = cascal.Embeddings.from_array(blob.votes.query_ids, vectors, "test")
    assert len(clear) == len(blob)
    return case_of(replace(blob, vectors=changed), thresholds=Thresholds(min_silhouette=0.3))


@cache
def explosion():
    """Eight skills a task, but m0, m1 and m2 are the best three everywhere; nothing is joined."""
    part = world(n=1600, n_skills=6, n_tasks=2, n_models=6, gap=0.0)
    random = np.random.default_rng(4)
    right = random.random(part.votes.shape) < np.array([0.9, 0.85, 0.8, 0.35, 0.3, 0.25])
    wrong = (part.gold[:, None] + 1 + random.integers(5, size=right.shape)) % 6
    answers = np.where(right, part.gold[:, None], wrong)
    thresholds = Thresholds(prune_jaccard=None, merge_distance=0.01)
    return case_of(with_answers(part, answers), thresholds=thresholds)


@cache
def thin():
    return case_of(world(n=180, n_skills=4), thresholds=Thresholds(prune_jaccard=None))


@cache
def unstable():
    """No structure at all, split all the same."""
    thresholds = Thresholds(min_silhouette=0.0, merge_distance=0.0, prune_jaccard=None)
    return case_of(world(clarity=0.0, spread=0.6), thresholds=thresholds)


@cache
def reversed_rankings():
    """Four weak models vote as one for a wrong option; the fifth is right and outvoted."""
    part = world(n_models=5, gap=0.0)
    answers = np.repeat(((part.gold + 1) % 6)[:, None], 5, axis=1)
    random = np.random.default_rng(0)
    noise = random.random(answers.shape) < np.array([0.05, 0.1, 0.15, 0.2, 0.0])
    answers = np.where(noise, part.gold[:, None], answers)
    answers[:, 4] = part.gold
    return case_of(with_answers(part, answers))


@cache
def unstable_ranking():
    """No gold, and models that answer at random: halves rank them anyhow."""
    part = world(n=200, gap=0.0, base=1 / 6)
    return case_of(replace(part, gold=np.full(len(part), NO_ANSWER)), test=None)


@cache
def collapsed():
    part = world(gap=0.0)
    answers = np.array(part.votes.answers)
    answers[:, 0] = part.gold
    return case_of(with_answers(part, answers))


@cache
def same_answers():
    part = world(base=0.97, gap=0.0)
    return case_of(part)


@cache
def nothing_to_win():
    """m0 is right wherever anybody is; the others differ in what they get wrong."""
    part = world(gap=0.0, base=0.5)
    answers = np.array(part.votes.answers)
    anybody = (answers == part.gold[:, None]).any(axis=1)
    answers[:, 0] = np.where(anybody, part.gold, answers[:, 0])
    return case_of(with_answers(part, answers))


@cache
def sisters():
    """m0 and m1 draw the same wrong answers."""
    part = world(n=1500, base=0.65, gap=0.0, n_models=7)
    answers = np.array(part.votes.answers)
    random = np.random.default_rng(1)
    same = random.random(len(part)) < 0.8
    answers[:, 1] = np.where(same, answers[:, 0], answers[:, 1])
    return case_of(with_answers(part, answers))


@cache
def equals():
    return case_of(world(n=300, gap=0.0))


@cache
def best_of_each_task():
    """Another model is best in every task, and the same in all of its parts."""
    part = world(n=1200, gap=0.0)
    random = np.random.default_rng(6)
    task = np.array([int(one[-1]) for one in part.votes.tasks])
    accuracy = np.where(task[:, None] == np.arange(5), 0.95, 0.5)
    wrong = (part.gold[:, None] + 1 + random.integers(5, size=accuracy.shape)) % 6
    answers = np.where(random.random(accuracy.shape) < accuracy, part.gold[:, None], wrong)
    return case_of(with_answers(part, answers), thresholds=Thresholds(prune_jaccard=None))


@cache
def unreadable():
    part = world()
    answers = np.array(part.votes.answers)
    answers[np.random.default_rng(0).random(len(part)) < 0.3, 2] = NO_ANSWER
    return case_of(with_answers(part, answers))


@cache
def silent():
    part = world()
    answers = np.full(part.votes.shape, NO_ANSWER)
    return case_of(with_answers(part, answers))


@cache
def no_confidence():
    part = world()
    return case_of(with_answers(part, part.votes.answers, np.full(part.votes.shape, NAN)))


@cache
def random_confidence():
    part = world()
    noise = -np.random.default_rng(0).random(part.votes.shape)
    return case_of(with_answers(part, part.votes.answers, noise))


@cache
def inverted_confidence():
    """Models are surer where they are wrong."""
    part = world()
    return case_of(with_answers(part, part.votes.answers, -1.5 - part.votes.logprobs))


@cache
def three_best():
    """Equal models on few queries: who is ahead is chance."""
    return case_of(world(n=200, gap=0.0, n_models=8, seed=5))


@cache
def drifted():
    train, test = split_part(world(), 0.4, 0)
    moved = np.array(test.vectors.vectors) + np.eye(24)[23]
    vectors = cascal.Embeddings.from_array(test.votes.query_ids, moved, "test")
    return case_of(train, test=replace(test, vectors=vectors))


@cache
def easy():
    part = world()
    answers = np.array(part.votes.answers)
    alike = np.random.default_rng(0).random(len(part)) < 0.8
    answers[alike] = part.gold[alike, None]
    return case_of(with_answers(part, answers))


@cache
def leaked():
    train, test = split_part(world(), 0.4, 0)
    vectors = np.array(test.vectors.vectors)
    vectors[:30] = train.vectors.vectors[:30]
    texts = (*train.texts[:30], *test.texts[30:])
    same = cascal.Embeddings(test.votes.query_ids, vectors, "test")
    return case_of(train, test=replace(test, vectors=same, texts=texts))


@cache
def wrong_task():
    """The names of the tasks have nothing to do with the places of the queries."""
    part = world()
    tasks = tuple(f"task {one}" for one in np.random.default_rng(99).integers(3, size=len(part)))
    return case_of(replace(part, votes=replace(part.votes, tasks=tasks)))


RELEASED = FitSettings.preset("released").routing


@cache
def always_falls_back():
    routing = replace(RELEASED, fallback_distance=0.001)
    return case_of(world(), thresholds=Thresholds(routing=routing))


@cache
def never_falls_back():
    routing = replace(RELEASED, fallback_distance=1.9)
    return case_of(world(), thresholds=Thresholds(routing=routing))


@cache
def averaged():
    """A high temperature: three clusters of a task count alike, whichever is nearest."""
    routing = Routing("blend", two_stage=True, distance_temperature=50.0)
    thresholds = Thresholds(prune_jaccard=None, merge_distance=0.02, routing=routing)
    return case_of(world(n=1500, n_skills=3, n_models=9, gap=0.35), thresholds=thresholds)


@cache
def hid_a_difference():
    """In either skill of a task the same three models lead, each time another first."""
    part = world(n=1200, n_tasks=2, n_models=6, gap=0.0)
    random = np.random.default_rng(0)
    skill = np.argmax(part.vectors.vectors[:, 2:6], axis=1)
    accuracy = np.tile([0.6, 0.6, 0.55, 0.2, 0.2, 0.2], (len(part), 1))
    accuracy[np.arange(len(part)), skill % 2] = 0.97
    right = random.random(part.votes.shape) < accuracy
    wrong = (part.gold[:, None] + 1 + random.integers(5, size=right.shape)) % 6
    joined = replace(DS, joining="sets")  # the default joins no clusters with other first models
    return case_of(with_answers(part, np.where(right, part.gold[:, None], wrong)), joined)


@cache
def guessing():
    return case_of(world(gap=0.0, base=1 / 6))


@cache
def one_letter():
    part = world()
    answers = np.array(part.votes.answers)
    answers[:, 3] = 2
    return case_of(with_answers(part, answers))


FIRES = {
    "CAS101": [no_clusters, no_clusters_in_most_tasks],
    "CAS102": [explosion],
    "CAS103": [thin],
    "CAS104": [unstable],
    "CAS105": [equals, best_of_each_task],
    "CAS201": [reversed_rankings, unstable_ranking],
    "CAS202": [collapsed],
    "CAS203": [same_answers, nothing_to_win],
    "CAS204": [sisters],
    "CAS205": [equals],
    "CAS206": [three_best],
    "CAS301": [unreadable],
    "CAS302": [random_confidence, inverted_confidence],
    "CAS303": [drifted],
    "CAS304": [easy],
    "CAS305": [leaked],
    "CAS401": [wrong_task],
    "CAS402": [always_falls_back, never_falls_back],
    "CAS403": [averaged],
    "CAS404": [drifted],
    "CAS405": [hid_a_difference],
    "CAS406": [guessing, one_letter],
}


def whole(part=None, **kwargs):
    return lambda: case_of(part or world(), test=None, **kwargs)


def two_models(part: Part) -> Part:
    return part.with_models(part.votes.models[:2])


@cache
def few_confidences():
    """Twenty log-probabilities a model are too few to learn a slope from."""
    part = world()
    logprobs = np.where(np.arange(len(part))[:, None] < 20, part.votes.logprobs, NAN)
    return case_of(with_answers(part, part.votes.answers, logprobs))


@cache
def alone():
    return case_of(one_model(world()))


@cache
def three_models():
    part = world()
    return case_of(part.with_models(part.votes.models[:3]))


@cache
def one_task():
    return case_of(world(n_tasks=1))


BY_TASK = replace(DS, clusters="task")


@cache
def by_task():
    return case_of(world(), BY_TASK)


ABSTAINS = {
    "CAS101": [lambda: case_of(world(n=4), test=None), silent, by_task],
    "CAS102": [three_models, by_task],
    "CAS104": [lambda: case_of(world(), thresholds=Thresholds(min_silhouette=1.0)), by_task],
    "CAS105": [
        by_task,
        one_task,
        alone,
        lambda: case_of(world(n=50)),
        lambda: case_of(world(), thresholds=Thresholds(min_silhouette=1.0, merge_distance=2.0)),
    ],
    "CAS201": [lambda: case_of(world().with_models(["m0", "m1"]), test=None)],
    "CAS202": [alone],
    "CAS203": [alone],
    "CAS204": [three_models],
    "CAS205": [alone],
    "CAS206": [lambda: case_of(world(n=30)), lambda: case_of(two_models(world()))],
    "CAS301": [silent],
    "CAS302": [silent, no_confidence, few_confidences],
    "CAS303": [whole()],
    "CAS401": [whole(), one_task],
    "CAS402": [lambda: case_of(world())],
    "CAS403": [lambda: case_of(world(), thresholds=Thresholds(routing=Routing("nearest")))],
    "CAS404": [whole()],
    "CAS405": [lambda: case_of(world(), thresholds=Thresholds(prune_jaccard=None)), by_task],
    "CAS406": [silent, alone],
}
NEVER_ABSTAINS = {"CAS103", "CAS304", "CAS305"}


@pytest.mark.parametrize(
    ("code", "make"), [(code, make) for code, makes in FIRES.items() for make in makes]
)
def test_a_check_fires_and_says_number_rule_and_consequence(code, make):
    case = make()
    found = CHECKS[code].find(case)
    assert found.section == "issue", found
    assert re.search(r"\d", found.sentence)
    assert found.sentence.endswith(".")
    shown = CHECKS[code].evidence(case)
    assert shown is None or len(shown.names) == len(shown.values)
    assert not all(one.holds for one in found.measures), found.measures


@pytest.mark.parametrize("code", sorted(FIRES))
def test_a_check_passes_on_a_healthy_world(code, healthy):
    case = healthy
    if code == "CAS402":
        routing = replace(RELEASED, fallback_distance=0.12)
        case = case_of(world(), thresholds=Thresholds(routing=routing))
    found = CHECKS[code].find(case)
    assert found.section == "passed", found
    assert found.sentence == CHECKS[code].rule
    assert found.measures
    assert all(one.holds for one in found.measures), found.measures


@pytest.mark.parametrize(
    ("code", "make"), [(code, make) for code, makes in ABSTAINS.items() for make in makes]
)
def test_a_check_abstains_and_says_why(code, make):
    found = CHECKS[code].find(make())
    assert found.section == "not applicable", found
    assert found.sentence.endswith(".")


@pytest.mark.parametrize(
    ("holds_if", "value", "holds", "margin", "says"),
    [
        ("below", 0.31, True, 0.19, "a: 31.0 % (rule: below 50.0 %; margin 19.0 points)"),
        ("below", 0.5, False, 0.0, "a: 50.0 % (rule: below 50.0 %; missed by 0.0 points)"),
        ("at least", 0.5, True, 0.0, "a: 50.0 % (rule: at least 50.0 %; margin 0.0 points)"),
        ("above", 0.5, False, 0.0, "a: 50.0 % (rule: above 50.0 %; missed by 0.0 points)"),
        ("above", 0.6, True, 0.1, "a: 60.0 % (rule: above 50.0 %; margin 10.0 points)"),
        ("at least", 0.4, False, -0.1, "a: 40.0 % (rule: at least 50.0 %; missed by 10.0 points)"),
    ],
)
def test_a_measure_tells_value_rule_and_margin(holds_if, value, holds, margin, says):
    measure = Measure(name="a", value=value, rule=0.5, holds_if=holds_if)
    assert (measure.holds, measure.sentence) == (holds, says)
    assert measure.margin == pytest.approx(margin)


def test_a_measure_that_is_no_share_has_no_percent():
    measure = Measure(name="MMD", value=0.0312, rule=0.1, share=False)
    assert measure.in_short == "MMD: 0.0312, rule below 0.1"
    assert measure.sentence == "MMD: 0.0312 (rule: below 0.1; margin 0.0688)"


def test_a_margin_of_shares_is_that_of_both_as_they_are_written():
    measure = Measure(name="a", value=0.0005, rule=0.2)
    assert measure.sentence == "a: 0.1 % (rule: below 20.0 %; margin 19.9 points)"


def test_of_several_measures_the_one_that_misses_its_rule_by_most_is_told():
    by_third = Measure(name="a", value=0.069, rule=0.05)
    by_six = Measure(name="b", value=0.066, rule=0.01)
    half = Measure(name="c", value=0.25, rule=0.5, holds_if="at least")
    kept = Measure(name="d", value=0.9, rule=0.1, holds_if="above")
    below_zero = Measure(name="e", value=-0.1, rule=0.0, holds_if="above")

    def missed(*measures):
        return Finding("CAS305", "Title", "issue", "Said.", measures).missed

    assert missed(by_third, by_six, half, kept) is by_six
    assert missed(by_third, half) is half
    assert missed(by_six, below_zero) is below_zero
    assert missed(kept) is None


def test_the_rule_of_a_measure_decides_and_its_sentence_is_made_only_then():
    kept, missed = (Measure(name="a", value=value, rule=0.5) for value in (0.4, 0.5))
    assert look_at(kept, issue=lambda: 1 / 0).issue is None
    found = look_at(kept, missed, issue=lambda: "too much")
    assert (found.issue, found.measures) == ("too much", (kept, missed))


def test_what_is_not_known_is_no_measure():
    unknown = Measure(name="a", value=NAN, rule=0.5)
    assert look_at(unknown, issue=lambda: "too much") == Look((), None)


def test_every_finding_that_applies_has_its_measures(healthy):
    for finding in diagnose(healthy):
        measured = finding.section != "not applicable"
        assert bool(finding.measures) == measured, finding
        assert all(one.holds for one in finding.measures) == (finding.section != "issue")


def test_every_check_is_tried_in_all_three_ways():
    assert set(FIRES) == set(CHECKS)
    assert set(ABSTAINS) | NEVER_ABSTAINS == set(CHECKS)
    assert set(REMEDIES) | set(ADVICE) <= set(CHECKS)
    assert set(CHECKS) == set(REMEDIES) | set(ADVICE)


def test_a_diagnosis_lists_every_check_issues_first(healthy):
    told, so_far = [], []
    found = diagnose(healthy, lambda share, said: told.append((share, said)), so_far.append)
    assert sorted(one.code for one in found) == sorted(CHECKS)
    assert sorted(said.split()[0] for _, said in told) == sorted(CHECKS)
    assert [len(some) for some in so_far] == [*range(1, len(CHECKS) + 1)]
    assert so_far[-1] == found
    assert all(some == [one for one in found if one in some] for some in so_far)
    sections = [one.section for one in found]
    assert sections == sorted(sections, key=["issue", "passed", "not applicable"].index)
    assert all(0 <= share < 1 for share, _ in told)


def test_a_diagnosis_is_the_same_twice():
    one, other = (diagnose(case_of(world(seed=3))) for _ in range(2))
    assert one == other


def test_free_answers_agree_by_chance_never():
    """Their numbers count from the most frequent answer of each query, so 0 is no letter."""
    part = world()
    answers = np.where(np.arange(len(part))[:, None] % 2 == 0, 0, [[0, 1, 2, 3, 4]])
    free = replace(part.votes, answers=answers, n_options=None)
    assert excess_agreement(free) == (pytest.approx(0.5, abs=0.01), 0.0)
    lettered = replace(free, n_options=np.full(len(part), 6))
    assert excess_agreement(lettered)[1] > 0.2


def test_repeats_and_moves_are_shown_task_by_task():
    case = leaked()
    shown = CHECKS["CAS305"].evidence(case)
    counts = {name: case.dataset.train.votes.tasks.count(name) for name in shown.names}
    total = sum(share * counts[name] for name, share in zip(shown.names, shown.values, strict=True))
    assert round(total) == training_quality(case.dataset).near_duplicates > 0
    pairs = [row for row in shown.table if row["what repeats"] == "test query"]
    train, test = case.dataset.train, case.dataset.test
    for row in pairs:
        assert row["query"] in test.texts
        assert row["repeats this training query"] in train.texts
        assert test.texts[test.votes.query_ids.index(row["its id"])] == row["query"]
        of = train.votes.query_ids.index(row["id of that"])
        assert train.texts[of] == row["repeats this training query"]
    assert [row["likeness"] for row in pairs[:30]].count("word for word") == 30
    case = hid_a_difference()
    joining = CHECKS["CAS405"]
    shown, said = joining.evidence(case), joining.find(case).sentence
    apart = case.fit.router(replace(case.router.thresholds, prune_jaccard=None))
    assert max(shown.values) >= shown.rule
    assert f"of {len(apart.clusters)} clusters" in said


def test_the_gain_without_repeated_test_queries_is_that_of_the_others():
    case = leaked()
    changed, result = without_repeats(case), case.evaluation
    cosines = case.dataset.test.vectors.vectors @ case.dataset.train.vectors.vectors.T
    others = cosines.max(axis=1) < NEAR_DUPLICATE
    assert changed.n_repeated == (~others).sum() >= 30
    gained = (result.top1_right - result.model_right[:, case.constant.model])[others]
    assert changed.gain_without.value == pytest.approx(np.nanmean(gained))
    assert changed.gain.value == pytest.approx(result.gain_over(case.constant.model).value)
    said = CHECKS["CAS305"].find(case).sentence
    assert changed.sentence in said
    assert said.startswith(f"Of {len(case.dataset.train):,} training queries "), "with its base"
    assert f"{changed.n_repeated} of {len(others)} test queries repeat" in changed.sentence


def test_the_caution_beside_two_states_is_of_what_one_gains_over_the_other():
    """Not of what routing gains: that is another number, and reads as if the gain had grown."""
    after = leaked()
    train, test = after.dataset.train, after.dataset.test
    before = case_of(train, test=test, thresholds=Thresholds(merge_distance=1.9))
    said = caution_between(before, after, "run “yesterday”")
    cosines = test.vectors.vectors @ train.vectors.vectors.T
    others = cosines.max(axis=1) < NEAR_DUPLICATE
    gained = after.evaluation.top1_right - before.evaluation.top1_right
    assert np.nanmean(gained[others]) != 0
    assert said.gain.value == pytest.approx(np.nanmean(gained))
    assert said.gain_without.value == pytest.approx(np.nanmean(gained[others]))
    assert said.short.endswith(" over run “yesterday”")
    inside, outside = (replace(said.gain_without, low=low, high=0.5) for low in (-0.5, 0.49))
    proven = replace(said.gain, value=0.028, low=0.018, high=0.039)
    told = replace(said, gain=proven, gain_without=inside).correction
    assert told == "not proven without repeats"
    assert replace(said, gain=proven, gain_without=outside).correction == "", "as proven"
    open_ = replace(said.gain, low=-0.5, high=0.5)
    told = replace(said, gain=open_, gain_without=outside).correction
    assert told == "proven better without repeats"
    same = caution_between(after, after, "itself")
    assert same.correction == ""
    assert same.short.endswith(" repeat a training query, or nearly")
    assert caution_between(case_of(world()), case_of(world()), "another") is None


def test_sisters_are_named_first():
    pair = kinships(sisters().fit)[0]
    assert {pair.first, pair.second} == {"m0", "m1"}
    assert pair.shared > 2 * pair.expected


def test_stability_is_1_where_the_halves_find_the_same_clusters():
    thresholds = Thresholds(prune_jaccard=None)
    assert stability(case_of(world(n=1500, spread=0.05), thresholds=thresholds)) > 0.9


def test_thresholds_share_what_they_do_not_change(healthy):
    """Half-sample fits and comparisons of queries are the costly part of a diagnosis."""
    moved = take_snapshot(healthy.dataset, healthy.fit, Thresholds(merge_distance=0.4))
    assert moved.halves is healthy.halves
    assert training_quality(moved.dataset) is training_quality(healthy.dataset)
    assert moved.dataset is healthy.dataset
    assert moved.fit is healthy.fit


def test_the_light_of_a_snapshot_is_that_of_its_thresholds(healthy):
    train, thresholds = healthy.dataset.train, Thresholds(merge_distance=0.4)
    moved = take_snapshot(healthy.dataset, healthy.fit, thresholds)
    halves = half_fits(train.votes, train.vectors, DS)
    doubts = find_doubts(healthy.fit, halves)
    assert moved.light == traffic_light(halves, thresholds, doubts)


@pytest.mark.parametrize("make", [no_confidence, leaked, unreadable])
def test_the_consensus_answer_is_that_of_the_vote_with_the_highest_score(make):
    snapshot = make()
    votes, scores = snapshot.dataset.train.votes, snapshot.fit.consensus
    for row, answer in enumerate(snapshot.fit.consensus_answers):
        assert answer == votes.answers[row, np.nanargmax(scores[row])]


def test_what_clusters_gain_over_tasks_is_counted_query_by_query(healthy):
    """Either half routed by the other's fit, and by a fit with one cluster a task, from scratch."""
    halves, thresholds = healthy.halves, healthy.router.thresholds
    train = healthy.dataset.train
    gains = {}
    for learnt, measured in (halves, halves[::-1]):
        part = learnt.votes.take(learnt.caller_rows)
        vectors = train.vectors.take(part.query_ids)
        scratch = cascal.fit(part, vectors, BY_TASK)
        new = train.vectors.take(measured.query_ids)
        chosen = [fitted.router(thresholds).route(new) for fitted in (learnt, scratch)]
        for row, name in enumerate(measured.query_ids):
            scores = dict(zip(measured.models, measured.consensus[row], strict=True))
            first = [routes.models[routes.selected[row, 0]] for routes in chosen]
            gains[name] = scores[first[0]] - scores[first[1]]
    found = gain_over_tasks(healthy)
    assert found.mean == pytest.approx(np.mean(list(gains.values())), abs=1e-12)
    task_of = dict(zip(train.votes.query_ids, train.votes.tasks, strict=True))
    shown = CHECKS["CAS105"].evidence(healthy)
    for name, value, error in zip(shown.names, shown.values, shown.errors, strict=True):
        task, _, count = name.partition(" (")
        own = [gain for query, gain in gains.items() if task_of[query] == task]
        assert value == pytest.approx(np.mean(own), abs=1e-12)
        assert error == pytest.approx(np.std(own, ddof=1) / np.sqrt(len(own)), abs=1e-12)
        n_clusters = (healthy.router.clusters.task == healthy.router.tasks.index(task)).sum()
        assert count == f"{n_clusters} cluster{'s' if n_clusters > 1 else ''})"
    assert list(shown.values) == sorted(shown.values, reverse=True)


def test_errors_of_the_evidence_are_drawn(healthy):
    shown = CHECKS["CAS105"].evidence(healthy)
    assert evidence_figure(shown, "#000").data[0].error_x.array == shown.errors


def test_a_router_by_task_is_diagnosed_without_thresholds_of_clusters():
    case = by_task()
    assert len(case.router.clusters) == 3
    assert {one.code for one in diagnose(case)} == set(CHECKS)
    for code in CHECKS:
        for one in proposals(code, case):
            assert one.settings != case.fit.settings or one.thresholds.routing is not None
            assert one.settings.by_task or one.label == "use skill clusters"


# Remedies


def test_every_proposal_differs_from_what_is(healthy):
    for code in CHECKS:
        for one in proposals(code, healthy):
            now = (healthy.fit.settings, healthy.router.thresholds)
            assert (one.settings, one.thresholds) != now
            assert one.label


def test_an_effect_equals_a_fit_with_the_proposal():
    case = always_falls_back()
    for proposal in proposals("CAS402", case):
        effect = try_out(case, "CAS402", proposal)
        train, test = case.dataset.train, case.dataset.test
        fresh = cascal.fit(train.votes, train.vectors, proposal.settings)
        routes = fresh.router(proposal.thresholds).route(test.vectors)
        result = cascal.evaluate(routes, test.votes, test.gold)
        gain = result.top1_accuracy - case.evaluation.top1_accuracy
        assert effect.gain.value == pytest.approx(gain)
        assert effect.clusters == len(fresh.router(proposal.thresholds).clusters)


def test_a_remedy_that_works_comes_first_and_one_that_does_not_says_so():
    """The fallback always acts; later or never cures it, and brings the clusters back."""
    effects = try_all(always_falls_back(), "CAS402")
    assert effects[0].cured
    assert effects[0].judgement in ("helps", "cures it, no proven change of accuracy")
    found = try_all(equals(), "CAS205")
    assert found
    assert any(one.judgement == "does not help" for one in found)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (no_clusters, "CAS101"),
        (explosion, "CAS102"),
        (collapsed, "CAS202"),
        (reversed_rankings, "CAS201"),
    ],
)
def test_the_four_signatures_of_the_paper_get_tried_remedies(make, code):
    """No cluster structure, explosion, one model, rankings against validation."""
    case = make()
    effects = try_all(case, code)
    assert effects
    assert {one.judgement for one in effects} <= {
        "helps",
        "harms",
        "does not help",
        "more right answers, but no cure",
        "cures it, no proven change of accuracy",
    }


def test_one_cluster_a_task_cures_clusters_that_add_nothing():
    case = best_of_each_task()
    (effect,) = try_all(case, "CAS105")
    assert effect.proposal.settings == replace(case.fit.settings, clusters="task")
    assert effect.cured
    assert effect.clusters == 3 < len(case.router.clusters)
    assert effect.judgement in ("helps", "cures it, no proven change of accuracy")


def test_joining_cures_an_explosion_and_loses_nothing():
    effects = try_all(explosion(), "CAS102")
    cured = [one for one in effects if one.cured]
    assert cured
    assert cured[0].clusters < 0.6 * len(explosion().router.clusters)
    assert cured[0].gain.low <= 0 <= cured[0].gain.high or cured[0].gain.value > 0


def test_the_best_remedy_cures_does_no_proven_harm_and_has_the_most_right_answers():
    proposal = Proposal("join", FitSettings(), Thresholds())

    def tried(gain: Estimate | None, *, cured: bool = True, flipped: float = 0.1) -> Effect:
        return Effect(
            proposal=proposal,
            cured=cured,
            clusters=3,
            effective_models=2.0,
            flipped=flipped,
            gain=gain,
            stability=None,
        )

    harms = tried(Estimate(-0.02, -0.03, -0.01, 500))
    no_cure = tried(Estimate(0.05, 0.04, 0.06, 500), cured=False)
    less = tried(Estimate(-0.004, -0.01, 0.002, 500))
    more = tried(Estimate(0.002, -0.002, 0.006, 500), flipped=0.5)
    fewer_flips = tried(Estimate(0.002, -0.002, 0.006, 500), flipped=0.2)
    unsure = tried(Estimate(0.004, -0.02, 0.028, 500))
    proven = tried(Estimate(0.001, 0.0005, 0.0015, 500))
    worst_first = [harms, no_cure, unsure, less, more, fewer_flips, proven]
    for n, best in enumerate([None, None, unsure, less, more, fewer_flips, proven], 1):
        assert best_cure(worst_first[:n]) is best
    assert best_cure([tried(None, cured=False)]) is None


def test_a_finding_tells_cause_and_effect_in_two_sentences_and_the_rest_apart():
    said = "6.9 % repeat one: too good. It gains +8.6 points. Label ten. Or drop them."
    finding = Finding("CAS999", "Title", "issue", said)
    assert finding.parts == (
        "6.9 % repeat one: too good. It gains +8.6 points.",
        "Label ten. Or drop them.",
    )
    assert replace(finding, sentence="One at 0.5 only.").parts == ("One at 0.5 only.", "")


def test_without_gold_a_cure_says_that_accuracy_is_unproven():
    part = world(n=1600, n_skills=6, n_tasks=2, n_models=6, gap=0.0)
    train, test = split_part(part, 0.4, 0)
    blind = replace(test, gold=np.full(len(test), NO_ANSWER))
    case = case_of(
        train, thresholds=Thresholds(prune_jaccard=None, merge_distance=0.01), test=blind
    )
    for one in try_all(case, "CAS103"):
        assert one.gain is None
        assert one.judgement in ("does not help", "cures it, accuracy unknown")


RULES = {
    "CAS103": clusters.MIN_QUERIES,
    "CAS105": clusters.NO_GAIN,
    "CAS201": models.OPPOSITE,
    "CAS202": models.DOMINANT_SHARE,
    "CAS204": models.FAMILY_RATIO,
    "CAS205": quality.SURE,
    "CAS301": data.UNREADABLE_OF_MODEL,
    "CAS305": repeats.DUPLICATE_SHARE,
    "CAS401": routes.WRONG_TASK,
    "CAS405": routes.OPPOSED,
}
"""Of every check with a constant of its own that the evidence draws."""


def test_the_rule_drawn_beside_a_finding_is_the_check_s_own(healthy):
    with_fallback = always_falls_back()
    drawn = {code: check.evidence(healthy) for code, check in sorted(CHECKS.items()) if check.show}
    drawn["CAS402"] = CHECKS["CAS402"].evidence(with_fallback)
    rules = {code: shown.rule for code, shown in drawn.items()}
    of_snapshot = {
        "CAS101": healthy.router.thresholds.min_silhouette,
        "CAS402": with_fallback.router.routing.fallback_distance,
        "CAS206": None,
        "CAS302": None,
        "CAS406": None,
    }
    assert rules == RULES | of_snapshot


MAKERS = ("Evidence", "largest", "largest_tasks")


def test_a_number_of_a_rule_is_written_once():
    """One written into the evidence would stay behind when the check's constant moves."""
    written, calls = [], 0
    for module in (clusters, models, data, repeats, routes):
        tree = ast.parse(inspect.getsource(module))
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in MAKERS:
                calls += 1
                arguments = (*call.args, *(one.value for one in call.keywords))
                written += [
                    one.value
                    for one in arguments
                    if isinstance(one, ast.Constant) and isinstance(one.value, int | float)
                ]
    assert calls == sum(check.show is not None for check in CHECKS.values())
    assert written == []


def test_evidence_says_what_the_sentence_says():
    """Both come from the same values."""
    snapshot = unreadable()
    check = CHECKS["CAS301"]
    shown, said = check.evidence(snapshot), check.find(snapshot).sentence
    assert f"{percent(shown.values[0])} of those of {shown.names[0]}" in said
    snapshot = sisters()
    check = CHECKS["CAS204"]
    shown, said = check.evidence(snapshot), check.find(snapshot).sentence
    assert said.startswith(shown.names[0])
    assert f"{shown.values[0]:.1f} times" in said


def test_what_takes_no_part_in_a_check_is_not_shown_beside_it():
    """A model without any answer, and a task that the router does not know."""
    part = world()
    answers = np.array(part.votes.answers)
    answers[:, 3] = NO_ANSWER
    snapshot = case_of(with_answers(part, answers))
    assert "m3" not in CHECKS["CAS301"].evidence(snapshot).names
    train, test = split_part(world(), 0.4, 0)
    tasks = ("elsewhere", *test.votes.tasks[1:])
    snapshot = case_of(train, test=replace(test, votes=replace(test.votes, tasks=tasks)))
    assert set(CHECKS["CAS401"].evidence(snapshot).names) == set(snapshot.router.tasks)


def test_a_leak_is_cautioned_of_wherever_gold_answers_are_counted():
    """The rule is that of CAS305: below it nothing is said, nor where nobody knows who is right."""
    case = leaked()
    said = repeats.caution(case)
    repeated = f"{said.n_repeated} of {said.n_test} test queries repeat a training query, or nearly"
    assert said.short.startswith(f"{repeated}; without them ")
    assert said.short.endswith(f" over always asking {case.constant.name}")
    assert repeats.caution(replace(case, evaluation=None)) is None
    assert repeats.caution(case_of(world())) is None
