"""Spoilt files of every format: imported whole, or refused in a sentence and nothing is stored."""

import os
from hashlib import sha256

import numpy as np
import pytest
from attack import FULL, count
from good_files import EVERY, pack, write_any
from spoiling import spoil

from cascal import importers
from cascal.datatypes import CascalError
from cascal.store import Workspace

N_FILES = 12_000
"""Spoilt files of `make attack`, over all formats."""


class Folder:
    """A good file with its companions, and their bytes."""

    def __init__(self, kind, path):
        self.kind, self.path = kind, path
        path.mkdir()
        self.good = write_any(kind, path)
        plain = path / "plain.csv"
        self.plain = plain.read_bytes() if plain.exists() else b""
        plain.unlink(missing_ok=True)
        inside = sorted(one for one in path.rglob("*") if one.is_file())
        self.files = {one: one.read_bytes() for one in inside}

    def spoilt(self, random):
        """The path with one file spoilt, the others good; packed ones are often spoilt inside."""
        for path, content in self.files.items():
            path.write_bytes(content)
        if self.plain and random.random() < 0.7:
            return pack(self.kind, self.path / "table.csv", spoil(self.plain, random))
        target = list(self.files)[random.integers(len(self.files))]
        target.write_bytes(spoil(self.files[target], random))
        return self.good


def held(workspace):
    """What a workspace holds: its data set's numbers, and the fingerprint of its rows."""
    return workspace.datasets()


def answered(workspace):
    """The stored responses by query, model and sample."""
    rows = workspace.responses("d").to_pylist()
    return {(row["query_id"], row["model"], row["sample"]): row for row in rows}


def file_of(path):
    """The digest of the file of a workspace and of what is written ahead of it."""
    parts = sorted(path.parent.glob(f"{path.name}*"))
    return [(one.name, sha256(one.read_bytes()).digest()) for one in parts if one.is_file()]


@pytest.mark.attack
@pytest.mark.parametrize("kind", EVERY)
def test_a_spoilt_file_is_imported_whole_or_leaves_the_workspace_as_it_was(
    kind, tmp_path, record_property
):
    seed = int.from_bytes(os.urandom(4)) if FULL else 14
    folder = Folder(kind, tmp_path / "files")
    path = tmp_path / "w.duckdb"
    workspace = Workspace(path)
    workspace.add(importers.read(folder.good, dataset="d"))
    before, bytes_before, rows_before = held(workspace), file_of(path), answered(workspace)
    n_refused = n_imported = 0
    partial, unsaid = [], []
    for number in range(count(full=-(-N_FILES // len(EVERY)), sample=6)):
        spoilt = folder.spoilt(np.random.default_rng([seed, number]))
        try:
            imported = importers.read(spoilt, dataset="d")
            added = workspace.add(imported, on_conflict="extend")
        except CascalError as error:
            n_refused += 1
            if not str(error).strip() or len(str(error)) > 2_000 or not error.code:
                unsaid.append((number, str(error)))
            if file_of(path) != bytes_before and held(workspace) != before:
                partial.append(number)
            continue
        n_imported += 1
        now, rows = held(workspace), answered(workspace)
        replaced = [one for key, one in rows_before.items() if rows[key] != one]
        assert all(one["status"] == "error" for one in replaced), (seed, number)
        grown = now[0].n_queries + now[0].n_responses - before[0].n_queries - before[0].n_responses
        n_added = added.queries_added + added.responses_added
        n_rows = len(imported.queries) + len(imported.responses)
        if (grown + len(replaced), n_rows) != (n_added, n_added + added.already_there):
            partial.append(number)
        before, bytes_before, rows_before = now, file_of(path), rows
    assert not partial, f"{len(partial)} partial imports with seed {seed}: {partial[:5]}"
    assert not unsaid, f"refused without a sentence, seed {seed}: {unsaid[:3]}"
    record_property("imported", n_imported)
    record_property("refused", n_refused)
    assert n_refused or not FULL
