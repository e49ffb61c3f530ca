"""Data where they are: in folders of parts, in S3, behind an address; nothing else is read."""

from __future__ import annotations

import json
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import thinned_workspace
from loopback_s3 import loopback_s3
from refusals import refuses

import cascal
from cascal import cli, importers
from cascal.cli.data import embed, import_
from cascal.dataset.dataset import load_dataset
from cascal.dataset.parquet_folder import write_parquet_folder
from cascal.importers import addresses
from cascal.importers.addresses import local_copies, scheme_of
from cascal.importers.vectors import read_vectors

KEY = "AKIALOOPBACK"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> cascal.Workspace:
    return thinned_workspace(tmp_path_factory.mktemp("stored"), 60, 40)


@pytest.fixture(scope="module")
def exported(workspace, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "demo"
    assert write_parquet_folder(workspace, "demo", folder, "hashing") == 134
    return folder


@pytest.fixture
def s3(monkeypatch):
    for name in ("AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "word")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with loopback_s3() as store:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{store.port}")
        yield store


def put_folder(store, folder: Path, at: str) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            store.objects[f"{at}/{file.relative_to(folder).as_posix()}"] = file.read_bytes()


def routed(path: Path) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Test queries of a workspace's data set, their scores and models by a fit of the others."""
    data = load_dataset(cascal.Workspace(path), "demo")
    router = cascal.fit(data.train.votes, data.train.vectors, costs=data.costs).router()
    routes = router.route(data.test.vectors)
    order = np.argsort(routes.query_ids)
    ids = sorted(routes.query_ids)
    return ids, routes.scores[order], routes.selected[order]


def by_id(table: pa.Table) -> list[dict]:
    keys = [key for key in ("query_id", "model", "sample") if key in table.column_names]
    return table.sort_by([(key, "ascending") for key in keys]).to_pylist()


# --- folders ----------------------------------------------------------------------------------


def test_a_data_set_comes_back_from_its_folder_as_it_was(workspace, exported, tmp_path):
    imported = importers.read(exported)
    assert imported.origin == "simulated"
    assert imported.refused == ()
    assert not any("not used" in note for note in imported.notes)
    again = cascal.Workspace(tmp_path / "again.duckdb")
    again.add(imported)
    assert by_id(again.queries("demo")) == by_id(workspace.queries("demo"))
    columns = ["query_id", "model", "answer", "mean_logprob", "cost", "status", "score"]
    found, expected = (
        by_id(one.responses("demo", with_text=True).select([*columns, "sample", "text"]))
        for one in (again, workspace)
    )
    assert found == expected


def test_every_task_is_a_folder_that_other_engines_understand(exported, workspace):
    tasks = {one.name for one in workspace.tasks("demo")}
    for name in ("queries", "responses", "vectors"):
        assert len(list((exported / name).iterdir())) == len(tasks)
    pattern = str(exported / "responses" / "*" / "*.parquet")
    counted = duckdb.sql(
        f"SELECT task, count(*) FROM read_parquet('{pattern}', hive_partitioning = true) GROUP BY 1"  # noqa: S608
    ).fetchall()
    assert {task for task, _ in counted} == tasks
    assert sum(n for _, n in counted) == len(workspace.responses("demo"))


def test_vectors_come_back_bit_for_bit(exported, workspace):
    ids, array = read_vectors(exported / "vectors")
    stored = workspace.embeddings("demo", "hashing")
    rows = {one: row for row, one in enumerate(ids)}
    assert np.array_equal(array[[rows[one] for one in stored.query_ids]], stored.vectors)


def test_a_folder_that_is_there_is_not_written_into(workspace, exported):
    with refuses("wrong-path", exported.name):
        write_parquet_folder(workspace, "demo", exported)


def test_a_task_of_any_name_is_a_folder_and_comes_back(tmp_path):
    names = ["a/b", "..", "100 %", "x=y", "Физика", " "]
    rows = [
        {"query_id": f"q{n}", "task": name, "text": f"Text {n}", "options": ["yes", "no"]}
        | {"model": "m", "model_answer": "A"}
        for n, name in enumerate(names)
    ]
    (tmp_path / "d.jsonl").write_text("\n".join(map(json.dumps, rows)))
    store = cascal.Workspace(tmp_path / "w.duckdb")
    store.add(importers.read(tmp_path / "d.jsonl"))
    stored = {one["query_id"]: one["task"] for one in store.queries("d").to_pylist()}
    write_parquet_folder(store, "d", tmp_path / "out")
    found = importers.read(tmp_path / "out").queries.to_pylist()
    assert {one["query_id"]: one["task"] for one in found} == stored
    assert {one.name for one in tmp_path.iterdir()} >= {"out", "d.jsonl"}
    assert not list(tmp_path.parent.glob("part-*"))


def test_parts_of_one_table_are_read_together_and_counted_through(tmp_path):
    folder = tmp_path / "mine"
    (folder / "task=law").mkdir(parents=True)
    row = {"text": "Which?", "options": ["yes", "no"], "model": "m", "model_answer": "A"}
    first = [{"query_id": f"q{n}", **row} for n in range(3)]
    pq.write_table(pa.Table.from_pylist(first), folder / "task=law" / "part-0.parquet")
    more = [{"query_id": "q3", "task": "art", "cost": 0.5, **row}, {"query_id": "", **row}]
    (folder / "z.jsonl").write_text("\n".join(map(json.dumps, more)))
    (folder / "notes.txt").write_text("not a part")
    imported = importers.read(folder)
    assert imported.dataset == "mine"
    tasks = {one["query_id"]: one["task"] for one in imported.queries.to_pylist()}
    assert tasks == {"q0": "law", "q1": "law", "q2": "law", "q3": "art"}
    assert imported.responses["cost"].to_pylist() == [None, None, None, 0.5]
    assert {(one.source, one.row) for one in imported.refused} == {("mine", 5)}
    assert importers.preview(folder, n=2).mapping["text"] == "text"


# --- s3 ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_workspace_folder_and_s3_give_the_same_fit(workspace, exported, s3, tmp_path):
    put_folder(s3, exported, "bucket/sets/demo")
    expected_ids, expected_scores, expected_models = routed(workspace.path)
    found = {}
    for name, address in (("folder", str(exported)), ("s3", "s3://bucket/sets/demo")):
        path = tmp_path / f"{name}.duckdb"
        import_([address], workspace=path)
        embed("demo", path, "hashing", vectors=f"{address}/vectors", draw=False)
        found[name] = routed(path)
        ids, scores, models = found[name]
        assert ids == expected_ids
        assert np.array_equal(models, expected_models)
        assert np.abs(scores - expected_scores).max() < 1e-9  # vectors are made unit length again
    assert np.array_equal(found["folder"][1], found["s3"][1])
    assert all(KEY in authorization for _, authorization in s3.asked)


@pytest.mark.slow
def test_fit_takes_a_folder_or_an_address_and_leaves_no_workspace(
    workspace, exported, s3, tmp_path, monkeypatch
):
    put_folder(s3, exported, "bucket/demo")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    routers = {}
    for dataset in ("demo", str(exported), "s3://bucket/demo"):
        router = tmp_path / "r.cascal"
        fit = ["fit", dataset, "-w", str(workspace.path), "--encoder", "hashing"]
        cli.app([*fit, "--out", str(router)], standalone_mode=False)
        routers[dataset] = cascal.Router.load(router)
    first, *others = routers.values()
    for other in others:
        assert other.models == first.models
        assert np.abs(other.clusters.centroids - first.clusters.centroids).max() < 1e-9
        assert np.abs(other.scores_alone - first.scores_alone).max() < 1e-9
    assert [one.name for one in tmp_path.iterdir()] == ["r.cascal"]


def test_fit_in_place_asks_who_made_the_vectors_and_saves_no_run(exported):
    with refuses("missing-value", "--encoder"):
        cli.app(["fit", str(exported)], standalone_mode=False)
    with refuses("conflicting-settings", "--save-run"):
        cli.app(["fit", str(exported), "--save-run", "first"], standalone_mode=False)


def test_a_single_object_is_read_and_the_copy_is_gone_after(s3):
    s3.objects["bucket/d.jsonl"] = b'{"query_id": "q"}'
    with local_copies(["s3://bucket/d.jsonl", "here.csv"]) as (copy, local):
        assert copy.name == "d.jsonl"
        assert copy.read_bytes() == b'{"query_id": "q"}'
        assert local == Path("here.csv")
    assert not copy.parent.exists()


def test_without_a_key_in_the_environment_nobody_is_named(s3, monkeypatch, tmp_path):
    """A file of credentials is there, and not read."""
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id = FROMFILE\naws_secret_access_key = word\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    s3.objects["bucket/d.jsonl"] = b"{}"
    with local_copies(["s3://bucket/d.jsonl"]):
        pass
    assert {authorization for _, authorization in s3.asked} == {""}


def test_only_files_that_may_hold_rows_are_copied(s3):
    s3.objects |= {f"b/d/{name}": b"{}" for name in ("a.jsonl", "x.pkl", ".hidden.jsonl", "_OK")}
    with local_copies(["s3://b/d"]) as (folder,):
        assert [one.name for one in folder.rglob("*")] == ["a.jsonl"]
    assert not any(name.endswith("x.pkl") for name, _ in s3.asked)


def test_what_is_not_in_s3_is_one_sentence(s3):
    s3.objects["b/d/notes.txt"] = b"text"
    with refuses("no-such-file", "s3://b/none"), local_copies(["s3://b/none"]):
        pass
    with refuses("no-records", "s3://b/d"), local_copies(["s3://b/d"]):
        pass


def test_too_much_is_refused_before_it_is_copied(s3, monkeypatch):
    monkeypatch.setattr(addresses, "MAX_COPY_BYTES", 100)
    s3.objects |= {f"b/d/{n}.jsonl": b"x" * 60 for n in range(2)}
    with refuses("too-large", "100"), local_copies(["s3://b/d"]):
        pass
    assert not any("jsonl" in name for name, _ in s3.asked)


# --- https ------------------------------------------------------------------------------------


@pytest.fixture
def web():
    """A server on loopback; answers by path: content, or where to go on."""
    pages: dict[str, bytes | str] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path)
            self.send_response(404 if page is None else 302 if isinstance(page, str) else 200)
            if isinstance(page, str):
                self.send_header("Location", page)
            self.end_headers()
            if isinstance(page, bytes):
                self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", pages
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_file_behind_an_address_is_copied_under_its_name(web):
    address, pages = web
    pages |= {"/a/my%20set.jsonl?v=1": "/b.jsonl", "/b.jsonl": b"content"}
    with local_copies([f"{address}/a/my%20set.jsonl?v=1"]) as (copy,):
        assert (copy.name, copy.read_bytes()) == ("my set.jsonl", b"content")


def test_a_redirection_may_not_leave_encryption_or_this_machine_or_go_round(web):
    address, pages = web
    pages |= {"/out": "http://example.org/d.jsonl", "/round": "/round"}
    for path in pages:
        with refuses("unknown-address", "127.0.0.1"), local_copies([address + path]):
            pass
    pages["/file"] = "file:///etc/passwd"
    with refuses("no-access", "127.0.0.1"), local_copies([f"{address}/file"]):
        pass


def test_a_file_that_is_not_there_or_too_long_is_refused(web, monkeypatch):
    address, pages = web
    with refuses("no-access", "404"), local_copies([f"{address}/none.csv"]):
        pass
    monkeypatch.setattr(addresses, "MAX_FILE_BYTES", 1000)
    pages["/long.csv"] = b"x" * 1001
    with refuses("too-large", "long.csv"), local_copies([f"{address}/long.csv"]):
        pass


@pytest.mark.parametrize(
    ("address", "code", "part"),
    [
        ("gs://bucket/d.parquet", "unknown-address", "gs"),
        ("ftp://host/d.csv", "unknown-address", "ftp"),
        ("file:///etc/passwd", "unknown-address", "file"),
        ("http://example.org/d.csv", "unknown-address", "http"),
        ("s3://key:word@bucket/d.csv", "written-secret", "bucket"),
        ("https://me:word@host/d.csv", "written-secret", "host"),
    ],
)
def test_an_address_that_is_not_read_says_so_by_its_scheme(address, code, part):
    with refuses(code, part) as caught, local_copies([address]):
        pass
    assert "word" not in str(caught.value).replace("password", "")


def test_a_path_has_no_scheme():
    assert [scheme_of(one) for one in ("data/d.csv", "C://d.csv", "S3://b/k")] == ["", "", "s3"]
