"""The labels of a workspace, and the draws that say which queries were to be labelled."""

from __future__ import annotations

from collections.abc import Sequence

from cascal.store import labels
from cascal.store.file import WorkspaceFile
from cascal.store.records import Draw, Label, LabelReport


class Labelling(WorkspaceFile):
    """What a `Workspace` keeps about labels; a label is a fact beside the answers of a query."""

    def put_draw(self, dataset: str, draw: Draw) -> Draw:
        """Store a draw, or raise how many of its queries were asked; returns it as stored.

        A draw of the same name with another frame is refused, and a query nobody knows.
        """
        with self._writing() as connection:
            return labels.put_draw(connection, dataset, draw)

    def draws(self, dataset: str) -> list[Draw]:
        """Every draw, oldest first."""
        with self._reading() as connection:
            return labels.draws(connection, dataset)

    def draw(self, dataset: str, draw_id: str) -> Draw:
        """One draw; CascalError where this workspace does not hold it."""
        with self._reading() as connection:
            return labels.draw(connection, dataset, draw_id)

    def contents(self, dataset: str, query_ids: Sequence[str] | None = None) -> dict[str, str]:
        """The hash of text and options of every query, or of these: what a label is about."""
        with self._reading() as connection:
            known = labels.contents(connection, dataset, query_ids)
        return {query_id: content for query_id, (content, _) in known.items()}

    def add_labels(self, dataset: str, given: Sequence[Label]) -> LabelReport:
        """Store labels, all or none.

        Refused are unknown queries, models and draws, queries that were edited since, answers that
        name no option, and a second, different label of one person on one query; the same label
        again is counted as known. A draw counts as asked up to the last labelled query.
        """
        with self._writing() as connection:
            return labels.add_labels(connection, dataset, given)

    def labels(self, dataset: str) -> list[Label]:
        """Every label in the order they came; `current` is False where its query was edited."""
        with self._reading() as connection:
            return labels.labels(connection, dataset)

    def undo_label(self, dataset: str, person: str) -> Label:
        """Take a person's last label back, and return it."""
        with self._writing() as connection:
            return labels.undo_label(connection, dataset, person)

    def delete_labels(
        self, dataset: str, *, query_id: str | None = None, person: str | None = None
    ) -> int:
        """Delete the labels of a query, of a person, of both, or all; returns how many."""
        with self._writing() as connection:
            return labels.delete_labels(connection, dataset, query_id, person)
