"""`cascal fit` on data that are in no workspace: a folder, or an address in S3 or on the web."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from cascal.cli.common import err, progress_bar
from cascal.cli.tuning import Tuning
from cascal.datatypes import CascalError
from cascal.number_format import agreeing, counted

if TYPE_CHECKING:
    from cascal.store import Workspace


def is_in_place(dataset: str) -> bool:
    """Whether a data set is named by where it lies: an address, or a path with a separator."""
    return "://" in dataset or any(
        sign in dataset and Path(dataset).exists() for sign in {"/", os.sep}
    )


@contextmanager
def where_it_is(tuning: Tuning, dataset: str) -> Iterator[tuple[Tuning, str]]:
    """The tuning and the name to work with: as given, or of a workspace with these data alone.

    Such a workspace is gone at the end. Its vectors are taken from the folder `vectors`, if there
    is one, as made by the encoder of the tuning; else the texts are encoded.
    """
    if not is_in_place(dataset):
        yield tuning, dataset
        return
    with tempfile.TemporaryDirectory(prefix="cascal-") as folder:
        path = Path(folder) / "w.duckdb"
        name = _read(path, dataset, tuning.encoder)
        yield replace(tuning, workspace=path), name


def _read(path: Path, address: str, encoder: str | None) -> str:
    """Import what lies at an address into a new workspace; returns the data set's name."""
    from cascal import importers
    from cascal.importers.addresses import local_copies
    from cascal.store import Workspace

    store = Workspace(path)
    with progress_bar("Reading") as report, local_copies([address], report) as (copy,):
        imported = importers.read(copy, progress=report)
        store.add(imported)
        _add_vectors(store, imported.dataset, copy / "vectors", encoder)
    n_refused = len(imported.refused)
    if n_refused:
        err.print(
            f"{counted(n_refused, 'row')} of {escape(address)} "
            f"{agreeing(n_refused, 'was', 'were')} left out."
        )
    return imported.dataset


def _add_vectors(store: Workspace, dataset: str, vectors: Path, encoder: str | None) -> None:
    from cascal.dataset.encoding import adopt_vectors, encode_dataset
    from cascal.encode.encoders import MINILM, load_encoder
    from cascal.importers.vectors import read_vectors

    if not vectors.is_dir():
        encode_dataset(store, dataset, load_encoder(encoder or MINILM))
        return
    if encoder is None:
        raise CascalError(
            "The data come with vectors, and nothing in a file decides where texts go. Name the "
            "encoder that made them: --encoder.",
            code="missing-value",
        )
    adopt_vectors(store, dataset, encoder, *read_vectors(vectors))
