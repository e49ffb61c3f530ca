"""Numbers that files write otherwise than we do: of samples, of queries, of rows."""

import numpy as np

from cascal import importers
from cascal.dataset.encoding import adopt_vectors
from cascal.store import Workspace

SAMPLED = "query_id,text,gold,model,response,sample\n"


def column(table, name):
    return table[name].to_pylist()


def written(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def rows_of(model, *samples, answer="Paris"):
    """A response to each of two queries for each number."""
    return "".join(
        f"{query},Capital of {query}?,Paris,{model},{answer} {sample},{sample}\n"
        for query in (1, 2)
        for sample in samples
    )


# --- samples


def test_a_model_whose_samples_count_from_1_votes(tmp_path):
    text = SAMPLED + rows_of("m", 1, 2) + rows_of("n", 0, 1) + rows_of("o", 3)
    result = importers.read(written(tmp_path / "r.csv", text))
    assert column(result.responses, "sample") == [0, 1] * 4 + [0, 0]
    assert [note for note in result.notes if "sample" in note] == [
        f"'{model}' has no sample 0, the only one that votes: sample {first} is taken for it, and "
        "the others follow. Where a data set that is extended holds another sample 0, the numbers "
        "stay."
        for model, first in (("m", 1), ("o", 3))
    ]
    assert result.first_samples == {"m": 1, "o": 3}


def test_a_whole_column_that_counts_from_1_is_counted_from_0(tmp_path):
    text = SAMPLED + rows_of("m", 1, 2) + rows_of("n", 1)
    result = importers.read(written(tmp_path / "r.csv", text))
    assert column(result.responses, "sample") == [0, 1, 0, 1, 0, 0]
    assert any(note.startswith("'m', 'n' have no sample 0,") for note in result.notes)


def test_numbers_stay_where_any_of_the_files_holds_the_number_0(tmp_path):
    first = written(tmp_path / "a.csv", SAMPLED + rows_of("m", 0))
    second = written(tmp_path / "b.csv", SAMPLED + rows_of("m", 1, 2))
    result = importers.read([first, second])
    assert column(result.responses, "sample") == [0, 0, 1, 2, 1, 2]
    assert not any("sample" in note for note in result.notes)
    lost = SAMPLED + "1,One?,,m,A,0\n2,Two?,,m,B,1\n"
    assert column(importers.read(written(tmp_path / "c.csv", lost)).responses, "sample") == [0, 1]


def test_further_samples_keep_their_numbers_beside_a_stored_number_0(tmp_path):
    first = importers.read(written(tmp_path / "d.csv", SAMPLED + rows_of("m", 0)))
    further = importers.read(
        written(tmp_path / "e.csv", SAMPLED + rows_of("m", 1, 2) + rows_of("n", 1)), dataset="d"
    )
    store = Workspace(tmp_path / "ws.duckdb")
    store.add(first)
    assert store.add(further, on_conflict="extend").responses_added == 6
    stored = store.responses("d").to_pylist()
    assert [(one["model"], one["sample"]) for one in stored] == [
        *(("m", number) for number in (0, 1, 2)),
        ("n", 0),
    ] * 2
    again = store.add(further, on_conflict="extend")
    assert (again.responses_added, again.already_there) == (0, 8)


def test_samples_that_count_from_1_can_be_added_to_and_come_twice(tmp_path):
    def read(name, *samples):
        return importers.read(
            written(tmp_path / name, SAMPLED + rows_of("m", *samples)), dataset="d"
        )

    first = read("first.csv", 1, 2)
    store = Workspace(tmp_path / "ws.duckdb")
    store.add(first)
    assert store.add(first, on_conflict="extend").responses_added == 0
    store.add(read("next.csv", 3, 4), on_conflict="extend")
    assert sorted(set(column(store.responses("d"), "sample"))) == [0, 1, 3, 4]


# --- rows


def test_a_row_that_repeats_the_headings_is_left_out_and_said(tmp_path):
    head, ragged = "query_id,text,model,response\n", "9,Nine?,m\n"
    text = (
        head + "1,One?,m,A\n" + ragged + head + "1,One?,n,B\n\ufeff" + head + "2,Two?,n,response\n"
    )
    result = importers.read(written(tmp_path / "r.csv", text))
    assert column(result.queries, "query_id") == ["1", "2"]
    assert column(result.responses, "text") == ["A", "B", "response"]
    assert [(one.row, one.reason) for one in result.refused] == [
        (2, "3 fields instead of 4"),
        (3, "repeats the headings"),
        (5, "repeats the headings"),
    ]
    with_names = importers.read(
        written(tmp_path / "s.csv", "query_id,text,model,response,,\n1,One?,m,A,,\n" * 2)
    )
    assert [one.reason for one in with_names.refused[:1]] == ["repeats the headings"]


# --- ids


PLAIN = "query_id,text,model,response\n"


def asked(model, *ids):
    return PLAIN + "".join(f"{one},Capital of {one.partition('.')[0]}?,{model},A\n" for one in ids)


def test_ids_that_are_all_written_with_a_point_and_0_are_whole_numbers(tmp_path):
    first = written(tmp_path / "a.csv", asked("a", "0", "1", "10"))
    second = written(tmp_path / "b.csv", asked("b", "0.0", "1.0", "10.0"))
    result = importers.read([first, second])
    assert column(result.queries, "query_id") == ["0", "1", "10"]
    assert column(result.responses, "query_id") == ["0", "1", "10"] * 2
    note = (
        "'b.csv': all ids of the column query_id are written as 1.0; they are read as whole "
        "numbers, as 1."
    )
    assert note in result.notes
    alone = importers.read(second, keep=["text"])
    assert column(alone.kept, "query_id") == ["0", "1", "10"]
    assert note in alone.notes


def test_other_ids_stay_as_they_are(tmp_path):
    for ids in (("1", "1.0"), ("1.0", "1.5"), ("1.00",), ("01.0",), ("v1.0", "2.0")):
        result = importers.read(written(tmp_path / "r.csv", asked("m", *ids).replace("?", "")))
        assert tuple(column(result.queries, "query_id")) == ids
        assert not any("whole" in note for note in result.notes if "ids" in note)
    versions = written(tmp_path / "v.csv", asked("n", "1.0", "2.0"))
    result = importers.read([versions, written(tmp_path / "w.csv", asked("m", "1.0", "2.1"))])
    assert column(result.queries, "query_id") == ["1.0", "2.0", "2.1"]
    gap = importers.read(written(tmp_path / "g.csv", asked("m", "1.0", "2.0") + ",Lost?,m,A\n"))
    assert column(gap.queries, "query_id") == ["1", "2"]


def test_vectors_are_found_by_ids_of_either_spelling(tmp_path):
    store = Workspace(tmp_path / "ws.duckdb")
    store.add(importers.read(written(tmp_path / "d.csv", asked("m", "0.0", "1.0"))))
    for ids in (("0.0", "1.0"), ("0", "1")):
        assert adopt_vectors(store, "d", "e", ids, np.eye(2)) == 2
