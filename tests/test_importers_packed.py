"""Packed files are read as what is in them; files of known but other kinds are named as such."""

import bz2
import gzip
import json
import lzma
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from foreign_files import (
    batch_input,
    batch_output,
    document,
    harness_folder,
    inspect_eval,
    jsonl,
)
from refusals import refuses

from cascal import importers
from cascal.importers import ImportRefused, unzip
from cascal.importers.texts import read_texts

ROWS = [
    {"query_id": f"q{query}", "text": f"Which? {query}", "model": model, "response": "42"}
    for query in range(3)
    for model in ("a", "b")
]


def zstd(raw):
    return pa.Codec("zstd").compress(raw, asbytes=True)


PACKERS = {"gz": gzip.compress, "zst": zstd, "xz": lzma.compress, "bz2": bz2.compress}


def packed(path, packer):
    target = path.with_name(f"{path.name}.{packer}")
    target.write_bytes(PACKERS[packer](path.read_bytes()))
    path.unlink()
    return target


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def same(first, second):
    return first.queries.equals(second.queries) and first.responses.equals(second.responses)


def csv_text():
    return "query_id,text,model,response\n" + "".join(f"{','.join(row.values())}\n" for row in ROWS)


def table(folder, ending):
    """The rows as a table of one kind."""
    path = folder / f"r.{ending}"
    if ending == "csv":
        path.write_text(csv_text())
    elif ending == "json":
        document(path, ROWS)
    elif ending == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    else:
        jsonl(path, ROWS)
    return path


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("ending", ["csv", "json", "jsonl", "parquet"])
def test_a_packed_table_is_read_as_the_table(tmp_path, ending, packer):
    plain = importers.read(table(tmp_path, ending))
    path = packed(tmp_path / f"r.{ending}", packer)
    assert importers.detect(path) == "long"
    assert importers.preview(path, 2).rows[0]["response"] == "42"
    result = importers.read(path)
    assert result.dataset == "r"
    assert same(result, plain)


@pytest.mark.parametrize("packer", PACKERS)
def test_what_is_packed_is_told_by_its_bytes_and_not_by_its_name(tmp_path, packer):
    path = table(tmp_path, "jsonl")
    plain = importers.read(path)
    renamed = packed(path, packer).rename(tmp_path / "r.jsonl")
    assert same(importers.read(renamed), plain)


def test_streams_that_follow_each_other_are_read_to_the_end(tmp_path):
    raw = table(tmp_path, "jsonl").read_bytes()
    half = raw.index(b"\n", len(raw) // 2) + 1
    for packer, pack in PACKERS.items():
        path = tmp_path / f"x.jsonl.{packer}"
        path.write_bytes(pack(raw[:half]) + pack(raw[half:]))
        assert importers.read(path).responses.num_rows == len(ROWS), packer


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_packed_file_that_is_cut_off_is_refused(tmp_path, packer, share):
    path = packed(table(tmp_path, "jsonl"), packer)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with refuses("damaged-file", path.name, kind=ImportRefused):
        importers.read(path)


@pytest.mark.parametrize("packer", PACKERS)
def test_a_packed_file_is_unpacked_to_its_limit_only(tmp_path, packer, monkeypatch):
    path = tmp_path / "r.jsonl"
    path.write_bytes(b" " * (8 << 20))
    bomb = packed(path, packer)
    with refuses("zip-bomb", bomb.name, kind=ImportRefused):
        importers.read(bomb)
    monkeypatch.setattr(unzip, "MAX_UNZIPPED_BYTES", 100)
    small = packed(table(tmp_path, "jsonl"), packer)
    with refuses("zip-bomb", small.name, kind=ImportRefused):
        importers.read(small)


def test_a_zip_of_one_table_is_that_table(tmp_path):
    plain = importers.read(table(tmp_path, "csv"))
    path = zipped(tmp_path / "r.csv.zip", {"r.csv": csv_text(), "__MACOSX/._r.csv": b"\x00\x05"})
    assert same(importers.read(path), plain)


def test_a_zip_of_several_files_is_read_as_their_folder(tmp_path):
    harness_folder(tmp_path / "runs", model="org/one")
    harness_folder(tmp_path / "runs", model="org/two")
    plain = importers.read(tmp_path / "runs")
    members = {
        f"runs/{one.relative_to(tmp_path / 'runs').as_posix()}": one.read_bytes()
        for one in (tmp_path / "runs").rglob("*.json*")
    }
    path = zipped(tmp_path / "logs.zip", members)
    assert importers.detect(path) == "lm_eval"
    assert same(importers.read(path), plain)
    again = zipped(tmp_path / "x.zip", {f"{k}.gz": gzip.compress(v) for k, v in members.items()})
    assert same(importers.read(again), plain)
    (tmp_path / "logs.zip.xz").write_bytes(lzma.compress(path.read_bytes()))
    assert same(importers.read(tmp_path / "logs.zip.xz"), plain)


def test_a_folder_of_packed_and_plain_files_is_read_whole(tmp_path):
    one = harness_folder(tmp_path / "runs", model="org/one")
    harness_folder(tmp_path / "runs", model="org/two")
    plain = importers.read(tmp_path / "runs")
    packed(one, "zst")
    result = importers.read(tmp_path / "runs")
    assert same(result, plain)
    assert [model.name for model in result.models] == ["org/one", "org/two"]


def test_a_packed_log_still_finds_what_lies_beside_it(tmp_path):
    log = packed(harness_folder(tmp_path, model="org/tiny"), "gz")
    assert [one.name for one in importers.read(log).models] == ["org/tiny"]
    jsonl(tmp_path / "batch" / "input.jsonl", [batch_input("q1")])
    output = jsonl(tmp_path / "batch" / "output.jsonl", [batch_output("q1")])
    result = importers.read(packed(output, "xz"))
    assert result.responses.num_rows == 1


def test_a_packed_file_never_writes_over_the_plain_one_beside_it(tmp_path):
    path = table(tmp_path, "jsonl")
    other = tmp_path / "r.jsonl.gz"
    other.write_bytes(gzip.compress(json.dumps(ROWS[0]).encode() + b"\n"))
    before = path.read_bytes()
    assert importers.read(other).responses.num_rows == 1
    assert path.read_bytes() == before
    with refuses("duplicate-file", "r.jsonl", kind=ImportRefused):
        importers.read(tmp_path)


def test_a_packed_log_of_a_format_that_is_an_archive_is_read(tmp_path):
    plain = importers.read(inspect_eval(tmp_path / "log.eval"))
    path = packed(tmp_path / "log.eval", "gz")
    assert importers.detect(path) == "inspect_log"
    assert same(importers.read(path), plain)
    members = {f"logs/{n}.eval": gzip.decompress(path.read_bytes()) for n in ("one",)}
    assert same(importers.read(zipped(tmp_path / "logs.zip", members)), plain)


def test_a_member_that_leads_out_of_the_archive_is_refused(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    for name in ("../../evil.csv", "/evil.csv", "a\\..\\..\\evil.csv"):
        path = zipped(inner / "r.zip", {name: csv_text()})
        with refuses("outside-folder", "r.zip", kind=ImportRefused):
            importers.read(path)


def test_packings_inside_each_other_are_opened_to_a_depth(tmp_path):
    raw = table(tmp_path, "jsonl").read_bytes()
    for _ in range(3):
        raw = gzip.compress(raw)
    path = tmp_path / "r.jsonl.gz"
    path.write_bytes(raw)
    assert importers.read(path).responses.num_rows == len(ROWS)
    path.write_bytes(gzip.compress(raw))
    with refuses("nested-too-deep", kind=ImportRefused):
        importers.read(path)


def test_texts_to_be_routed_may_be_packed(tmp_path):
    plain = read_texts(table(tmp_path, "csv"))
    assert read_texts(packed(tmp_path / "r.csv", "gz")) == plain
    (tmp_path / "t.txt.gz").write_bytes(gzip.compress(b"Why?\nHow?\n"))
    assert read_texts(tmp_path / "t.txt.gz").texts == ("Why?", "How?")


# --- known, but not read


KNOWN = [
    ("a.sqlite", b"SQLite format 3\x00", "SQLite"),
    ("a.arrow", b"ARROW1\x00\x00", "Arrow"),
    ("a.feather", b"FEA1\x00\x00", "Feather"),
    ("a.orc", b"ORC\x00\x00", "ORC"),
    ("a.avro", b"Obj\x01\x00", "Avro"),
    ("a.pdf", b"%PDF-1.7\n", "PDF"),
    ("a.csv", b"\n<!DOCTYPE html>\n<html><body>Sign in</body></html>", "HTML"),
    ("a.html", b"<html>", "HTML"),
    ("a.xml", b"<?xml version='1.0'?><a/>", "XML"),
    ("a.rtf", b"{\\rtf1 hello}", "RTF"),
    ("a.json", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Office"),
    ("b.xls", b"x", ".xls"),
    ("a.rar", b"Rar!\x1a\x07\x00", "rar"),
    ("a.tar", bytes(257) + b"ustar\x0000" + bytes(200), "tar"),
    ("a.parquet", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git LFS"),
]


@pytest.mark.parametrize(("name", "content", "what"), KNOWN, ids=[one[0] for one in KNOWN])
def test_a_known_format_that_is_not_read_is_named(tmp_path, name, content, what):
    path = tmp_path / name
    path.write_bytes(content)
    with refuses("binary-file", name, what, kind=ImportRefused):
        importers.read(path)
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    with refuses("binary-file", name, what, kind=ImportRefused):
        importers.read(tmp_path / f"{name}.gz")


def test_a_packed_pickle_is_refused_as_a_pickle(tmp_path):
    path = tmp_path / "r.pkl.gz"
    path.write_bytes(gzip.compress(b"\x80\x04abc"))
    with refuses("pickle", "r.pkl", kind=ImportRefused):
        importers.read(path)


OBJECTS = [
    {"results": [{"a": 1, "b": 2}], "config": {}},
    {"rows": {}, "n": 1},
    {"one": None},
]


@pytest.mark.parametrize("content", OBJECTS)
@pytest.mark.parametrize("end", ["", "\n"])
def test_good_json_of_an_unknown_shape_is_never_called_cut_off(tmp_path, content, end):
    path = tmp_path / "p.json"
    path.write_text(json.dumps(content, indent=1) + end)
    with refuses("unknown-format", "p.json", *content, kind=ImportRefused) as caught:
        importers.read(path)
    assert "cut off" not in str(caught.value)


def test_records_over_several_lines_each_are_no_cut_off_file(tmp_path):
    path = tmp_path / "p.jsonl"
    path.write_text("\n".join(json.dumps(one, indent=1) for one in OBJECTS))
    with refuses("not-records", "p.jsonl", kind=ImportRefused) as caught:
        importers.read(path)
    assert "cut off" not in str(caught.value)


# --- several files


def of_model(folder, name, response="42", **more):
    row = {"query_id": "q1", "text": "Which?", "response": response} | more
    return jsonl(folder / f"{name}.jsonl", [row])


def test_several_tables_are_one_data_set_each_its_own_model(tmp_path):
    paths = [of_model(tmp_path, one) for one in ("a", "b", "c")]
    result = importers.read(paths, dataset="d")
    assert [one.name for one in result.models] == ["a", "b", "c"]
    assert (result.queries.num_rows, result.responses.num_rows) == (1, 3)
    assert importers.preview(paths).kind == "long"
    named = [of_model(tmp_path, one, model=f"m-{one}") for one in ("a", "b")]
    assert [one.name for one in importers.read(named).models] == ["m-a", "m-b"]


def test_queries_and_several_tables_of_responses(tmp_path):
    queries = jsonl(tmp_path / "queries.jsonl", [{"query_id": "q1", "text": "Which?"}])
    rows = [{"query_id": "q1", "model": one, "response": "42"} for one in "ab"]
    others = [jsonl(tmp_path / f"{row['model']}.jsonl", [row]) for row in rows]
    assert importers.read([queries, *others]).responses.num_rows == 2


def test_a_conflict_between_files_names_both(tmp_path):
    paths = [of_model(tmp_path, "a"), of_model(tmp_path, "b", text="Another?")]
    with refuses("conflicting-rows", "a.jsonl", "b.jsonl", kind=ImportRefused):
        importers.read(paths)


def test_several_logs_are_read_and_a_file_of_another_kind_is_refused(tmp_path):
    headers = [{"task": "t", "model": one, "created": "2026"} for one in "abc"]
    logs = [inspect_eval(tmp_path / f"{one['model']}.eval", eval=one) for one in headers]
    assert [one.name for one in importers.read(logs).models] == ["a", "b", "c"]
    with refuses("mixed-formats", "x.jsonl", kind=ImportRefused):
        importers.read([*logs, of_model(tmp_path, "x")])
