"""`cascal label`: queries go out to a table or a terminal, come back checked, and settle it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import add_hashed, copy_workspace, thinned_demo
from console import cascal_cli
from refusals import refuses

import cascal
from cascal.dataset.contest import contest, new_draw
from cascal.dataset.dataset import load_dataset
from cascal.dataset.label_file import read_label_file
from cascal.dataset.label_lessons import learnt
from cascal.dataset.label_questions import cluster_question, family_question
from cascal.dataset.label_rows import label_rows, two_sides
from cascal.dataset.snapshot import take_snapshot
from cascal.datatypes import option_letter
from cascal.files.spreadsheet import original_cell, safe_cell

SHARED = ("label", "demo", "-w", "w.duckdb", "--who", "ann")


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A part of the demo whose queries begin like formulas, with hashed vectors."""
    workspace = cascal.Workspace(tmp_path_factory.mktemp("labels") / "w.duckdb")
    imported = thinned_demo(16, 8)["demo"]
    rows = imported.queries.to_pylist()
    for row in rows:
        row["text"] = f"=1+1 {row['text']}"
    queries = imported.queries.from_pylist(rows, imported.queries.schema)
    add_hashed(workspace, replace(imported, queries=queries))
    return workspace


@pytest.fixture
def folder(template, tmp_path) -> Path:
    copy_workspace(template, tmp_path / "w.duckdb")
    return tmp_path


def gold(folder: Path) -> dict[str, str]:
    """The right letter of every query."""
    table = cascal.Workspace(folder / "w.duckdb").queries("demo")
    return dict(zip(table["query_id"].to_pylist(), table["answer"].to_pylist(), strict=True))


def written(folder: Path, *options: str) -> list[dict[str, str]]:
    """The rows of the file that `--out` writes."""
    done = cascal_cli(*SHARED, "--out", "l.csv", *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    return rows_of(folder / "l.csv")


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


def fill(folder: Path, rows: list[dict[str, str]], name: str = "l.csv") -> None:
    """Write rows as a spreadsheet would."""
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def read(folder: Path, *options: str):
    return cascal_cli(*SHARED, "--in", "l.csv", *options, cwd=folder)


def stored(folder: Path):
    return cascal.Workspace(folder / "w.duckdb").labels("demo")


@pytest.mark.slow
def test_what_goes_out_comes_back_and_says_whether_routing_pays(folder):
    rows, truth = written(folder, "--n", "12"), gold(folder)
    assert len(rows) == 12
    assert all(row["text"].startswith("'=1+1") for row in rows)
    assert {row["answer"] + row["answer_1"] for row in rows} == {""}
    for row in rows[:10]:
        row["answer"] = truth[row["query_id"]].lower()
    rows[10]["answer"] = "skip"
    fill(folder, rows[::-1])
    done = read(folder)
    assert done.returncode == 0, done.stderr
    assert "11 labels stored" in done.stderr
    labels = stored(folder)
    assert {one.person for one in labels} == {"ann"}
    (draw,) = cascal.Workspace(folder / "w.duckdb").draws("demo")
    assert {one.probability for one in labels} == {12 / len(draw.frame)}
    said = f"10 labels; {len(draw.frame)} of 250 queries are contested"
    assert said in " ".join(done.stdout.split())
    bob = cascal_cli(*SHARED[:-1], "bob", "--in", "l.csv", cwd=folder)
    assert "11 labels stored" in bob.stderr  # the file names nobody, whoever fills it in
    cascal.Workspace(folder / "w.duckdb").delete_labels("demo", person="bob")
    again = read(folder)
    assert "0 labels stored, 11 were known" in again.stderr
    plain = json.loads(cascal_cli(*SHARED, "--json", cwd=folder).stdout)
    assert plain["n_labels"] == 10
    assert plain["gain_low"] <= plain["gain"] <= plain["gain_high"]
    assert plain["looked_at_once"]["low"] > plain["gain_low"]
    found = json.loads(cascal_cli("evaluate", *SHARED[1:4], "--json", cwd=folder).stdout)
    assert found["with_few_labels"] == {**plain, "always": None}
    filled = [row["answer"] for row in written(folder, "--n", "12")]
    assert filled == [*(truth[row["query_id"]] for row in rows[:10]), "skipped", ""]


@pytest.fixture(scope="module")
def out_of_five(template):
    """A contest, a draw of which five queries were handed out, and their rows."""
    study = load_dataset(template, "demo")
    fitted = cascal.fit(study.train.votes, study.train.vectors)
    found = contest(take_snapshot(study, fitted, cascal.Thresholds()))
    draw = template.put_draw("demo", replace(new_draw(found, settings={"a": 1}), n_asked=5))
    return found, draw, label_rows(template, "demo", found, draw, "ann")


def change(rows, **cells):
    rows[0].update(cells)
    return rows


CHANGES = {
    "a row that is gone": (lambda rows: rows[1:], "changed-draw", [1]),
    "another query": (lambda rows: change(rows, query_id="q9"), "changed-draw", ["'q9'"]),
    "another draw": (lambda rows: change(rows, draw="0" * 12), "changed-draw", ["0" * 12]),
    "no number": (lambda rows: change(rows, of="all"), "changed-draw", ["`of`"]),
    "other settings": (
        lambda rows: change(rows, settings='{"a": 2}'),
        "conflicting-settings",
        ["a differ"],
    ),
    "no settings": (lambda rows: change(rows, settings="a = 1"), "conflicting-settings", []),
    "an edited query": (lambda rows: change(rows, content="0", answer="A"), "changed-query", []),
    "no such option": (lambda rows: change(rows, answer="Z"), "unusable-row", ["'Z'"]),
    "neither yes nor no": (lambda rows: change(rows, right_1="perhaps"), "unusable-row", [1]),
    "two answers": (
        lambda rows: [*change(rows, answer="A"), rows[0] | {"answer": "B"}],
        "labelled-twice",
        ["'ann'", "'A'", "'B'"],
    ),
    "no column": (
        lambda rows: [{k: v for k, v in row.items() if k != "answer"} for row in rows],
        "missing-column",
        ["'answer'"],
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_file_that_was_changed_is_refused_in_a_sentence_and_nothing_is_stored(
    what, template, out_of_five, tmp_path
):
    found, draw, rows = out_of_five
    changed, code, parts = CHANGES[what]
    fill(tmp_path, changed([dict(row) for row in rows]))
    with refuses(code, *parts):
        labels = read_label_file(
            tmp_path / "l.csv", found, {draw.draw_id: draw}, draw.settings, "ann"
        )
        template.add_labels("demo", labels)
    assert template.labels("demo") == []


def test_an_option_may_be_written_out_and_right_or_wrong_said_instead(out_of_five, tmp_path):
    found, draw, rows = out_of_five
    options = found.part.options[found.row_of[rows[0]["query_id"]]]
    rows = [dict(row) for row in rows]
    rows[0]["answer"] = options[1]
    rows[1]["answer"] = " (c) "
    rows[2] |= {"right_1": "yes", "right_2": "no", "who": "bob"}
    rows[3]["answer"] = "bad question"
    fill(tmp_path, rows)
    labels = read_label_file(tmp_path / "l.csv", found, {draw.draw_id: draw}, {"a": 1}, "ann")
    sides = two_sides(found, draw, rows[2]["query_id"])
    assert [(one.person, one.mark, one.answer, one.verdicts) for one in labels] == [
        ("ann", "answered", "B", {}),
        ("ann", "answered", "C", {}),
        ("bob", "answered", None, {sides[0]: True, sides[1]: False}),
        ("ann", "bad", None, {}),
    ]


def test_which_answer_is_the_routers_cannot_be_told_from_its_place(out_of_five):
    found, draw, _ = out_of_five
    first = [
        found.part.votes.models[found.first[found.row_of[one]]] == two_sides(found, draw, one)[0]
        for one in draw.frame
    ]
    assert 0.2 < sum(first) / len(first) < 0.8


def test_a_file_is_read_under_the_settings_it_was_written_under(folder):
    written(folder, "--n", "5", "--preset", "released")
    done = read(folder)
    assert done.returncode == 1
    assert "other settings: consensus, joining, merge, ranking" in " ".join(done.stderr.split())
    moved = " ".join(read(folder, "--preset", "released", "--merge-distance", "0.1").stderr.split())
    assert "other settings: merge_distance differ." in moved
    assert read(folder, "--preset", "released").returncode == 0


def test_the_terminal_asks_until_it_is_ended_and_one_label_can_be_taken_back(folder):
    done = cascal_cli(*SHARED, "--ask", "--n", "4", cwd=folder, stdin="A\nperhaps\nskip\nB\nquit\n")
    assert done.returncode == 0, done.stderr
    assert "1 of 4" in done.stdout
    assert "'perhaps'" in done.stdout
    assert "labels;" in done.stdout
    assert [one.mark for one in stored(folder)] == ["answered", "skipped", "answered"]
    known = json.loads(cascal_cli("info", *SHARED[2:4], "--json", cwd=folder).stdout)
    assert [(one["n_labels"], one["answer_origins"]) for one in known] == [
        (3, ["gold", "generated"])
    ]
    assert "generated, 3 labels" in cascal_cli("info", *SHARED[2:4], cwd=folder).stdout
    done = cascal_cli(*SHARED, "--undo", cwd=folder)
    assert "Taken back" in done.stderr
    assert len(stored(folder)) == 2
    done = cascal_cli(*SHARED, "--ask", "--n", "3", cwd=folder, stdin="C\n")
    assert "3 of 3" in done.stdout  # the first two are answered
    assert len(stored(folder)) == 3


def test_two_presets_are_compared_by_labels_of_their_own_draw(folder):
    rows = written(folder, "--against", "released", "--n", "3")
    assert len(rows) == 3
    plain = json.loads(cascal_cli(*SHARED, "--against", "released", "--json", cwd=folder).stdout)
    assert plain["against"] == "released"
    assert plain["decision"] == "undecided"
    draws = cascal.Workspace(folder / "w.duckdb").draws("demo")
    assert draws[-1].purpose == "settings"


@pytest.mark.slow
def test_the_first_model_of_a_cluster_is_asked_about_by_name_and_the_file_keeps_it(folder):
    study = load_dataset(cascal.Workspace(folder / "w.duckdb"), "demo")
    fitted = cascal.fit(study.train.votes, study.train.vectors)
    snapshot = take_snapshot(study, fitted, cascal.Thresholds())
    question = cluster_question(snapshot, 0)
    rows = written(folder, "--cluster", snapshot.labels[0], "--n", "2")
    assert [row["query_id"] for row in rows] == list(question.draw.frame[:2])
    assert json.loads(rows[0]["settings"])["cluster"] == snapshot.labels[0]
    done = cascal_cli(*SHARED, "--cluster", "0", "--ask", "--n", "1", cwd=folder, stdin="A\n")
    found = question.desk(cascal.Workspace(folder / "w.duckdb"), "ann").evidence()
    assert found.gain.n_labels == 1
    assert done.stdout.endswith(f"{learnt(question, found)[1]}\n")
    assert cascal.Workspace(folder / "w.duckdb").draws("demo")[-1].purpose == "cluster"


@pytest.mark.slow
def test_a_family_is_asked_about_by_file_and_in_the_terminal_until_it_is_settled(
    demo_workspace, demo_weak, demo_weak_fit, tmp_path
):
    """The pair of demo-weak against the consensus; by gold answers the consensus is right."""
    store = copy_workspace(demo_workspace, tmp_path / "w.duckdb")
    question = family_question(take_snapshot(demo_weak, demo_weak_fit, cascal.Thresholds()))
    shared = ("label", "demo-weak", "-w", "w.duckdb", "--who", "ann", "--family", "fjord-base")
    done = cascal_cli(*shared, "--n", "6", "--out", "l.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = rows_of(tmp_path / "l.csv")
    assert [row["query_id"] for row in rows] == list(question.draw.frame[:6])
    assert json.loads(rows[0]["settings"])["pair"] == list(question.contest.names)
    for row in rows:
        row |= {"right_1": "no", "right_2": "no"}
    fill(tmp_path, rows)
    done = cascal_cli(*shared, "--in", "l.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "6 labels; 150 of 150 queries are contested" in " ".join(done.stdout.split())
    other = (*shared[:-1], "fjord-chat")  # the other one of the pair
    typed = "\n".join(_of_the_consensus(question, place) for place in range(7, 61))
    done = cascal_cli(*other, "--n", "60", "--ask", cwd=tmp_path, stdin=f"{typed}\n")
    assert done.returncode == 0, done.stderr
    found = question.desk(store, "ann").evidence()
    assert found.settled
    assert (found.n_first, found.decision) == (0, "do not route")
    assert found.gain.n_labels < 60
    assert " ".join(done.stdout.split()).endswith(learnt(question, found)[1])
    assert {one.purpose for one in store.labels("demo-weak")} == {"family"}


def _of_the_consensus(question, place: int) -> str:
    """The letter that the consensus gives to the query at a place of the draw."""
    contest = question.contest
    row = contest.row_of[question.draw.frame[place - 1]]
    return option_letter(int(contest.part.votes.answers[row, contest.second[row]]))


def test_a_question_that_is_none_is_refused_in_a_sentence(folder):
    for options, sentence in (
        (("--cluster", "nowhere"), "No cluster is called 'nowhere'"),
        (("--family", "nobody"), "no model 'nobody'"),
        (("--cluster", "0", "--against", "released"), "Give one of them at a time"),
        (("--purpose", "fun"), "--purpose is 'fun'"),
    ):
        done = cascal_cli(*SHARED, *options, cwd=folder)
        assert (done.returncode, sentence in " ".join(done.stderr.split())) == (1, True), options


def test_nobody_labels_or_scores_without_a_name(folder):
    """No account's name is taken for one; what is only read asks for none."""
    nobody = SHARED[:-2]
    rows, truth = written(folder, "--n", "2"), gold(folder)
    fill(folder, [row | {"answer": truth[row["query_id"]]} for row in rows])
    scores = ("scores", *nobody[1:])
    for asked in (
        (*nobody, "--ask"),
        (*nobody, "--undo"),
        (*nobody, "--in", "l.csv"),
        (*nobody, "--who", " ", "--in", "l.csv"),
        (*scores, "--in", "l.csv"),
        (*scores, "--delete"),
    ):
        done = cascal_cli(*asked, cwd=folder)
        assert (done.returncode, "--who NAME" in done.stderr) == (1, True), asked
    assert stored(folder) == []
    fill(folder, [row | {"answer": truth[row["query_id"]], "who": "eve"} for row in rows])
    done = cascal_cli(*nobody, "--in", "l.csv", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert {one.person for one in stored(folder)} == {"eve"}


def test_two_things_at_once_and_a_file_of_something_else_are_refused(folder):
    done = cascal_cli(*SHARED, "--ask", "--undo", cwd=folder)
    assert (done.returncode, "at a time" in done.stderr) == (1, True)
    done = cascal_cli(*SHARED, "--undo", cwd=folder)
    assert (done.returncode, "no label of 'ann'" in done.stderr) == (1, True)
    (folder / "l.csv").write_text("a,b\n1,2\n")
    done = read(folder)
    assert (done.returncode, "lacks the column 'of'" in done.stderr) == (1, True)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "plain", "", "'quoted'", "\t=1"])
def test_a_cell_is_no_formula_and_reads_back_as_it_was(text):
    cell = safe_cell(text)
    assert not str(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert original_cell(cell) == text
