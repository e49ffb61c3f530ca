"""One refusal for each code that data, endpoints, workspaces and encoders have of their own."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from foreign_files import arena_cached, router_row

from app import folders
from cascal import importers
from cascal.cli.common import check_target
from cascal.cli.encoding import encoder_of_baseline
from cascal.collection.ask_selected import reachable
from cascal.datatypes import ModelSpec, Query
from cascal.encode.encoders import load_encoder
from cascal.endpoint.embeddings import embed
from cascal.endpoint.keys import check_base_url, read_key
from cascal.endpoint.pool_file import parse_pool
from cascal.importers.texts import read_texts
from cascal.simulate.items import invented_item
from cascal.store import Label, Workspace
from cascal.store.journal import Journal
from cascal.store.label_checks import place_in_draw, refuse_bad_label, refuse_second
from cascal.yaml_files.documents import parse_yaml, read_document

LABEL = Label(
    query_id="q1", person="ann", content="as it was", draw_id="d1", probability=0.5, answer="B"
)
QUESTION = b'{"query_id": "q1", "text": "Why?"}\n'


def imports(name: str, content: bytes) -> Callable[[Any], object]:
    """Importing a file with this content."""
    return lambda stage: importers.read(stage.file(name, content))


def yaml_of(text: str) -> Callable[[Any], object]:
    """Reading a task file with this content."""
    return lambda _: parse_yaml(text, "task file")


def stored(stage: Any) -> Workspace:
    """A workspace with one query."""
    workspace = Workspace(stage.folder / "w.duckdb", lock_timeout=0.1)
    workspace.add(read(stage))
    return workspace


def read(stage: Any, content: bytes = QUESTION) -> importers.Imported:
    """One imported query."""
    return importers.read(stage.file("d.jsonl", content))


def held(stage: Any) -> None:
    workspace = stored(stage)
    with duckdb.connect(str(workspace.path)):
        workspace.datasets()


def collected_twice(stage: Any) -> None:
    path = stage.folder / "w.duckdb"
    with Journal(path, "law"), Journal(path, "law"):
        pass


def packed(stage: Any, name: str, content: bytes) -> Path:
    path = stage.folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model_outputs_x.json", content)
    return path


def locked_archive(stage: Any) -> None:
    path = packed(stage, "locked.zip", b"[]")
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    importers.read(path)


def folder_with_code(stage: Any) -> None:
    (stage.folder / "config.json").write_text("{}")
    (stage.folder / "model.safetensors").write_bytes(b"")
    (stage.folder / "modules.json").write_text(json.dumps([{"path": "", "type": "evil.Evil"}]))
    load_encoder(str(stage.folder))


def changed_vectors(stage: Any) -> None:
    workspace = stored(stage)
    workspace.put_vectors("enc", 2, ["key"], np.array([[1.0, 0.0]]))
    workspace.put_vectors("enc", 3, ["key"], np.array([[1.0, 0.0, 0.0]]))


def two_queries_files(stage: Any) -> None:
    stage.file("queries.jsonl", QUESTION)
    stage.file("queries.csv", b"query_id,text\nq1,Why?\n")
    importers.read(stage.folder, kind="long")


def mixed_kinds(stage: Any) -> None:
    stage.file("queries.jsonl", QUESTION)
    importers.read(stage.folder, kind="lm_eval")


def two_formats(stage: Any) -> None:
    rows = [json.dumps(one).encode() + b"\n" for one in (router_row(), arena_cached())]
    importers.read(stage.file("both.jsonl", b"".join(rows)), kind="llmrouter")


def response_to_nothing(stage: Any) -> None:
    rows = b'{"query_id": "q1", "text": "Why?", "model": "m", "response": "A"}\n'
    both = read(stage, rows)
    stored(stage).add(replace(both, dataset="e", queries=both.queries.slice(0, 0)))


def other_text(stage: Any) -> None:
    stored(stage).add(read(stage, QUESTION.replace(b"Why", b"How")), on_conflict="extend")


def other_origin(stage: Any) -> None:
    stored(stage).add(replace(read(stage), origin="simulated"), on_conflict="extend")


def row_twice(stage: Any) -> None:
    imported = read(stage)
    queries = imported.queries.take([0, 0])
    stored(stage).add(replace(imported, dataset="e", queries=queries))


def silent_endpoint(_: Any) -> None:
    async def no_wait(_: float) -> None:
        await asyncio.sleep(0)

    embed("http://127.0.0.1:9/v1", "m", ["a"], attempts=1, pause=no_wait)


POOL = {"name": "m", "base_url": "http://here/v1"}
OF_DATA: Mapping[str, tuple[Callable[[Any], object], str]] = {
    "already-there": (
        lambda stage: stored(stage).add(read(stage)),
        r"There is a data set 'd' already\. Extend it by what is new, replace it "
        r"\(--on-conflict extend or replace\), or choose another name\.",
    ),
    "ambiguous-gold": (
        imports(
            "d.csv",
            b'query_id,text,options,gold,model,response\nq1,Which?,"[""x"", ""y"", ""z""]",2,m,B\n',
        ),
        r"'d\.csv': the gold answers are numbers, and none is 0 or the number of its query's "
        r"options, so they may count from 0 or from 1\. Say which with --gold-from 0 or "
        r"--gold-from 1 \(gold_from in Python\)\.",
    ),
    "bad-field": (
        lambda _: parse_pool([{**POOL, "concurrency": 0}]),
        r"concurrency in entry 1 of the pool file is no whole number of 1 or more\.",
    ),
    "bad-json": (
        lambda stage: read_document(stage.file("tasks.json", b"{"), "task file"),
        r"The task file tasks\.json is no JSON \(line 1\)\.",
    ),
    "bad-yaml": (yaml_of("a: ["), r"The task file is no YAML \(line 1\)\."),
    "binary-file": (
        imports("sheet.xls", b"PK\x03\x04"),
        r"'sheet\.xls' is a \.xls file: save the sheet as \.xlsx or 'CSV UTF-8' and import that\.",
    ),
    "changed-draw": (
        lambda _: place_in_draw(LABEL, {}),
        r"Query 'q1' is not in the draw 'd1' of this data set\. Nothing was stored; label the "
        r"queries that were drawn\.",
    ),
    "changed-query": (
        lambda _: refuse_bad_label(LABEL, {"q1": ("other", 3)}, set()),
        r"Query 'q1' was edited since it was drawn: its text or its options are others now\. "
        r"Nothing was stored; draw anew and label what it says now\.",
    ),
    "labelled-twice": (
        lambda _: refuse_second(LABEL, replace(LABEL, answer="C")),
        r"'ann' has labelled query 'q1' already, and otherwise: 'B', not 'C'\. Nothing was stored; "
        r"undo or delete the first label, or let another person label it\.",
    ),
    "changed-encoder": (
        changed_vectors,
        r"Encoder 'enc' has vectors of 2 dimensions here, these have 3: a changed encoder can "
        r"never be mixed with old vectors\. Give it another name\.",
    ),
    "conflicting-rows": (
        other_text,
        r"Data set 'd' holds query 'q1' with another text already; nothing was written\. "
        r"Replace the whole data set \(--on-conflict replace\), or import under another name\.",
    ),
    "dataset-in-use": (
        collected_twice,
        r"Another process generates or collects into 'law' right now, or replaces or deletes it\. "
        r"Wait for it or stop it; what it has stored stays\.",
    ),
    "duplicate-file": (
        two_queries_files,
        r"The folder '.+' holds 'queries\.\w+' and 'queries\.\w+'\. Keep one\.",
    ),
    "duplicate-key": (
        yaml_of("a: 1\na: 2"),
        r"The key 'a' stands twice in one mapping of the task file \(from line 1 on\)\. "
        r"Join the two\.",
    ),
    "encrypted": (
        locked_archive,
        r"'locked\.zip' is encrypted\. Pack it again without a password\.",
    ),
    "endpoint-failed": (silent_endpoint, r"127\.0\.0\.1:9: .+\."),
    "foreign-code": (
        folder_with_code,
        r"modules\.json in folder '.+' names the module evil\.Evil, which is not part of "
        r"sentence-transformers: loading it would run code that came with the folder\. Save the "
        r"encoder again from the library's own modules, or serve it as an embeddings endpoint "
        r"\(endpoint:MODEL@BASE_URL\)\.",
    ),
    "foreign-host": (
        lambda _: encoder_of_baseline("endpoint:m@http://there/v1"),
        r"The router file, not you, names the encoder's host 'there', which would get every text\. "
        r"If you trust that host, run the check in a terminal and say so there\.",
    ),
    "key-not-set": (
        lambda _: read_key("NO_SUCH_KEY"),
        r"The environment variable NO_SUCH_KEY is not set\. Set it to the endpoint's key, or leave "
        r"key_env empty for an endpoint without keys\.",
    ),
    "missing-column": (
        lambda stage: read_texts(stage.file("asked.csv", b"one,two\n1,2\n")),
        r"'asked\.csv' has no column of query texts; its columns are 'one', 'two'\. "
        r"Name one text, query or prompt\.",
    ),
    "missing-part": (
        mixed_kinds,
        r"There is no file of the kind 'lm_eval' in what was given\.",
    ),
    "mixed-formats": (
        two_formats,
        r"'both\.jsonl' mixes two formats: row 2 is of the kind 'routerarena', others are "
        r"'llmrouter'\. Put each format into a file of its own\.",
    ),
    "mixed-origins": (
        other_origin,
        r"Data set 'd' is real and cannot be extended by simulated data; nothing was written\. "
        r"Import them under another name\.",
    ),
    "mostly-refused": (
        imports("few.jsonl", QUESTION + b'{"query_id": "", "text": "?"}\n' * 5),
        r"5 of 6 rows of 'few\.jsonl' were refused, so nothing is imported\. The most frequent "
        r"reason \(5 rows\): .+\. Check the column mapping or repair the file\.",
    ),
    "nested-too-deep": (
        yaml_of("[" * 300 + "]" * 300),
        r"The task file is nested more than \d+ deep\. "
        r"Write its entries out, one below the other\.",
    ),
    "no-access": (
        lambda stage: check_target(stage.folder / "gone" / "report.md"),
        r"There is no folder /.+/gone to write report\.md into\. Make it first\.",
    ),
    "no-dataset": (
        lambda stage: stored(stage).votes("law"),
        r"There is no data set 'law'\. Known are: 'd'\.",
    ),
    "no-endpoint": (
        lambda _: reachable([ModelSpec("gpt")], ["gpt"]),
        r"gpt have no endpoint in this data set\. Responses collected with cascal collect bring "
        r"theirs along\.",
    ),
    "no-records": (
        imports("empty.csv", b""),
        r"'empty\.csv' is empty \(0 bytes\)\. Export or download it again\.",
    ),
    "no-run": (
        lambda stage: stored(stage).delete_run("first"),
        r"There is no run 'first'; saved are: .+\.",
    ),
    "no-workspace": (
        lambda stage: Workspace(stage.folder / "none.duckdb", create=False),
        r"There is no workspace /.+/none\.duckdb\. Import a data set first, or name another file\.",
    ),
    "not-records": (
        lambda _: parse_pool([]),
        r"The pool file holds no list of entries\. Write at least one, with a name\.",
    ),
    "outside-folder": (
        lambda _: folders.local_path("/etc/passwd"),
        r"/etc/passwd is outside of what this dashboard may read \(.+\)\. Move it there, or start "
        r"the dashboard with --allow-folder FOLDER\.",
    ),
    "pickle": (
        imports("scores.bin", b"\x80\x04"),
        r"'scores\.bin' is a \.bin file: pickled files can run code when opened and are never read "
        r"here\. Convert it once where you trust it: .+, then import the result\.",
    ),
    "unknown-encoder": (
        lambda _: load_encoder("endpoint:m"),
        r"'endpoint:m' is no endpoint; write endpoint:MODEL@https://HOST/v1\.",
    ),
    "unknown-format": (
        imports("strange.txt", b"hello world"),
        r"'strange\.txt' is of no known kind\. Import Parquet, CSV, TSV, JSONL or JSON "
        r"\(a list of records\), and give the file that ending\.",
    ),
    "unknown-query": (
        lambda stage: stored(stage).response_texts("d", "q9"),
        r"Data set 'd' has no query 'q9'\.",
    ),
    "unknown-reference": (
        response_to_nothing,
        r"A response of 'm' names query 'q1', which is not among the queries\. "
        r"Nothing was written\.",
    ),
    "unreadable-value": (
        yaml_of("day: 2024-06-31"),
        r"The value on line 1 of the task file is written like a date, but is none that can be "
        r"read\. Correct it, or put a text into quotes\.",
    ),
    "unusable-row": (
        row_twice,
        r"Query 'q1' comes more than once.+ Nothing was written\.",
    ),
    "workspace-failed": (
        lambda stage: Workspace(stage.file("file", b"") / "w.duckdb"),
        r"The workspace /.+/w\.duckdb cannot be created: .+\. Name a folder you may write to\.",
    ),
    "workspace-locked": (
        held,
        r"The workspace /.+/w\.duckdb is held by another connection of this process, \d+, and 0\.1 "
        r"seconds of waiting did not free it\. Wait until that work is done or end it, then try "
        r"again; nothing was changed\.",
    ),
    "written-secret": (
        lambda _: check_base_url("http://me:word@here/v1"),
        r"The base URL of here carries a user name, a password or a query\. Put the key into an "
        r"environment variable and name that variable\.",
    ),
    "wrong-encoding": (
        lambda stage: read_document(stage.file("tasks.yaml", b"\xff"), "task file"),
        r"The task file tasks\.yaml is no text in UTF-8\.",
    ),
    "wrong-options": (
        lambda _: invented_item(Query("q1", "law", "Why?")),
        r"Simulated models only answer queries with options; this one has none\.",
    ),
    "wrong-path-count": (
        lambda _: importers.read([]),
        r"No path came\. Name a file or a folder\.",
    ),
    "zip-bomb": (
        lambda stage: importers.read(packed(stage, "bomb.zip", b"[" + b" " * (20 << 20) + b"]")),
        r"'bomb\.zip' .+; this looks like a zip bomb and is not unpacked\. Import the files "
        r"themselves, or pack fewer of them\.",
    ),
}
"""Code → what raises it and the whole sentence."""
