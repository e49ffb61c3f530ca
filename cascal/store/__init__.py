"""The store: one DuckDB file holding data sets, vectors, maps and runs. The only SQL."""

from cascal.store.collecting import ATTEMPT_SCHEMA
from cascal.store.connection import WorkspaceLocked
from cascal.store.fingerprints import content_of
from cascal.store.journal import JournalLocked
from cascal.store.recording import Recorder
from cascal.store.records import (
    JUDGE,
    MARKS,
    PURPOSES,
    SCORE_ORIGINS,
    AddReport,
    Bookmark,
    DatasetInfo,
    Draw,
    Label,
    LabelReport,
    Mark,
    Note,
    NoteKind,
    Purpose,
    Run,
    Score,
    ScoreOrigin,
    ScoreReport,
)
from cascal.store.workspace import Workspace

__all__ = [
    "ATTEMPT_SCHEMA",
    "JUDGE",
    "MARKS",
    "PURPOSES",
    "SCORE_ORIGINS",
    "AddReport",
    "Bookmark",
    "DatasetInfo",
    "Draw",
    "JournalLocked",
    "Label",
    "LabelReport",
    "Mark",
    "Note",
    "NoteKind",
    "Purpose",
    "Recorder",
    "Run",
    "Score",
    "ScoreOrigin",
    "ScoreReport",
    "Workspace",
    "WorkspaceLocked",
    "content_of",
]
