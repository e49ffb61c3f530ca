"""The store: one DuckDB file holding data sets, vectors, maps and runs. The only SQL."""

from cascal.store.connection import WorkspaceLocked
from cascal.store.records import AddReport, DatasetInfo, OnConflict, Run, text_hash
from cascal.store.voting import Equivalent
from cascal.store.workspace import Workspace

__all__ = [
    "AddReport",
    "DatasetInfo",
    "Equivalent",
    "OnConflict",
    "Run",
    "Workspace",
    "WorkspaceLocked",
    "text_hash",
]
