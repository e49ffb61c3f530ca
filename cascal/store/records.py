"""What the store hands out about data sets and runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from cascal.columns import DatasetOrigin
from cascal.datatypes import AnswerOrigin, Right


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
    right: Right = "auto"


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


Purpose = Literal["routing", "settings", "family", "cluster", "rectifier"]
PURPOSES: tuple[Purpose, ...] = ("routing", "settings", "family", "cluster", "rectifier")
"""What a draw is for: does routing pay; which of two settings; is this family of models, or this
minority, right; is the first model of this cluster right; how far is the consensus wrong."""
JUDGE = "judge:"
"""Begins the name of who labels where a model judges instead of a person."""
Mark = Literal["answered", "skipped", "bad"]
MARKS: tuple[Mark, ...] = ("answered", "skipped", "bad")
"""What a person did with a query; "bad" has no right answer."""


@dataclass(frozen=True, kw_only=True)
class Draw:
    """Queries in the random order in which they are to be labelled.

    frame    : all that could be drawn, in that order; the first n_asked were handed out
    settings : of the routers they tell apart, in JSON types
    """

    draw_id: str
    purpose: Purpose
    frame: tuple[str, ...]
    n_asked: int = 0
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime = field(default_factory=utc_now)

    @property
    def probability(self) -> float:
        """How probable it was for each query of the frame to be handed out."""
        return self.n_asked / len(self.frame) if self.frame else 0.0


@dataclass(frozen=True, kw_only=True)
class Label:
    """What one person said about one query.

    answer      : the right one, an option letter or a free answer; verdicts : right or wrong by
                  model, where models were judged instead; both empty unless mark is "answered"
    draw_id, probability : by which draw the query came, and how probable that was
    content     : hash of the text and options that were labelled; current : whether the query is
                  still the same, set by the store
    """

    query_id: str
    person: str
    content: str
    draw_id: str
    probability: float
    mark: Mark = "answered"
    answer: str | None = None
    verdicts: Mapping[str, bool] = field(default_factory=dict)
    purpose: Purpose = "routing"
    created_at: datetime = field(default_factory=utc_now)
    current: bool = True

    @property
    def judged(self) -> bool:
        """Whether a model gave it and no person."""
        return self.person.startswith(JUDGE)

    @property
    def key(self) -> tuple[str, str, str]:
        """Query, person and content: nobody labels the same thing twice."""
        return self.query_id, self.person, self.content

    @property
    def said(self) -> tuple[object, ...]:
        """What was said, to be compared."""
        return self.mark, (self.answer or "").strip(), tuple(sorted(self.verdicts.items()))

    @property
    def words(self) -> str:
        """What was said, to be read."""
        if self.mark != "answered":
            return self.mark
        if self.answer:
            return self.answer.strip()[:40]
        verdicts = sorted(self.verdicts.items())
        return ", ".join(f"{name[:40]} {'right' if one else 'wrong'}" for name, one in verdicts)


@dataclass(frozen=True, kw_only=True)
class LabelReport:
    """What `Workspace.add_labels` did; n_known were stored before."""

    dataset: str
    n_added: int
    n_known: int


ScoreOrigin = Literal["person", "source", "judge"]
SCORE_ORIGINS: tuple[ScoreOrigin, ...] = ("person", "source", "judge")
"""Who scored a response: a person, the source of the responses, or a model that judges."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """How good somebody finds one response, 0 to 1: no vote, no gold answer, no label.

    content : hash of the query and the response that were read, set by the store where it is "";
    current : whether both are still the same, set by the store
    """

    query_id: str
    model: str
    value: float
    origin: ScoreOrigin
    scorer: str
    content: str = ""
    created_at: datetime = field(default_factory=utc_now)
    current: bool = True

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """Response, scorer and content: nobody scores the same thing twice."""
        return self.query_id, self.model, self.origin, self.scorer, self.content


@dataclass(frozen=True, kw_only=True)
class ScoreReport:
    """What `Workspace.add_scores` did; n_known were stored before."""

    dataset: str
    n_added: int
    n_known: int


NoteKind = Literal["cluster", "query"]
"""What a note is about."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """A reader's own name and words for a cluster or a query.

    about   : the id of the query, or the hash of the ids of the cluster's training queries
    members : those ids; none for a query
    """

    kind: NoteKind
    about: str
    name: str = ""
    text: str = ""
    members: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Bookmark:
    """A view by its name: the page's address and what stands behind its question mark."""

    name: str
    page: str
    link: str
