"""The simulated world: what its writers, its pool, its generators and the shipped files promise."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import random
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from refusals import refuses
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, roc_auc_score

from cascal.answers import read_answer
from cascal.columns import QUERY_SCHEMA, RESPONSE_SCHEMA
from cascal.datatypes import Query, option_letter
from cascal.simulate import (
    SKILLS,
    TASKS,
    WRITERS,
    Item,
    Question,
    SimulatedPool,
    collect_responses,
    demo_items,
    demo_world,
    generate_items,
    generate_queries,
    gold_items,
    invented_item,
    load_demo,
    save_demo,
)
from cascal.simulate.accuracies import ACCURACY, MODELS
from cascal.simulate.demo import queries_table
from cascal.simulate.items import TEMPTATIONS
from cascal.simulate.questions import (
    arithmetic,
    chemistry,
    code,
    dates,
    economics,
    law,
    logic,
    medicine,
    physics,
)
from cascal.simulate.questions.writing import enumerated, numeric, worded

DEMO = Path(__file__).parents[1] / "data" / "demo"
ALL_SKILLS = [(task, skill) for task, skills in WRITERS.items() for skill in skills]


def drawn(seed: int) -> random.Random:
    """The draws of one question."""
    return random.Random(seed)  # noqa: S311 - no secret is drawn


class World:
    """Items with every model's votes and confidences as arrays."""

    def __init__(self, items: list[Item], pool: SimulatedPool) -> None:
        self.items = items
        self.responses = collect_responses(pool, items)
        shape = (len(items), len(pool.models))
        letters = [None, *(option_letter(index) for index in range(4))]
        self.votes = np.array([letters.index(r.answer) - 1 for r in self.responses]).reshape(shape)
        self.logprobs = np.array([r.mean_logprob for r in self.responses]).reshape(shape)
        self.truth = np.array([item.truth for item in items])
        self.right = self.votes == self.truth[:, None]
        self.skill = np.array([SKILLS.index(item.skill) for item in items])

    def alike(self) -> float:
        """Share of queries that all models of the pool answer alike, all of them readably."""
        return float((self.votes == self.votes[:, :1]).all(axis=1).mean())


@pytest.fixture(scope="module")
def pool() -> SimulatedPool:
    return SimulatedPool(seed=0)


@pytest.fixture(scope="module")
def strong(pool: SimulatedPool) -> World:
    return World(generate_items(4000, 5, "strong", "s"), pool)


@pytest.fixture(scope="module")
def weak(pool: SimulatedPool) -> World:
    return World(generate_items(4000, 6, "weak", "w"), pool)


# ---------------------------------------------------------------- writers, by hand


@pytest.mark.parametrize(
    ("skills", "skill", "seed", "fragments", "correct"),
    [
        # 1060 · 1.35 = 1431; 1431 · 0.95 = 1359.45
        (arithmetic, "percentages", 0, ("$1060", "35 percent", "5 percent off"), "$1359.45"),
        # 2/9 left, 5/6 of it stays: 10/54
        (arithmetic, "fractions", 0, ("7/9", "1/6"), "5/27"),
        # 95 / 19 = 5 per part, 11 parts
        (arithmetic, "ratios and mixtures", 0, ("95 litres", "8 to 11"), "55.0 litres"),
        # 14² / (2 · 1.6) = 196 / 3.2
        (physics, "kinematics", 1, ("14 m/s", "1.6 m/s"), "61.2 m"),
        # 6 / (10 + 38)
        (physics, "circuits", 1, ("6 V", "series", "10 Ω", "38 Ω"), "0.125 ampere"),
        # 400 · 3.09 / 11.8
        (chemistry, "dilution", 0, ("400 mL", "3.09", "11.8"), "104.7 mL"),
        # t and u differ in half of the rows, s is false in half of those: 2 of 8
        (logic, "truth tables", 0, ("(t xor u) and not s",), "2"),
        # 399 = 57 · 7
        (dates, "weekdays", 0, ("399 days", "Saturday"), "Saturday"),
        # 17:55 + 11 − 8
        (dates, "time zones", 0, ("17:55", "UTC+8", "UTC+11"), "20:55"),
        # 1652, 1656 … 1820 are 43 years, without 1700 and 1800
        (dates, "leap years", 1, ("1652", "1822"), "41"),
        # 2009 + 5 is before 2004 + 11
        (law, "limitation periods", 0, ("5 years", "11 years"), "27 December 2014"),
        # (80 + 8 · 15) · 1.4 = 280, below the cap of 560
        (law, "penalty schedules", 0, ("8 km/h", "80 crowns", "40 %", "560"), "280.00 crowns"),
        # 26.7 · 12 / 10
        (medicine, "dose by weight", 0, ("26.7 kg", "12 mg/kg", "10 mg/mL"), "32.04 mL"),
        # 1475 · 60 / 300 minutes
        (medicine, "infusion rate", 0, ("1475 mL", "5 hours", "60 drops"), "295.0 drops/min"),
        # 21357 / (85 − 58)
        (economics, "break-even", 0, ("$85", "$58", "$21357"), "791 units"),
        # 1697 / 1.47
        (economics, "GDP deflator", 0, ("1697 billion", "147.0"), "1154.4 billion"),
    ],
)
def test_writers_compute_what_was_computed_on_paper(skills, skill, seed, fragments, correct):
    question = skills.SKILLS[skill](drawn(seed))
    assert all(fragment in question.text for fragment in fragments), question.text
    assert question.correct == correct


def _ran(text: str) -> dict[str, object]:
    """Names that the snippet of a text defines; the text is our own template."""
    start = re.search(r"\n\n(?=[a-z])", text)
    assert start is not None
    snippet = re.split(r"\n\n(?=[A-Z])", text[start.end() :])[0]
    names: dict[str, object] = {"print": lambda *_: None}
    exec(snippet, names)  # noqa: S102 - the snippet comes from a template of this repository
    return names


@pytest.mark.parametrize("seed", range(40))
def test_running_a_snippet_gives_the_answer_of_the_writer(seed):
    loop = code.loops(drawn(seed))
    names = _ran(loop.text)
    total = next(names[one] for one in ("total", "acc", "result", "s") if one in names)
    assert loop.correct == str(total)
    recursion = code.recursion(drawn(seed))
    name = re.search(r"(\w+)\((\d+)\)", recursion.text.replace("(1)", "")).group(1)
    argument = re.findall(rf"\b{name}\((\d+)\)", recursion.text)[-1]
    assert recursion.correct == str(_ran(recursion.text)[name](int(argument)))


@pytest.mark.parametrize("seed", range(40))
def test_slices_and_strings_are_what_python_says(seed):
    question = code.slicing(drawn(seed))
    shown = re.search(r"\[\d+(?:, \d+)+\]", question.text)[0]
    values = [int(one) for one in shown[1:-1].split(",")]
    pattern = r"\[(\d+):(-?\d+):(\d+)\]|start (\d+), stop (-?\d+) and stride (\d+)"
    bounds = re.search(pattern, question.text)
    start, stop, step = (int(one) for one in bounds.groups() if one is not None)
    assert question.correct == str(values[start:stop:step])
    spelled = code.strings(drawn(seed))
    word = next(one for one in code.TEXTS["words"] if one in spelled.text)
    letters = re.findall(r"'(\w)'", spelled.text)
    old, new = next(pair for pair in itertools.pairwise(letters) if pair[0] in word)
    assert spelled.correct == word[::-1].replace(old, new).upper()


@pytest.mark.parametrize("seed", range(40))
def test_days_between_two_dates_are_counted_by_the_calendar(seed):
    question = dates.durations(drawn(seed))
    pattern = "|".join(dates.calendar.month_name[1:])
    found = re.findall(rf"(\d+) ({pattern}) (\d+)", question.text)
    months = list(dates.calendar.month_name)
    first, last = (dt.date(int(year), months.index(month), int(day)) for day, month, year in found)
    assert question.correct == f"{(last - first).days} days"


@pytest.mark.parametrize("seed", range(60))
def test_exactly_one_world_fits_the_knights_and_knaves(seed):
    text = logic.knights_and_knaves(drawn(seed)).text
    said = dict(re.findall(r"(\w+) says: “(.+?)\.”", text))
    people = list(said)

    def holds(claim: str, speaker: str, knights: dict[str, bool]) -> bool:
        named = [one for one in people if one in claim]
        if "of the same kind" in claim:
            return knights[named[0]] == knights[named[1]]
        if "of different kinds" in claim:
            return knights[named[0]] != knights[named[1]]
        if "both knights" in claim:
            return knights[named[0]] and knights[speaker]
        if named:
            return knights[named[0]] == claim.endswith("knight")
        count = sum(knights.values())
        if "at least one" in claim:
            return count < 3
        return count == (1 if "exactly one" in claim else 2)

    fitting = []
    for world in itertools.product((True, False), repeat=3):
        knights = dict(zip(people, world, strict=True))
        if all(holds(claim, who, knights) == knights[who] for who, claim in said.items()):
            fitting.append({who for who in people if knights[who]})
    assert len(fitting) == 1
    correct = logic.knights_and_knaves(drawn(seed)).correct
    named = {who for who in people if who in correct}
    assert fitting[0] == (set(people) if correct == "all three" else named)


@pytest.mark.parametrize("seed", range(60))
def test_age_and_consent_follow_the_rule(seed):
    question = law.consent(drawn(seed))
    child, last = map(int, re.search(r"(\d+) to (\d+)", question.text).groups())
    written = (
        r"aged (\d+), s|is (\d+) years|A (\d+)-year|\((\d+)\)|who is (\d+)|At the age of (\d+),"
    )
    age = next(int(one) for one in re.search(written, question.text).groups() if one)
    if age < child:
        expected = "too young"
    elif age > last:
        expected = "of age"
    else:
        agreed = "consent of both parents" in question.text
        expected = "guardian consented" if agreed else "until a guardian consents"
    assert expected in question.correct, question.text


# ---------------------------------------------------------------- writers, all


@pytest.mark.parametrize(("task", "skill"), ALL_SKILLS)
def test_options_are_distinct_and_texts_are_varied(task, skill):
    questions = [WRITERS[task][skill](drawn(seed)) for seed in range(150)]
    for question in questions:
        options = (question.correct, *question.distractors)
        assert len(set(options)) == len(options) >= 4
        assert all(option.strip() for option in options)
        assert "{" not in question.text.replace("{}", "")
    assert len({question.text for question in questions}) >= 145
    # without numbers and names, what is left are the templates
    plain = {re.sub(r"[\d.]+|[A-Z]\w+", "", question.text) for question in questions}
    assert len(plain) >= 20


def test_there_are_nine_tasks_with_forty_skills_of_unique_names():
    assert len(TASKS) == len(WRITERS) == 9
    assert len(SKILLS) == len(set(SKILLS)) == 40
    assert set(SKILLS) == set(ACCURACY)
    assert all(4 <= len(skills) <= 5 for skills in WRITERS.values())


def test_medicine_says_that_it_is_fictitious():
    for writer in WRITERS["medicine"].values():
        assert all("Fictitious exercise" in writer(drawn(s)).text for s in range(20))


def test_a_question_without_three_wrong_options_is_refused():
    with refuses("wrong-options", "Which?"):
        worded("Which?", "yes", ("no", "no", "yes"))
    with refuses("wrong-options", "Which?"):
        Question("Which?", "yes", ("yes", "no", "maybe"))


def test_numeric_options_skip_mistakes_that_look_alike_or_have_the_other_sign():
    question = numeric("How many?", 10.0, (10.001, -3.0, float("nan"), 20.0), "{:.1f} km")
    assert question.correct == "10.0 km"
    assert question.distractors == ("20.0 km", "11.0 km", "9.0 km")


def test_enumerations_read_like_sentences():
    assert enumerated(["Ines"]) == "Ines"
    assert enumerated(["Ines", "Kofi", "Vera"]) == "Ines, Kofi and Vera"


# ---------------------------------------------------------------- generators


def test_texts_are_unique_and_tests_repeat_no_training_text():
    items = demo_items(seed=3, n_train=1500, n_test=900)
    texts = {name: [item.query.text for item in kept] for name, kept in items.items()}
    assert all(len(set(kept)) == len(kept) for kept in texts.values())
    assert not set(texts["test"]) & (set(texts["demo"]) | set(texts["demo-weak"]))


def test_queries_go_round_robin_over_tasks_and_skills():
    queries = generate_queries(360, 1, "strong", "q")
    assert [query.task for query in queries[:18]] == [task.name for task in TASKS] * 2
    assert set(Counter(query.skill for query in queries).values()) <= {8, 10}
    assert {query.split for query in queries} == {"train"}
    assert {query.answer_origin for query in queries} == {"generated"}


def test_a_weak_generator_keeps_to_its_favourite_skills():
    counts = Counter(query.skill for query in generate_queries(1800, 1, "weak", "q"))
    assert counts["percentages"] > 3 * counts["averages"]
    assert set(counts) == set(SKILLS)


@pytest.mark.parametrize(("generator", "expected"), [("strong", 0.03), ("weak", 0.35)])
def test_generated_answers_are_wrong_as_often_as_stated(generator, expected):
    items = generate_items(5000, 0, generator, "q")
    wrong = np.mean([item.query.answer != option_letter(item.truth) for item in items])
    assert wrong == pytest.approx(expected, abs=0.015)


def test_gold_answers_are_always_right():
    for item in gold_items(500, 4, "t"):
        assert item.query.answer == option_letter(item.truth)
        assert (item.query.answer_origin, item.query.split) == ("gold", "test")


def test_the_right_option_is_at_every_place_equally_often():
    places = Counter(item.truth for item in generate_items(4000, 2, "strong", "q"))
    assert all(share == pytest.approx(1000, abs=110) for share in places.values())


def test_the_same_seed_gives_the_same_queries_and_another_seed_others():
    assert generate_queries(90, 7, "weak", "q") == generate_queries(90, 7, "weak", "q")
    assert generate_queries(90, 7, "weak", "q") != generate_queries(90, 8, "weak", "q")
    # a longer run begins like a shorter one
    assert generate_queries(90, 7, "strong", "q") == generate_queries(200, 7, "strong", "q")[:90]


def test_an_unknown_generator_is_refused():
    with refuses("unknown-choice", "medium"):
        generate_items(3, 0, "medium", "q")


# ---------------------------------------------------------------- pool


def test_responses_do_not_depend_on_the_order_of_calls(pool):
    items = generate_items(40, 9, "strong", "q")
    forward = {(r.query_id, r.model): r for r in collect_responses(pool, items)}
    for item, model in itertools.product(reversed(items), reversed(pool.models)):
        assert SimulatedPool(seed=0).respond(model, item) == forward[item.query.query_id, model]


def test_responses_depend_on_the_text_but_not_on_the_id(pool):
    item = generate_items(1, 9, "strong", "q")[0]
    renamed = replace(item, query=replace(item.query, query_id="other"))
    first, second = (pool.respond("birch-math", one) for one in (item, renamed))
    assert replace(first, query_id="other") == second
    assert SimulatedPool(1).respond("birch-math", item) != first
    assert pool.respond("birch-math", item, sample=1) != first


def test_accuracies_follow_the_table(strong, pool):
    expected = pool.accuracy[strong.skill]
    assert strong.right.mean(axis=0) == pytest.approx(expected.mean(axis=0), abs=0.03)
    for skill, row in enumerate(pool.accuracy):
        right = strong.right[strong.skill == skill]
        spread = np.sqrt(row * (1 - row) / len(right))
        assert (np.abs(right.mean(axis=0) - row) < 4.5 * spread).all(), SKILLS[skill]


def test_routing_can_gain_eight_to_twelve_points(pool, strong):
    best_constant = pool.accuracy.mean(axis=0).max()
    oracle = pool.accuracy.max(axis=1).mean()
    assert 0.70 <= best_constant <= 0.75
    assert 0.08 <= oracle - best_constant <= 0.12
    counts = np.stack([(strong.votes == option).sum(axis=1) for option in range(4)], axis=1)
    plurality = (counts.argmax(axis=1) == strong.truth).mean()
    assert best_constant < plurality < oracle


def test_winners_are_identifiable_and_spread_over_the_pool(pool):
    ordered = np.sort(pool.accuracy, axis=1)
    assert (ordered[:, -1] - ordered[:, -2] >= 0.05).sum() >= 34
    wins = Counter(pool.winner(skill) for skill in pool.skills)
    assert len(wins) >= 6
    assert max(wins.values()) <= 10
    assert "gnat-mini" not in wins


def test_specialists_cross_the_borders_of_tasks(pool):
    tasks: dict[str, set[str]] = {}
    for task, skill in ALL_SKILLS:
        tasks.setdefault(pool.winner(skill), set()).add(task)
    assert sum(len(kept) >= 2 for kept in tasks.values()) >= 6


def test_errors_come_together_and_most_of_all_among_sisters(strong, pool):
    correlation = np.corrcoef(strong.right.T.astype(float))
    np.fill_diagonal(correlation, np.nan)
    base, chat = pool.models.index("fjord-base"), pool.models.index("fjord-chat")
    assert np.nanmin(correlation) > 0.15
    assert np.nanmax(correlation) == correlation[base, chat]


def test_wrong_votes_prefer_the_tempting_distractor(strong):
    tempting = np.array([np.argmax(item.temptations) for item in strong.items])
    wrong = (strong.votes >= 0) & ~strong.right
    share = (strong.votes == tempting[:, None])[wrong].mean()
    assert share == pytest.approx(TEMPTATIONS[0], abs=0.03)


def test_confidence_separates_right_from_wrong_but_not_well(strong, pool):
    for column, model in enumerate(pool.models):
        area = roc_auc_score(strong.right[:, column], strong.logprobs[:, column])
        assert 0.66 < area < 0.75, model
    assert (strong.logprobs < 0).all()
    # every model has its own scale
    assert np.ptp(np.median(strong.logprobs, axis=0)) > 0.2


@pytest.mark.slow
def test_weak_queries_separate_the_models_less(strong, weak):
    assert weak.alike() > strong.alike() + 0.2
    spread = [world.right[:, :-1].mean(axis=0) for world in (strong, weak)]
    assert np.ptp(spread[1]) < np.ptp(spread[0])


def test_unreadable_and_refused_answers_are_rare_and_hold_no_letter(strong, pool):
    statuses = Counter((response.model, response.status) for response in strong.responses)
    for model, traits in MODELS.items():
        for status, rate in (("unreadable", traits.unreadable), ("refused", traits.refused)):
            assert statuses[model, status] / 4000 == pytest.approx(rate, abs=0.011)
    for response in strong.responses:
        letters = re.findall(r"\b[A-D]\b", response.text)
        if response.status == "ok":
            assert letters == [response.answer], response.text
        else:
            assert (response.answer, response.rule, letters) == (None, None, [])


def test_reading_a_response_text_gives_the_answer_that_was_drawn(strong):
    for response in strong.responses[:8000]:
        reading = read_answer(response.text, 4)
        assert (reading.answer, reading.status) == (response.answer, response.status), response.text


def test_costs_are_tokens_times_prices(strong, pool):
    prices = {spec.name: spec for spec in pool.specs()}
    for response in strong.responses[:400]:
        spec = prices[response.model]
        million = response.input_tokens * spec.input_price
        million += response.output_tokens * spec.output_price
        assert response.cost == pytest.approx(million / 1e6, abs=1e-8)
        assert response.latency > 0


def test_the_pool_says_that_it_is_simulated(pool):
    assert all(spec.simulated and spec.base_url == "" for spec in pool.specs())
    assert tuple(spec.name for spec in pool.specs()) == pool.models


def test_unknown_models_and_skills_are_refused(pool):
    item = generate_items(1, 0, "strong", "q")[0]
    with refuses("unknown-model", "real-model"):
        pool.respond("real-model", item)
    with refuses("unknown-choice", "juggling"):
        pool.winner("juggling")
    with refuses("unknown-choice", None):
        _ = replace(item, query=replace(item.query, skill=None)).skill


def test_a_query_nobody_wrote_is_answered_the_same_every_time(pool):
    query = Query(
        "u1", "misc", "Which planet is the largest?", options=("Mars", "Jupiter", "Venus")
    )
    answers = [pool.respond(model, invented_item(query)).answer for model in pool.models]
    again = [pool.respond(model, invented_item(query)).answer for model in pool.models]
    assert answers == again
    assert set(answers) <= {"A", "B", "C", None}
    with refuses("wrong-options"):
        invented_item(Query("u2", "misc", "Say something."))


def test_an_item_whose_truth_is_no_option_is_refused():
    item = generate_items(1, 0, "strong", "q")[0]
    with refuses("wrong-options", item.query.query_id, 4):
        replace(item, truth=4)


# ---------------------------------------------------------------- data sets and shipped files


def test_a_world_survives_its_files(tmp_path):
    seen: list[float] = []
    made = demo_world(2, lambda share, _: seen.append(share), n_train=90, n_test=45)
    save_demo(made, tmp_path)
    read = load_demo(tmp_path)
    assert [one.dataset for one in read] == ["demo", "demo-weak"]
    for before, after in zip(made, read, strict=True):
        assert before.origin == after.origin == "simulated"
        assert after.queries.equals(before.queries)
        assert after.responses.equals(before.responses)
        assert (after.tasks, after.models) == (before.tasks, before.models)
        assert after.notes == before.notes
        assert after.notes[0].startswith("Simulated data")
    assert 0 <= min(seen) <= max(seen) < 1


def test_missing_files_are_refused_with_what_to_do(tmp_path):
    with refuses("no-such-file", tmp_path, "make_demo.py"):
        load_demo(tmp_path)


def test_the_shipped_data_sets_are_complete():
    demo, demo_weak = load_demo(DEMO)
    for one in (demo, demo_weak):
        assert one.queries.schema.equals(QUERY_SCHEMA)
        assert one.responses.schema.equals(RESPONSE_SCHEMA)
        assert Counter(one.queries.column("split").to_pylist()) == {"train": 5000, "test": 2000}
        assert len(one.responses) == 7000 * 8
    assert sum(path.stat().st_size for path in DEMO.glob("*.parquet")) < 15e6


def test_the_shipped_queries_are_those_of_the_texts_and_the_code():
    """12,000 texts with options and answers, whatever file they are drawn from."""
    made = demo_items(0)
    for shipped in load_demo(DEMO):
        drawn_again = [*made[shipped.dataset], *made["test"]]
        assert shipped.queries.equals(queries_table(item.query for item in drawn_again))


def test_the_shipped_responses_are_those_of_the_code(pool):
    shipped = load_demo(DEMO)[0]
    texts = shipped.queries.column("text").to_pylist()
    items = gold_items(60, 1, "test")
    assert texts[5000:5060] == [item.query.text for item in items]
    rows = shipped.responses.slice(5000 * 8, 60 * 8).to_pylist()
    made = collect_responses(pool, items)
    assert [row["text"] for row in rows] == [response.text for response in made]
    assert [row["mean_logprob"] for row in rows] == [response.mean_logprob for response in made]


def _shipped_vectors() -> dict[str, np.ndarray]:
    table = pq.read_table(DEMO / "vectors.parquet")
    flat = table.column("vector").combine_chunks().flatten().to_numpy()
    keys = table.column("text_hash").to_pylist()
    return dict(zip(keys, flat.reshape(len(keys), 384).astype(np.float32), strict=True))


def test_every_shipped_text_has_a_unit_vector_and_a_place_on_the_map():
    vectors = _shipped_vectors()
    lengths = np.linalg.norm(np.stack(list(vectors.values())), axis=1)
    assert np.abs(lengths - 1).max() < 2e-3
    layout = pq.read_table(DEMO / "layout.parquet")
    assert layout.column_names == ["dataset", "query_id", "x", "y"]
    placed = set(zip(layout["dataset"].to_pylist(), layout["query_id"].to_pylist(), strict=True))
    for one in load_demo(DEMO):
        for text in one.queries.column("text").to_pylist():
            assert hashlib.sha256(text.encode()).hexdigest()[:32] in vectors
        assert {(one.dataset, key) for key in one.queries["query_id"].to_pylist()} <= placed


@pytest.mark.slow
def test_skills_of_a_task_lie_apart_in_the_shipped_vectors():
    vectors = _shipped_vectors()
    queries = load_demo(DEMO)[0].queries.slice(0, 5000).to_pylist()
    indices = []
    for task in TASKS:
        rows = [query for query in queries if query["task"] == task.name]
        array = np.stack(
            [vectors[hashlib.sha256(row["text"].encode()).hexdigest()[:32]] for row in rows]
        )
        fitted = KMeans(len(WRITERS[task.name]), n_init=10, random_state=0).fit_predict(array)
        indices.append(adjusted_rand_score([row["skill"] for row in rows], fitted))
    assert min(indices) > 0.7


def test_the_datasheet_shows_the_table_of_the_code(pool):
    datasheet = (DEMO.parent / "README.md").read_text(encoding="utf-8").replace("**", "")
    for task, skill in ALL_SKILLS:
        percents = " | ".join(str(percent) for percent in ACCURACY[skill])
        assert f"| {task} | {skill} | {percents} |" in datasheet
