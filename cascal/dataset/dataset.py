"""One data set read once: votes, vectors, gold, texts and map, with one encoder's vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from cascal.answers import mostly_prose
from cascal.dataset.own_names import OwnName, own_names
from cascal.dataset.part import Part, load_part
from cascal.dataset.reading_doubts import LeftTo, judged_there, read_reading, told_by_source
from cascal.datatypes import (
    NO_ANSWER,
    CascalError,
    FloatArray,
    ModelSpec,
    NotApplicable,
    Split,
    Task,
)
from cascal.naming.cluster_names import Namer
from cascal.naming.given_names import GivenName
from cascal.number_format import counted
from cascal.store import DatasetInfo, Workspace


@dataclass(frozen=True, eq=False)
class Dataset:
    """One data set with one encoder's vectors.

    given_names : what models called clusters, by `members_hash` of their queries
    own_names   : what the reader called clusters, by the rows of their queries
    doubts      : sentences about right and wrong as read from the answers, see `reading_doubts`
    """

    info: DatasetInfo
    encoder: str
    tasks: tuple[Task, ...]
    models: tuple[ModelSpec, ...]
    train: Part
    test: Part | None
    given_names: Mapping[str, GivenName] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    own_names: tuple[OwnName, ...] = ()

    @property
    def simulated(self) -> bool:
        """Whether the data set, or any model of its pool, is simulated."""
        return self.info.origin == "simulated" or any(model.simulated for model in self.models)

    @cached_property
    def costs(self) -> FloatArray | None:
        """(M,) US dollars per 1,000 queries, None unless known for every model."""
        return self.train.known_costs

    @property
    def by_scores(self) -> bool:
        """Whether answers are open-ended, so that scores have to say who is good."""
        return mostly_prose(self.train.votes.prose)

    @property
    def gold_test(self) -> Part:
        """The test queries, some of which have gold answers; NotApplicable where there are none."""
        if self.test is None or not self.test.has_gold:
            raise NotApplicable("There are no test queries with gold answers.", code="no-gold")
        return self.test

    def part(self, split: Split) -> Part:
        """The training or the test queries; the training queries where there are no others."""
        return self.test if split == "test" and self.test is not None else self.train

    def find(self, query_id: str) -> tuple[Split, int] | None:
        """Where a query is: its split and its row there; None if there is no such query."""
        parts: tuple[tuple[Split, Part | None], ...] = (("train", self.train), ("test", self.test))
        for split, part in parts:
            if part is not None and query_id in part.votes.query_ids:
                return split, part.votes.query_ids.index(query_id)
        return None

    def find_text(self, text: str) -> tuple[Split, int] | None:
        """Where a query with this very text is, a test query before a training query."""
        parts: tuple[tuple[Split, Part | None], ...] = (("test", self.test), ("train", self.train))
        for split, part in parts:
            if part is not None and text in part.texts:
                return split, part.texts.index(text)
        return None

    def with_models(self, names: Sequence[str]) -> Dataset:
        """The same data set with some models of its pool only, in the given order."""
        known = {model.name: model for model in self.models}
        train = self.train.with_models(names)
        test = None if self.test is None else self.test.with_models(names)
        return replace(self, models=tuple(known[name] for name in names), train=train, test=test)

    @cached_property
    def namer(self) -> Namer:
        """Cluster names are made from the training texts, counted once."""
        return Namer(self.train.texts)


def load_dataset(
    workspace: Workspace,
    dataset: str,
    encoder: str | None = None,
    models: Sequence[str] | None = None,
) -> Dataset:
    """Read a data set with the vectors of one encoder (default: the one that covers most).

    `models` narrows the pool to some of its models, in that order.

    CascalError if there are no training queries, no responses or no vectors, and what to do.
    """
    with workspace.compared(dataset):  # part of the fingerprint, so before it is read
        whole = _read(workspace, dataset, encoder)
    return whole if models is None else whole.with_models(models)


def _read(workspace: Workspace, dataset: str, encoder: str | None) -> Dataset:
    info = workspace.dataset(dataset)
    if not info.n_train or not info.n_models:
        raise CascalError(
            f"The data set {dataset!r} has {counted(info.n_train, 'training query')} and "
            f"{counted(info.n_models, 'model')}; at least one of each is needed. Import "
            "responses, or mark queries as training.",
            code="nothing-to-fit",
        )
    if encoder is None:
        known = workspace.encoders(dataset)
        if not known:
            raise CascalError(
                f"The queries of {dataset!r} have no vectors yet. Run `cascal embed {dataset}`, or "
                "use the button on the page Data.",
                code="no-vectors",
            )
        encoder = known[0][0]
    pool = workspace.models(dataset)
    layout = workspace.layout(dataset, encoder)
    train = _asked(load_part(workspace, dataset, encoder, "train", layout, pool))
    test = None
    if info.n_test:
        test = load_part(workspace, dataset, encoder, "test", layout, pool)
    names = workspace.cluster_names(dataset)
    parts = [train] if test is None else [train, test]
    given = workspace.letters_given(dataset)
    reading = read_reading(parts, info.right, letters_given=given)
    if reading.left_to != "none":
        train = _by_source(train, reading.left_to)
        test = None if test is None else _by_source(test, reading.left_to)
    tasks = workspace.tasks(dataset)
    own = own_names(workspace.notes(dataset), train.votes.query_ids)
    return Dataset(
        info=info,
        encoder=encoder,
        tasks=tasks,
        models=pool,
        train=train,
        test=test,
        given_names=names,
        doubts=reading.doubts,
        own_names=own,
    )


def _by_source(part: Part, left_to: LeftTo) -> Part:
    """Answers right or wrong as the source says; the workspace keeps the gold answers."""
    told = told_by_source(part, left_to)
    gold, labels = (np.where(told, NO_ANSWER, one) for one in (part.gold, part.labels))
    return replace(part, gold=gold, labels=labels, judged=judged_there(part, told))


def _asked(part: Part) -> Part:
    """Without the queries that no model was asked: in every mean they would count as unanswered.

    All of them where nothing was asked, so that what is refused later speaks of the responses.
    """
    asked = part.votes.asked.any(axis=1)
    return part if asked.all() or not asked.any() else part.take(np.flatnonzero(asked))
