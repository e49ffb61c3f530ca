"""What the store hands out about data sets and runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cascal.columns import DatasetOrigin
from cascal.datatypes import AnswerOrigin


def utc_now() -> datetime:
    """The present moment, with its time zone."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class AddReport:
    """What `Workspace.add` did. `already_there` counts identical queries and responses."""

    dataset: str
    queries_added: int
    responses_added: int
    already_there: int


@dataclass(frozen=True, kw_only=True)
class DatasetInfo:
    """One stored data set and its size; `answer_origins` are those that occur."""

    name: str
    origin: DatasetOrigin
    source: str
    note: str
    created_at: datetime
    n_queries: int
    n_train: int
    n_test: int
    n_models: int
    n_responses: int
    n_tasks: int
    answer_origins: tuple[AnswerOrigin, ...]
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """A saved fit: what it was made from and what it measured.

    The mappings must be JSON; `fingerprint` is the data set's at the time of the fit.
    """

    name: str
    dataset: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    thresholds: Mapping[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
    note: str = ""
    created_at: datetime = field(default_factory=utc_now)
