"""Where a source says otherwise than its answers, and where hardly any answer is right."""

import csv

import numpy as np
import pytest
from refusals import refuses
from typer.testing import CliRunner

from cascal import importers
from cascal.cli import app
from cascal.dataset.dataset import load_dataset
from cascal.dataset.encoding import encode_dataset
from cascal.encode.encoders import load_encoder
from cascal.store import Workspace

pytestmark = pytest.mark.slow

QUERIES = range(40)


def table(path, rows):
    """A long table: the fields of its first row are its columns."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def stored(tmp_path, rows, *options):
    """What the command prints on import, and the data set with vectors."""
    path, workspace = table(tmp_path / "d.csv", rows), tmp_path / "w.duckdb"
    said = CliRunner().invoke(app, ["import", str(path), "-w", str(workspace), *options])
    assert said.exit_code == 0, said.output
    encode_dataset(Workspace(workspace), "d", load_encoder("hashing"))
    return " ".join(said.output.split()), load_dataset(Workspace(workspace), "d")


def sums(scored, *, spoken="The sum is {}."):
    """Free answers in words that no rule takes for the number; `scored` is the source's word."""
    return [
        {
            "query_id": f"q{n}",
            "task": "sums",
            "text": f"Compute {n} + {n}",
            "gold": str(2 * n),
            "model": model,
            "response": spoken.format(2 * n),
            "score": score(n),
            "split": "test" if n % 4 == 0 else "train",
        }
        for n in QUERIES
        for model, score in scored.items()
    ]


def test_the_sources_scores_decide_where_free_answers_are_read_otherwise(tmp_path):
    said, data = stored(tmp_path, sums({"m1": lambda n: 1, "m2": lambda n: int(n % 5 != 0)}))
    assert "Warning: The source scored 80 free answers itself" in said
    assert "72 (90 %): 'q1' of m1 is right for the source; 'q1' of m2 is right" in said
    assert data.doubts[0] in said
    assert data.train.right.mean(axis=0).tolist() == [1.0, 24 / 30]
    assert data.test.right.mean(axis=0).tolist() == [1.0, 8 / 10]
    assert data.test.label_origin == "gold"
    assert data.test.n_gold == 10


def test_the_answers_as_read_decide_where_that_is_chosen(tmp_path):
    said, data = stored(tmp_path, sums({"m1": lambda n: 1}), "--right", "reading")
    assert data.info.right == "reading"
    assert data.train.right.mean() == 0.0
    assert "as was chosen" in data.doubts[0]
    assert data.doubts[0] in said


def test_the_source_decides_about_choices_too_where_that_is_chosen(tmp_path):
    rows = choices(lambda n: "BC"[n % 2], score=lambda n: int(n % 4 == 0))
    said, data = stored(tmp_path, rows, "--right", "source")
    assert data.train.right.mean() == 0.25
    assert "Its scores tell right from wrong, as was chosen" in said


def test_a_choice_is_kept_changes_the_fingerprint_and_may_come_later(tmp_path):
    rows = choices(lambda n: "BC"[n % 2], score=lambda n: 1)
    _, before = stored(tmp_path, rows)
    _, same = stored(tmp_path, rows, "--on-conflict", "extend")
    assert same.info.fingerprint == before.info.fingerprint
    _, chosen = stored(tmp_path, rows, "--on-conflict", "extend", "--right", "source")
    assert (before.info.right, chosen.info.right) == ("auto", "source")
    assert chosen.info.fingerprint != before.info.fingerprint
    _, kept = stored(tmp_path, rows, "--on-conflict", "extend")
    assert kept.info.right == "source"
    _, again = stored(tmp_path, rows, "--on-conflict", "replace")
    assert again.info.fingerprint == before.info.fingerprint


def test_a_choice_without_scores_leaves_the_fingerprint(tmp_path):
    _, before = stored(tmp_path, choices(lambda n: "B"))
    _, chosen = stored(tmp_path, choices(lambda n: "B"), "--on-conflict=extend", "--right=source")
    assert chosen.info.fingerprint == before.info.fingerprint
    assert chosen.train.right.mean() == 1.0


def test_another_choice_is_refused(tmp_path):
    path = table(tmp_path / "d.csv", choices(lambda n: "B"))
    with refuses("unknown-choice", "auto, source, reading"):
        importers.read(path, right="judge")


def test_a_vote_is_right_where_the_model_that_gave_its_answer_is():
    from conftest import make_world

    import cascal
    from cascal.evaluate import correctness, evaluate, vote_right

    votes, vectors, gold = make_world(seed=2)
    routes = cascal.fit(votes, vectors).router(cascal.Thresholds(top_k=3)).route(vectors)
    by_gold = evaluate(routes, votes, gold)
    told = correctness(votes, gold)
    nothing = np.full(gold.shape, -1)
    by_source = evaluate(routes, votes, nothing, np.where(votes.answered, told, np.nan))
    assert np.nanmean(by_gold.vote_right) == np.nanmean(by_source.vote_right)
    order = [votes.models.index(name) for name in routes.models]
    assert np.array_equal(
        vote_right(routes, votes, told[:, order]), by_gold.vote_right, equal_nan=True
    )


def test_where_both_agree_nothing_is_said_and_gold_answers_stay(tmp_path):
    said, data = stored(tmp_path, sums({"m1": lambda n: 1}, spoken="{}"))
    assert "Warning" not in said
    assert data.doubts == ()
    assert (data.train.gold >= 0).all()
    assert data.train.right.mean() == 1.0


def choices(letter, *, score=None):
    """Multiple choice; `letter` answers every query, whose right option is B."""
    return [
        {
            "query_id": f"q{n}",
            "task": "t",
            "text": f"Question {n}",
            "options": '["w", "x", "y", "z"]',
            "gold": "B",
            "model": "m1",
            "response": letter(n),
            **({} if score is None else {"score": score(n)}),
        }
        for n in QUERIES
    ]


def test_of_choices_too_the_source_decides_where_it_often_says_otherwise(tmp_path):
    rows = choices(lambda n: "BC"[n % 2], score=lambda n: 1)
    said, data = stored(tmp_path, rows)
    assert "40 answers to choices itself" in said
    assert "20 (50 %): 'q1' of m1 is right for the source" in said
    assert "Look at these queries first" in said
    assert data.train.right.mean() == 1.0
    _, as_read = stored(tmp_path, rows, "--on-conflict", "extend", "--right", "reading")
    assert as_read.train.right.mean() == 0.5


def test_where_the_source_seldom_says_otherwise_it_is_said_and_the_answers_decide(tmp_path):
    said, data = stored(tmp_path, choices(lambda n: "B", score=lambda n: int(n > 1)))
    assert "Warning" not in said
    assert "for 2 (5.0 %): 'q0' of m1 is wrong for the source; 'q1' of m1 is wrong" in said
    assert "These are few, so the answers as read tell right from wrong. `--right source`" in said
    assert data.doubts == ()
    assert data.train.right.mean() == 1.0


def test_of_letters_that_the_source_read_itself_one_difference_is_enough(tmp_path):
    rows = choices(lambda n: "B", score=lambda n: int(n != 0))
    for n, row in enumerate(rows):
        row["model_answer"] = "B" if n else ""
    said, data = stored(tmp_path, rows)
    assert "for 1 (2.5 %): 'q0' of m1 is wrong for the source. Its scores tell right" in said
    assert data.train.right.sum() == len(rows) - 1


def test_a_model_that_the_source_did_not_score_counts_as_read(tmp_path):
    scored = choices(lambda n: "B", score=lambda n: int(n % 2))
    others = [
        {**one, "model": "m2", "response": "BC"[n % 4 == 0], "score": ""}
        for n, one in enumerate(scored)
    ]
    _, data = stored(tmp_path, scored + others)
    assert data.train.right.mean(axis=0).tolist() == [0.5, 0.75]


@pytest.mark.parametrize(
    ("letter", "sentence"),
    [
        (lambda n: "C", "Hardly any answer is right: the best model has 0.0 %."),
        (lambda n: "B" if n in (3, 5, 7) else "C", "below chance: the best has 7.5 %, guessing 25"),
    ],
)
def test_hardly_any_right_answer_is_said_loudly(tmp_path, letter, sentence):
    said, data = stored(tmp_path, choices(letter))
    assert sentence in said
    assert sentence in " ".join(data.doubts)


def test_every_page_says_it(tmp_path):
    from streamlit.testing.v1 import AppTest

    _, data = stored(tmp_path, choices(lambda n: "C"))

    def page(data):
        from app import frame

        frame.notice(data)

    shown = AppTest.from_function(page, args=(data,)).run(timeout=60)
    assert [one.value.replace("\\", "") for one in shown.warning] == list(data.doubts)


@pytest.mark.parametrize("right", ["auto", "source", "reading"])
@pytest.mark.parametrize("rate", [3, 50])
def test_accuracies_are_equal_after_export_as_parquet_and_import_again(tmp_path, right, rate):
    """Of free answers and choices, judged otherwise often (every third) or seldom."""
    rows = [
        *sums({"m1": lambda n: int(n % rate != 1), "m2": lambda n: 1}, spoken="{}"),
        *(
            {**one, "query_id": f"c{n}", "split": "train", "model": model, "score": score}
            for n, one in enumerate(choices(lambda n: "BC"[n % 4 == 1], score=lambda n: 1))
            for model, score in (("m1", int(n % rate != 2)), ("m2", ""))
        ),
    ]
    columns = {name: "" for row in rows for name in row}
    _, before = stored(tmp_path, [columns | row for row in rows], "--right", right)
    folder, workspace = tmp_path / "out", str(tmp_path / "w.duckdb")
    for command in (
        ["export", "d", "--parquet", str(folder)],
        ["import", str(folder), "--dataset", "again"],
        ["embed", "again", "--encoder", "hashing", "--no-map"],
    ):
        done = CliRunner().invoke(app, [*command, "-w", workspace])
        assert done.exit_code == 0, done.output
    again = load_dataset(Workspace(workspace), "again")
    assert (again.info.right, again.doubts) == (right, before.doubts)
    for part, same in ((before.train, again.train), (before.test, again.test)):
        rows = [same.votes.query_ids.index(one) for one in part.votes.query_ids]
        assert np.array_equal(part.right, same.right[rows], equal_nan=True)
    assert 0.5 < np.nanmean(before.train.right) < 1.0
