"""The names that models of a pool gave to clusters."""

from __future__ import annotations

from collections.abc import Mapping

from cascal.naming.given_names import GivenName
from cascal.store.connection import fetch, scalar
from cascal.store.file import WorkspaceFile
from cascal.store.reading import require
from cascal.store.records import utc_now

_NAMES = "SELECT members, name, model FROM cluster_name WHERE dataset = $dataset"
_COUNT = "SELECT count(*) FROM cluster_name WHERE dataset = $dataset"


class Naming(WorkspaceFile):
    """What a `Workspace` keeps about names of clusters, by the hash of their queries."""

    def put_cluster_names(self, dataset: str, names: Mapping[str, GivenName]) -> None:
        """Store names by the hash of their clusters' queries; older ones there are replaced."""
        rows = [
            (dataset, members, given.name, given.model, utc_now())
            for members, given in names.items()
        ]
        with self._writing() as connection:
            require(connection, dataset)
            if rows:
                connection.executemany(
                    "INSERT OR REPLACE INTO cluster_name VALUES (?, ?, ?, ?, ?)", rows
                )

    def cluster_names(self, dataset: str) -> dict[str, GivenName]:
        """Every stored name, by the hash of its cluster's queries."""
        with self._reading() as connection:
            require(connection, dataset)
            rows = fetch(connection, _NAMES, dataset=dataset).to_pylist()
        return {row["members"]: GivenName(row["name"], row["model"]) for row in rows}

    def delete_cluster_names(self, dataset: str) -> int:
        """Forget all of them; returns how many there were."""
        with self._writing() as connection:
            require(connection, dataset)
            n_names = int(scalar(connection, _COUNT, dataset=dataset))
            connection.execute("DELETE FROM cluster_name WHERE dataset = ?", [dataset])
        return n_names
